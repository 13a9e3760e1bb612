#!/bin/sh
# modbisect-guard: the dead man's switch on the target. POSIX sh, GNU coreutils and findutils, flock, awk.
#
#   snap RUN         lock the host for RUN and copy the write set (owner, directories and units on stdin)
#   arm RUN TTL      start the watch; from now on silence for TTL seconds restores the host
#   keep RUN TTL     renew the lease once a line on stdin; the end of stdin expires it at once
#   apply RUN        converge on a configuration (deviations from the snapshot on stdin, "end" last), test, restart, report
#   sample           processor time of the host, memory of the server's workers
#   serve RUN        answer "apply BYTES", with a request of so many behind it, and "sample" until stdin ends
#   restore RUN      converge on the snapshot, restart, verify
#   verify RUN       print what differs from the snapshot
#   disarm RUN       end a run whose restore was verified; removes every trace
#   rescue           restore whatever run is open, if its lease has expired; for a person
#   tick | boot      called by the timer and at boot
#   status           one "key value" a line
#
# Exit: 0 done, 20 configuration test failed, 21 server did not restart, 64 usage, 73 cannot write, 75 held by another
# run or no live watch, 76 fenced: this run no longer owns the host, 77 unsafe folder, 78 differs from the snapshot.
set -u
umask 077
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL

base=/var/lib/modbisect
cur=$base/cur
run_dir=/run/modbisect
lease=$run_dir/lease
alive=$run_dir/alive
boot_unit=/etc/systemd/system/modbisect-restore.service
boot_want=/etc/systemd/system/multi-user.target.wants/modbisect-restore.service
pid_file=/run/apache2/apache2.pid
tab=$(printf '\t')
rs=$(printf '\036')
nl='
'

die() { code=$1; shift; printf 'modbisect-guard: %s\n' "$*" >&2; exit "$code"; }
uptime_now() { read -r up _ </proc/uptime; up=${up%%.*}; }
boot_id() { read -r boot </proc/sys/kernel/random/boot_id; }
millis() { date +%s%3N; }
durable() { sync -- "$@" 2>/dev/null || sync; }
put() { printf '%s\n' "$2" >"$1.tmp" && durable "$1.tmp" && mv -fT -- "$1.tmp" "$1" && durable "${1%/*}"; }
note() { uptime_now; printf '%s %s %s\n' "$up" "$$" "$*" >>"$cur/journal" 2>/dev/null || :; }
state_now() { state=NONE; [ ! -e "$cur" ] || { state=SNAP; { read -r state <"$cur/state"; } 2>/dev/null || :; }; }
set_lease() { boot_id; uptime_now; printf '%s %s\n' "$boot" $((up + $1)) >"$lease.$$" && mv -fT -- "$lease.$$" "$lease"; }

lease_holds() {
  b='' e=0
  { read -r b e <"$lease"; } 2>/dev/null || :
  boot_id; uptime_now
  [ "$b" = "$boot" ] && [ "$up" -lt "${e:-0}" ]
}

folder() { # root's own directory, no link, closed to others
  [ -d "$1" ] || mkdir -m 0700 -- "$1" 2>/dev/null || :
  [ ! -L "$1" ] && [ -d "$1" ] && [ "$(stat -c %u:%a -- "$1")" = 0:700 ] || die 77 "$1 is not a folder of root's alone"
}

take_lock() { # seconds to wait
  [ "${served-}" ] || folder "$run_dir"
  exec 9>>"$run_dir/lock" || die 73 "cannot open the lock"
  flock -w "$1" 9 || die 75 "another guard command is at work"
}

own() {
  owner=''
  { read -r owner <"$cur/run"; } 2>/dev/null || :
  state_now
  [ "$owner" = "$1" ] || die 76 "fenced: run $1 does not hold this host (state $state)"
}

