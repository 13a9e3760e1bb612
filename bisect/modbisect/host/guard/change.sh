# A configuration: the request becomes a plan, the plan is carried out, tested, and the server restarted with it.

# Turns the wanted deviations ($request) and the present ones ($run_dir/now) into rm, cp, ln, wr, ed and back lines; the snapshot's
# manifest tells what is put back by a copy and what by removal. Beside them the wanted ones again as "now" lines, "reap"
# when that is asked, "rest" with each unit that needs no restart, "new" when one is not among $cur/touched, and "may" with
# each component that was off as found.
# Refuses any path outside the write set, what no rule of the table allows (a link to elsewhere than its home, a file that
# is no drop-in, one of a component's links without that which may tame it), and a request without its "end": a link
# that breaks must not cut off a part.
plan_changes() {
  [ -d "$run_dir/edits" ] || mkdir -- "$run_dir/edits" || return 1
  case $request in *"cut$tab"* | *"tail$tab"* | *"word$tab"* | *"aside$tab"*) edit_rules ;; esac >"$run_dir/edits/rules" || return 1
  { rules; echo @; printf '%s\n' "$request"; } | awk -F '\t' -v main="$main_unit" -v places="$cur/places" -v spec="$cur/spec" -v now="$run_dir/now" -v manifest="$cur/manifest" -v touched="$cur/touched" -v allowed="$run_dir/edits/rules" '
    function bad(why) {print "bad " why >"/dev/stderr"; failed = 1; exit 1}
    function ends(text, end) {return length(text) > length(end) && substr(text, length(text) - length(end) + 1) == end}
    function link_rule(path, i, name, folder) {   # the number of the rule for a link, 0 for none; bare: its name at home
      name = path; sub(/.*\//, "", name); folder = substr(path, 1, length(path) - length(name) - 1)
      for (i = 1; i <= links; i++) if (folder ~ link_folder[i] && ends(name, link_suffix[i])) {
        bare = name
        if (link_prefix[i] != "^(-)") sub(link_prefix[i], "", bare)
        return i
      }
      return 0
    }
    function home(path, i, text, part) {   # the one place where a link of this name may lead
      if (!(i = link_rule(path))) return ""
      text = link_home[i]
      split(path, part, "/")
      sub(/\{4\}/, part[4], text); sub(/\{name\}/, bare, text)
      return text
    }
    function component(path, i) {i = link_rule(path); return link_kind[i] ":" substr(bare, 1, length(bare) - length(link_suffix[i]))}
    function beside(path, target) {   # where a target leads that is written from the folder above the path
      if (target !~ /^\.\.\//) return target
      sub(/\/[^\/]*\/[^\/]*$/, "", path)
      return path substr(target, 3)
    }
    function drop_in(folder, name, i) {
      for (i = 1; i <= files; i++) if (folder ~ file_folder[i] && name == file_name[i]) return 1
      return 0
    }
    function editable(shape, path, i) {
      for (i = 1; i <= edits; i++) if (shape == edit_shape[i] && path ~ edit_path[i]) return found[path] == "f"
      return 0
    }
    function is_edit(line) {return line ~ /^(cut|tail|word|aside)\t/}
    function on(path) {return (path in want) ? want[path] ~ /^link/ : path in found}
    function there(path) {return (getline line <path) >= 0}
    BEGIN {
      while ((getline line <places) > 0) place[line] = 1
      while ((getline line <spec) > 0) {split(line, f, " "); if (f[1] == "his") place[f[2]] = 1; if (f[1] == "unit") unit[f[2]] = 1}
      while ((getline line <now) > 0) {ended = line == "end"; if (!ended) {split(line, f, "\t"); had[f[2]] = line}}
      if (!ended) bad("what is switched now is not known")
      while ((getline line <manifest) > 0) {split(line, f, "\t"); if (f[1] != "sha256") found[f[1]] = f[2] f[7]}
      while ((getline line <touched) > 0) old[line] = 1
      while ((getline line <allowed) > 0) {split(line, f, "\t"); if (f[1] == "edit") {edits++; edit_shape[edits] = f[2]; edit_path[edits] = "^(" f[3] ")$"}}
    }
    !requested && $0 == "@" {requested = NR; next}
    !requested && $1 == "link" {
      links++
      link_kind[links] = $2; link_folder[links] = "^(" $3 ")$"; link_prefix[links] = "^(" $4 ")"; link_suffix[links] = $5
      link_home[links] = $6; link_with[links] = $7
    }
    !requested && $1 == "drop-in" {files++; file_folder[files] = "^(" $3 ")$"; file_name[files] = $4}
    !requested {next}
    whole {bad("line " NR - requested " behind the end")}
    $0 == "end" {whole = 1; next}
    $0 == "reap" {print; next}
    $1 == "rest" && NF == 2 && ($2 in unit) && $2 != main {print; next}
    {
      n = split($2, part, "/"); name = part[n]; folder = substr($2, 1, length($2) - length(name) - 1)
      if (!($2 in place) && (!(folder in place) || name !~ /^[A-Za-z0-9][-A-Za-z0-9_.+]*$/)) bad("path " $2)
      if ($1 ~ /^(cut|word)$/ && NF == 3 && $3 ~ /^[1-9][0-9]*(,[1-9][0-9]*)*$/ && length($3) < 4096 && editable($1, $2)) {}
      else if ($1 == "tail" && NF == 3 && $3 ~ /^[1-9][0-9]*$/ && length($3) < 10 && editable($1, $2)) {}
      else if ($1 == "aside" && NF == 2 && editable($1, $2)) {}
      else if ($2 in place) bad("path " $2)
      else if ($1 == "absent" && NF == 2) {}
      else if ($1 == "link" && NF == 3 && $3 != "" && $3 == home($2)) {
        long = beside($2, $3)
        if (!($2 in found) || (found[$2] != "l" $3 && found[$2] != "l" long)) print "may\t" component($2)
      }
      else if ($1 == "file" && NF == 3 && $3 ~ /^[A-Za-z0-9+\/=]*$/ && length($3) < 65536 && drop_in(folder, name)) {}
      else bad("line " NR - requested)
      if ($2 in want) bad("two lines for " $2)
      want[$2] = $0
      print "now\t" $0
      if (!($0 in old)) fresh = 1
    }
    END {
      if (!failed && !whole) bad("it has no end")
      if (failed) exit 1
      for (p in want) for (i = 1; i <= links; i++) {
        n = split(p, part, "/"); folder = substr(p, 1, length(p) - length(part[n]) - 1); stem = p; sub(/\.[a-z]*$/, "", stem)
        if (link_with[i] == "-" || folder !~ link_folder[i]) continue
        one = stem link_suffix[i]; other = stem link_with[i]
        given = beside(other, home(other))
        if (on(one) && !on(other) && !((one in found) && !(other in found)) && ((other in found) || there(given))) bad(one " without its " link_with[i])
      }
      if (fresh) print "new"
      for (p in had) if (!(p in want)) {
        if (is_edit(had[p])) {print "back\t" p; continue}
        print "rm\t" p; if (p in found) print "cp\t" p
      }
      for (p in want) if (want[p] != had[p]) {
        split(want[p], f, "\t")
        if (is_edit(want[p])) {print "ed\t" p "\t" f[1] "\t" f[3]; continue}
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
    case $line in "$1$tab"*) printf '%s\n' "${line#*"$tab"}" || exit 1 ;; esac
  done
)

# No line but those that the table allows.
drop_ins_are_known() {
  allowed=$(rules | awk -F '\t' '$1 == "allowed" {printf "%s(%s)", n++ ? "|" : "", $2}') && [ "$allowed" ] || return 1
  pick wr | while IFS=$tab read -r _ text; do
    printf '%s' "$text" | base64 -d >"$run_dir/output" 2>/dev/null &&
      ! grep -qavxE -e "$allowed" -- "$run_dir/output" || exit 1
  done
}

# Nothing is switched on that was off, unless its package does so by itself or root allows it: a component that
# somebody has never wanted may open the host (a module that runs every user's own files, say).
refused() { has "may$tab" && pick may | grep -vxF -m 1 -e "$(may_be_on)"; }

changes() { has "rm$tab" || has "ed$tab" || has "back$tab"; }

carry_out() ( # the rm, cp, ln, wr, ed and back lines of a plan. Split at newlines only: any other byte may be in a name
  plan=$1
  set -f; IFS=$nl
  paths=$(pick rm) || exit 1
  # shellcheck disable=SC2086  # one path a word
  set -- $paths
  [ $# = 0 ] || rm -f -- "$@" || exit 1
  while IFS= read -r d; do
    set --
    for line in $plan; do
      case $line in "cp$tab$d/"*) set -- "$@" "$cur/snap${line#*"$tab"}" ;; esac
    done
    [ $# = 0 ] || cp -a -t "$d" -- "$@" || exit 1
  done <"$cur/places"
  put_edits || exit 1
  for line in $plan; do
    rest=${line#*"$tab"} path=${rest%%"$tab"*} value=${rest#*"$tab"}
    case $line in
      "ln$tab"*) ln -sT -- "$value" "$path" || exit 1 ;;
      "as$tab"*) chown -h -- "${value%"$tab"*}" "$path" && touch -h -d "@${value#*"$tab"}" -- "$path" || exit 1 ;;
      "wr$tab"*) printf '%s' "$value" | base64 -d >"$path" && chmod 0644 -- "$path" || exit 1 ;;
    esac
    case $line in
      # Of several names of one file (hard links) this one comes back as such.
      "cp$tab"* | "back$tab"*) [ ! -s "$cur/linked" ] || ! grep -qxF -e "$path" -- "$cur/linked" || ln -fPT -- "$cur/snap$path" "$path" || exit 1 ;;
    esac
  done
)

