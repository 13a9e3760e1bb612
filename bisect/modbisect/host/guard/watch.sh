# The watch: it restores a host whose run has gone silent, was stopped, or did not survive a reboot.

start_watch() {
  if has_systemd; then
    keep_times "${boot_unit%/*}" "${boot_want%/*}" || return 1
    place "$boot_unit" <<UNIT || return 1
[Unit]
Description=Put back what a modbisect run left switched
DefaultDependencies=no
RequiresMountsFor=/etc $base
After=local-fs.target
Before=$main_unit $(units | tr '\n' ' ')
ConditionPathExists=$base/guard
[Service]
Type=oneshot
TimeoutStartSec=120
ExecStart=/bin/sh $base/guard boot
ExecStopPost=/bin/sh -c '[ ! -e $base/guard ] || exec /bin/sh $base/guard watch'
UNIT
    ln -sfT -- "$boot_unit" "$boot_want" || return 1
    durable "$boot_unit" "${boot_want%/*}" "${boot_unit%/*}"
    start_timer 2>/dev/null || {   # one of an earlier run is still there
      timeout 30 systemctl stop modbisect-guard.timer modbisect-deputy.service 2>/dev/null
      timeout 30 systemctl reset-failed modbisect-guard.service modbisect-deputy.service 2>/dev/null
      start_timer || return 1
    }
    start_deputy >/dev/null 2>&1 9>&- &   # which a tick does otherwise
    starting=$!
  else
    pid_of /run/crond.pid cron || die 73 "neither systemd nor cron runs here: after a reboot nothing would put the host back"
    keep_times "${cron_file%/*}" || return 1
    place "$cron_file" <<CRON || return 1
# Puts back what a modbisect run left switched; the run's end removes this file.
MAILTO=""
@reboot root /bin/sh $base/guard boot
* * * * * root /bin/sh $base/guard watch
CRON
    durable "$cron_file" "${cron_file%/*}"
    start_loop
  fi
}

start_failure() { # in words
  if has_systemd; then timeout 10 systemctl show -p ActiveState -p Result -p ExecMainStatus modbisect-guard.timer modbisect-guard.service 2>&1 | tr '\n' ' ' | plain
  else echo "its loop makes no mark"; fi
}

# Neither goes with the target that is isolated, and none of both can hang for ever. Their commands have nothing to quote:
# what systemd reads again of a transient unit (daemon-reload) is not what it was told.
start_timer() {
  timeout 30 systemd-run --quiet --unit=modbisect-guard --collect --on-active=1ms --on-unit-active=1s "$@" \
    --timer-property=AccuracySec=10ms --timer-property=IgnoreOnIsolate=yes --property=IgnoreOnIsolate=yes \
    --property=RuntimeMaxSec=250 --property=TimeoutStopSec=5 --property=Nice=5 --property=StartLimitIntervalSec=0 \
    --property=ConditionPathExists="$base/guard" -- /bin/sh "$base/guard" tick
}

start_deputy() {
  timeout 30 systemd-run --quiet --unit=modbisect-deputy --collect --no-block --property=IgnoreOnIsolate=yes --property=Nice=5 \
    --property=Restart=on-failure --property=RestartSec=1 --property=StartLimitIntervalSec=0 --property=TimeoutStopSec=5 \
    --property=ConditionPathExists="$base/guard" -- /bin/sh "$base/guard" deputy
}

start_loop() {
  # shellcheck disable=SC2016  # for the inner shell
  setsid sh -c 'trap : HUP; while [ -e "$1/cur" ] || [ -e "$1/ended" ]; do /bin/sh "$1/guard" tick; sleep 1; done' sh "$base" \
    >/dev/null 2>&1 </dev/null 9>&- &
}

# By systemd behind every boot with a run open, and once a minute by cron: whoever should put the host back may have been
# killed, or have failed.
watch() { if has_systemd; then tick_on; else folder "$run_dir"; watch_lives || start_loop; fi; }

tick_on() { # it may tick already
  if has_systemd; then start_timer --no-block 2>/dev/null || :; else start_loop; fi
}

# Beside the timer, a process: it ticks by itself, and starts the watch anew where that has stopped. Either can be stopped,
# killed or hang, and the other goes on; none of them says that the other lives.
deputy() {
  deputised=yes
  while [ -e "$cur" ] || [ -e "$ended" ]; do
    mark "$deputy_alive"
    sleep 2
    [ -e "$cur" ] || [ -e "$ended" ] || break
    marked "$alive" 6 || { end_stopped_of modbisect-guard.service; tick_on; }
    ( tick ) || :
  done
  end_stopped_of modbisect-guard.service   # it would stay for ever, with nothing left to do
}

