# Reads what is there; writes nothing. Sections "@@ NAME", parsed by modbisect.components.facts.
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

section server
read -r parent 2>/dev/null </run/apache2/apache2.pid || parent=0
[ -d "/proc/$parent" ] || parent=0
echo "parent $parent"
if [ "$parent" != 0 ]; then
  echo "exe $(readlink "/proc/$parent/exe")"
  echo "start $(cut -d ')' -f 2- "/proc/$parent/stat" | cut -d ' ' -f 21)"
  for kid in $(cat "/proc/$parent/task/$parent/children"); do
    echo "child $(cut -d ')' -f 2- "/proc/$kid/stat" 2>/dev/null | cut -d ' ' -f 21)"
  done
fi
for unit in apache2 $(cd /etc/php 2>/dev/null && ls -d [0-9]* 2>/dev/null | sed 's/.*/php&-fpm/'); do
  [ ! -d /run/systemd/system ] || echo "unit $unit.service $(systemctl is-active "$unit.service")"
done

section loaded
for pid in "$parent" $(cat /run/php/php*-fpm.pid 2>/dev/null); do
  [ "$pid" = 0 ] || awk '$6 ~ /\.so/ {n = split($6, a, "/"); print a[n]}' "/proc/$pid/maps" 2>/dev/null
done | sort -u

section builtin
apache2 -l 2>/dev/null | sed -n 's/^ *\(mod_\)\{0,1\}\(.*\)\.c$/\2/p'

section configtest
( . /etc/apache2/envvars 2>/dev/null; apache2 -t 2>&1 ) | head -c 4000
section configtest-status
( . /etc/apache2/envvars 2>/dev/null; apache2 -t >/dev/null 2>&1 ); echo $?

section files
find /etc/apache2/mods-available /etc/apache2/mods-enabled /etc/apache2/conf-available /etc/apache2/conf-enabled \
  /etc/apache2/sites-available /etc/apache2/sites-enabled /etc/php/*/mods-available /etc/php/*/*/conf.d \
  -maxdepth 1 -mindepth 1 -printf '%p\t%y\t%Y\t%T@\t%l\n' 2>/dev/null | sort

section markers
find /var/lib/apache2/module /var/lib/apache2/conf /var/lib/apache2/site /var/lib/php/modules -type f -path '*_by_*' -printf '%T@\t%p\n' 2>/dev/null | sort

section load-headers
grep -hnHE '^[[:space:]]*(#[[:space:]]*(Depends|Conflicts):|LoadModule|LoadFile)' /etc/apache2/mods-available/*.load 2>/dev/null

section php-headers
grep -nHE '^[[:space:]]*((zend_)?extension[[:space:]]*=|;[[:space:]]*priority[[:space:]]*=)' /etc/php/*/mods-available/*.ini 2>/dev/null

section php-settings
grep -nHE '^[[:space:]]*(auto_prepend_file|auto_append_file|opcache\.enable|opcache\.validate_timestamps|xdebug\.mode|realpath_cache_size|zlib\.output_compression|output_handler|apc\.enabled)[[:space:]]*=' \
  /etc/php/*/*/php.ini /etc/php/*/*/conf.d/*.ini 2>/dev/null

section handlers
grep -rhnHE '^[[:space:]]*(SetHandler|ProxyPass(Match)?|AddHandler|php_(admin_)?(value|flag)|FcgidWrapper)[[:space:]]' \
  /etc/apache2/apache2.conf /etc/apache2/conf-enabled/ /etc/apache2/sites-enabled/ /etc/apache2/mods-enabled/ -R 2>/dev/null | head -n 200

section package-lock
for lock in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock; do
  inode=$(stat -c %i "$lock" 2>/dev/null) || continue
  ! grep -q ":$inode 0" /proc/locks || echo "$lock"
done

section newer
if [ "$parent" != 0 ]; then
  find /etc/apache2 /etc/php \( -type f -o -type l \) -newer "/run/apache2/apache2.pid" -printf '%T@\t%p\n' 2>/dev/null | head -n 20
fi

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
