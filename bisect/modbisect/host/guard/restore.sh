# Putting back: always towards the snapshot, never by an inverse command.

# Prints rm, cp and back lines that lead from the tree as it is to the snapshot. A path that is neither as found nor as this
# run left it is somebody else's work: printed as "foreign" and left alone.
plan_restore() { # [a manifest that holds more]
  seen=${1-$(manifest_now "$cur")} || return 1
  printf '%s\n' "$seen" | awk -F '\t' -v touched="$cur/touched" -v old="$cur/manifest" -v copies="$cur/snap/" '
    function value(f) {return f[2] == "l" ? "link\t" f[7] : f[2] == "f" ? "file" : f[2]}
    # A link or file of ours, or the found one with only its times changed (a copy that was cut short).
    function known(p) {return (now_kind[p] == "f" && (p "\t" now_sum[p]) in made) || ((p "\t" now_value[p]) in ours) || (now_value[p] == was_value[p] && now_sum[p] == sum[p])}
    BEGIN {
      while ((getline line <touched) > 0) {
        split(line, f, "\t")
        if (f[1] == "sum") {made[f[2] "\t" f[3]] = 1; continue}
        if (f[1] ~ /^(cut|tail|word|aside)$/) edited[f[2]] = 1
        if (f[1] == "aside") f[1] = "ABSENT"
        ours[f[2] "\t" (f[1] == "link" ? "link\t" f[3] : f[1])] = 1; ever[f[2]] = 1
      }
      while ((getline line <old) > 0) {
        split(line, f, "\t")
        if (f[1] == "sha256") sum[f[2]] = f[3]; else {was[f[1]] = line; kind[f[1]] = f[2]; was_value[f[1]] = value(f)}
      }
    }
    index(($1 == "sha256" ? $2 : $1) "/", copies) == 1 {next}
    $1 == "sha256" {now_sum[$2] = $3; next}
    {is[$1] = $0; now_kind[$1] = $2; split($0, f, "\t"); now_value[$1] = value(f)}
    END {
      for (p in is) {
        old_one = (p in was)   # asked first: to read was[p] makes it
        if (old_one && is[p] == was[p] && now_sum[p] == sum[p]) continue
        if (now_kind[p] == "d" && kind[p] == "d") {print "dir\t" p; continue}
        if ((p in ever) && known(p)) {
          if (p in edited) {print "back\t" p; continue}
          print "rm\t" p; if (old_one) print "cp\t" p
        }
        else print "foreign\t" p
      }
      for (p in was) if (!(p in is)) {if (p in ever) print (p in edited ? "back" : "cp") "\t" p; else print "foreign\t" p}
    }'
}

copies_of_places() { sed "s|^|$cur/snap|" "$cur/places" && sed -n "s|^his \([^ ]*\).*|$cur/snap\1|p" "$cur/spec"; }

