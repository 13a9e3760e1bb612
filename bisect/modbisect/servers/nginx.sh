# nginx as the main server, in front of PHP-FPM or another program: its configuration test, what it says of itself.

nginx_test() ( exec timeout -k 5 60 /usr/sbin/nginx -t 2>&1 )

nginx_without_systemd() { service nginx restart 2>&1 9>&- || return 1; }

nginx_log() { # the last lines, not of its visitors
  timeout 5 tail -n 40 -- /var/log/nginx/error.log 2>/dev/null | grep -aE '\[(emerg|alert|crit|error)\]' | grep -avF ' client: '
}
