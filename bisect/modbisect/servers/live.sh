# The live servers: their processes, what these have loaded, their restart. The main one serves the site; the others hold
# what answers for it. What is only one server's lies in a file of its own, beside this.

main_of() { # FOLDER of a run: the main server is the one whose unit the run restarts
  [ ! -f "$1/spec" ] || while read -r word value; do
    case $word:$value in unit:httpd.service | unit:nginx.service) main_is "${value%.service}" ;; esac
  done <"$1/spec"
}

config_test() { "${main_program}_test"; }

config_passes() { # by Apache's last word; behind it the test only unloads what it loaded, which may go on meanwhile
  [ "$main_program" != nginx ] || { config_test; return; }
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

journal_tail() { # what the server says of itself, where the folder is root's
  has_systemd && case $(stat -c %u:%A -- "/var/log/$main_program" 2>/dev/null) in
    0:d????-????*) "${main_program}_log" | tail -n 5 | head -c 2000 | sed 's/^/text /' ;;
  esac || :
}

units() { # those of the run, or of the one that begins; a line each; where there is none, what there may be
  { while read -r word value; do [ "$word" != unit ] || echo "$value"; done <"${beginning:-$cur}/spec"; } 2>/dev/null | grep . ||
    printf '%s\n' "$main_unit" "$fpm_units"
}

# parent: pid of the running server, started: its start time in clock ticks, both 0 when it is down; masters: it and the
# other servers', but for a cache in front: what that loads, some time behind its start, and what it holds is not the site's.
# asleep: units without a process. The service manager tells, and nobody else: a pid file may lie in a folder of somebody
# else's.
parent_now() {
  parent=0 masters='' asleep='' id='' pid=''
  if has_systemd; then
    set -f
    # shellcheck disable=SC2046  # one unit a word
    set -- $(units)
    set +f
    for line in $(timeout 30 systemctl show -p Id -p MainPID -- "$@" 2>/dev/null); do
      case $line in MainPID=*) pid=${line#*=} ;; Id=*) id=${line#*=} ;; esac
      [ "$id" ] && [ "$pid" ] || continue
      number "$pid"
      [ $number != 0 ] || asleep="$asleep $id"
      case " $caches_in_front " in *" $id "*) number=0 ;; esac
      case $id:$number in *:0) : ;; "$main_unit":*) parent=$number ;; *) masters="$masters $number" ;; esac
      id='' pid=''
    done
  else
    for file in $fpm_pid_files; do ! pid_of "$file" php-fpm || masters="$masters $pid"; done
  fi
  [ "$parent" != 0 ] || ! pid_of "$pid_file" "$main_program" || parent=$pid
  started_now
  [ "$parent" = 0 ] || masters="$parent$masters"
}

started_now() {
  started=0
  { read -r line <"/proc/$parent/stat"; } 2>/dev/null || { parent=0; return; }
  line=${line##*) }
  # shellcheck disable=SC2086  # fields wanted
  set -- $line
  started=${20}
}

pid_of() { # FILE NAME, pid: what root has written there, of a running process of that name; opened without waiting
  [ "$(stat -c %F:%u -- "$1" 2>/dev/null)" = "regular file:0" ] || return 1
  number "$(timeout 5 dd if="$1" iflag=nofollow,nonblock bs=32 count=1 2>/dev/null | tr -cd 0-9)"
  pid=$number comm=''
  { read -r comm <"/proc/$pid/comm"; } 2>/dev/null || return 1
  case $comm in "$2"*) : ;; *) return 1 ;; esac
}

