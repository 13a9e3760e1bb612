# Reads what is there; writes nothing. Sections "@@ NAME", parsed by modbisect.kinds.found.
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
section() { printf '@@ %s\n' "$1"; }

section system
. /etc/os-release 2>/dev/null
echo "os ${ID-} ${VERSION_ID-}"
echo "like ${ID_LIKE-}"
echo "init $(cat /proc/1/comm)"
echo "ticks $(getconf CLK_TCK)"
read -r up _ </proc/uptime; echo "uptime $up"
echo "now $(date +%s)"
echo "role $(head -c 64 /etc/modbisect/role 2>/dev/null)"
echo "stop $([ -e /etc/modbisect/stop ] && echo yes)"
echo "machine $(head -c 32 /etc/machine-id 2>/dev/null)"

# Process ids are the service manager's word; without one, that of a file that nobody but root could have put there.
main_pid() { # UNIT FILE
  if [ -d /run/systemd/system ]; then pid=$(timeout 10 systemctl show -p MainPID --value -- "$1" 2>/dev/null); else pid=0; fi
  if [ "${pid:-0}" = 0 ] && roots_own "$2" && [ "$(stat -c %F -- "$2")" = "regular file" ]; then pid=$(head -c 10 -- "$2"); fi
  case $pid in '' | *[!0-9]*) pid=0 ;; esac
  [ "$(stat -c %u "/proc/$pid" 2>/dev/null)" = 0 ] || pid=0
  echo "$pid"
}
phps=$(cd /etc/php 2>/dev/null && ls -d [0-9]*)

section server
parent=$(main_pid apache2.service /run/apache2/apache2.pid)
echo "parent $parent"
began=0
if [ "$parent" != 0 ]; then
  echo "exe $(readlink "/proc/$parent/exe")"
  start=$(cut -d ')' -f 2- "/proc/$parent/stat" | cut -d ' ' -f 21)
  echo "start $start"
  began=$(($(date +%s) - ${up%%.*} + start / $(getconf CLK_TCK) - 1))
  for kid in $(cat "/proc/$parent/task/$parent/children"); do
    echo "child $(cut -d ')' -f 2- "/proc/$kid/stat" 2>/dev/null | cut -d ' ' -f 21)"
  done
  ls -l "/proc/$parent/fd" | awk '
    match($0, /socket:\[[0-9]+\]/) {mine[substr($0, RSTART + 8, RLENGTH - 9)] = 1}
    END {
      while ((getline <"/proc/net/tcp") > 0) if ($4 == "0A" && ($10 in mine)) print "listens", $2 ~ /7F:/ ? "loopback" : "others"
      while ((getline <"/proc/net/tcp6") > 0) if ($4 == "0A" && ($10 in mine))
        print "listens", $2 ~ /^(00000000000000000000000001000000|0000000000000000FFFF0000......7F):/ ? "loopback" : "others"
    }' | sort -u
fi
for unit in apache2 $(printf '%s\n' "$phps" | sed -n 's/^[0-9.]*$/php&-fpm/p'); do
  [ ! -d /run/systemd/system ] || echo "unit $unit.service $(timeout 10 systemctl is-active "$unit.service")"
done

# Who listens on which port. A name is the program's own file, which nobody but its owner can choose.
section listeners
find /proc/[0-9]*/fd -lname 'socket:*' -printf '%h %l\n' 2>/dev/null | awk '
  BEGIN {
    for (split("/proc/net/tcp /proc/net/tcp6", files, " "); n < 2;) {
      n++
      while ((getline <files[n]) > 0) if ($4 == "0A") {count = split($2, at, ":"); port["socket:[" $10 "]"] = at[count]}
    }
  }
  $2 in port {split($1, part, "/"); print port[$2], part[3]}' | sort -u | while read -r port pid; do
  name=$(readlink -- "/proc/$pid/exe" | sed 's/ (deleted)$//; s|.*/||')
  echo "$((0x$port)) $name"
done | grep -xE '[0-9]+ [A-Za-z0-9_.+-]+' | sort -un -k 1,1 -k 2

section loaded
for pid in "$parent" $(for php in $phps; do main_pid "php$php-fpm.service" "/run/php/php$php-fpm.pid"; done); do
  [ "$pid" = 0 ] || awk '$6 ~ /\.so/ {n = split($6, a, "/"); print a[n]}' "/proc/$pid/maps" 2>/dev/null
done | sort -u

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

section builtin
apache2 -l 2>/dev/null | sed -n 's/^ *\(mod_\)\{0,1\}\(.*\)\.c$/\2/p'

