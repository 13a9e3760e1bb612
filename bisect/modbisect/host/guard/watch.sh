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
Before=apache2.service $(units | tr '\n' ' ')
ConditionPathExists=$base/guard
[Service]
Type=oneshot
ExecStart=$base/guard boot
ExecStopPost=/bin/sh -c '[ ! -e $base/guard ] || exec $base/guard watch'
UNIT
    ln -sfT -- "$boot_unit" "$boot_want" || return 1
    durable "$boot_unit" "${boot_want%/*}" "${boot_unit%/*}"
    systemctl stop modbisect-guard.timer 2>/dev/null
    systemctl reset-failed modbisect-guard.service 2>/dev/null
    start_timer
  else
    pid_of /run/crond.pid && { read -r line <"/proc/$pid/comm"; } 2>/dev/null && [ "${line#cron}" != "$line" ] ||
      die 73 "neither systemd nor cron runs here: after a reboot nothing would put the host back"
    keep_times "${cron_file%/*}" || return 1
    place "$cron_file" <<CRON || return 1
# Puts back what a modbisect run left switched; the run's end removes this file.
MAILTO=""
@reboot root $base/guard boot
* * * * * root $base/guard watch
CRON
    durable "$cron_file" "${cron_file%/*}"
    start_loop
  fi
}

start_timer() {
  systemd-run --quiet --unit=modbisect-guard --collect --on-active=1s --on-unit-active=1s "$@" \
    --timer-property=AccuracySec=100ms --property=Nice=5 --property=StartLimitIntervalSec=0 -- "$base/guard" tick
}

start_loop() {
  # shellcheck disable=SC2016  # for the inner shell
  setsid sh -c 'trap : HUP; while [ -e "$1/cur" ] || [ -e "$1/ended" ]; do "$1/guard" tick; sleep 1; done' sh "$base" \
    >/dev/null 2>&1 </dev/null 9>&- &
}

# By systemd behind every boot with a run open, and once a minute by cron: whoever should put the host back may have been
# killed, or have failed.
watch() {
  if has_systemd; then tick_on
  else folder "$run_dir"; watch_lives || { tick_alive; start_loop; }
  fi
}

tick_on() { if has_systemd; then start_timer --no-block 2>/dev/null || :; else start_loop; fi; } # it may tick already

tick_alive() { uptime_now; echo "$up" >"$alive"; }

beat() { own "$1"; [ "$state" = ARMED ] || fenced "$1"; set_lease "$2" || die 73 "cannot write the lease"; }

# A session whose controller is out of reach is never told that it is over: it ends some time behind its run.
end_with() { # RUN, seconds
  ( while sleep 2 && kill -0 $$ && { read -r owner <"$cur/run"; } && [ "$owner" = "$1" ]; do :; done
    sleep "$2"; kill $$ ) >/dev/null 2>&1 </dev/null &
  # shellcheck disable=SC2064  # of this one
  trap "kill $! 2>/dev/null" EXIT
}

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
}

tick() {
  [ -e "$cur" ] || { take_lock 0; [ -e "$cur" ] || { sweep && withdraw; }; exit 0; }
  folder "$run_dir"
  tick_alive
  state_now
  case $state in
    SNAP | ARMED) ! lease_holds || stopped || exit 0 ;;
    FAILED)
      next=0; { read -r next _ <"$run_dir/retry"; } 2>/dev/null || :
      [ "$up" -ge "$next" ] || exit 0 ;;
  esac
  take_lock 90
  [ -e "$cur" ] || exit 0
  state_now
  stop="lease lost"
  case $state in
    SNAP) lease_holds && ! stopped || vanish ;;
    ARMED) ! lease_holds || stopped || exit 0
      echo "$stop" >"$cur/why"
      note "$stop"; converge tick || exit 78; retire "$stop" ;;
    RESTORED) lease_holds || retire "restored" ;;
    *) note "again from $state"; converge tick || exit 78; retire "$(cat "$cur/why" 2>/dev/null || echo "$state")" ;;
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
    SNAP | RESTORED) : ;;
    *) note "boot"; tick_alive
      converge $how || { tick_on; exit 78; } ;;
  esac
  retire "restored at boot"
}

stop_watch() {
  rm -f -- "$lease" "$lease".* "$alive"   # with what a killed command has left
  if has_systemd; then
    # While it ticks, the script it calls has to be there: it would fail for ever, and nobody would stop it.
    for _ in 1 2 3; do ! systemctl stop modbisect-guard.timer 2>/dev/null && [ -e "$transient_timer" ] || break; done
    [ ! -e "$transient_timer" ] || return 1
    systemctl reset-failed modbisect-restore.service 2>/dev/null   # a boot that could not
  fi
  return 0
}

# --- what is written outside of the write set ----------------------------------------------------

place() { rm -f -- "$1.tmp" && cat >"$1.tmp" && mv -fT -- "$1.tmp" "$1"; }

keep_times() { stat -c '%n %y' -- "$@" >>"$cur/times"; } # of folders in which something will come and go

announce() { # FILE TEXT: for whoever logs in; pam_motd shows both folders
  where=${1%/*}
  if [ -e "$where" ] || [ -L "$where" ]; then
    case $(stat -c %u:%A -- "$where") in 0:d???????[!w]*) keep_times "$where" ;; *) return 0 ;; esac
  else
    keep_times "${where%/*}" && echo "$where" >>"$cur/made" && mkdir -m 0755 -- "$where"
  fi && ( umask 022; printf '\n%s\n\n' "$2" | place "$1" )
} 2>/dev/null

clear_traces() { # of the run that has ended
  rm -f -- "$boot_want" "$boot_unit" "$boot_unit.tmp" "$cron_file" "$cron_file.tmp" "$motd" "$motd.tmp" "$lasting_motd" "$lasting_motd.tmp" || return 1
  [ ! -e "$ended/made" ] || while IFS= read -r where; do   # unless somebody else has put something there
    rmdir -- "$where" 2>/dev/null || [ ! -d "$where" ] || [ "$(ls -A -- "$where")" ] || return 1
  done <"$ended/made"
  [ -e "$ended/times" ] || return 0
  times=$(awk '!seen[$1]++' "$ended/times") && ( # no pipe: what one end of it loses the other never misses
    set -f; IFS=$nl
    for line in $times; do touch -c -d "${line#* }" -- "${line%% *}" || exit 1; done
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
  rm -rf -- "$ended" "$run_dir/back" "$run_dir/output" "$run_dir/now" "$run_dir/retry" && stop_watch
}

retire() { # WHY: ended without the controller; two lines stay for whoever asks
  uptime_now
  printf 'rolled-back %s\nbecause %s\n' "$(cat "$cur/run")" "$1" >"$run_dir/last" 2>/dev/null || :
  cp -f -- "$cur/journal" "$run_dir/last-journal" 2>/dev/null || :
  vanish
}
