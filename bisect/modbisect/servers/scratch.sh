# Tests configurations of Apache on a copy in memory; restarts nothing, changes nothing outside the copy.
# Standard input: one configuration a line, "KEY<tab>PATH<tab>PATH=TARGET<tab>PATH#LINES...": a path alone is left out, with
# a target it is a link, with numbers of lines it is a file without these. Output: "KEY<tab>STATUS<tab>first lines".
# A line that names a path outside of the folders of modules, confs and sites, or a target that is not the module's, conf's
# or site's own, is passed over, as is what stands behind 8 MiB.
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
copy=$(mktemp -d /run/modbisect-scratch.XXXXXXXX) || exit 73
trap 'rm -rf -- "$copy"' EXIT
trap 'exit 143' HUP INT TERM
[ "$(stat -f -c %T "$copy")" = tmpfs ] || exit 73
root=/etc/apache2 program=apache2 words=''
. /etc/apache2/envvars 2>/dev/null
[ -d /etc/apache2/mods-available ] || { program=$(httpd_program) words=$(httpd_words); root=$(httpd_root "$program" "$words"); }

prepared() { # FOLDER: what is there, twice; of httpd all but its configuration by links, and its paths lead into the copy
  mkdir -p "$1" || return 1
  if [ "$root" = /etc/apache2 ]; then cp -a "$root" "$1/tree"
  else
    mkdir "$1/tree"
    for part in "$root"/*; do
      case $part in "$root"/conf*) cp -a -- "$part" "$1/tree/" ;; *) ln -s -- "$(readlink -f -- "$part")" "$1/tree/${part##*/}" ;; esac
    done
    find "$1/tree" -type f -name '*.conf' -exec sed -i "s|$root|$1/tree|g" {} +
  fi && cp -a "$1/tree" "$1/base"
}

# shellcheck disable=SC2046  # a word each
tested() { # FOLDER
  case $root in
    /etc/apache2) timeout -k 5 30 apache2 -t -d "$1/tree" -f apache2.conf 2>&1 ;;
    *) timeout -k 5 30 "$program" $(printf '%s\n' "$words" | sed "s|$root|$1/tree|g") -d "$1/tree" -t 2>&1 ;;
  esac
}

worker() {
  here=$copy/$1
  prepared "$here" || return
  while IFS= read -r line; do
    key=${line%%	*}
    printf '%s\n' "${line#*	}" | tr '\t' '\n' >"$here/paths"
    while IFS= read -r path; do
      name=${path%%[=#]*}; mine=$here/tree/${name#"$root"/}
      case $path in
        *=*) rm -f -- "$mine"; ln -sT -- "${path#*=}" "$mine" ;;
        *'#'*) sed -i "$(printf '%s\n' "${path#*#}" | sed 's/[0-9][0-9]*/&s|.*||;/g; s/,//g')" -- "$mine" ;;
        *) rm -f -- "$mine" ;;
      esac
    done <"$here/paths"
    text=$(tested "$here")
    code=$?
    printf '%s\t%s\t%s\n' "$key" "$code" "$(printf '%s\n' "$text" | sed "s|$here/tree|$root|g" | told | head -c 600 | tr '\n\t' '  ')"
    while IFS= read -r path; do
      name=${path%%[=#]*}; name=${name#"$root"/} mine=$here/tree/$name was=$here/base/$name
      rm -f -- "$mine"
      [ ! -L "$was" ] && [ ! -e "$was" ] || cp -a -- "$was" "$mine"
    done <"$here/paths"
  done
}
head -c 8M | awk -F '\t' -v root="$root" '
  function allowed(text,    part, n, home) {
    if (root != "/etc/apache2")
      return index(text, root "/conf") == 1 && substr(text, length(root) + 1) ~ /^\/conf(\.d|\.modules\.d)?\/[A-Za-z0-9][-A-Za-z0-9_.+]*\.conf(#[0-9]+(,[0-9]+)*)?$/
    n = split(text, part, "=")
    if (n > 2 || part[1] !~ /^\/etc\/apache2\/(mods|conf|sites)-enabled\/[A-Za-z0-9][-A-Za-z0-9_.+]*$/) return 0
    home = part[1]; sub(/^\/etc\/apache2/, "..", home); sub(/-enabled/, "-available", home)
    return n < 2 || part[2] == home
  }
  {
    for (i = 2; i <= NF; i++) if (!allowed($i)) next
    if ($1 ~ /^[-A-Za-z0-9_.:+\/]+$/) print
  }' >"$copy/all"
awk 'NR % 2' "$copy/all" >"$copy/odd"
awk 'NR % 2 == 0' "$copy/all" >"$copy/even"
worker a <"$copy/odd" >"$copy/out-a" &
worker b <"$copy/even" >"$copy/out-b"
wait
cat "$copy/out-a" "$copy/out-b"
