# Single files of another user than root (in a document root, say): read and changed with their owner's rights, never with
# root's, so that whatever he turns under our hand leads to nothing that he could not reach himself. What is printed with
# his rights is his word: bounded, and taken apart here.
#
# A file of root's in a folder of root's own, to which the way leads through another user's, is one of them too: root goes
# there, sees that it is there, and does all from within, where nobody else can turn anything.
#
# The file itself is kept beside its place under another name while it is edited, and comes back by one rename: that needs
# no room, and what no copy holds is as it was.

# A pipe of which he may hold the other end is read within a time. The lock he does not get.
as_owner() { # VERB PATH [what it needs]; its content on stdin; $uid, $gid: whose; $keeper: the folder of the run
  (
    cd / && ulimit -f 8192 && read -r id <"$keeper/run" &&
      exec timeout -k 2 10 setpriv --reuid "$uid" --regid "$gid" --init-groups --no-new-privs --inh-caps=-all \
        -- /bin/sh -c "$with_his_rights" sh "$id" "$@"
  ) 9>&- 2>/dev/null
}

with_his_rights='
umask 077
name=${3##*/} folder=${3%/*} path=$3
[ "$(id -u)" != 0 ] || {
  cd -P -- "$folder" && [ "$(pwd -P)" = "$folder" ] || exit 1
  case $(stat -c %u:%A .) in 0:d????-??-?) folder=. path=./$name ;; *) exit 1 ;; esac
}
kept=$folder/.ht.modbisect-$1-$name half=$folder/.ht.modbisect-$1-$name.new   # .ht: Apache shows it to nobody; no one can guess the rest
there() { [ -e "$1" ] || [ -L "$1" ]; }
names() { find "$folder" -mindepth 1 -maxdepth 1 ! -name ".ht.modbisect-*" -print0 | sort -z | sha256sum | cut -c1-64; }
case $2 in
  look)
    if ! there "$path"; then printf "ABSENT\n-\n"
    else
      find "$path" -maxdepth 0 -printf "%y\t%m\t%U\t%G\t%T@\n" || exit 1
      if [ -f "$path" ] && [ ! -L "$path" ]; then sha256sum <"$path" | cut -c1-64; else echo -; fi
    fi
    echo end
    exit ;;
  read) exec cat -- "$path" ;;
  folder) find "$folder" -maxdepth 0 -printf "%T@ " && names; exit ;;
  check) [ -r "$path" ] && [ -w "$folder" ] && [ -x "$folder" ] && ! there "$kept" && ! there "$half"; exit ;;
esac
time=$(find "$folder" -maxdepth 0 -printf "%T@") || exit 1
case $2 in
  aside) if there "$kept"; then rm -f -- "$path"; else mv -T -- "$path" "$kept"; fi ;;
  edit)
    { there "$kept" || ln -T -- "$path" "$kept"; } && rm -f -- "$half" &&
      cp -aT -- "$kept" "$half" && cat >"$half" && [ "$(sha256sum <"$half" | cut -c1-64)" = "$4" ] && mv -fT -- "$half" "$path" ;;
  back)
    rm -f -- "$half"
    if [ -f "$kept" ] && [ ! -L "$kept" ] && [ "$(sha256sum <"$kept" | cut -c1-64)" = "$4" ]; then
      if [ "$kept" -ef "$path" ]; then rm -f -- "$kept"; else mv -fT -- "$kept" "$path"; fi
    else
      cat >"$half" && chmod -- "$5" "$half" && touch -d "@$6" -- "$half" && mv -fT -- "$half" "$path" && rm -f -- "$kept"
    fi ;;
  tidy) rm -f -- "$half"; [ ! "$kept" -ef "$path" ] || rm -f -- "$kept" ;;
  clear)   # a change that was cut short has left the time of the folder; beside other names that is not ours
    rm -f -- "$half" "$kept"
    [ "$5" != "$(names)" ] || time=$4 ;;
esac && touch -d "@$time" -- "$folder" && sync -- "$folder"'

owner_of() { # PATH: whether it is another user's; then what as_owner needs
  keeper=$cur
  while IFS=" " read -r word his uid gid _; do [ "$word $his" != "his $1" ] || return 0; done <"$cur/spec"
  return 1
}

others_now() { # FOLDER whose list of them it is: their lines of a manifest. One that cannot be seen holds up no other
  keeper=$1
  while IFS=" " read -r word path uid gid _; do
    [ "$word" != his ] || look_at || printf '%s\tUNSEEN\n' "$path"
  done <"$1/spec"
}

look_at() {
  for _ in 1 2 3; do
    ! as_owner look "$path" </dev/null | timeout 15 head -c 1000 | awk -F '\t' -v path="$path" '
        NR == 1 && $0 == "ABSENT" {row = path "\tABSENT"; next}
        NR == 1 && NF == 5 && $1 ~ /^[a-zA-Z?]$/ && $2 ~ /^[0-7]+$/ && $3 $4 ~ /^[0-9]+$/ && $5 ~ /^-?[0-9]+[.]?[0-9]*$/ {row = path "\t" $0 "\t"; next}
        NR == 2 && row && (length($0) == 64 && $0 !~ /[^0-9a-f]/ || $0 == "-") {sum = $0; next}
        NR == 3 && sum && $0 == "end" {whole = 1; next}
        {exit}
        END {if (!whole || NR != 3) exit 1; print row; if (sum != "-") print "sha256\t" path "\t" sum}' || return 0
  done
  return 1
}