loaded() { # shared objects in the live server's processes, PHP-FPM masters among them
  set --
  for pid in $masters; do set -- "$@" "/proc/$pid/maps"; done
  [ $# != 0 ] && awk -F / '/\.so/ {sub(/ .*/, "", $NF); if (!seen[$NF]++) print "so " $NF}' "$@" 2>/dev/null
}

# Of these only what the server's own configuration makes it load. What lies directly in a folder of libraries comes along
# with it, and may get another name at any time: an upgrade is no change of ours. A part of the answer is none: what reads
# it may be killed, which a pipe would not tell. An interpreter is left out: it loads what its program asks for, when it does.
modules() {
  set --
  for pid in $masters; do
    case $(readlink -- "/proc/$pid/exe") in
      */python* | */perl* | */ruby* | */node* | */java | */php[0-9]* | */php | */uwsgi*) : ;;
      *) set -- "$@" "/proc/$pid/maps" ;;
    esac
  done
  [ $# != 0 ] && mapped=$(awk '
    {path = $0; if (!sub(/^[^\/]*/, "", path) || path !~ /\.so/) next; sub(/ \(deleted\)$/, "", path)}
    path !~ /^(\/usr)?(\/local)?\/lib[0-9a-z]*(\/[a-z0-9_]+-linux-[a-z0-9]+)?\/[^\/]*$/ && !seen[path]++ {sub(/.*\//, "", path); print "so " path}' \
    "$@" 2>/dev/null) && printf '%s\n' "$mapped" | sort -u
}

children_of() { # kids: the children of a process; the file has no newline at its end
  kids=''
  { read -r kids <"/proc/$1/task/$1/children"; } 2>/dev/null || :
}

processors() { # clock ticks of all processors, and of these stolen
  read -r _ user nice system idle wait irq soft steal _ </proc/stat
  echo "cpu $((user + nice + system + idle + wait + irq + soft + steal)) $steal"
}

sample() { # and of each worker of the server its peak and its present memory, and what of that is its own
  processors
  parent_now
  set --
  for pid in $masters; do
    children_of "$pid"
    for kid in $kids; do set -- "$@" "/proc/$kid/status"; done
  done
  [ $# = 0 ] || grep -Hs -E '^(VmHWM|VmRSS|RssAnon):' -- "$@" | sed 's|^/proc/\([0-9]*\)/status:\(.*\)|\2 \1|'
}

forgive() { # unit...: without it systemd refuses the sixth restart within 10 s, and leaves the site down
  ! has_systemd || systemctl reset-failed -- "$@" 2>/dev/null
}

restarted() { # unit...: the server, anew; what runs now, and in said why it does not
  said=$(restart_units "$@" 2>&1) || { parent_now; return 1; }
  masters=${said##*"$nl"}
  parent=${masters%% *} masters=${masters#* }
  started_now
}

# Services that systemd calls up as soon as they are begun, before they listen: begun first, and waited for. A proxy in front
# that asks one meanwhile takes it for dead, for a minute (ProxySet retry).
early() { # unit...: early: these; listened: the addresses at which they listen
  early='' ours='' id='' type='' pid=''
  for line in $(timeout 30 systemctl show -p Id -p Type -p MainPID -- "$@" 2>/dev/null); do
    case $line in Id=*) id=${line#*=} ;; Type=*) type=${line#*=} ;; MainPID=*) pid=${line#*=} ;; esac
    [ "$id" ] && [ "$type" ] && [ "$pid" ] || continue
    case $type:$id in
      *:"$main_unit") : ;;
      simple:* | exec:* | idle:*)
        early="$early $id"
        children_of "$pid"
        for pid in "$pid" $kids; do ours="$ours pid=$pid,"; done ;;
    esac
    id='' type='' pid=''
  done
  listened=''
  [ -z "$early" ] || listened=$(ss -Hlntxp 2>/dev/null | awk -v ours="$ours" '
    BEGIN {n = split(ours, pids, " "); ORS = " "}
    {port = $5; sub(/.*:/, "", port)}
    port + 0 >= 32768 {next}   # one that the kernel has picked, and the next time picks anew
    {for (i = 1; i <= n; i++) if (index($0, pids[i])) {print $5; next}}')
}

listen_again() { # at all of $listened, or so long that they never will; whether none has ended
  tries=0
  while [ $tries -lt 200 ] && ss -Hlntx 2>/dev/null | awk -v wanted="$listened" '
    {there[$5] = 1}
    END {n = split(wanted, each, " "); for (i = 1; i <= n; i++) if (!(each[i] in there)) exit 0; exit 1}'; do
    tries=$((tries + 1))
    # shellcheck disable=SC2086  # one unit a word
    [ $((tries % 10)) != 0 ] || case $(systemctl is-active $early) in
      *inactive* | *failed*) echo "ended at once: one of$early"; return 1 ;;
    esac
    sleep 0.05
  done
}

listening() { # unit...: each listens, anew, or has had 10 s to; whether all run: rules may end one behind systemctl's success
  command -v ss >/dev/null || return 0
  for unit; do
    tries=0
    # shellcheck disable=SC2086  # one pid a word
    while number "$(timeout 30 systemctl show -p MainPID --value -- "$unit")" && children_of "$number" &&
      ! ss -Hlntp 2>/dev/null | grep -qE "pid=($number$(printf '|%s' $kids)),"; do
      [ "$number" != 0 ] || { echo "ended at once: $unit"; return 1; }
      tries=$((tries + 1)); [ $tries -lt 200 ] || break
      sleep 0.05
    done
  done
}

restart_units() { # unit...: full stop and start, then wait for the new generation; parent_now was asked before. Last line: masters
  old=$parent:$started caches=''
  if has_systemd; then
    # What systemd itself reads: only where this run may edit it.
    ! grep -qs '^file /etc/systemd/' -- "$cur/spec" || timeout -k 5 30 systemctl daemon-reload 2>&1 || return 1
    for unit; do
      shift
      case " $caches_in_front " in *" $unit "*) caches="$caches $unit" ;; *) set -- "$@" "$unit" ;; esac
    done
    early=''
    [ $# = 1 ] || early "$@"
    for unit; do
      shift
      case " $early " in *" $unit "*) : ;; *) set -- "$@" "$unit" ;; esac
    done
    begun=yes
    # shellcheck disable=SC2086  # one unit a word
    [ -z "$early" ] || { timeout -k 5 60 systemctl restart -- $early 2>&1 && listen_again; } || begun=no
    timeout -k 5 60 systemctl restart -- "$@" 2>&1 && [ $begun = yes ] || return 1
  else
    fpm_without_systemd "$@" && "${main_program}_without_systemd" || return 1
  fi
  # systemd names the process before it has come up; its pid file, where there is one, is written behind that.
  tries=0
  while parent_now; [ "$parent" = 0 ] || [ "$parent:$started" = "$old" ] || ! came_up; do
    tries=$((tries + 1)); [ $tries -lt 600 ] || { echo "no new server process after 30 s"; return 1; }
    # What fails behind the configuration test ends the new process after systemctl has reported success.
    if [ $((tries % 4)) = 0 ] && has_systemd && ! systemctl is-active --quiet "$main_unit"; then
      echo "the new server process ended at once"; return 1
    fi
    sleep 0.02
  done
  # shellcheck disable=SC2086  # one unit a word
  [ -z "$caches" ] || { timeout -k 5 60 systemctl restart -- $caches 2>&1 && listening $caches; } || return 1
  echo "$parent $masters"
}
