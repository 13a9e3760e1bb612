# PHP's modules and settings: Debian's layout.

section files
find /etc/php/*/mods-available /etc/php/*/*/conf.d -maxdepth 1 -mindepth 1 -printf '%p\t%y\t%Y\t%T@\t%l\n' 2>/dev/null | sort

section markers
find /var/lib/php/modules -type f -path '*_by_*' -printf '%T@\t%p\n' 2>/dev/null | sort

section objects
grep -D skip -hE '^[[:space:]]*(zend_)?extension[[:space:]]*=' /etc/php/*/mods-available/*.ini 2>/dev/null |
  sed -nE 's|^[^=]*=[[:space:]]*"?([A-Za-z0-9_./+-]+).*|\1|; s|(\.so)?$|.so|; /^\//!s|^|/usr/lib/php/*/|; p' | linked_objects

# From which folders a server's PHP reads ini files: those of its environment, or the one that it was built with. FPM
# writes its title over its environment, so its unit's counts as well.
scanned() { # NAME PID UNIT
  [ "$2" != 0 ] || return
  binary=$(awk '$6 ~ /\/libphp[0-9.]*\.so$/ {print $6; exit}' "/proc/$2/maps")
  own=$(grep -D skip -aoE '/[A-Za-z0-9_./-]+/conf\.d' -- "${binary:-/proc/$2/exe}" | head -n 1)
  said=$({
    tr '\0' '\n' <"/proc/$2/environ"
    [ ! -d /run/systemd/system ] || timeout 10 systemctl show -p Environment --value -- "$3" | tr -d '"' | tr ' ' '\n'
  } | sed -nE 's|^(PHP_INI_SCAN_DIR=[A-Za-z0-9_./:+-]*)$|\1|p' | head -n 1)
  [ "$said$own" ] || return
  [ "$said" ] || said="PHP_INI_SCAN_DIR=$own"
  printf '%s' "$1"
  printf '%s\n' "${said#*=}" | awk -v own="$own" -F : '{for (i = 1; i <= NF; i++) print $i == "" ? own : $i}' | while read -r folder; do
    for debians in /etc/php/*/*/conf.d; do
      [ "$(readlink -f -- "$folder")" != "$(readlink -f -- "$debians")" ] || folder=$debians
    done
    printf '\t%s' "$folder"
  done
  echo
}

section php-scanned
{
  scanned apache2 "$parent" apache2.service
  for php in $phps; do scanned "$php" "$(main_pid "php$php-fpm.service" "/run/php/php$php-fpm.pid")" "php$php-fpm.service"; done
} 2>/dev/null

# Of values only what plain letters say, and of those only the settings that modbisect knows.
section php-headers
grep -D skip -nHE '^[[:space:]]*((zend_)?extension[[:space:]]*=|;[[:space:]]*priority[[:space:]]*=)' /etc/php/*/mods-available/*.ini 2>/dev/null |
  sed -nE 's/^([^:]*:[0-9]+):[[:space:]]*(;?[[:space:]]*[a-z_]+)[[:space:]]*=[[:space:]]*"?([A-Za-z0-9_.\/+-]*).*/\1:\2=\3/p'

section php-settings
grep -D skip -nHE '^[[:space:]]*(auto_prepend_file|auto_append_file|opcache\.enable|opcache\.validate_timestamps|xdebug\.mode|realpath_cache_size|zlib\.output_compression|output_handler|apc\.enabled)[[:space:]]*=' \
  /etc/php/*/*/php.ini /etc/php/*/*/conf.d/*.ini 2>/dev/null | sed -E '
    s/^([^:]*:[0-9]+):[[:space:]]*([a-z_.]+)[[:space:]]*=[[:space:]]*/\1:\2 = /
    / = "?[A-Za-z0-9_.,\/+-]*"?[[:space:]]*(;.*)?$/!{s/ = .*/ = set/;b}
    s/(;.*)?$//'
