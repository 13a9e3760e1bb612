# Of no kind alone: what may be switched on, what guards access, what the application speaks of, what the guard could hold.

linked_objects() { # paths on stdin, as patterns: of each that is a link its name, and that of what it leads to
  while read -r named; do
    for path in $named; do
      [ ! -L "$path" ] || printf '%s\t%s\n' "${path##*/}" "$(readlink -f -- "$path" | tr '\n' ' ' | sed 's|.*/||; s| $||')"
    done
  done | grep -xE '[A-Za-z0-9_.+-]+	[A-Za-z0-9_.+-]+' | sort -u
}

document_roots=$(
  {
    echo /var/www/html
    case $main in
      nginx) sed -nE 's/^[[:space:]]*root[[:space:]]+"?(\/[^";[:space:]]+).*/\1/p' /etc/nginx/nginx.conf /etc/nginx/conf.d/*.conf /etc/nginx/sites-enabled/* ;;
      *) apache_files | tr '\n' '\0' | xargs -0r sed -nE 's/^[[:space:]]*DocumentRoot[[:space:]]+"?([^"[:space:]]+).*/\1/p' ;;
    esac
  } 2>/dev/null | sort -u
)
roots() { lines "$document_roots"; }

# Of the files on standard input, a line each, those that the guard holds: those of root, where the last folder at least
# is root's alone, or of somebody who could put them back himself.
holdable() {
  asked=$(grep '^/') || return 0
  {
    lines "$asked" | sed 's/^/? /'
    lines "$asked" | awk '{for (path = $0; path; sub(/\/[^\/]*$/, "", path)) if (!seen[path]++) print path}' |
      tr '\n' '\0' | xargs -0r stat -c '%u %h %A %g %U %n' -- 2>/dev/null
  } | awk '
    $1 == "?" {file[++count] = substr($0, 3); next}
    {
      path = $0
      for (i = 0; i < 5; i++) sub(/^[^ ]* /, "", path)
      owner[path] = $1; links[path] = $2; mode[path] = $3; group[path] = $4; name[path] = $5
    }
    END {
      for (i = 1; i <= count; i++) {
        mine = owner[file[i]]; above = file[i]; sub(/\/[^\/]*$/, "", above)
        bad = links[file[i]] != 1; others = 0
        for (path = file[i]; path; sub(/\/[^\/]*$/, "", path)) {
          if (mode[path] !~ /^[-d].......[^w]/) bad = 1
          if (owner[path] != 0 && owner[path] != mine) others = 1
        }
        if (bad) continue
        if (mine == 0 && (!others || owner[above] == 0 && mode[above] ~ /^d....-..-./)) print "root\t-\t" file[i]
        if (mine != 0 && !others && owner[above] == mine && mode[above] ~ /^d.wx/) print name[file[i]] "\t" group[file[i]] "\t" file[i]
      }
    }' | while IFS=$(printf '\t') read -r holder group held; do
    if [ "$holder" != root ]; then
      case " $(id -G -- "$holder") " in *" $group "*) command -v setpriv >/dev/null || continue ;; *) continue ;; esac
    fi
    printf '%s\n' "$held"
  done
}

# Files of the configuration that no package has brought, where that can be known. PHP's are registered by ucf.
section unpackaged
[ ! -d /var/lib/dpkg/info ] || {
  grep -hF -e /etc/apache2/ -e /etc/php/ /var/lib/dpkg/info/*.list 2>/dev/null
  sed 's/.*[[:space:]]//' /var/lib/ucf/registry 2>/dev/null
  echo @
  find /etc/apache2/*-available /etc/php/*/mods-available -maxdepth 1 -type f 2>/dev/null | sort
} | awk '$0 == "@" {listing = 1; next} !listing {own[$0] = 1; next} !($0 in own)'
! command -v rpm >/dev/null || find /etc/httpd/conf.d /etc/httpd/conf.modules.d /etc/php.d -maxdepth 1 -type f 2>/dev/null | sort | tr '\n' '\0' |
  timeout 20 xargs -0r rpm -qf 2>/dev/null | sed -n 's/^file \(.*\) is not owned by any package$/\1/p'

section may-be-on
may_be_on

section may-restart
by_root | awk '$1 == "unit" && NF == 2 {print $2}' | grep -xE '[A-Za-z0-9@_.-]+'

section access
case $main in
  httpd) access_control "$httpd_home" "$httpd_home/conf/httpd.conf" 'conf\.d' "$httpd_home/conf.d/*.conf" ;;
  *)
    access_control /etc/apache2 /etc/apache2/apache2.conf '(?:mods|conf|sites)-enabled' \
      '/etc/apache2/mods-available/*.load' '/etc/apache2/{mods,conf,sites}-available/*.conf' ;;
esac

section used
apache_files | tr '\n' '\0' | xargs -0r grep -D skip -hsiE '^[[:space:]]*(DocumentRoot|Alias)[[:space:]]' -- | head -n 200 | { cat; [ "$main" != nginx ] || roots | sed 's/^/root /'; } | used