manifest() { # path type mode uid gid mtime target, then content digests
  while IFS= read -r d; do
    [ -d "$d" ] || { printf '%s\tABSENT\n' "$d"; continue; }
    find "$d" -printf '%p\t%y\t%m\t%U\t%G\t%T@\t%l\n'
    find "$d" -type f -exec sha256sum -- {} + | awk '{print "sha256\t" substr($0, 67) "\t" $1}'
  done <"$1" | sort
}

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

config_test() ( set +u; . /etc/apache2/envvars 2>/dev/null; exec /usr/sbin/apache2 -t 2>&1 )

config_passes() { # by Apache's last word; behind it the test only unloads what it loaded, which may go on meanwhile
  { config_test & } | (
    while IFS= read -r line; do
      printf '%s\n' "$line"
      [ "$line" != "Syntax OK" ] || exit 0
    done
    exit 1
  )
}

forgive() { # unit...: without it systemd refuses the sixth restart within 10 s, and leaves the site down
  [ ! -d /run/systemd/system ] || systemctl reset-failed -- "$@" 2>/dev/null
}

restart_units() { # unit...: full stop and start, then wait for the new generation
  parent_now; old=$parent:$started
  if [ -d /run/systemd/system ]; then
    timeout -k 5 60 systemctl restart -- "$@" 2>&1 || return 1
  else
    apache2ctl stop >/dev/null 2>&1
    tries=0; while [ -e "$pid_file" ] && [ $tries -lt 1000 ]; do sleep 0.02; tries=$((tries + 1)); done
    apache2ctl start 2>&1 9>&- || return 1   # the server must not inherit the lock
  fi
  tries=0
  while parent_now; [ "$parent" = 0 ] || [ "$parent:$started" = "$old" ]; do
    tries=$((tries + 1)); [ $tries -lt 3000 ] || { echo "no new server process after 30 s"; return 1; }
    # What fails behind the configuration test ends the new process after systemctl has reported success.
    if [ $((tries % 20)) = 0 ] && [ -d /run/systemd/system ] && ! systemctl is-active --quiet apache2.service; then
      echo "the new server process ended at once"; return 1
    fi
    sleep 0.01
  done
}

units() { while read -r word value; do [ "$word" != unit ] || echo "$value"; done <"$cur/spec"; }

# --- snapshot ------------------------------------------------------------------------------------

snap() {
  folder "$base"
  take_lock 0
  if [ -e "$cur" ]; then
    state_now
    if [ "$state" = SNAP ] && ! lease_holds; then drop; else die 75 "held: $(tr '\n' ' ' <"$cur/who") state $state"; fi
  fi
  new=$base/new
  rm -rf -- "$new" && mkdir -- "$new" || die 73 "cannot write to $base"
  head -c 65536 >"$new/spec" || die 73 "cannot write to $base"
  awk '
    $1 == "dir" && NF == 2 && $2 !~ /\.\./ && ($2 ~ /^\/etc\/apache2\/(mods|conf|sites)-enabled$/ || \
      $2 ~ /^\/etc\/php\/[0-9.]+\/[a-z0-9]+\/conf\.d$/) {next}
    $1 == "unit" && NF == 2 && $2 ~ /^(apache2|php[0-9.]+-fpm)\.service$/ {next}
    $1 == "owner" && $0 ~ /^[-A-Za-z0-9@._: ]+$/ {next}
    {exit 1}' "$new/spec" || die 64 "bad snapshot request"
  awk '$1 == "dir" {print $2}' "$new/spec" >"$new/dirs"
  sed -n 's/^owner //p' "$new/spec" >"$new/who"
  mkdir -- "$new/snap" || die 73 "cannot write"
  while IFS= read -r d; do
    [ -d "$d" ] || continue
    [ -z "$(find "$d" -name '*[[:cntrl:]]*' -print -quit)" ] || die 77 "$d holds a name with control characters"
    mkdir -p -- "$new/snap$d" && cp -a -- "$d/." "$new/snap$d/" || die 73 "cannot copy $d"
  done <"$new/dirs"
  manifest "$new/dirs" >"$new/manifest" || die 73 "cannot write the manifest"
  parent_now
  loaded | sort >"$new/loaded"
  head -c 262144 /dev/zero >"$new/ballast" || die 73 "no room for the ballast"
  mkdir -- "$new/spare" || die 73 "no inodes"
  ( cd "$new/spare" && awk '{print "i" NR}' "$new/manifest" | head -n 512 | xargs touch -- ) || die 73 "no inodes for the ballast"
  printf '%s\n' "$1" >"$new/run" && echo SNAP >"$new/state" && : >"$new/touched" && : >"$run_dir/now" || die 73 "cannot write"
  manifest "$new/dirs" | cmp -s - "$new/manifest" || die 75 "the configuration changed while it was copied"
  set_lease 60
  sync -f -- "$base" || die 73 "cannot sync"
  mv -T -- "$new" "$cur" && durable "$base" || die 73 "cannot commit the snapshot"
  note "snap $1"
  echo "entries $(wc -l <"$cur/manifest")"
  echo "digest $(sha256sum <"$cur/manifest" | cut -c1-64)"
}

