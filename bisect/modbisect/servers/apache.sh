# Apache as the main server: its unit, its configuration test, what is its own at a restart.

config_test() ( set +u; . /etc/apache2/envvars 2>/dev/null; exec timeout -k 5 60 /usr/sbin/apache2 -t 2>&1 )

config_passes() { # by Apache's last word; behind it the test only unloads what it loaded, which may go on meanwhile
  { config_test & } | (
    while IFS= read -r line; do
      printf '%s\n' "$line"
      [ "$line" != "Syntax OK" ] || exit 0
    done
    exit 1
  )
}

reap() { # a worker that still burns on an aborted request must not outlive its trial
  children_of "$parent"
  # shellcheck disable=SC2086  # one pid a word
  [ -z "$kids" ] || kill -KILL $kids 2>/dev/null || :
}

came_up() { # it has written its pid file, or done without for so long
  named=$parent
  pid_of "$pid_file" "$main_program" && [ "$pid" = "$named" ] || [ $tries -ge 100 ]
}

main_without_systemd() { # stopped and started; no server may inherit the lock
  apache2ctl stop >/dev/null 2>&1
  # The pid file goes first, the port only with the process.
  tries=0
  while [ "$parent" != 0 ] && [ -d "/proc/$parent" ] && [ $tries -lt 1000 ]; do sleep 0.02; tries=$((tries + 1)); done
  apache2ctl start 2>&1 9>&- || return 1
}

journal_tail() { # what the server says of itself, not of its visitors, where the folder is root's
  has_systemd && case $(stat -c %u:%A -- /var/log/apache2 2>/dev/null) in
    0:d????-????*) timeout 5 tail -n 40 -- /var/log/apache2/error.log 2>/dev/null | grep -aE ':(emerg|alert|crit|error)\]' |
      grep -avF '[client ' | tail -n 5 | head -c 2000 | sed 's/^/text /' ;;
  esac || :
}
