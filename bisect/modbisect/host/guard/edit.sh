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

# The ed lines of $plan, carried out on copies in $run_dir/edits/made, with their digests in $run_dir/edits/sums. No pipe
# into what is written: of a file that was read in part no part may come to the host. A line that goes on in the next, or goes on the one
# before, is none by itself.
make_edits() {
  rm -rf -- "$run_dir/edits" && mkdir -p -- "$run_dir/edits/made" && edit_rules >"$run_dir/edits/rules" || return 1
  pick ed | while IFS=$tab read -r path shape lines; do
    [ "$shape" != aside ] || continue
    mkdir -p -- "$run_dir/edits/made${path%/*}" || exit 1
    [ -z "$(find "$cur/snap$path" -size +1024k)" ] && tr -d '\000' <"$cur/snap$path" | cmp -s - "$cur/snap$path" || exit 1
    awk -F '\t' -v shape="$shape" -v path="$path" -v lines="$lines" '
      function turned(text, at, start, word) {
        if (!match(text, /(On|Off|ON|OFF|on|off|Yes|No|YES|NO|yes|no|True|False|TRUE|FALSE|true|false|1|0)"?[ \t]*;?[ \t\r]*$/)) return ""
        start = RSTART
        if (start > 1 && substr(text, start - 1, 1) ~ /[A-Za-z0-9_.]/) return ""
        match(substr(text, start), /^[A-Za-z01]+/)
        word = substr(text, start, RLENGTH)
        return substr(text, 1, start - 1) opposite[word] substr(text, start + RLENGTH)
      }
      BEGIN {
        n = split("On Off ON OFF on off Yes No YES NO yes no True False TRUE FALSE true false 1 0", word, " ")
        for (i = 1; i < n; i += 2) {opposite[word[i]] = word[i + 1]; opposite[word[i + 1]] = word[i]}
        n = split(lines, number, ",")
        for (i = 1; i <= n; i++) if (!(number[i] in wanted)) {wanted[number[i]] = 1; left++}
      }
      FILENAME == ARGV[1] {if ($2 == shape && path ~ "^(" $3 ")$") {pattern[++count] = "^(" $4 ")$"; but[count] = $5 ~ /^-?$/ ? "" : "^(" $5 ")$"}; next}
      {
        at++; goes_on = $0 ~ /\\\r?$/; text = $0
        if (at in wanted) {
          allowed = 0
          for (i = 1; i <= count; i++) if ($0 ~ pattern[i] && (but[i] == "" || tolower($0) !~ but[i])) allowed = 1
          if (shape == "word" && (text = turned($0)) == "") allowed = 0
          if (!allowed || goes_on || went_on) {failed = 1; exit}
          left--
        }
        if (!(at in wanted) || shape != "cut") print text
        if (shape == "tail" && (at in wanted)) exit
        went_on = goes_on
      }
      END {exit failed || left}' "$run_dir/edits/rules" "$cur/snap$path" >"$run_dir/edits/made$path" || exit 1
  done && ( cd -- "$run_dir/edits/made" && find . -type f -exec sha256sum -- {} + ) >"$run_dir/edits/sums"
}

# What somebody has written into a file between two of our edits is his, and no edit of ours goes over it.
edited_meanwhile() {
  has "ed$tab" || has "back$tab" || return 0
  edits=$(plan_restore) || die 73 "cannot look at the files"
  edits=$(plan=$edits; pick foreign)
  [ ! "$edits" ] || ! his=$({ pick ed; pick back; } | cut -f 1 | grep -xF -m 1 -e "$edits") ||
    die 78 "edited by somebody else meanwhile: $his"
}

edit_sums() { awk '{print "sum\t" substr($0, 68) "\t" substr($0, 1, 64)}' "$run_dir/edits/sums"; }

in_place() { # PATH [CONTENT]: its copy in the snapshot, or that content with the same owner and rights
  ! owner_of "$1" || { his_in_place "$@"; return; }
  half=$cur/half   # a folder that gets one more name may grow, and stays so
  [ "$(stat -c %d -- "$cur")" = "$(stat -c %d -- "${1%/*}")" ] || half=${1%/*}/$halfway
  rm -f -- "$half" && cp -aT -- "$cur/snap$1" "$half" && { [ $# = 1 ] || cat -- "$2" >"$half"; } && mv -fT -- "$half" "$1"
}

put_aside() { # PATH
  if owner_of "$1"; then as_owner aside "$1" </dev/null; else rm -f -- "$1"; fi
}

no_halves() { # of an edit that was cut short
  each_edited tidy
  awk '$1 == "his" {his[$2] = 1} $1 ~ /^(cut|tail|word|aside)$/ && !($2 in his) {sub(/[^\/]*$/, "", $2); print $2}' "$cur/spec" "$cur/touched" |
    sort -u | while IFS= read -r d; do rm -f -- "$d$halfway"; done
}