# --- watch ---------------------------------------------------------------------------------------

arm() {
  take_lock 10
  own "$1"
  [ "$state" = SNAP ] || die 76 "state $state"
  if [ -d /run/systemd/system ]; then
    touch -r /etc/systemd/system -- "$cur/mtime-system" && touch -r "${boot_want%/*}" -- "$cur/mtime-wants" 2>/dev/null
    cat >"$boot_unit" <<UNIT || die 73 "cannot write $boot_unit"
[Unit]
Description=Put back what a modbisect run left switched
DefaultDependencies=no
RequiresMountsFor=/etc $base
After=local-fs.target
Before=apache2.service $(units | tr '\n' ' ')
ConditionPathExists=$cur
[Service]
Type=oneshot
ExecStart=$base/guard boot
UNIT
    ln -sfT -- "$boot_unit" "$boot_want" || die 73 "cannot enable $boot_unit"
    durable "$boot_unit" "${boot_want%/*}" "${boot_unit%/*}"
    systemctl stop modbisect-guard.timer 2>/dev/null
    systemctl reset-failed modbisect-guard.service 2>/dev/null
    tick_alive
    start_timer || die 73 "cannot start the watch"
  else
    tick_alive
    # shellcheck disable=SC2016  # for the inner shell
    setsid sh -c 'trap : HUP; while [ -e "$1/cur" ]; do "$1/guard" tick; sleep 1; done' sh "$base" \
      >/dev/null 2>&1 </dev/null 9>&- &
  fi
  set_lease "$2" || die 73 "cannot write the lease"
  put "$cur/state" ARMED || die 73 "cannot write the state"
  note "armed $2"
}

start_timer() {
  systemd-run --quiet --unit=modbisect-guard --collect --on-active=1s --on-unit-active=1s "$@" \
    --timer-property=AccuracySec=100ms --property=Nice=5 --property=StartLimitIntervalSec=0 -- "$base/guard" tick
}

tick_alive() { uptime_now; echo "$up" >"$alive"; }

beat() { own "$1"; [ "$state" = ARMED ] || die 76 "fenced: state $state"; set_lease "$2" || die 73 "cannot write the lease"; }

keep() {
  while IFS= read -r _; do beat "$1" "$2" && echo ok; done
  own "$1"
  [ "$state" = ARMED ] || exit 0
  note "the controller went away"
  set_lease 0
}

tick() {
  [ -e "$cur" ] || { stop_watch; exit 0; }
  tick_alive
  state_now
  case $state in
    SNAP | ARMED) ! lease_holds || exit 0 ;;
    FAILED) # back off: a try every 10 s
      [ $((up % 10)) = 0 ] || exit 0 ;;
  esac
  take_lock 90
  [ -e "$cur" ] || exit 0
  state_now
  case $state in
    SNAP) lease_holds || drop ;;
    ARMED) lease_holds || { note "lease lost"; converge tick && retire; } ;;
    RESTORED) lease_holds || retire ;;
    *) note "again from $state"; converge tick && retire ;;
  esac
}

