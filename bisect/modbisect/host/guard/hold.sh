# Taking the host: the snapshot, what a restore needs set aside, the watch.

# PLACE...: path type mode uid gid mtime target, then content digests. All of it or nothing, with a status: whatever
# looks may be killed, and a part of a host is no host.
manifest() {
  for _ in 1 2 3; do
    all=$(seen_whole "$@") && printf '%s\n' "$all" && return 0
  done
  return 1
}

seen_whole() (
  absent='' above='' rows='' sums=''
  for d; do
    shift
    if [ -e "$d" ] || [ -L "$d" ]; then set -- "$@" "$d"; else absent="$absent$d${tab}ABSENT$nl"; fi
    # The folder of a single file, since its time changes with it.
    case $nl$above in
      *"$nl${d%/*}$nl"*) : ;;
      *) [ -d "$d" ] || [ ! -d "${d%/*}" ] || above=$above${d%/*}$nl ;;
    esac
  done
  [ ! "$above" ] || rows=$(set -f; IFS=$nl; find $above -maxdepth 0 -printf '%p\t%y\t%m\t%U\t%G\t%T@\t%l\n')$nl || exit 1
  [ $# = 0 ] || {
    rows=$rows$(find "$@" -path "*/$reserved" -prune -o -printf '%p\t%y\t%m\t%U\t%G\t%T@\t%l\n')
    [ $? -le 1 ] || exit 1   # 1: something has gone meanwhile
    sums=$(find "$@" -path "*/$reserved" -prune -o -type f -exec sha256sum -- {} +)
    [ $? -le 1 ] || exit 1
  }
  all=$(printf '%s%s\n@\n%s\n' "$absent" "$rows" "$sums" | awk -F '\t' '
    $0 == "" {next}
    $0 == "@" {summing = 1; next}
    !summing {print; if ($2 == "f") unsummed[$1] = 1; next}
    {path = substr($0, 67); print "sha256\t" path "\t" substr($0, 1, 64); delete unsummed[path]}
    END {for (path in unsummed) exit 1}') && printf '%s\n' "$all" | sort -u
)

