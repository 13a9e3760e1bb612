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
if [ -d /etc/apache2/mods-available ]; then root=/etc/apache2; else root=/etc/httpd; fi
. /etc/apache2/envvars 2>/dev/null
words=$([ $root = /etc/apache2 ] || httpd_words)

prepared() { # FOLDER: what is there, twice; where paths and links lead out of the copy, they are led into it
  mkdir -p "$1" && cp -a "$root" "$1/" && mine=$1/${root##*/} || return 1
  [ $root = /etc/apache2 ] || {
    for link in "$mine"/*; do [ ! -L "$link" ] || ln -sfnT -- "$(readlink -f -- "$root/${link##*/}")" "$link"; done
    find "$mine" -type f -name '*.conf' -exec sed -i "s|$root|$mine|g" {} +
  }
  cp -a "$mine" "$1/base"
}

# shellcheck disable=SC2046  # a word each
tested() { # FOLDER
  case $root in
    /etc/apache2) timeout -k 5 30 apache2 -t -d "$1/apache2" -f apache2.conf 2>&1 ;;
    *) timeout -k 5 30 httpd $(printf '%s\n' "$words" | sed "s|$root|$1/httpd|g") -d "$1/httpd" -t 2>&1 ;;
  esac
}

worker() {
  here=$copy/$1
  prepared "$here" || return
  while IFS= read -r line; do
    key=${line%%	*}
    printf '%s\n' "${line#*	}" | tr '\t' '\n' >"$here/paths"
    while IFS= read -r path; do
      name=${path%%[=#]*}; mine=$here/${name#/etc/}
      case $path in
        *=*) rm -f -- "$mine"; ln -sT -- "${path#*=}" "$mine" ;;
        *'#'*) sed -i "$(printf '%s\n' "${path#*#}" | sed 's/[0-9][0-9]*/&s|.*||;/g; s/,//g')" -- "$mine" ;;
        *) rm -f -- "$mine" ;;
      esac
    done <"$here/paths"
    text=$(tested "$here")
    code=$?
    printf '%s\t%s\t%s\n' "$key" "$code" "$(printf '%s\n' "$text" | sed "s|$here/|/etc/|g" | told | head -c 600 | tr '\n\t' '  ')"
    while IFS= read -r path; do
      name=${path%%[=#]*}; mine=$here/${name#/etc/} was=$here/base/${name#"$root"/}
      rm -f -- "$mine"
      [ ! -L "$was" ] && [ ! -e "$was" ] || cp -a -- "$was" "$mine"
    done <"$here/paths"
  done
}
head -c 8M | awk -F '\t' -v root="$root" '
  function allowed(text,    part, n, home) {
    if (root == "/etc/httpd") return text ~ /^\/etc\/httpd\/conf(\.d|\.modules\.d)?\/[A-Za-z0-9][-A-Za-z0-9_.+]*\.conf(#[0-9]+(,[0-9]+)*)?$/
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
