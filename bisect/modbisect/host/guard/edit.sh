# Edits of a file that stays the host's: without some of its lines (cut) or all behind one (tail), with the last word of
# a line turned into its opposite (word), taken away (aside). No content travels: a request names the lines by their numbers, what comes of them is
# made here from the snapshot, and one rename puts it in the file's place, so that nobody ever reads a half of it.

halfway=.ht.modbisect   # which Apache shows to nobody

# "edit", shape, pattern of paths, pattern of lines, and of lines in lower case that stay all the same: by the table, and by
# root's word on this host for any line of a file. Beside them "unit", pattern: what else root allows to be restarted.
edit_rules() {
  rules | awk -F '\t' '$1 ~ /^(cut|tail|word|aside)$/ {print "edit\t" $1 "\t" $3 "\t" $4 "\t" $5}'
  by_root | awk '
    $1 == "list" {$1 = "cut"}
    $1 ~ /^(cut|aside)$/ && NF == 2 && $2 ~ /^\/[-A-Za-z0-9_.+\/*]+$/ {
      gsub(/[.+]/, "[&]", $2); gsub(/[*]/, "[^/]*", $2); print "edit\t" $1 "\t" $2 "\t.*"
    }
    $1 == "unit" && NF == 2 && $2 ~ /^[A-Za-z0-9@_.-]+$/ {gsub(/[.]/, "[.]", $2); print "unit\t" $2}'
}

# The ed lines of $plan, carried out on copies in $cur/halves, with their digests in $run_dir/edits/sums; all in one go, since
# a trial may edit a hundred files. No pipe into what is written: of a file of which not every byte was read no part may come
# to the host. A line that goes on in the next, or goes on the one before, is none by itself.
make_edits() (
  set -f; IFS=$nl
  set --
  for line in $plan; do
    rest=${line#*"$tab"}
    case $line in
      "ed$tab"*"${tab}aside$tab") : ;;
      "ed$tab"*) set -- "$@" ".${rest%%"$tab"*}" && printf '%s\n' "$rest" || exit 1 ;;
    esac
  done >"$run_dir/edits/plan" && true >"$run_dir/edits/sums" || exit 1
  [ $# != 0 ] || exit 0
  copies --attributes-only "$@" && cd -- "$cur/snap" && stat --printf '%n\t%s\n' -- "$@" >"$run_dir/edits/sizes" || exit 1
  awk -F '\t' -v into="$cur/halves" '
    function turned(text, at, start, word) {
      if (!match(text, /(On|Off|ON|OFF|on|off|Yes|No|YES|NO|yes|no|True|False|TRUE|FALSE|true|false|1|0)"?[ \t]*;?[ \t\r]*$/)) return ""
      start = RSTART
      if (start > 1 && substr(text, start - 1, 1) ~ /[A-Za-z0-9_.]/) return ""
      match(substr(text, start), /^[A-Za-z01]+/)
      word = substr(text, start, RLENGTH)
      return substr(text, 1, start - 1) opposite[word] substr(text, start + RLENGTH)
    }
    function ended() {
      if (left || (written && close(half)) || (half != "" && bytes != size[file] && bytes != size[file] + 1)) exit failed = 1
    }
    function begun(path, number, n, i) {
      file = path; half = into path; shape = shapes[path]; at = went_on = behind = written = bytes = 0
      split("", wanted); n = split(lines[path], number, ",")
      for (i = 1; i <= n; i++) if (!(number[i] in wanted)) {wanted[number[i]] = 1; left++}
      files--
    }
    function allowed(i, path, n, number, k, text) {   # rule by rule: to compile a pattern takes longer than to match it
      for (i = 1; i <= rules; i++) for (path in shapes) if (rule_shape[i] == shapes[path] && path ~ rule_path[i]) {
        n = split(lines[path], number, ",")
        for (k = 1; k <= n; k++) if ((path, number[k]) in asked) {
          text = asked[path, number[k]]
          if (text ~ rule_pattern[i] && (rule_but[i] == "" || tolower(text) !~ rule_but[i])) delete asked[path, number[k]]
        }
      }
      for (i in asked) return 0
      return 1
    }
    BEGIN {
      n = split("On Off ON OFF on off Yes No YES NO yes no True False TRUE FALSE true false 1 0", word, " ")
      for (i = 1; i < n; i += 2) {opposite[word[i]] = word[i + 1]; opposite[word[i + 1]] = word[i]}
    }
    FILENAME == ARGV[1] {
      rules++; rule_shape[rules] = $2; rule_path[rules] = "^(" $3 ")$"; rule_pattern[rules] = "^(" $4 ")$"
      rule_but[rules] = $5 ~ /^-?$/ ? "" : "^(" $5 ")$"
      next
    }
    FILENAME == ARGV[2] {shapes[$1] = $2; lines[$1] = $3; files++; next}
    FILENAME == ARGV[3] {if ($2 > 1048576) exit failed = 1; size[substr($1, 2)] = $2; next}
    FNR == 1 {ended(); begun(substr(FILENAME, 2))}
    {bytes += length($0) + 1}
    behind {next}
    {
      at++; goes_on = $0 ~ /\\\r?$/; text = $0
      if (at in wanted) {
        if (goes_on || went_on || (shape == "word" && (text = turned($0)) == "")) exit failed = 1
        asked[file, at] = $0
        left--
      }
      if (!(at in wanted) || shape != "cut") {print text >>half; written = 1}
      behind = shape == "tail" && (at in wanted)
      went_on = goes_on
    }
    END {if (!failed) ended(); exit failed || files || !allowed()}' "$run_dir/edits/rules" "$run_dir/edits/plan" "$run_dir/edits/sizes" "$@" &&
    cd -- "$cur/halves" && sha256sum -- "$@" >"$run_dir/edits/sums"
)

copies() ( # [OPTION] ./PATH...: of files in the snapshot, with owner and rights, in $cur/halves
  cd -- "$cur/snap" && { [ -d "$cur/halves" ] || mkdir -- "$cur/halves"; } &&
    cp -a --remove-destination --no-preserve=links --parents -t "$cur/halves" "$@"
)

# What somebody has written into a file between two of our edits is his, and no edit of ours goes over it.
edited_meanwhile() { # in $plan; a manifest
  edits=$(plan_restore "$1") || die 73 "cannot look at the files"
  edits=$(plan=$edits; pick foreign)
  [ ! "$edits" ] || ! his=$({ pick ed; pick back; } | cut -f 1 | grep -xF -m 1 -e "$edits") ||
    die 78 "edited by somebody else meanwhile: $his"
}

edit_sums() { awk '{print "sum\t" substr($0, 68) "\t" substr($0, 1, 64)}' "$run_dir/edits/sums"; }

# The ed and back lines of $plan: what make_edits has made, and what the snapshot has, comes into its place by a rename.
put_edits() (
  set -f; IFS=$nl
  ! has "ed$tab" || as_made || exit 1
  others=$nl aside='' ready='' back=''
  while IFS=" " read -r word path _; do [ "$word" != his ] || others=$others$path$nl; done <"$cur/spec"
  for line in $plan; do
    rest=${line#*"$tab"} path=${rest%%"$tab"*}
    case $line in "ed$tab"* | "back$tab"*) : ;; *) continue ;; esac
    case $line:$others in
      *:*"$nl$path$nl"*) his_edit "$path" "$line" || exit 1 ;;
      "ed$tab$path${tab}aside$tab:"*) aside=$aside$path$nl ;;
      "ed$tab"*) ready=$ready.$path$nl ;;
      *) back=$back.$path$nl ;;
    esac
  done
  # shellcheck disable=SC2086  # one path a word
  {
    set -- $aside
    [ $# = 0 ] || rm -f -- "$@" || exit 1
    set -- $ready
    renamed "$@" || exit 1
    set -- $back
    [ $# = 0 ] || copies "$@" && renamed "$@"
  }
)

# Every half is what make_edits has made. One that a crash or a bad disk has turned meanwhile would come to the host as
# somebody else's edit, which nobody takes back.
as_made() { [ ! -s "$run_dir/edits/sums" ] || ( cd -- "$cur/halves" && sha256sum -c --status --strict -- "$run_dir/edits/sums" ) 2>/dev/null; }

sum_of_edit() { awk -v path=".$1" 'substr($0, 67) == path {print $1}' "$run_dir/edits/sums"; } # PATH

renamed() { # ./PATH...: from $cur/halves, folder by folder
  [ $# != 0 ] || return 0
  folders='' paths=$*
  for path; do
    d=${path%/*}/
    case $nl$folders in *"$nl$d$nl"*) : ;; *) folders=$folders$d$nl ;; esac
  done
  # shellcheck disable=SC2086
  devices=$(cd / && stat -c %d -- "$cur" $folders) || return 1
  here=${devices%%"$nl"*}
  for d in $folders; do
    devices=${devices#*"$nl"}
    set --
    for path in $paths; do [ "${path%/*}/" != "$d" ] || set -- "$@" "$cur/halves/$path"; done
    d=${d#.}
    if [ "${devices%%"$nl"*}" = "$here" ]; then mv -f -t "$d" -- "$@" || return 1   # from there: a folder that gets one more name may grow, and stays so
    else for half; do rm -f -- "$d$halfway" && cp -aT -- "$half" "$d$halfway" && mv -fT -- "$d$halfway" "$d${half##*/}" || return 1; done
    fi
  done
}

his_edit() { # PATH, its line of the plan
  owner_of "$1" || return 1
  case $2 in
    "ed$tab$1${tab}aside$tab"*) as_owner aside "$1" </dev/null ;;
    "ed$tab"*) as_owner edit "$1" "$(sum_of_edit "$1")" <"$cur/halves$1" ;;
    *) his_back "$1" ;;
  esac
}

no_halves() { # of an edit that was cut short
  each_edited tidy
  awk '$1 == "his" {his[$2] = 1} $1 ~ /^(cut|tail|word|aside)$/ && !($2 in his) {sub(/[^\/]*$/, "", $2); print $2}' "$cur/spec" "$cur/touched" |
    sort -u | while IFS= read -r d; do rm -f -- "$d$halfway"; done
}
