# Tests configurations of Apache or nginx on a copy in memory; restarts nothing, changes nothing outside the copy.
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
head -c 8M >"$copy/asked" || exit 73
root=/etc/apache2 program=apache2 words=''
if grep -q "$(printf '\t/etc/nginx/')" "$copy/asked"; then root=/etc/nginx
elif [ -d /etc/apache2/mods-available ]; then . /etc/apache2/envvars 2>/dev/null
else program=$(httpd_program) words=$(httpd_words); root=$(httpd_root "$program" "$words")
fi

# FOLDER: what is there, twice; of httpd all but its configuration by links. Its own paths lead into the copy, but for Apache's
# farms, whose links do so by themselves.
prepared() {
  mkdir -p "$1" || return 1
  if [ "$root" = /etc/apache2 ]; then cp -a "$root" "$1/tree"
  elif [ "$root" = /etc/nginx ]; then
    cp -a "$root" "$1/tree" &&
      find "$1/tree" -type l -lname "$root/*" -printf '%p %l\n' | while read -r link target; do ln -sfT -- "$1/tree${target#"$root"}" "$link"; done
    find "$1/tree" -type f -size -1024k -exec sed -i "s|$root/|$1/tree/|g" {} +
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
    /etc/nginx) timeout -k 5 30 nginx -t -c "$1/tree/nginx.conf" 2>&1 ;;
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
awk -F '\t' -v root="$root" '
  function allowed(text,    part, n, home) {
    if (root == "/etc/nginx") {
      n = split(text, part, "=")
      if (n == 2) return part[1] ~ /^\/etc\/nginx\/modules-enabled\/[A-Za-z0-9][-A-Za-z0-9_.+]*\.conf$/ && part[2] ~ /^\/usr\/share\/nginx\/modules-available\/[A-Za-z0-9][-A-Za-z0-9_.+]*\.conf$/
      return n == 1 && text ~ /^\/etc\/nginx(\/[A-Za-z0-9][-A-Za-z0-9_.+]*)+(#[0-9]+(,[0-9]+)*)?$/
    }
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
  }' "$copy/asked" >"$copy/all"
awk 'NR % 2' "$copy/all" >"$copy/odd"
awk 'NR % 2 == 0' "$copy/all" >"$copy/even"
worker a <"$copy/odd" >"$copy/out-a" &
worker b <"$copy/even" >"$copy/out-b"
wait
cat "$copy/out-a" "$copy/out-b"