# Where the copy of what is put back, or edited, is not as it was written: a link is made anew as the manifest has it; a file is lost,
# and nothing is removed in its place.
mend_copies() { # in $plan; [a manifest that holds more]
  has "cp$tab" || has "back$tab" || has "ed$tab" || return 0
  # shellcheck disable=SC2046  # one folder a word
  copies=${1-$(set -f; manifest $(copies_of_places))} || return 1
  plan=$({ printf '%s\n' "$copies"; echo @; printf '%s\n' "$plan"; } | awk -F '\t' -v old="$cur/manifest" -v snap="$cur/snap" '
    function copied(path) {return index(path, snap "/") == 1 ? substr(path, length(snap) + 1) : ""}
    BEGIN {
      while ((getline line <old) > 0) {split(line, f, "\t"); if (f[1] == "sha256") sum[f[2]] = f[3]; else was[f[1]] = line}
    }
    $0 == "@" {planned = 1; next}
    !planned {
      if ($1 == "sha256") copy_sum[copied($2)] = $3; else {path = copied($1); copy[path] = path substr($0, length($1) + 1)}
      next
    }
    $1 !~ /^(cp|back|ed)$/ || copy[$2] == was[$2] && copy_sum[$2] == sum[$2] {out[++n] = $0; next}
    {
      split(was[$2], f, "\t")
      if (f[2] == "l") {out[++n] = "ln\t" $2 "\t" f[7]; out[++n] = "as\t" $2 "\t" f[4] ":" f[5] "\t" f[6]}
      else lost[$2] = 1
    }
    END {
      for (i = 1; i <= n; i++) {split(out[i], f, "\t"); if (!(f[1] == "rm" && f[2] in lost)) print out[i]}
      for (p in lost) print "lost\t" p
    }')
}

# WHY: tick, asked or boot; accept: what others have edited is right. Idempotent; leaves state RESTORED or FAILED. What was
# damaged while it was at work has misled it: it begins again at once.
converge() { converge_once "$@" || { ! intact && whole && converge_once "$@"; }; }

converge_once() {
  release
  put "$cur/state" RESTORING || :   # a full disk must not stop a restore
  whole || { failed "the list $lost is damaged, and its copy as well"; return 1; }
  no_halves
  plan=$(plan_restore) && mend_copies && carry_out "$plan" || { failed "could not put files back"; return 1; }
  # Times of directories last: putting files back has touched them.
  awk -F '\t' '$2 == "d" {print $3, $4 ":" $5, "@" $6, $1}' "$cur/manifest" | while read -r mode owner time d; do
    chown -- "$owner" "$d"; chmod -- "$mode" "$d"; touch -d "$time" -- "$d"
  done
  # shellcheck disable=SC2046  # one folder a word
  sync -f -- $(one_each "$base" $(written_to "$cur")) 2>/dev/null || sync -f -- "$base"
  edits=$(pick foreign)
  [ "${2-}" != accept ] || [ ! "$edits" ] || accept_edits || { failed "what is to be accepted could not be written down"; return 1; }
  found=$(manifest_now "$cur") || { failed "could not look at what was put back"; return 1; }
  same=no
  ! printf '%s\n' "$found" | cmp -s - "$cur/manifest" || { same=yes; each_edited clear; }
  bring_into_effect "$1" "$(printf '%s\n' "$found" | read_by_server)" "${2-}" || return 1
  # Even beside somebody's edit the server is back on what this run found; but it is not called restored.
  [ $same = yes ] || {
    lost=$(pick lost)
    edits=$(printf '%s\n' "$edits" | head -n 5 | tr '\n' ' ')
    if [ "$lost" ]; then failed "the copy is damaged of $(printf '%s\n' "$lost" | head -n 5 | tr '\n' ' ')"
    else failed "${edits:+edited by somebody else: }${edits:-could not put files back}"; fi
    return 1
  }
  put "$cur/state" RESTORED || return 1
  [ "$1" = asked ] && set_lease 10
  note "restored"
}

accept_edits() { # seen twice alike: a look that was cut short would make of the rest somebody's new files
  manifest_now "$cur" >"$cur/manifest.all" && manifest_now "$cur" | cmp -s - "$cur/manifest.all" &&
    replace manifest <"$cur/manifest.all"
}

accept_loaded() { modules >"$cur/loaded.all" && replace loaded <"$cur/loaded.all"; }

# The server reads the files again, unless it has done so since they became what they are: DIGEST, how often it was
# restarted for them, and what came of that. What two restarts do not cure a third does not: while it serves, it is left
# alone.
bring_into_effect() { # WHY DIGEST [accept]
  [ "$1" != boot ] || { put "$cur/served" "$2 0 ok" || rm -f -- "$cur/served"; return 0; }   # it starts behind us
  digest='' count=0 result=''
  { read -r digest count result <"$cur/served" || read -r digest count result <"$run_dir/served"; } 2>/dev/null || :
  number "$count"; count=$number
  [ "$digest" = "$2" ] || count=0 result=''
  parent_now
  if [ "$result" = ok ] && as_loaded && serves; then return 0; fi
  if [ $count -lt 2 ] || ! serves; then
    said=$(config_test) || { failed "the configuration as found no longer passes its test"; return 1; }
    count=$((count + 1))
    note_served "$2 $count tried" || { failed "the server is not restarted where that cannot be written down"; return 1; }
    reap
    # shellcheck disable=SC2046  # one unit a word
    forgive $(units)
    # shellcheck disable=SC2046
    restarted $(units) || { [ "${3-}" = accept ] && [ "$parent" != 0 ]; } || {
      failed "$([ "$parent" = 0 ] && echo "the server" || echo $asleep) does not start"
      return 1
    }
  fi
  [ "${3-}" != accept ] || as_loaded || accept_loaded || { failed "cannot write"; return 1; }
  as_loaded || {
    again=''
    [ $count -lt 2 ] || again="; two restarts have not changed that, and it is left alone now"
    failed "the server has loaded other modules than before$again"
    return 1
  }
  note_served "$2 $count ok" || :   # no further try restarts it for nothing
}

serves() { # with all that did as the run began, such as a cache in front
  [ "$parent" != 0 ] && for unit in $asleep; do grep -qxF -e "asleep $unit" -- "$cur/spec" || return 1; done
}

as_loaded() { [ $same = no ] || modules | cmp -s - "$cur/loaded" || unsettled; } # what files that somebody has edited make of it nobody knows

# The run began beside drift that was accepted: what the files as found make of the server is seen by their first restart.
unsettled() { [ "$parent" != 0 ] && [ ! -e "$cur/settled" ] && grep -qxF drift -- "$cur/spec"; }

note_served() { put "$cur/served" "$1" 2>/dev/null || { rm -f -- "$cur/served"; printf '%s\n' "$1" >"$run_dir/served"; } 2>/dev/null; }

failed() { # WHY: said everywhere, and tried again after 10, 20, 40, then every 60 s
  why=$(printf '%s' "$1" | plain)
  note "FAILED: $why"
  put "$cur/state" FAILED || :
  printf '%s\n' "$why" >"$cur/reason" 2>/dev/null || :
  wait=0; { read -r _ wait <"$run_dir/retry" || read -r _ wait <"$cur/retry"; } 2>/dev/null || :
  number "$wait"
  wait=$((number == 0 ? 10 : number < 30 ? 2 * number : 60))
  uptime_now
  { printf '%s %s\n' $((up + wait)) $wait >"$run_dir/retry.new" && mv -fT -- "$run_dir/retry.new" "$run_dir/retry"; } 2>/dev/null ||
    { rm -f -- "$run_dir/retry.new" "$run_dir/retry"; put "$cur/retry" "$((up + wait)) $wait"; } 2>/dev/null || :
  announce "$lasting_motd" "modbisect could NOT put this host back as it was found: $why
(run $(plain <"$cur/run") of $(plain <"$cur/who")). It tries again by itself.
More: /bin/sh $base/guard status; try now: /bin/sh $base/guard rescue; it is right as it is: /bin/sh $base/guard rescue accept"
  logger -p daemon.crit -t modbisect "restore failed, next try in $wait s: $why" 2>/dev/null || :
  printf 'modbisect-guard: restore failed: %s\n' "$why" >&2
}

restore() { take_lock 60; own "$1"; note "restore asked"; converge asked && whole || exit 78; verify "$1"; }

verify() {
  own "$1"
  seen=$(manifest_now "$cur") || die 73 "cannot look at the files"
  differs=$(printf '%s\n' "$seen" | diff -- "$cur/manifest" -) || { printf '%s\n' "$differs" | head -c 50000; exit 78; }
  echo "same $(sha256sum <"$cur/manifest" | cut -c1-64)"
  parent_now
  echo "parent $parent $started"
  same=yes
  as_loaded && echo "loaded same" || echo "loaded other"
}

disarm() {
  take_lock 60
  own "$1"
  case $state in RESTORED | SNAP) : ;; *) die 76 "state $state" ;; esac
  release
  whole || die 73 "a list of the guard's own is damaged: $lost"
  as_found || die 78 "the files differ from the snapshot: the guard stays"
  note "disarm"
  vanish
  rm -f -- "$run_dir/last" "$run_dir/last-journal" || :   # of an earlier run; this one has ended
}