boot() {
  [ -e "$cur" ] || exit 0
  folder "$run_dir"
  take_lock 60
  state_now
  case $state in SNAP | RESTORED) : ;; *) note "boot"; converge boot || { start_timer --no-block; exit 78; } ;; esac
  retire
}

stop_watch() {
  [ -d /run/systemd/system ] && systemctl stop modbisect-guard.timer 2>/dev/null
  [ -d /run/systemd/system ] && systemctl reset-failed modbisect-restore.service 2>/dev/null   # a boot that could not
  rm -f -- "$lease" "$alive"
}

drop() { # end the run: no trace stays but what another run needs
  rm -f -- "$boot_want" "$boot_unit"
  [ ! -e "$cur/mtime-system" ] || touch -r "$cur/mtime-system" -- "${boot_unit%/*}"
  [ ! -e "$cur/mtime-wants" ] || touch -r "$cur/mtime-wants" -- "${boot_want%/*}"
  rm -rf -- "$base/old"
  mv -T -- "$cur" "$base/old" && durable "$base"
  stop_watch
  rm -rf -- "$base/old" "$run_dir/back" "$run_dir/output" "$run_dir/now"   # the lock stays: unlinking it would race
}

retire() { # rolled back without the controller: leave one line for whoever asks
  uptime_now
  printf 'rolled-back %s\n' "$(cat "$cur/run")" >"$run_dir/last" 2>/dev/null || :
  cp -f -- "$cur/journal" "$run_dir/last-journal" 2>/dev/null || :
  drop
  rm -f -- "$base/guard"
  rmdir -- "$base" 2>/dev/null || :
}

# --- change --------------------------------------------------------------------------------------

# Turns the wanted deviations (stdin) and the present ones ($run_dir/now) into rm, cp, ln and wr lines; the snapshot's
# manifest tells what is put back by a copy and what by removal. Beside them the wanted ones again as "now" lines, "reap"
# when that is asked, and "new" when one is not among $cur/touched. Refuses any path outside the write set, and a request
# without its "end": a link that breaks must not cut off a part.
plan_changes() {
  awk -F '\t' -v dirs="$cur/dirs" -v now="$run_dir/now" -v manifest="$cur/manifest" -v touched="$cur/touched" '
    function bad(why) {print "bad " why >"/dev/stderr"; failed = 1; exit 1}
    BEGIN {
      while ((getline line <dirs) > 0) dir[line] = 1
      while ((getline line <now) > 0) {split(line, f, "\t"); had[f[2]] = line}
      while ((getline line <manifest) > 0) {split(line, f, "\t"); if (f[1] != "sha256") found[f[1]] = 1}
      while ((getline line <touched) > 0) old[line] = 1
    }
    whole {bad("line " NR " behind the end")}
    $0 == "end" {whole = 1; next}
    $0 == "reap" {print; next}
    {
      n = split($2, part, "/"); name = part[n]; folder = substr($2, 1, length($2) - length(name) - 1)
      if (!(folder in dir) || name !~ /^[A-Za-z0-9][-A-Za-z0-9_.+]*$/) bad("path " $2)
      if ($1 == "absent" && NF == 2) {}
      else if ($1 == "link" && NF == 3 && $3 ~ /^[-A-Za-z0-9_.+\/]+$/) {}
      else if ($1 == "file" && NF == 3 && $3 ~ /^[A-Za-z0-9+\/=]*$/ && length($3) < 65536) {}
      else bad("line " NR)
      want[$2] = $0
      print "now\t" $0
      if (!($0 in old)) fresh = 1
    }
    END {
      if (!failed && !whole) bad("it has no end")
      if (failed) exit 1
      if (fresh) print "new"
      for (p in had) if (!(p in want)) {print "rm\t" p; if (p in found) print "cp\t" p}
      for (p in want) if (want[p] != had[p]) {
        split(want[p], f, "\t")
        print "rm\t" p
        if (f[1] == "link") print "ln\t" p "\t" f[3]
        if (f[1] == "file") print "wr\t" p "\t" f[3]
      }
    }'
}

