# A cure that stays: what is switched now is left so for a while, and made to last when somebody says so in time.

cure() { # RUN SECONDS: as a router's "commit confirmed", silence puts it back
  take_lock 60
  own "$1"
  ! stopped || die 76 "fenced: $stop"
  [ "$state" = ARMED ] && lease_holds || fenced "$1"
  watch_lives || watch_returns || die 75 "the watch is not alive: nothing is left switched without it"
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
    put "$cur/state" KEPT || die 73 "cannot write"
  note "confirmed"
  make_last
}

# The links are put back first, for the tools find nothing to do otherwise; the server, which has read the files as they
# are kept, goes on meanwhile. Begun again from the start where it was cut short.
make_last() {
  release
  whole && plan=$(plan_restore | sed '/\/zz-modbisect\.ini$/d') && mend_copies && carry_out "$plan" && for_good && config_test >/dev/null || {
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

for_good() ( # what was switched, by the tools of the distribution; a file of settings stays as it is
  set -f; IFS=$nl
  for line in $(awk -F '\t' '
    {
      word = $1 == "absent" ? "dis" : "en"; n = split($2, part, "/"); name = part[n]
      if (sub(/\.load$/, "", name) && part[4] == "mods-enabled") print "a2" word "mod -q " (word == "dis" ? "-f " : "") name
      else if (part[4] != "mods-enabled" && sub(/\.conf$/, "", name)) print "a2" word (part[4] == "conf-enabled" ? "conf" : "site") " -q " name
      else if (part[3] == "php" && $1 != "file" && sub(/\.ini$/, "", name)) {
        sub(/^[0-9][0-9]-/, "", name); print "php" word "mod -v " part[4] " -s " part[5] " " name
      }
    }' "$cur/kept"); do
    ( IFS=' '; timeout 60 $line ) </dev/null >/dev/null 2>&1 9>&- && echo "did $line" || :
  done
  while IFS=$tab read -r kind path _; do
    case $kind in
      absent) [ ! -e "$path" ] && [ ! -L "$path" ] || exit 1 ;;
      link) [ -L "$path" ] || exit 1 ;;
      file) [ -f "$path" ] || exit 1; echo "did keep $path" ;;
    esac
  done <"$cur/kept"
)