rescue() { # a person's way out, without the controller that began the run
  take_lock 60
  [ -e "$cur" ] || { echo "nothing to restore"; exit 0; }
  state_now
  [ "${1-}" ] || ! lease_holds || [ "$state" = FAILED ] || die 75 "$(held_by): still at work"
  converge tick "${1-}" || exit 78
  [ "${1-}" != accept ] || pick foreign | head -n 500 | tr -cd '[:print:]\n' | sed 's/^/accepted /'
  retire "rescue"
  echo "restored"
}

status() {
  state_now
  echo "state $state"
  if [ -e "$cur" ]; then
    echo "run $(tr -cd 0-9a-f <"$cur/run" 2>/dev/null | head -c 32)"
    echo "owner $(tr '\n' ' ' <"$cur/who" 2>/dev/null)"
    if lease_holds; then echo "lease $((e - up))"; else echo "lease 0"; fi
    if watch_lives; then echo "watch alive"; else echo "watch dead"; fi
    [ ! -e "$cur/reason" ] || echo "reason $(plain <"$cur/reason")"
  elif [ -e "$ended" ]; then echo "reason its traces cannot be removed yet"
  fi
  ! stopped || printf '%s\n' "$stop"
  [ ! -e "$run_dir/last" ] || grep -aE '^(rolled-back [0-9a-f]{32}|because [ -~]{1,300})$' -- "$run_dir/last" || :
}
