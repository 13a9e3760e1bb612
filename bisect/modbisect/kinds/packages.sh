# What dpkg has lately put in, upgraded or taken away of what a site stands on: time as it logs it (the host's own), action,
# package, and each of its files that a component may stand for, else "-".
section packages
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