has() { case "$nl$plan$nl" in *"$nl$1"*) : ;; *) return 1 ;; esac; } # whether a line of $plan begins so

pick() ( # what follows WORD and a tab in the lines of $plan, a line each
  set -f; IFS=$nl
  for line in $plan; do
    case $line in "$1$tab"*) printf '%s\n' "${line#*"$tab"}" ;; esac
  done
)

carry_out() ( # the rm, cp, ln and wr lines of a plan. Split at newlines only: any other byte may be in a name
  plan=$1
  set -f; IFS=$nl
  # shellcheck disable=SC2046  # one path a word
  set -- $(pick rm)
  [ $# = 0 ] || rm -f -- "$@" || exit 1
  while IFS= read -r d; do
    set --
    for line in $plan; do
      case $line in "cp$tab$d/"*) set -- "$@" "$cur/snap${line#*"$tab"}" ;; esac
    done
    [ $# = 0 ] || cp -a -t "$d" -- "$@" || exit 1
  done <"$cur/dirs"
  for line in $plan; do
    rest=${line#*"$tab"} path=${rest%%"$tab"*} value=${rest#*"$tab"}
    case $line in
      "ln$tab"*) ln -sT -- "$value" "$path" || exit 1 ;;
      "wr$tab"*) printf '%s' "$value" | base64 -d >"$path" && chmod 0644 -- "$path" || exit 1 ;;
    esac
  done
)

apply() { # RUN [BYTES of the request]
  take_lock 60
  own "$1"
  [ "$state" = ARMED ] && lease_holds || die 76 "fenced: state $state"
  seen=0; { read -r seen <"$alive"; } 2>/dev/null || :
  [ $((up - seen)) -le 5 ] || die 75 "the watch is not alive: nothing is changed without it"
  began=$(millis)
  plan=$(head -c "${2-1048576}" | plan_changes) || die 64 "bad request"
  exec </dev/null
  if has "rm$tab"; then
    # Before anything changes: what we are about to leave, so that a restore can tell it from somebody's edit.
    if has "new$nl"; then
      pick now | sort -u - "$cur/touched" >"$cur/touched.new" && durable "$cur/touched.new" &&
        mv -fT -- "$cur/touched.new" "$cur/touched" && durable "$cur" || die 73 "cannot write"
    fi
    note "apply"
    carry_out "$plan" || die 73 "could not change the configuration"
    pick now >"$run_dir/now" || die 73 "cannot write"
  fi
  changed=$(millis)
  units=$(units)
  # shellcheck disable=SC2086  # one unit a word
  forgive $units >/dev/null 9>&- &
  verdict=ok
  config_passes >"$run_dir/output" || verdict=configtest
  wait
  tested=$(millis) ended=$tested
  if [ $verdict = ok ]; then
    : >"$cur/dirty"
    ! has "reap$nl" || reap
    # shellcheck disable=SC2086
    restart_units $units >"$run_dir/output" 2>&1 || verdict=restart
    ended=$(millis)
  fi
  parent_now
  echo "verdict $verdict"
  echo "ms $((changed - began)) $((tested - changed)) $((ended - tested))"
  echo "parent $parent $started"
  if [ $verdict = ok ]; then
    objects=$(loaded)
    printf '%s\n' "$objects"
    processors
    # What the files as found make of the server is what a restore has to reach, also where drift was accepted.
    [ -s "$run_dir/now" ] || [ -e "$cur/settled" ] || {
      printf '%s\n' "$objects" | sort >"$cur/loaded.new" && mv -fT -- "$cur/loaded.new" "$cur/loaded" && : >"$cur/settled"
    }
  fi
  [ $verdict = ok ] || { head -c 4000 "$run_dir/output" | sed 's/^/text /'; journal_tail; }
  note "verdict $verdict"
  case $verdict in configtest) exit 20 ;; restart) exit 21 ;; esac
}

