# What of the servers runs, and with what.

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

section loaded
for pid in "$parent" $(for php in $phps; do main_pid "php$php-fpm.service" "/run/php/php$php-fpm.pid"; done); do
  [ "$pid" = 0 ] || awk '$6 ~ /\.so/ {n = split($6, a, "/"); print a[n]}' "/proc/$pid/maps" 2>/dev/null
done | sort -u

section configtest
text=$(. /etc/apache2/envvars 2>/dev/null; timeout -k 5 30 apache2 -t 2>&1)
code=$?
printf '%s\n' "$text" | told | head -c 4000
section configtest-status
echo "$code"

section newer
[ "$parent" = 0 ] || find /etc/apache2 /etc/php \( -type f -o -type l \) -newermt "@$began" -printf '%T@\t%p\n' 2>/dev/null | sort -rn | head -n 20