written_to() { # the folders of a write set, whose list lies in a folder: those that are in it, and those of single files
  while IFS= read -r d; do
    [ -d "$d" ] || d=${d%/*}
    [ ! -d "$d" ] || printf '%s\n' "$d"
  done <"$1/places" | sort -u
}

manifest_now() { # of the write set, whose list lies in a folder, and of PATH...
  set -f
  # shellcheck disable=SC2046  # one path a word
  set -- "$@" $(cat -- "$1/places")
  set +f
  whose=$1
  shift
  manifest "$@" && others_now "$whose"
}

as_found() { manifest_now "$cur" | cmp -s - "$cur/manifest"; }

read_by_server() { # a manifest on stdin: digest of what a server makes of it, which no time changes
  awk -F '\t' '$1 == "sha256" {print; next} $2 != "d" {print $1, $2, $7}' | sha256sum | cut -c1-64
}

# Nothing is said before the watch is there: whoever waited for it may be gone, and a word to nobody ends a command.
hold() { snapshot "$1" "$2"; locked=yes; ( arm "$1" "$2" ) || { code=$?; ( vanish ) || tick_on; exit $code; }; tell; }

snap() { snapshot "$1" 60; tell; }

tell() { echo "entries $(wc -l <"$cur/manifest")"; echo "digest $(sha256sum <"$cur/manifest" | cut -c1-64)"; }

snapshot() { # RUN, seconds until it expires unless it is armed
  request=$(timeout 20 head -c 65536) || die 64 "bad snapshot request: its end did not come within 20 s"
  exec </dev/null
  folder "$base"
  take_lock 0
  new=$base/new
  trap 'rm -rf -- "$new"; withdraw' EXIT
  ! stopped || die 75 "$stop: no runs on this host"
  state_now
  case $state in
    NONE) [ ! -e "$ended" ] || sweep || : ;;
    *) if lease_holds; then die 75 "$(held_by)"; fi
      [ "$state" = SNAP ] && [ ! -s "$cur/touched" ] || steal
      drop ;;
  esac
  rm -rf -- "$new" && mkdir -- "$new" || die 73 "cannot write to $base"
  copy "$1"
  case $0 in
    "$base/guard") : ;;
    "$base"/new.*) mv -fT -- "$0" "$base/guard" ;;
    *) cp -- "$0" "$base/guard.new" && chmod 0700 -- "$base/guard.new" && mv -fT -- "$base/guard.new" "$base/guard" ;;
  esac || die 73 "cannot write to $base"
  set_lease "$2" && sync -f -- "$base" || die 73 "cannot sync"
  mv -T -- "$new" "$cur" && durable "$base" || die 73 "cannot commit the snapshot"
  trap - EXIT
  note "snap $1"
  reserve || { vanish; die 73 "no room: $room"; }
}

# A run is taken over only when nobody keeps it and nobody would restore it: its lease is over, and its watch is dead or
# was another boot's. It is put back first; and what the newcomer has seen of the host until now no longer holds.
steal() {
  boot_id
  if watch_lives && { read -r b <"$cur/boot"; } 2>/dev/null && [ "$b" = "$boot" ]; then die 75 "$(held_by)"; fi
  said=$(held_by)
  note "taken over"
  converge tick || die 75 "$said; it cannot be put back: $(plain <"$cur/reason")"
  retire "taken over"
  die 75 "$said: it was dead, and is put back now; start again"
}

withdraw() { # no trace of a run that was refused; whatever is still to be done needs its guard
  [ -e "$cur" ] || [ -e "$ended" ] || {
    rm -f -- "$base/guard" "$base/guard.new"
    find "$base" -maxdepth 1 -name 'new.*' -mmin +1 -delete   # of a controller that died as it brought the script
    rmdir -- "$base" || :
  } 2>/dev/null
}

vanish() { ! drop || withdraw; } # while the watch could not be stopped it needs its script: its next tick withdraws

copy() { # all that a restore needs to know, into $new
  printf '%s\n' "$request" >"$new/spec" || die 73 "cannot write to $base"
  { rules; edit_rules; echo @; cat "$new/spec"; } | awk -F '\t' '
    function matches(text, patterns, i) {for (i in patterns) if (text ~ patterns[i]) return 1; return 0}
    !requested && $1 ~ /^(link|drop-in)$/ {folder[NR] = "^(" $3 ")$"}
    !requested && $1 == "unit" {service[NR] = "^(" $2 ")$"}
    !requested && $1 == "edit" {edited[NR] = "^(" $3 ")$"}
    !requested {requested = $0 == "@"; next}
    {words = split($0, word, " ")}
    word[1] == "dir" && words == 2 && word[2] !~ /\.\./ && matches(word[2], folder) {place = 1; next}
    word[1] == "file" && words == 2 && word[2] ~ /^\/[-A-Za-z0-9_.+\/]+$/ && word[2] !~ /\.\.|\/$/ && matches(word[2], edited) {place = 1; next}
    word[1] == "unit" && words == 2 && matches(word[2], service) {unit = 1; next}
    $0 == "drift" {next}
    word[1] == "owner" && $0 ~ /^[-A-Za-z0-9@._: ]+$/ {owner = 1; next}
    {bad = 1; exit}
    END {exit bad || !(place && unit && owner)}' || die 64 "bad snapshot request"
  awk '$1 == "dir" && !seen[$2]++ {print $2}' "$new/spec" >"$new/places" && sed -n 's/^owner //p' "$new/spec" >"$new/who" &&
    printf '%s\n' "$1" >"$new/run" && part_by_owner || die 73 "cannot write"
  mkdir -- "$new/snap" || die 73 "cannot write"
  main_of "$new"
  own_ground
  while IFS= read -r d; do
    if grep -qxF -e "file $d" -- "$new/spec"; then
      mkdir -p -- "$new/snap${d%/*}" && cp -aT -- "$d" "$new/snap$d" || die 73 "cannot copy $d"
      continue
    fi
    [ -e "$d" ] || continue
    [ -d "$d" ] || die 77 "$d is no folder"
    [ -z "$(find "$d" -name '*[[:cntrl:]]*' -print -quit)" ] || die 77 "$d holds a name with control characters"
    [ ! -e "$d/$reserved" ] && [ ! -L "$d/$reserved" ] || die 77 "$d/$reserved is in the way"
    mkdir -p -- "$new/snap$d" && cp -a -- "$d/." "$new/snap$d/" || die 73 "cannot copy $d"
  done <"$new/places"
  copy_of_others
  written_to "$new" | while IFS= read -r d; do touch -r "$d" -- "$new/snap$d" || exit 1; done || die 73 "cannot write"
  other_names
  manifest_now "$new" >"$new/manifest" || die 73 "cannot write the manifest"
  beginning=$new
  parent_now
  beginning=''
  for unit in $asleep; do echo "asleep $unit"; done >>"$new/spec" || die 73 "cannot write to $base"
  { modules >"$new/loaded" || [ "$parent" = 0 ]; } || die 73 "cannot tell what the server has loaded"
  boot_id
  echo "$boot" >"$new/boot" && echo SNAP >"$new/state" && true >"$new/touched" &&
    true >"$new/times" && true >"$new/made" && seal "$new" $lasting &&
    echo "$(read_by_server <"$new/manifest") 0 ok" >"$new/served" && echo end >"$run_dir/now" || die 73 "cannot write"
  manifest_now "$new" | cmp -s - "$new/manifest" || die 75 "the configuration changed while it was copied"
}

other_names() { # a file with several names (hard links): the snapshot is one more of them, so that it can come back as such
  while IFS= read -r d; do [ ! -e "$d" ] || find "$d" ! -type d -links +1 || die 73 "cannot look for hard links in $d"; done \
    <"$new/places" >"$new/linked" || die 73 "cannot write"
  while IFS= read -r path; do
    ln -fPT -- "$path" "$new/snap$path" 2>/dev/null || die 73 "$path has other names (hard links), and could not be put back as one: $base lies on another filesystem"
  done <"$new/linked"
}

own_ground() { # nobody but root may turn a place of the write set, or a folder above it, into something else under our hand
  set --
  while IFS= read -r d; do
    while [ "$d" ]; do set -- "$@" "$d"; d=${d%/*}; done
  done <"$new/places"
  bad=$(stat -c '%n %u %A' -- "$@" 2>/dev/null | awk '$2 != 0 || $3 !~ /^[-d].......[^w]/ {print $1; exit}')
  [ -z "$bad" ] || die 77 "$bad is a link, or not root's, or open to everybody's writing"
}

# What a restore needs is set aside on every filesystem it writes to: room for every file of the snapshot and 256 KiB
# more, and an inode for every entry. Random bytes, since some filesystems store zeros as nothing.
reserve() {
  room="nothing can be set aside in $base"
  here=$(stat -c %d -- "$base")
  mkdir -- "$cur/spare" || return 1
  # shellcheck disable=SC2046  # one folder a word
  set -- $(written_to "$cur")
  needs=$(
    { stat -c 'device %d %n' -- "$@"; du -k -- "$cur/snap"; cat -- "$cur/manifest"; } | awk -v here="$here" -v cur="$cur" -v name="$reserved" '
      $1 == "device" {device[$3] = $2; if (!($2 in first)) first[$2] = $3; next}
      index($2, cur "/snap") == 1 {d = substr($2, length(cur "/snap") + 1); if (d in device) kib[device[d]] += $1; next}
      $1 != "sha256" {for (d in device) if (index($1, d) == 1) {inodes[device[d]]++; next}}
      END {if (!(here in first)) print cur "/spare", 256, 64, cur; for (x in first) print (x == here ? cur "/spare" : first[x] "/" name), kib[x] + 256, inodes[x], first[x]}'
  )
  while read -r place kib inodes d; do
    room="where $d lies, a restore needs $kib KiB and $inodes inodes kept free"
    [ -d "$place" ] || mkdir -- "$place" || return 1
    head -c "${kib}K" /dev/urandom >"$place/blocks" && ( cd "$place" && seq "$inodes" | xargs touch -- ) || return 1
  done <<END
$needs
$run_dir/spare 64 16 $run_dir
END
} 2>/dev/null

release() { # what was set aside
  rm -rf -- "$cur/spare" "$run_dir/spare"
  written_to "$cur" | while IFS= read -r d; do
    [ ! -d "$d/$reserved" ] || { rm -rf -- "${d:?}/$reserved"; touch -r "$cur/snap$d" -- "$d"; }
  done
}

arm() {
  take_lock 10
  own "$1"
  [ "$state" = SNAP ] || die 76 "state $state"
  starting=''
  rm -f -- "$alive" && start_watch || die 73 "cannot start the watch"
  tries=0
  until watch_lives; do
    tries=$((tries + 1))
    [ $tries -lt 500 ] || die 73 "the watch does not come to life: $(start_failure)"
    sleep 0.02
  done
  [ ! "$starting" ] || wait "$starting"
  set_lease "$2" || die 73 "cannot write the lease"
  put "$cur/state" ARMED || die 73 "cannot write the state"
  note "armed $2"
  read -r who <"$cur/who"
  announce "$motd" "modbisect is switching components of this host's web server: run $1 of $who.
It puts everything back by itself. More: /bin/sh $base/guard status; put back now: /bin/sh $base/guard rescue force" || : # a run does without
}
