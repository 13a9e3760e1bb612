# Apache as the main server: its configuration test, what it says of itself.

apache2_test() ( set +u; . /etc/apache2/envvars 2>/dev/null; exec timeout -k 5 60 /usr/sbin/apache2 -t 2>&1 )

apache2_without_systemd() { # stopped and started; no server may inherit the lock
  apache2ctl stop >/dev/null 2>&1
  # The pid file goes first, the port only with the process.
  tries=0
  while [ "$parent" != 0 ] && [ -d "/proc/$parent" ] && [ $tries -lt 1000 ]; do sleep 0.02; tries=$((tries + 1)); done
  apache2ctl start 2>&1 9>&- || return 1
}

apache2_log() { # the last lines, not of its visitors
  timeout 5 tail -n 40 -- /var/log/apache2/error.log 2>/dev/null | grep -aE ':(emerg|alert|crit|error)\]' | grep -avF '[client '
}
