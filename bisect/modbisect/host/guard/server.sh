# The live server: its processes, what they have loaded, its configuration test, its restart.

parent_now() { # parent: pid of the running server, started: its start time in clock ticks; both 0 when it is down
  parent=0 started=0
  { read -r parent <"$pid_file"; } 2>/dev/null || parent=0
  case $parent in '' | *[!0-9]*) parent=0 ;; esac
  { read -r line <"/proc/$parent/stat"; } 2>/dev/null || { parent=0; return; }
  line=${line##*) }
  # shellcheck disable=SC2086  # fields wanted
  set -- $line
  started=${20}
}

pid_of() { # pid: what a pid file says; PHP-FPM's has no newline at its end
  pid=''
  { read -r pid <"$1"; } 2>/dev/null || :
  case $pid in '' | *[!0-9]*) return 1 ;; esac
}

loaded() { # shared objects in the live server's processes, PHP-FPM masters among them
  set -- "/proc/$parent/maps"
  for file in /run/php/php*-fpm.pid; do
    pid_of "$file" && [ -r "/proc/$pid/maps" ] && set -- "$@" "/proc/$pid/maps"
  done
  awk -F / '/\.so/ {sub(/ .*/, "", $NF); if (!seen[$NF]++) print "so " $NF}' "$@" 2>/dev/null
}

children_of() { # kids: the children of a process; the file has no newline at its end
  kids=''
  { read -r kids <"/proc/$1/task/$1/children"; } 2>/dev/null || :
}

reap() { # a worker that still burns on an aborted request must not outlive its trial
  parent_now
  children_of "$parent"
  # shellcheck disable=SC2086  # one pid a word
  [ -z "$kids" ] || kill -KILL $kids 2>/dev/null || :
}

processors() { # clock ticks of all processors, and of these stolen
  read -r _ user nice system idle wait irq soft steal _ </proc/stat
  echo "cpu $((user + nice + system + idle + wait + irq + soft + steal)) $steal"
}

sample() { # and of each worker of the server its peak and its present memory
  processors
  set --
  for file in "$pid_file" /run/php/php*-fpm.pid; do
    pid_of "$file" || continue
    children_of "$pid"
    for kid in $kids; do set -- "$@" "/proc/$kid/status"; done
  done
  [ $# = 0 ] || grep -hs -E '^Vm(HWM|RSS):' -- "$@" || :
}

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

units() { while read -r word value; do [ "$word" != unit ] || echo "$value"; done <"$cur/spec"; }

forgive() { # unit...: without it systemd refuses the sixth restart within 10 s, and leaves the site down
  ! has_systemd || systemctl reset-failed -- "$@" 2>/dev/null
}

restart_units() { # unit...: full stop and start, then wait for the new generation
  parent_now; old=$parent:$started
  if has_systemd; then
    timeout -k 5 60 systemctl restart -- "$@" 2>&1 || return 1
  else
    restart_without_systemd "$@" || return 1
  fi
  tries=0
  while parent_now; [ "$parent" = 0 ] || [ "$parent:$started" = "$old" ]; do
    tries=$((tries + 1)); [ $tries -lt 3000 ] || { echo "no new server process after 30 s"; return 1; }
    # What fails behind the configuration test ends the new process after systemctl has reported success.
    if [ $((tries % 20)) = 0 ] && has_systemd && ! systemctl is-active --quiet apache2.service; then
      echo "the new server process ended at once"; return 1
    fi
    sleep 0.01
  done
}

restart_without_systemd() { # no server may inherit the lock
  for unit; do
    case $unit in php*) service "${unit%.service}" restart 2>&1 9>&- || return 1 ;; esac
  done
  apache2ctl stop >/dev/null 2>&1
  # The pid file goes first, the port only with the process.
  tries=0
  while [ "$parent" != 0 ] && [ -d "/proc/$parent" ] && [ $tries -lt 1000 ]; do sleep 0.02; tries=$((tries + 1)); done
  apache2ctl start 2>&1 9>&- || return 1
}

journal_tail() { ! has_systemd || tail -n 5 /var/log/apache2/error.log 2>/dev/null | head -c 2000 | sed 's/^/text /'; }
