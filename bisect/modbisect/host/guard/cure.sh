# A cure that stays: what is switched now is left so for a while, and made to last when somebody says so in time.

cure() { # RUN SECONDS: as a router's "commit confirmed", silence puts it back
  take_lock 60
  own "$1"
  ! stopped || die 76 "fenced: $stop"
  [ "$state" = ARMED ] && lease_holds || fenced "$1"
  watch_lives || watch_returns || die 75 "the watch is not alive: nothing is left switched without it"
  ! grep -qE "^(cut|tail|word|aside)$tab" -- "$run_dir/now" || die 64 "what is cut out of a file, or put aside, is for a person to keep"
  set_lease "$2" && put "$cur/state" CURED || die 73 "cannot write"
  note "cured $2"
  read -r who <"$cur/who"
  announce "$motd" "modbisect has left what it found to be slow switched off on this host: run $1 of $who.
$(date -d "now + $2 seconds" +"At %H:%M:%S %Z") it puts that back by itself. To keep it: /bin/sh $base/guard confirm; put back now: /bin/sh $base/guard rescue force" || :
  echo "cured $1 $2"
}

confirm() { # no run id: who keeps it need not be who found it
  take_lock 60
  state_now
  [ "$state" = CURED ] && lease_holds || die 76 "no cure is open (state $state)"
  whole || die 73 "a list of the guard's own is damaged: $lost"
  tail -n 1 -- "$run_dir/now" | grep -qx end && sed '$d' "$run_dir/now" >"$cur/kept" && durable "$cur/kept" &&
    since >"$cur/since" && durable "$cur/since" && put "$cur/state" KEPT || die 73 "cannot write"
  note "confirmed"
  make_last
}

since() { # when each kept link was made: before the server read it
  while IFS=$tab read -r kind path _; do
    [ "$kind" != link ] || printf '%s\t%s\n' "$(stat -c %.9Y -- "$path")" "$path"
  done <"$cur/kept"
}

# The links are put back first, for the tools find nothing to do otherwise; the server, which has read the files as they
# are kept, goes on meanwhile. Begun again from the start where it was cut short.
make_last() {
  release
  whole && plan=$(plan_restore | without_drop_ins) && mend_copies && carry_out "$plan" && for_good && config_test >/dev/null || {
    note "the cure could not be kept"
    converge tick || exit 78
    retire "the cure could not be kept"
    die 78 "the cure could not be kept; the host is put back as it was found"
  }
  run=$(cat "$cur/run")
  note "kept"
  cp -f -- "$cur/journal" "$run_dir/last-journal" 2>/dev/null || :
  printf 'because kept\n' >"$run_dir/last" 2>/dev/null || :
  vanish
  echo "confirmed $run"
}

without_drop_ins() { # of a plan: a file of ours that is kept stays as it is
  { rules; echo @; cat; } | awk -F '\t' '
    !requested && $1 == "drop-in" {folder[NR] = "^(" $3 ")$"; file[NR] = $4}
    !requested {requested = $0 == "@"; next}
    {
      n = split($2, part, "/"); where = substr($2, 1, length($2) - length(part[n]) - 1)
      for (i in file) if (part[n] == file[i] && where ~ folder[i]) next
      print
    }'
}

for_good() ( # what was switched, by the tools of the distribution
  set -f; IFS=$nl
  for line in $({ rules; echo @; cat "$cur/kept"; } | awk -F '\t' '
    !requested && $1 == "link" {
      links++
      folder[links] = "^(" $3 ")$"; prefix[links] = "^(" $4 ")"; suffix[links] = $5; off[links] = $8; on[links] = $9
    }
    !requested {requested = $0 == "@"; next}
    $1 != "file" {
      n = split($2, part, "/"); name = part[n]; where = substr($2, 1, length($2) - length(name) - 1)
      for (i = 1; i <= links; i++) {
        at = length(name) - length(suffix[i])
        if (where !~ folder[i] || at < 1 || substr(name, at + 1) != suffix[i]) continue
        stem = substr(name, 1, at)
        if (prefix[i] != "^(-)") sub(prefix[i], "", stem)
        command = $1 == "absent" ? off[i] : on[i]
        sub(/\{4\}/, part[4], command); sub(/\{5\}/, part[5], command); sub(/\{stem\}/, stem, command)
        if (command != "-") print command
        next
      }
    }'); do
    ( IFS=' '; timeout 60 $line ) </dev/null >/dev/null 2>&1 9>&- && echo "did $line" || :
  done
  while IFS=$tab read -r kind path _; do
    case $kind in
      absent) [ ! -e "$path" ] && [ ! -L "$path" ] || exit 1 ;;
      link) [ -L "$path" ] || exit 1 ;;
      file) [ -f "$path" ] || exit 1; echo "did keep $path" ;;
    esac
  done <"$cur/kept"
  # They are made anew behind the server's start, which would look as if it had not read them.
  [ ! -e "$cur/since" ] || while IFS=$tab read -r when path; do touch -h -d "@$when" -- "$path" || :; done <"$cur/since"
)
