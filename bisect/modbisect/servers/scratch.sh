# Tests configurations of Apache on a copy in memory; restarts nothing, changes nothing outside the copy.
# Standard input: one configuration a line, "KEY<tab>PATH<tab>PATH=TARGET...": a path under
# /etc/apache2 alone is left out, with a target it is a link. Output: "KEY<tab>STATUS<tab>first lines".
# A line that names any other path, or a target that is not the module's, conf's or site's own, is passed over, as is what
# stands behind 8 MiB.
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
copy=$(mktemp -d /run/modbisect-scratch.XXXXXXXX) || exit 73
trap 'rm -rf -- "$copy"' EXIT
trap 'exit 143' HUP INT TERM
[ "$(stat -f -c %T "$copy")" = tmpfs ] || exit 73
. /etc/apache2/envvars 2>/dev/null
worker() {
  mkdir -p "$copy/$1" && cp -a /etc/apache2 "$copy/$1/apache2"
  while IFS= read -r line; do
    key=${line%%	*}
    printf '%s\n' "${line#*	}" | tr '\t' '\n' >"$copy/$1/paths"
    while IFS= read -r path; do
      name=${path%%=*}; mine=$copy/$1/${name#/etc/}
      rm -f -- "$mine"
      case $path in *=*) ln -sT -- "${path#*=}" "$mine" ;; esac
    done <"$copy/$1/paths"
    text=$(timeout -k 5 30 apache2 -t -d "$copy/$1/apache2" -f apache2.conf 2>&1)
    code=$?
    printf '%s\t%s\t%s\n' "$key" "$code" "$(printf '%s\n' "$text" | sed "s|$copy/$1/|/etc/|g" | told | head -c 600 | tr '\n\t' '  ')"
    while IFS= read -r path; do
      name=${path%%=*}; mine=$copy/$1/${name#/etc/}
      rm -f -- "$mine"
      [ ! -L "$name" ] && [ ! -e "$name" ] || cp -a -- "$name" "$mine"
    done <"$copy/$1/paths"
  done
}
head -c 8M | awk -F '\t' '
  {
    for (i = 2; i <= NF; i++) {
      n = split($i, part, "=")
      if (n > 2 || part[1] !~ /^\/etc\/apache2\/(mods|conf|sites)-enabled\/[A-Za-z0-9][-A-Za-z0-9_.+]*$/) next
      home = part[1]; sub(/^\/etc\/apache2/, "..", home); sub(/-enabled/, "-available", home)
      if (n == 2 && part[2] != home) next
    }
    if ($1 ~ /^[-A-Za-z0-9_.:+]+$/) print
  }' >"$copy/all"
awk 'NR % 2' "$copy/all" >"$copy/odd"
awk 'NR % 2 == 0' "$copy/all" >"$copy/even"
worker a <"$copy/odd" >"$copy/out-a" &
worker b <"$copy/even" >"$copy/out-b"
wait
cat "$copy/out-a" "$copy/out-b"