end_stopped_of() { # UNIT
  # shellcheck disable=SC2046  # one pid a word
  end_stopped $(cat "/sys/fs/cgroup/system.slice/$1/cgroup.procs" "/sys/fs/cgroup/systemd/system.slice/$1/cgroup.procs" 2>/dev/null)
}

look_after_deputy() {
  has_systemd && ! marked "$deputy_alive" 10 || return 0
  end_stopped_of modbisect-deputy.service
  start_deputy 2>/dev/null || :
}

# Beside the watch and its deputy the third that can put the host back: it does when its controller is gone, or the lease
# is over, and nobody else comes.
keep() {
  end_with "$1" "$2"
  while IFS= read -r _; do
    said=$(beat "$1" "$2" 2>&1) || { code=$?; printf '%s\n' "${said#modbisect-guard: }"; exit $code; }
    echo ok
  done
  own "$1"
  [ "$state" = ARMED ] || exit 0
  note "the controller went away"
  set_lease 0
  sleep 3
  ( own "$1"; [ "$state" = RESTORED ] || tick ) >/dev/null 2>&1
  exit 0
}

beat() { own "$1"; [ "$state" = ARMED ] || fenced "$1"; set_lease "$2" || die 73 "cannot write the lease"; }

# A session whose controller is out of reach is never told that it is over: it ends some time behind its run. Until then
# it looks after the host, too: a lease that is over for some seconds has no watch that lives.
end_with() { # RUN, seconds
  ( while sleep 2 && kill -0 $$ && { read -r owner <"$cur/run"; } && [ "$owner" = "$1" ]; do
      lease_holds || { sleep 3; lease_holds || ( tick ); }
    done
    sleep "$2"; kill $$ ) >/dev/null 2>&1 </dev/null &
  # shellcheck disable=SC2064  # of this one
  trap "kill $! 2>/dev/null" EXIT
}

tick() {
  [ -e "$cur" ] || { take_lock 0; [ -e "$cur" ] || { sweep && withdraw; }; exit 0; }
  folder "$run_dir"
  [ "$verb" != tick ] || mark "$alive"
  due || { case $verb:$state in tick:ARMED | tick:CURED | tick:FAILED) look_after_deputy ;; esac; exit 0; }
  take_lock 90
  [ -e "$cur" ] && due || exit 0
  case $state in
    SNAP) vanish ;;
    ARMED | CURED)
      [ "$state" = ARMED ] || [ "$stop" != "lease lost" ] || stop="nobody has kept the cure"
      echo "$stop" >"$cur/why"
      note "$stop"; converge tick || exit 78; retire "$stop" ;;
    KEPT) make_last || exit 78 ;;
    RESTORED) retire "restored" ;;
    *) note "again from $state"; converge tick || exit 78; retire "$(cat "$cur/why" 2>/dev/null || echo "$state")" ;;
  esac
}

due() { # whether a tick has something to do; stop: why
  stop="lease lost"
  state_now
  # What its state denies: a list that was written behind it, files that differ.
  case $state in
    SNAP) ! [ -s "$cur/touched" ] || state=DAMAGED ;;
    RESTORED) lease_holds || as_found || state=DAMAGED ;;
  esac
  case $state in
    SNAP | ARMED | CURED) ! lease_holds || stopped ;;
    RESTORED) ! lease_holds ;;
    FAILED)
      next=0; { read -r next _ <"$run_dir/retry" || read -r next _ <"$cur/retry"; } 2>/dev/null || :
      number "$next"; uptime_now
      [ "$number" -le "$up" ] || [ "$number" -gt $((up + 60)) ] ;;
    *) true ;;
  esac
}

boot() {
  folder "$run_dir"
  take_lock 60
  [ -e "$cur" ] || { sweep && withdraw; exit 0; }
  state_now
  # systemd calls this before the server starts; cron calls it at any time.
  how=boot; has_systemd || how=tick
  case $state in
    SNAP) [ ! -s "$cur/touched" ] || { note "boot, although SNAP"; converge $how || { tick_on; exit 78; }; } ;;
    RESTORED) as_found || { note "boot, although RESTORED"; converge $how || { tick_on; exit 78; }; } ;;
    KEPT) tick_on; exit 0 ;;
    *) note "boot"
      converge $how || { tick_on; exit 78; } ;;
  esac
  retire "restored at boot"
}