section configtest
text=$(. /etc/apache2/envvars 2>/dev/null; timeout -k 5 30 apache2 -t 2>&1)
code=$?
printf '%s\n' "$text" | told | head -c 4000
section configtest-status
echo "$code"

section files
find /etc/apache2/mods-available /etc/apache2/mods-enabled /etc/apache2/conf-available /etc/apache2/conf-enabled \
  /etc/apache2/sites-available /etc/apache2/sites-enabled /etc/php/*/mods-available /etc/php/*/*/conf.d \
  -maxdepth 1 -mindepth 1 -printf '%p\t%y\t%Y\t%T@\t%l\n' 2>/dev/null | sort

section markers
find /var/lib/apache2/module /var/lib/apache2/conf /var/lib/apache2/site /var/lib/php/modules -type f -path '*_by_*' -printf '%T@\t%p\n' 2>/dev/null | sort

section may-be-on
may_be_on

section access
access_control

section load-headers
grep -D skip -nHE '^[[:space:]]*(#[[:space:]]*(Depends|Conflicts):|LoadModule)' /etc/apache2/mods-available/*.load 2>/dev/null |
  grep -xE '[^:]*:[0-9]+:[[:space:]]*[#A-Za-z][][:space:]A-Za-z0-9_./:"+-]*'

section used
grep -D skip -hsiE '^[[:space:]]*(DocumentRoot|Alias)[[:space:]]' /etc/apache2/apache2.conf \
  /etc/apache2/sites-enabled/*.conf /etc/apache2/conf-enabled/*.conf | head -n 200 | used

# Where a module's file is a link, the server's maps show what it leads to.
section objects
cd /etc/apache2 2>/dev/null && {
  grep -D skip -hE '^[[:space:]]*LoadModule[[:space:]]' mods-available/*.load |
    sed -nE 's|.*[[:space:]]"?([A-Za-z0-9_./+-]+)"?[[:space:]]*$|\1|p'
  grep -D skip -hE '^[[:space:]]*(zend_)?extension[[:space:]]*=' /etc/php/*/mods-available/*.ini |
    sed -nE 's|^[^=]*=[[:space:]]*"?([A-Za-z0-9_./+-]+).*|\1|; s|(\.so)?$|.so|; /^\//!s|^|/usr/lib/php/*/|; p'
} 2>/dev/null | while read -r named; do
  for path in $named; do
    [ ! -L "$path" ] || printf '%s\t%s\n' "${path##*/}" "$(readlink -f -- "$path" | tr '\n' ' ' | sed 's|.*/||; s| $||')"
  done
done | grep -xE '[A-Za-z0-9_.+-]+	[A-Za-z0-9_.+-]+' | sort -u

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

section handlers
grep -D skip -nHE '^[[:space:]]*(SetHandler|ProxyPass(Match)?|AddHandler|php_(admin_)?(value|flag)|FcgidWrapper)[[:space:]]' \
  /etc/apache2/apache2.conf /etc/apache2/conf-enabled/*.conf /etc/apache2/sites-enabled/*.conf /etc/apache2/mods-enabled/*.conf 2>/dev/null |
  head -n 200 | sed -nE '
    s/^([^:]*:[0-9]+):[[:space:]]*(php_[a-z_]*)[[:space:]]+([A-Za-z0-9_.]+).*/\1:\2 \3 /p; t
    s/^([^:]*:[0-9]+):[[:space:]]*([A-Za-z]*)[[:space:]].*(php[0-9.]+-fpm).*/\1:\2 \3/p'

section package-lock
for lock in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock; do
  inode=$(stat -c %i "$lock" 2>/dev/null) || continue
  ! grep -q ":$inode 0" /proc/locks || echo "$lock"
done

section newer
[ "$parent" = 0 ] || find /etc/apache2 /etc/php \( -type f -o -type l \) -newermt "@$began" -printf '%T@\t%p\n' 2>/dev/null | sort -rn | head -n 20

section guard
if who=$(cat /var/lib/modbisect/cur/who 2>/dev/null); then   # the run may end between any two of these lines
  state=$(cat /var/lib/modbisect/cur/state 2>/dev/null) || state=SNAP
  left=0
  { read -r boot until </run/modbisect/lease; } 2>/dev/null && [ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ] &&
    left=$((until - ${up%%.*}))
  # A snapshot that was never armed holds nothing when its lease is over: the next one replaces it.
  if [ "$left" -gt 0 ]; then
    echo "state $state"
    echo "owner $who, its lease holds for $left s more unless renewed"
  elif [ "$state" != SNAP ]; then
    echo "state $state"
    echo "owner $who, its lease is over"
  fi
fi
section end