# Of files in the request: those of root's become places like the folders; of the others the request, which is kept, says
# from now on whose they are.
part_by_owner() {
  keeper=$new
  awk '$1 == "file" && !seen[$2]++ {print $2}' "$new/spec" >"$new/files" || return 1
  while IFS= read -r d; do
    whose=$(stat -c '%u %g' -- "$d") && [ -f "$d" ] && [ ! -L "$d" ] || die 77 "$d is no file"
    case $whose:$(ground_of_root "$d" || echo foreign) in
      "0 "*:) printf '%s\n' "$d" >>"$new/places" || return 1 ;;
      *)
        path=$d uid=${whose% *} gid=${whose#* }
        his_ground
        folder=$(as_owner folder "$path" </dev/null | timeout 15 head -c 200 | grep -xE '[0-9]+[.][0-9]+ [0-9a-f]+') ||
          die 73 "cannot look at the folder of $path"
        printf 'his %s %s %s\n' "$path" "$whose" "$folder" >>"$new/spec" || return 1 ;;
    esac
  done <"$new/files"
}

ground_of_root() ( # PATH: nobody else may turn it, or a folder above it
  d=$1
  set --
  while [ "$d" ]; do set -- "$@" "$d"; d=${d%/*}; done
  [ -z "$(stat -c '%u %A' -- "$@" 2>/dev/null | awk '$1 != 0 || $2 !~ /^[-d].......[^w]/')" ]
)

copy_of_others() { # into the snapshot
  keeper=$new
  while IFS=" " read -r word path uid gid _; do
    [ "$word" = his ] || continue
    mkdir -p -- "$new/snap${path%/*}" && as_owner read "$path" >"$new/snap$path" </dev/null && row=$(look_at) || die 73 "cannot copy $path"
    row=${row%%"$nl"*}
    mode=${row#*"$tab"*"$tab"} time=${row%"$tab"}
    touch -d "@${time##*"$tab"}" -- "$new/snap$path" && chown -- "$uid:$gid" "$new/snap$path" && chmod -- "${mode%%"$tab"*}" "$new/snap$path" ||
      die 73 "cannot copy $path"
  done <"$new/spec"
}

# $path and every folder above are root's or its owner's, nobody else may turn them, and he could put it back as it is.
his_ground() {
  command -v setpriv >/dev/null || die 77 "$path is not root's, and without setpriv nothing can be done with its owner's rights"
  if [ "$uid" = 0 ]; then
    bad=$(d=$path; while [ "$d" ]; do stat -c '%A %n' -- "$d"; d=${d%/*}; done 2>/dev/null | grep -v -m 1 '^[-d].......[^w]')
    [ -z "$bad" ] || die 77 "${bad#* } is a link, or open to everybody's writing"
    case $(stat -c %u:%A -- "${path%/*}"):$(stat -c %h -- "$path") in
      0:d????-??-?:1) as_owner check "$path" </dev/null || die 77 "the way to $path leads over a link" ;;
      *) die 77 "$path is root's, has other names (hard links), or lies in a folder that is not root's alone" ;;
    esac
    return
  fi
  set -- "$path"
  d=${path%/*}
  while [ "$d" ]; do set -- "$@" "$d"; d=${d%/*}; done
  bad=$(stat -c '%n %u %A' -- "$@" 2>/dev/null | awk -v uid="$uid" '($2 != 0 && $2 != uid) || $3 !~ /^[-d].......[^w]/ {print $1; exit}')
  [ -z "$bad" ] || die 77 "$bad is a link, or neither root's nor of the owner of $path, or open to everybody's writing"
  [ "$(stat -c %h -- "$path")" = 1 ] || die 77 "$path is not root's, and has other names (hard links)"
  who=$(stat -c %U -- "$path")
  case " $(id -G -- "$who" 2>/dev/null) " in
    *" $gid "*) : ;;
    *) die 77 "$path is of a group that its owner $who is not in, and could not be put back as it is with his rights" ;;
  esac
  as_owner check "$path" </dev/null || die 77 "$path is not root's, and its owner may not read it, or not write to its folder"
}

his_back() { # PATH, behind owner_of
  # shellcheck disable=SC2046  # digest, mode and time
  set -- "$1" $(awk -F '\t' -v path="$1" '$1 == path && $2 == "f" {mode = $3; time = $6} $1 == "sha256" && $2 == path {sum = $3} END {print sum; print mode; print time}' "$cur/manifest")
  [ $# = 4 ] && as_owner back "$@" <"$cur/snap$1"
}

each_edited() { # VERB: of others
  keeper=$cur
  while IFS=" " read -r word path uid gid folder; do
    # shellcheck disable=SC2086  # time of the folder, digest of the names in it
    [ "$word" != his ] || ! cut -f 2 -- "$cur/touched" | grep -qxF -e "$path" || ( IFS=" "; as_owner "$1" "$path" $folder ) </dev/null || :
  done <"$cur/spec"
}