apply() { # RUN [BYTES of the request]
  # All of it is here before the lock is taken: nobody waits for the network under it.
  request=$(timeout 20 head -c "${2-1048576}") || die 64 "bad request: its end did not come within 20 s"
  exec </dev/null
  take_lock 60
  own "$1"
  ! stopped || die 76 "fenced: $stop"
  [ "$state" = ARMED ] && lease_holds || fenced "$1"
  watch_lives || watch_returns || die 75 "the watch is not alive: nothing is changed without it"
  lease_holds || fenced "$1"
  whole || die 73 "a list of the guard's own is damaged: $lost"
  began=$hundredths
  plan=$(plan_changes) && { ! has "wr$tab" || drop_ins_are_known; } || die 64 "bad request"
  ! off=$(refused) ||
    die 64 "refused: $off was off, and not by its package's default; /etc/modbisect/allow on the host may allow it: on $off"
  parent_now
  if changes; then
    if has "ed$tab" || has "back$tab"; then
      # shellcheck disable=SC2046  # one path a word
      both=$(set -f; manifest_now "$cur" $(copies_of_places)) || die 73 "cannot look at the files"
      edited_meanwhile "$both"
      mend_copies "$both"
    else mend_copies
    fi && ! has "lost$tab" || die 73 "a copy of the snapshot is damaged: $(pick lost | head -n 1)"
    ! has "ed$tab" || make_edits || die 64 "bad request: no such line to edit, or not by the rules"
    # Before anything changes: what we are about to leave, so that a restore can tell it from somebody's edit; and that the
    # server may read what it must not keep. No pipe, here and below: what one end of it loses the other never misses.
    if has "new$nl"; then
      { pick now && { ! has "ed$tab" || edit_sums; }; } >"$cur/touched.more" && sort -u -o "$cur/touched.all" -- "$cur/touched.more" "$cur/touched" &&
        replace touched <"$cur/touched.all" || die 73 "cannot write"
    fi
    rm -f -- "$cur/served" "$run_dir/served" && durable "$cur" || die 73 "cannot write"
    note "apply"
    carry_out "$plan" || die 73 "could not change the configuration"
    { pick now && echo end; } >"$run_dir/now.new" && mv -fT -- "$run_dir/now.new" "$run_dir/now" || die 73 "cannot write"
  fi
  uptime_now; changed=$hundredths
  units=$(units)
  ! has "rest$tab" || units=$(printf '%s\n' "$units" | grep -vxF -e "$(pick rest)")
  # shellcheck disable=SC2086  # one unit a word
  forgive $units >/dev/null 9>&- &
  verdict=ok
  said=$(config_passes) || verdict=configtest
  wait
  uptime_now; tested=$hundredths ended=$hundredths
  if [ $verdict = ok ]; then
    rm -f -- "$cur/served" "$run_dir/served" || die 73 "cannot write"   # a restore restarts it again
    ! has "reap$nl" || reap
    # shellcheck disable=SC2086
    restarted $units || verdict=restart
    uptime_now; ended=$hundredths
  fi
  echo "verdict $verdict"
  echo "ms $((changed - began))0 $((tested - changed))0 $((ended - tested))0"
  echo "parent $parent $started"
  if [ $verdict = ok ]; then
    objects=$(loaded) || objects=''   # it has just gone
    printf '%s\n' "$objects"
    processors
    # What the files as found make of the server is what a restore has to reach, also where drift was accepted.
    [ "$(cat "$run_dir/now")" != end ] || [ -e "$cur/settled" ] || [ ! "$objects" ] ||
      [ "$(manifest_now "$cur" | read_by_server)" != "$(read_by_server <"$cur/manifest")" ] || {
      accept_loaded && true >"$cur/settled"
    }
  fi
  case $verdict in
    configtest) printf '%s\n' "$said" | told | head -c 4000 | sed 's/^/text /' ;;
    restart) printf '%s\n' "$said" | head -c 4000 | sed 's/^/text /'; journal_tail ;;
  esac
  note "verdict $verdict"
  case $verdict in configtest) exit 20 ;; restart) exit 21 ;; esac
}

serve() { # for one run, from one shell: an answer is one line, its own lines parted by RS, "exit" and the status last; a refusal is the last answer
  folder "$run_dir"
  end_with "$1" 5
  while read -r word bytes; do
    case $word:$bytes in
      apply:*[!0-9]* | apply: | apply:????????*) die 64 "bad size" ;;
      # Asked here first: behind the end of its run there is no script any more to say whose it was.
      apply:*) answer=$({ ( own "$1" ) && timeout -k 5 240 /bin/sh "$0" bounded apply "$1" "$bytes"; } 2>&1) ;;
      sample:) answer=$(sample 2>&1 </dev/null) ;;
      *) die 64 "usage: apply BYTES, or sample" ;;
    esac
    code=$?
    ( set -f; IFS=$nl; set -- $answer "exit $code"; IFS=$rs; printf '%s\n' "$*" )
    case $code in 0 | 20 | 21) : ;; *) exit "$code" ;; esac   # what is left of its request is no command
  done
}
