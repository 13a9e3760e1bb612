# What dpkg has lately put in, upgraded or taken away of what a site stands on: time as it logs it (the host's own), action,
# package, and each of its files that a component may stand for, else "-". rpm keeps only when each package was put in last:
# the seconds behind a "@".
rpms() {
  timeout 20 rpm -qa --qf '[@%{=INSTALLTIME}\tinstall\t%{=NAME}\t%{FILENAMES}\n]' 'httpd*' 'mod_*' 'php*' |
    grep -E '	/(etc/(httpd/conf(\.modules)?\.d|php\.d)/[^/]+|usr/lib(64)?/(httpd|php)/.+\.so)$'
  timeout 20 rpm -qa --qf '@%{INSTALLTIME}\tinstall\t%{NAME}\t-\n' | grep -E '	(httpd|mod_|php|mariadb|mysql|redis|valkey|memcached|varnish|nginx|haproxy|squid|openssl-libs|glibc)[^	]*	-$'
}

section packages
! command -v rpm >/dev/null || rpms 2>/dev/null | grep -xE '@[0-9]+	install	[A-Za-z0-9_.+-]+	[A-Za-z0-9_.+/-]+' | sort -r | head -n 2000
{
  cat /var/log/dpkg.log.1 /var/log/dpkg.log
  echo @
  grep -E '^/(etc/(apache2|php)/.+/[^/]+|usr/lib/(apache2/modules|php)/.+\.so)$' /var/lib/dpkg/info/*.list
} 2>/dev/null | awk '
  $0 == "@" {listing = 1; next}
  !listing && $3 ~ /^(install|upgrade|remove|purge)$/ && $4 ~ /^[a-z0-9][a-z0-9+.-]*(:[a-z0-9]+)?$/ {
    sub(/:.*/, "", $4); at[$4] = $1 " " $2; did[$4] = $3
  }
  listing {
    file = $0; sub(/.*\.list:/, "", file)
    name = $0; sub(/\.list:.*/, "", name); sub(/.*\//, "", name); sub(/:.*/, "", name)
    if (name in at) {print at[name] "\t" did[name] "\t" name "\t" file; told[name] = 1}
  }
  END {
    for (name in at) if (!(name in told) && name ~ /^(lib)?(apache2|php|mariadb|mysql|default-mysql|redis|memcached|varnish|nginx|haproxy|squid|openssl|ssl[0-9]|c6$)/)
      print at[name] "\t" did[name] "\t" name "\t-"
  }' | sort -r | head -n 2000
section clock
date +%z

# Programs of the site that were changed last, and what git has last done there and in /etc (etckeeper). The folders are
# their owners' to choose: nothing is opened but the end of git's own record, and of that a time and a word are told.
section site-files
# shellcheck disable=SC2016  # another shell's arguments
roots | head -n 20 | grep '^/' | tr '\n' '\0' | timeout 1 xargs -0r sh -c 'exec find -P "$@" -mindepth 1 -maxdepth 6 -xdev \
  \( -iname "*cache*" -o -name tmp -o -name .git -o -name node_modules \) -prune -o \
  -type f \( -name "*.php" -o -name "*.inc" -o -name .htaccess -o -name .user.ini -o -name composer.lock \) -printf "%T@\t%p\n"' sh 2>/dev/null |
  grep -E '^[0-9.]+	(/[A-Za-z0-9_.+-]+)+$' | sort -rn | head -n 20
section site-history
{ echo /etc; roots | head -n 20 | while IFS= read -r root; do printf '%s\n' "$root" "${root%/*}"; done; } | sort -u | while IFS= read -r folder; do
  record=$folder/.git/logs/HEAD
  [ ! -f "$record" ] || [ -L "$record" ] || timeout 2 tail -c 4096 -- "$record" | sed -nE '$s/^.* ([0-9]{9,11}) [+-][0-9]{4}	([a-z]{2,20}).*/\1	\2/p' |
    while IFS= read -r said; do printf '%s	in %s\n' "$said" "$folder"; done
done | grep -E '^[0-9]+	[a-z]+	in (/[A-Za-z0-9_.+-]+)+$'
