# httpd: Apache under its own name, as the main server: how it was started, its configuration test, what it says of itself.

# Where its configuration lies and what is defined there: by the process that runs, else by its unit.
httpd_words() {
  if [ "${parent:-0}" != 0 ]; then tr '\0' '\n' <"/proc/$parent/cmdline"
  elif [ -d /run/systemd/system ]; then
    timeout 10 systemctl show -p ExecStart --value -- httpd.service | sed 's/.*argv\[\]=//; s/ ;.*//' | tr ' ' '\n'
  fi 2>/dev/null | sed 1d | awk '
    !/^[-A-Za-z0-9_.\/=]+$/ {option = ""; next}
    option {print option "\n" $0; option = ""; next}
    /^-[dfD]$/ {option = $0; next}
    /^-[dfD]./'
}

# shellcheck disable=SC2046  # a word each
httpd_test() ( exec timeout -k 5 60 /usr/sbin/httpd $(httpd_words) -t 2>&1 )

# shellcheck disable=SC2046
httpd_without_systemd() { # stopped and started; no server may inherit the lock
  words=$(httpd_words)
  # shellcheck disable=SC2086
  httpd $words -k stop >/dev/null 2>&1
  tries=0
  while [ "$parent" != 0 ] && [ -d "/proc/$parent" ] && [ $tries -lt 1000 ]; do sleep 0.02; tries=$((tries + 1)); done
  # shellcheck disable=SC2086
  httpd $words -k start 2>&1 9>&- || return 1
}

httpd_log() { # the last lines, not of its visitors
  timeout 5 tail -n 40 -- /var/log/httpd/error_log 2>/dev/null | grep -aE ':(emerg|alert|crit|error)\]' | grep -avF '[client '
}