serve() { # for one run, from one shell: an answer is one line, its own lines parted by RS, "exit" and the status last; a refusal is the last answer
  folder "$run_dir"; served=yes
  while read -r word bytes; do
    case $word:$bytes in
      apply:*[!0-9]* | apply: | apply:????????*) die 64 "bad size" ;;
      apply:*) answer=$(apply "$1" "$bytes" 2>&1) ;;
      sample:) answer=$(sample 2>&1 </dev/null) ;;
      *) die 64 "usage: apply BYTES, or sample" ;;
    esac
    code=$?
    ( set -f; IFS=$nl; set -- $answer "exit $code"; IFS=$rs; printf '%s\n' "$*" )
    case $code in 0 | 20 | 21) : ;; *) exit "$code" ;; esac   # what is left of its request is no command
  done
}

journal_tail() { [ ! -d /run/systemd/system ] || tail -n 5 /var/log/apache2/error.log 2>/dev/null | head -c 2000 | sed 's/^/text /'; }

# --- restore -------------------------------------------------------------------------------------

# Prints rm and cp lines that lead from the tree as it is to the snapshot. A path that is neither as found nor as this
# run left it is somebody else's work: printed as "foreign" and left alone.
plan_restore() {
  manifest "$cur/dirs" >"$cur/manifest.now"
  awk -F '\t' -v touched="$cur/touched" -v old="$cur/manifest" '
    function value(f) {return f[2] == "l" ? "link\t" f[7] : f[2] == "f" ? "file" : f[2]}
    # A link or file of ours, or the found one with only its times changed (a copy that was cut short).
    function known(p) {return ((p "\t" now_value[p]) in ours) || (now_value[p] == was_value[p] && now_sum[p] == sum[p])}
    BEGIN {
      while ((getline line <touched) > 0) {split(line, f, "\t"); ours[f[2] "\t" (f[1] == "link" ? "link\t" f[3] : f[1])] = 1; ever[f[2]] = 1}
      while ((getline line <old) > 0) {
        split(line, f, "\t")
        if (f[1] == "sha256") sum[f[2]] = f[3]; else {was[f[1]] = line; kind[f[1]] = f[2]; was_value[f[1]] = value(f)}
      }
    }
    $1 == "sha256" {now_sum[$2] = $3; next}
    {is[$1] = $0; now_kind[$1] = $2; split($0, f, "\t"); now_value[$1] = value(f)}
    END {
      for (p in is) {
        old_one = (p in was)   # asked first: to read was[p] makes it
        if (old_one && is[p] == was[p] && now_sum[p] == sum[p]) continue
        if (now_kind[p] == "d" && kind[p] == "d") {print "dir\t" p; continue}
        if ((p in ever) && known(p)) {print "rm\t" p; if (old_one) print "cp\t" p}
        else print "foreign\t" p
      }
      for (p in was) if (!(p in is)) {if (p in ever) print "cp\t" p; else print "foreign\t" p}
    }' "$cur/manifest.now"
}

converge() { # why: tick, asked or boot. Idempotent; leaves state RESTORED or FAILED
  rm -rf -- "$cur/ballast" "$cur/spare"
  put "$cur/state" RESTORING || :   # a full disk must not stop a restore
  plan_restore >"$run_dir/back" && carry_out "$(cat "$run_dir/back")" || { failed "could not put files back"; return 1; }
  # Times of directories last: putting files back has touched them.
  awk -F '\t' '$2 == "d" {print $1}' "$cur/manifest" | while IFS= read -r d; do
    chown --reference="$cur/snap$d" -- "$d"; chmod --reference="$cur/snap$d" -- "$d"; touch -r "$cur/snap$d" -- "$d"
  done
  while IFS= read -r d; do [ ! -d "$d" ] || sync -f -- "$d"; done <"$cur/dirs"
  same=yes
  manifest "$cur/dirs" | cmp -s - "$cur/manifest" || same=no
  again=no
  [ ! -e "$cur/dirty" ] || again=yes
  [ "$state" != FAILED ] || [ $same = no ] || again=yes   # what stood in the way is gone
  if [ "$1" != boot ] && [ $again = yes ]; then
    config_test >"$run_dir/output" || { failed "the configuration as found no longer passes its test"; return 1; }
    reap
    # shellcheck disable=SC2046  # one unit a word
    forgive $(units)
    # shellcheck disable=SC2046
    restart_units $(units) >"$run_dir/output" 2>&1 || { failed "the server does not start"; return 1; }
    [ $same = no ] || loaded | sort | cmp -s - "$cur/loaded" || { failed "the server has loaded other modules than before"; return 1; }
    rm -f -- "$cur/dirty"   # a further try restarts nothing for nothing
  fi
  # Even beside somebody's edit the server is back on what this run found; but it is not called restored.
  [ $same = yes ] || { failed "edited by somebody else: $(grep -m 5 '^foreign' "$run_dir/back" | cut -f 2 | tr '\n' ' ')"; return 1; }
  put "$cur/state" RESTORED || return 1
  [ "$1" = asked ] && set_lease 10
  note "restored"
}

