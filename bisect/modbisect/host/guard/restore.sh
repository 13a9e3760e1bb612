# Putting back: always towards the snapshot, never by an inverse command.

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
  release
  put "$cur/state" RESTORING || :   # a full disk must not stop a restore
  plan_restore >"$run_dir/back" && carry_out "$(cat "$run_dir/back")" || { failed "could not put files back"; return 1; }
  # Times of directories last: putting files back has touched them.
  awk -F '\t' '$2 == "d" {print $1}' "$cur/manifest" | while IFS= read -r d; do
    chown --reference="$cur/snap$d" -- "$d"; chmod --reference="$cur/snap$d" -- "$d"; touch -r "$cur/snap$d" -- "$d"
  done
  ( set -- "$base"; while IFS= read -r d; do [ ! -d "$d" ] || set -- "$@" "$d"; done <"$cur/dirs"; sync -f -- "$@" )
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
  [ $same = yes ] || {
    edits=$(grep -m 5 '^foreign' "$run_dir/back" | cut -f 2 | tr '\n' ' ')
    failed "${edits:+edited by somebody else: }${edits:-could not put files back}"
    return 1
  }
  put "$cur/state" RESTORED || return 1
  [ "$1" = asked ] && set_lease 10
  note "restored"
}

failed() { # WHY: said everywhere, and tried again after 10, 20, 40, then every 60 s
  why=$(printf '%s' "$1" | plain)
  note "FAILED: $why"
  put "$cur/state" FAILED || :
  printf '%s\n' "$why" >"$cur/reason" 2>/dev/null || :
  wait=0; { read -r _ wait <"$run_dir/retry"; } 2>/dev/null || :
  wait=$((wait == 0 ? 10 : wait < 30 ? 2 * wait : 60))
  uptime_now
  echo "$((up + wait)) $wait" >"$run_dir/retry"
  announce "$lasting_motd" "modbisect could NOT put this host back as it was found: $why
(run $(plain <"$cur/run") of $(plain <"$cur/who")). It tries again by itself.
More: $base/guard status; try now: $base/guard rescue"
  logger -p daemon.crit -t modbisect "restore failed, next try in $wait s: $why" 2>/dev/null || :
  printf 'modbisect-guard: restore failed: %s\n' "$why" >&2
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
  release
  manifest "$cur/dirs" | cmp -s - "$cur/manifest" || die 78 "the files differ from the snapshot: the guard stays"
  note "disarm"
  vanish
  rm -f -- "$run_dir/last" "$run_dir/last-journal" || :   # of an earlier run; this one has ended
}

rescue() { # a person's way out, without the controller that began the run
  take_lock 90
  [ -e "$cur" ] || { echo "nothing to restore"; exit 0; }
  state_now
  [ "${1-}" = force ] || ! lease_holds || [ "$state" = FAILED ] || die 75 "$(held_by): still at work"
  converge tick || exit 78
  retire "rescue"
  echo "restored"
}

status() {
  state_now
  echo "state $state"
  if [ -e "$cur" ]; then
    echo "run $(cat "$cur/run" 2>/dev/null)"
    echo "owner $(tr '\n' ' ' <"$cur/who" 2>/dev/null)"
    if lease_holds; then echo "lease $((e - up))"; else echo "lease 0"; fi
    if watch_lives; then echo "watch alive"; else echo "watch dead"; fi
    [ ! -e "$cur/reason" ] || echo "reason $(cat "$cur/reason")"
  elif [ -e "$ended" ]; then echo "reason its traces cannot be removed yet"
  fi
  ! stopped || printf '%s\n' "$stop"
  [ ! -e "$run_dir/last" ] || cat "$run_dir/last"
}
