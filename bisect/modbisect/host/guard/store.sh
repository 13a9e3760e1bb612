# What the guard reads back: written by rename, kept twice, and checked before anything is decided by it.

# Lists in $cur on which a restore depends, each with a copy in $cur/copies and its digest in $cur/sums. One of the three
# may be lost, torn or wrong: the other two tell. (What an earlier version has left has neither copy nor digest.)
lasting="run spec places who manifest loaded touched times made"

durable() { sync -- "$@" 2>/dev/null || sync; }
one_each() { stat -c '%d %n' -- "$@" | awk '!seen[$1]++ {print $2}'; } # path...: of those on one filesystem the first
put() { printf '%s\n' "$2" >"$1.tmp" && durable "$1.tmp" && mv -fT -- "$1.tmp" "$1" && durable "${1%/*}"; }

# Of these lists alone, which have just been written there: another that was damaged meanwhile would be taken for right.
seal() { # FOLDER NAME...
  kept=$1
  shift
  mkdir -p -- "$kept/copies.new" && ( cd -- "$kept" && cp -t copies.new -- "$@" ) &&
    durable "$kept/copies.new" && { mkdir -- "$kept/copies" 2>/dev/null || [ -d "$kept/copies" ]; } &&
    mv -f -t "$kept/copies" -- "$kept/copies.new"/* && { other_sums "$@" && digests "$kept" "$@"; } >"$kept/sums.new" && durable "$kept/sums.new" &&
    mv -fT -- "$kept/sums.new" "$kept/sums" && durable "$kept"
}

digests() { # FOLDER NAME...
  ( cd -- "$1" && shift && sha256sum -- "$@" 2>/dev/null )
  [ -d "$1" ]
}

other_sums() { # NAME...: the lines of all lists but these
  [ ! -e "$kept/sums" ] || awk -v all="$lasting" -v but="$*" '
    BEGIN {
      n = split(all, name, " "); for (i = 1; i <= n; i++) known[name[i]] = 1
      n = split(but, name, " "); for (i = 1; i <= n; i++) delete known[name[i]]
    }
    NF == 2 && length($1) == 64 && ($2 in known) {print; delete known[$2]}' "$kept/sums"
}

swap() { cat >"$cur/$1.new" && durable "$cur/$1.new" && mv -fT -- "$cur/$1.new" "$cur/$1"; } # to be sealed

# NAME TEXT: a list with more behind it, to be sealed. No pipe: what one end of it loses the other never misses.
lengthen() {
  { cat -- "$cur/$1" && printf '%s\n' "$2"; } >"$cur/$1.new" && durable "$cur/$1.new" && mv -fT -- "$cur/$1.new" "$cur/$1"
}

replace() { swap "$1" && seal "$cur" "$1"; } # NAME: a list by what is on stdin

all_have_sums() {
  set -- $lasting
  lines=0
  { while read -r _; do lines=$((lines + 1)); done <"$cur/sums"; } 2>/dev/null && [ $lines = $# ]
}

# FOLDER NAME: a list's text as two of list, copy and digest have it, whatever damages the files meanwhile; where none
# agree, or an earlier version has left no copy, the list as it is.
confirmed() {
  [ -e "$1/$2" ] || [ -e "$1/copies/$2" ] || return 0
  for one in "$1/$2" "$1/copies/$2"; do
    text=$(cat -- "$one" 2>/dev/null && echo end) || continue
    text=${text%end}
    sum=$(printf '%s' "$text" | sha256sum) || return 1
    ! grep -qxF -e "${sum%% *}  $2" -- "$1/sums" 2>/dev/null || { printf '%s' "$text"; return; }
  done
  if [ -e "$1/$2" ]; then cat -- "$1/$2"; else cat -- "$1/copies/$2"; fi
}

intact() { all_have_sums && ( cd -- "$cur" && sha256sum -c --status --strict sums ) 2>/dev/null; } # every list is as it was written

whole() { # that, or it is put back from its copy; else lost: the first that is not
  lost=''
  ! intact || return 0
  for line in $({ echo "@ file"; digests "$cur" $lasting; echo "@ copy"; digests "$cur/copies" $lasting; echo "@ sum"; cat "$cur/sums"; } 2>/dev/null |
    awk -v names="$lasting" '
      $1 == "@" {from = $2; next}
      length($1) == 64 && NF == 2 {is[from, $2] = $1}
      END {
        n = split(names, name)
        for (i = 1; i <= n; i++) {
          file = is["file", name[i]]; copy = is["copy", name[i]]; sum = is["sum", name[i]]
          if (file != "" && (file == sum || file == copy || (copy == "" && sum == ""))) continue
          if (copy != "" && (copy == sum || (file == "" && sum == ""))) print "mend:" name[i]
          else if (name[i] == "who") print "untold:who"
          else print "lost:" name[i]
        }
      }'); do
    lost=${line#*:}
    case ${line%:*} in
      mend) cp -- "$cur/copies/$lost" "$cur/$lost.new" ;;
      untold) echo "somebody, whose name is lost" >"$cur/$lost.new" ;;   # it is only told, and holds up nothing
      *) false ;;
    esac && mv -fT -- "$cur/$lost.new" "$cur/$lost" || return 1
  done 2>/dev/null
  lost=''
  seal "$cur" $lasting 2>/dev/null || :   # the lists are right; a disk that takes no digest now may take it later
}