failed() {
  note "FAILED: $1"
  put "$cur/state" FAILED || :
  printf '%s\n' "$1" >"$cur/reason" 2>/dev/null || :
  logger -p daemon.crit -t modbisect "restore failed: $1" 2>/dev/null || :
  printf 'modbisect-guard: restore failed: %s\n' "$1" >&2
}

restore() { take_lock 90; own "$1"; note "restore asked"; converge asked || exit 78; verify "$1"; }

verify() {
  own "$1"
  manifest "$cur/dirs" | diff -- "$cur/manifest" - && echo "same $(sha256sum <"$cur/manifest" | cut -c1-64)" || exit 78
  parent_now
  echo "parent $parent $started"
  loaded | sort | cmp -s - "$cur/loaded" && echo "loaded same" || echo "loaded other"
}

disarm() {
  take_lock 60
  own "$1"
  case $state in RESTORED | SNAP) : ;; *) die 76 "state $state" ;; esac
  manifest "$cur/dirs" | cmp -s - "$cur/manifest" || die 78 "the files differ from the snapshot: the guard stays"
  note "disarm"
  drop
  rm -rf -- "$base/guard" "$run_dir/last" "$run_dir/last-journal"
  rmdir -- "$base" 2>/dev/null || :
}

rescue() { # a person's way out, without the controller that began the run
  take_lock 90
  [ -e "$cur" ] || { echo "nothing to restore"; exit 0; }
  state_now
  [ "${1-}" = force ] || ! lease_holds || [ "$state" = FAILED ] || die 75 "held: $(tr '\n' ' ' <"$cur/who")is still at work"
  converge tick || exit 78
  retire
  echo "restored"
}

status() {
  state_now
  echo "state $state"
  if [ -e "$cur" ]; then
    echo "run $(cat "$cur/run" 2>/dev/null)"
    echo "owner $(tr '\n' ' ' <"$cur/who" 2>/dev/null)"
    if lease_holds; then echo "lease $((e - up))"; else echo "lease 0"; fi
    [ ! -e "$cur/reason" ] || echo "reason $(cat "$cur/reason")"
  fi
  [ ! -e "$run_dir/last" ] || cat "$run_dir/last"
}

main() {
  verb=${1-}
  case $verb in
    snap | apply | serve | restore | verify | disarm) [ $# = 2 ] || die 64 "usage: $verb RUN" ;;
    arm | keep)
      [ $# = 3 ] || die 64 "usage: $verb RUN TTL"
      case $3 in '' | *[!0-9]* | ?????*) die 64 "bad lease" ;; esac ;;
    tick | boot | status | sample) [ $# = 1 ] || die 64 "usage: $verb" ;;
    rescue) [ $# = 1 ] || [ "${2-}" = force ] || die 64 "usage: rescue [force]"; rescue "${2-}"; exit ;;
    *) die 64 "usage: see the head of this file" ;;
  esac
  case ${2-none} in *[!a-z0-9]*) die 64 "bad run id" ;; esac
  shift
  "$verb" "$@"
}

main "$@"
exit
