#!/bin/sh
# modbisect-guard: the dead man's switch on the target. POSIX sh, GNU coreutils and findutils, flock, awk.
#
#   hold RUN TTL     snap and arm in one command
#   snap RUN         lock the host for RUN and copy the write set (owner, directories and units on stdin)
#   arm RUN TTL      start the watch; from now on silence for TTL seconds restores the host
#   keep RUN TTL     renew the lease once a line on stdin; the end of stdin expires it at once
#   apply RUN        converge on a configuration (deviations from the snapshot on stdin, "end" last), test, restart, report
#   serve RUN        answer "apply BYTES", with a request of so many behind it, and "sample" until stdin ends
#   restore RUN      converge on the snapshot, restart, verify
#   verify RUN       print what differs from the snapshot
#   disarm RUN       end a run whose restore was verified; removes every trace
#   cure RUN SECONDS leave the host switched as it is for so long: silence puts it back
#   confirm          keep that for good, by the commands of the distribution; for a person
#   rescue [force]   restore whatever run is open, if its lease has expired; for a person
#   rescue accept    the same at any time, and what others have edited meanwhile is right as it is
#   tick | boot      called by the timer and at boot; deputy: ticks by another way; watch: starts the ticks anew, behind
#                    a boot or by cron
#   status           one "key value" a line
#   survey           what the host is and has; scratch: tests configurations (stdin) on a copy; look: what the slow
#                    request is doing; sample: processor time of the host, memory of the server's workers. They only read
#
# Exit: 0 done, 20 configuration test failed, 21 server did not restart, 64 usage, 73 cannot write, 75 held by another
# run, stopped, or no live watch, 76 fenced: this run no longer owns the host, 77 unsafe folder, 78 differs from the
# snapshot, 124 took too long.
#
# This is the first of several files that travel as one (modbisect.host.helper).
set -u
umask 077
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
unset TMPDIR POSIXLY_CORRECT

# shellcheck disable=SC2034  # for the other files
{
  base=/var/lib/modbisect
  cur=$base/cur
  ended=$base/ended     # a run that has ended, until all its traces are removed
  run_dir=/run/modbisect
  lease=$run_dir/lease
  alive=$run_dir/alive
  deputy_alive=$run_dir/deputy
  stop_file=/etc/modbisect/stop
  boot_unit=/etc/systemd/system/modbisect-restore.service
  boot_want=/etc/systemd/system/multi-user.target.wants/modbisect-restore.service
  cron_file=/etc/cron.d/modbisect
  transient_timer=/run/systemd/transient/modbisect-guard.timer
  transient_deputy=/run/systemd/transient/modbisect-deputy.service
  motd=/run/motd.d/modbisect
  lasting_motd=/etc/motd.d/modbisect
  reserved=.modbisect   # in a folder of the write set that lies on a filesystem of its own
  locked=''
  deputised=''          # this process is the deputy's
  tab=$(printf '\t')
  rs=$(printf '\036')
  nl='
'
}

die() { code=$1; shift; printf 'modbisect-guard: %s\n' "$*" >&2; exit "$code"; }
plain() { tr -cd '[:print:]' | head -c "${1-300}"; }
has_systemd() { [ -d /run/systemd/system ]; }
boot_id() { read -r boot </proc/sys/kernel/random/boot_id; }
note() { uptime_now; printf '%s %s %s\n' "$up" "$$" "$*" >>"$cur/journal" 2>/dev/null || :; }

state_now() { # state: NONE where no run is open, DAMAGED where its state cannot be read
  state=''
  { read -r state <"$cur/state"; } 2>/dev/null || :
  case $state in
    SNAP | ARMED | CURED | KEPT | RESTORING | RESTORED | FAILED) : ;;
    *) if [ -e "$cur" ]; then state=DAMAGED; else state=NONE; fi ;;
  esac
}

# Every time here is the kernel's, since boot: no clock that somebody sets can expire a lease or keep it alive.
uptime_now() { # up: whole seconds, hundredths: all of it
  read -r up _ </proc/uptime
  # shellcheck disable=SC2034  # for the other files
  hundredths=${up%%.*}${up#*.}
  up=${up%%.*}
}

# In place where nothing new can be made: /run may be full. A shorter line never leaves the end of a longer one.
set_lease() {
  boot_id; uptime_now
  line=$(printf '%s %-10s' "$boot" $((up + $1)))
  { printf '%s\n' "$line" >"$lease.$$" && mv -fT -- "$lease.$$" "$lease"; } 2>/dev/null ||
    { rm -f -- "$lease.$$"; printf '%s\n' "$line" 1<>"$lease"; }
}

lease_holds() {
  b='' e=0
  { read -r b e <"$lease"; } 2>/dev/null || :
  number "$e"; e=$number
  boot_id; uptime_now
  [ "$b" = "$boot" ] && [ "$up" -lt "$e" ]
}

number() { case $1 in '' | 0* | *[!0-9]* | ????????????*) number=0 ;; *) number=$1 ;; esac; } # what a file says is one

marked() { # FILE SECONDS: whoever makes this mark did so within that time
  seen=''
  { read -r seen <"$1"; } 2>/dev/null || :
  number "$seen"; uptime_now
  [ "$number" -gt 0 ] && [ "$number" -le "$up" ] && [ $((up - number)) -le "$2" ]
}

mark() { uptime_now; printf '%-10s\n' "$up" 1<>"$1"; } 2>/dev/null

watch_lives() { marked "$alive" 5; } # only a tick makes that mark