stop_watch() {
  if has_systemd; then
    # The deputy ends with the run, and it may be the one that is at work here; it would bring the timer back.
    set -- modbisect-guard.timer
    [ "$deputised" ] || [ ! -e "$transient_deputy" ] || set -- modbisect-deputy.service "$@"
    tries=0
    until timeout 30 systemctl stop "$@" 2>/dev/null || [ ! -e "$transient_timer" ]; do
      tries=$((tries + 1)); [ $tries -lt 3 ] || return 1
    done
    [ $# = 1 ] || rm -f -- "$transient_deputy" || return 1
    # Where /run takes no more writes its file stays, and it has to tick on until that can go.
    rm -f -- "$transient_timer" || { timeout 30 systemctl start --no-block modbisect-guard.timer 2>/dev/null; return 1; }
    end_stopped_of modbisect-guard.service
    forget_unit
  fi
  rm -f -- "$lease" "$lease".* "$alive" "$deputy_alive"   # with what a killed command has left
}

# Where somebody has made systemd read all units again, it knows the one that is gone; it forgets it by doing so once more,
# which is done where that brings nothing else into effect.
forget_unit() {
  known=$(timeout 30 systemctl show -p LoadState -p ActiveState modbisect-restore.service 2>/dev/null)
  case $known in *=failed*) systemctl reset-failed modbisect-restore.service 2>/dev/null ;; esac   # a boot that could not
  case $known in *LoadState=loaded*) : ;; *) return 0 ;; esac
  timeout 30 systemctl show -p NeedDaemonReload '*' 2>/dev/null | grep -qx NeedDaemonReload=yes || timeout 60 systemctl daemon-reload
}

# --- what is written outside of the write set ----------------------------------------------------

place() { rm -f -- "$1.tmp" && cat >"$1.tmp" && mv -fT -- "$1.tmp" "$1"; }

keep_times() { seen=$(stat -c '%n %y' -- "$@") && lengthen times "$seen" && seal "$cur" times; } # of folders in which something will come and go

announce() { # FILE TEXT: for whoever logs in; pam_motd shows both folders
  where=${1%/*}
  if [ -e "$where" ] || [ -L "$where" ]; then
    case $(stat -c %u:%A -- "$where") in 0:d???????[!w]*) keep_times "$where" ;; *) return 0 ;; esac
  else
    seen=$(stat -c '%n %y' -- "${where%/*}") && lengthen times "$seen" && lengthen made "$where" && seal "$cur" times made && mkdir -m 0755 -- "$where"
  fi && ( umask 022; printf '\n%s\n\n' "$2" | place "$1" )
} 2>/dev/null

clear_traces() { # of the run that has ended
  rm -f -- "$boot_want" "$boot_unit" "$boot_unit.tmp" "$cron_file" "$cron_file.tmp" "$motd" "$motd.tmp" "$lasting_motd" "$lasting_motd.tmp" || return 1
  # No pipe, here and below: what one end of it loses the other never misses.
  made=$(confirmed "$ended" made) && times=$(confirmed "$ended" times) || return 1
  (
    set -f; IFS=$nl
    for where in $made; do   # unless somebody else has put something there
      rmdir -- "$where" 2>/dev/null || [ ! -d "$where" ] || [ "$(ls -A -- "$where")" ] || exit 1
    done
    seen=$nl
    for line in $times; do   # of each the first
      where=${line%% *}
      case $seen in *"$nl$where$nl"*) continue ;; esac
      seen=$seen$where$nl
      touch -c -d "${line#* }" -- "$where" || exit 1
    done
  )
}

# The run ends at once; what is left of it knows what is still to be removed, and whoever comes next does that: the next
# tick, the next boot, the next run.
drop() {
  release
  mv -T -- "$cur" "$ended" && durable "$base" || die 73 "cannot end the run"
  sweep
}

sweep() { # no trace stays but what another run needs. The watch goes last; the lock stays: unlinking it would race
  clear_traces || die 73 "the run has ended, but its traces cannot be removed yet"
  rm -rf -- "$ended" "$run_dir/output" "$run_dir/now" "$run_dir/now.new" "$run_dir/retry" "$run_dir/served" "$run_dir/edits" && stop_watch
}

retire() { # WHY: ended without the controller; two lines stay for whoever asks
  uptime_now
  printf 'rolled-back %s\nbecause %s\n' "$(cat "$cur/run")" "$1" >"$run_dir/last" 2>/dev/null || :
  cp -f -- "$cur/journal" "$run_dir/last-journal" 2>/dev/null || :
  vanish
}