watch_returns() { # where the machine itself stood still, a while ago is now: its next tick is due
  tries=0
  until watch_lives; do tries=$((tries + 1)); [ $tries -lt 30 ] || return 1; sleep 0.1; done
}

stopped() { # stop: who says so
  [ -e "$stop_file" ] || [ -L "$stop_file" ] || return 1
  stop="stopped-by $stop_file"
  [ -L "$stop_file" ] || [ ! -f "$stop_file" ] || stop="$stop $(head -n 1 -- "$stop_file" | plain 200)"
}

held_by() { # one line: who holds the host, since when, until when
  until="its lease is over"
  ! lease_holds || until="its lease holds for $((e - up)) s more unless renewed"
  watch_lives || until="$until, its watch is dead"
  printf 'held: %sstate %s, %s' "$(tr '\n' ' ' 2>/dev/null <"$cur/who")" "$state" "$until"
}

# What others could have planted is neither read nor followed: what is there is root's own folder, no link, closed to
# others. Checked before every verb; the folders above are root's.
safe() {
  set --
  for d in "$base" "$run_dir"; do
    [ ! -L "$d" ] || die 77 "$d is a link"
    [ ! -e "$d" ] || set -- "$@" "$d"
  done
  [ $# = 0 ] || case $(stat -c %F:%u:%a -- "$@") in
    directory:0:700 | "directory:0:700${nl}directory:0:700") : ;;
    *) die 77 "$* is not a folder of root's alone" ;;
  esac
}

folder() { [ -d "$1" ] || mkdir -m 0700 -- "$1" 2>/dev/null || safe; }

# A redirection that fails ends the shell behind `:` and `exec`, with a status of its own: hence `true` and `command`.
take_lock() { # seconds to wait
  [ -z "$locked" ] || return 0
  folder "$run_dir"
  command exec 9>>"$run_dir/lock" || command exec 9<"$run_dir/lock" || die 73 "cannot open the lock"
  left=$1
  until flock -w $((left < 2 ? left : 2)) 9; do
    left=$((left - 2))
    [ $left -gt 0 ] || { state_now; die 75 "another guard command is at work$([ "$state" = NONE ] || printf '; %s' "$(held_by)")"; }
    # shellcheck disable=SC2046  # one pid a word
    end_stopped $(find /proc/[0-9]*/fd -lname "$run_dir/lock" 2>/dev/null | cut -d / -f 3)
  done
}

end_stopped() { # pid...: a guard command that somebody has stopped (SIGSTOP) does not go on by itself
  for pid; do
    { read -r line <"/proc/$pid/stat"; } 2>/dev/null || continue
    case ${line##*) } in T*) kill -KILL "$pid" 2>/dev/null || : ;; esac
  done
}

own() {
  owner=''
  { read -r owner <"$cur/run"; } 2>/dev/null || :
  state_now
  [ "$owner" = "$1" ] || fenced "$1"
}

fenced() { # RUN: it does not hold this host, or no longer; with the reason when the guard has ended it by itself
  word='' gone='' why=''
  if [ "$owner" = "$1" ]; then { read -r why <"$cur/why"; } 2>/dev/null
  else { read -r word gone && read -r _ why; } 2>/dev/null <"$run_dir/last" && [ "$word $gone" = "rolled-back $1" ] || why=''; fi
  die 76 "fenced: run $1 does not hold this host (state $state)${why:+: $why}"
}

# No command holds the lock, or waits for anything, without end. A script on standard input cannot be called again.
within() { # SECONDS, then the command as it was called
  limit=$1
  shift
  case $bounded:${0##*/} in
    '':sh | '':dash | '':bash | yes:*) : ;;
    *) exec timeout -k 5 "$limit" /bin/sh "$0" bounded "$@" ;;
  esac
}

main() {
  bounded=''
  [ "${1-}" != bounded ] || { bounded=yes; shift; }
  verb=${1-}
  case $verb in
    apply)
      [ $# = 2 ] || [ $# = 3 ] || die 64 "usage: apply RUN [BYTES]"
      case ${3-0} in '' | *[!0-9]* | ????????*) die 64 "bad size" ;; esac ;;
    snap | serve | restore | verify | disarm) [ $# = 2 ] || die 64 "usage: $verb RUN" ;;
    hold | arm | keep | cure)
      [ $# = 3 ] || die 64 "usage: $verb RUN TTL"
      case $verb:$3 in *:0* | *[!a-z:0-9]* | *: | *:*[!0-9]* | *:??????* | [!c]*:?????) die 64 "bad lease" ;; esac ;;
    tick | boot | watch | deputy | confirm | status | survey | scratch | look | sample) [ $# = 1 ] || die 64 "usage: $verb" ;;
    rescue) case $#:${2-} in 1: | 2:force | 2:accept) : ;; *) die 64 "usage: rescue [force | accept]" ;; esac ;;
    *) die 64 "usage: see the head of this file" ;;
  esac
  case $verb:$# in
    rescue:* | *:1) : ;;
    *) case $2 in *[!0-9a-f]*) die 64 "bad run id" ;; esac
      [ ${#2} = 32 ] || die 64 "bad run id" ;;
  esac
  case $verb in
    tick) has_systemd || within 240 "$@" ;;   # its unit has a limit of its own
    apply | restore | boot | rescue | confirm) within 240 "$@" ;;
    hold | snap | arm | verify | disarm | cure | status) within 90 "$@" ;;
    *) : ;;   # they hold no lock, or only as long as one of the above
  esac
  safe
  main_of "$cur"
  shift
  "$verb" "$@"
}
