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
# nginx is the main one where Apache does not run.
parent=$(main_pid apache2.service /run/apache2/apache2.pid) main=apache2
[ "$parent" != 0 ] || { parent=$(main_pid nginx.service /run/nginx.pid); [ "$parent" = 0 ] || main=nginx; }
echo "main $main"
echo "parent $parent"
ticks_of() { cut -d ')' -f 2- "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 21; } # when it began
if [ "$parent" != 0 ]; then
  echo "exe $(readlink "/proc/$parent/exe")"
  echo "start $(ticks_of "$parent")"
  for kid in $(cat "/proc/$parent/task/$parent/children"); do echo "child $(ticks_of "$kid")"; done
  ls -l "/proc/$parent/fd" | awk '
    match($0, /socket:\[[0-9]+\]/) {mine[substr($0, RSTART + 8, RLENGTH - 9)] = 1}
    END {
      while ((getline <"/proc/net/tcp") > 0) if ($4 == "0A" && ($10 in mine)) print "listens", $2 ~ /7F:/ ? "loopback" : "others"
      while ((getline <"/proc/net/tcp6") > 0) if ($4 == "0A" && ($10 in mine))
        print "listens", $2 ~ /^(00000000000000000000000001000000|0000000000000000FFFF0000......7F):/ ? "loopback" : "others"
    }' | sort -u
fi
for unit in "$main" $(printf '%s\n' "$phps" | sed -n 's/^[0-9.]*$/php&-fpm/p'); do
  [ ! -d /run/systemd/system ] || echo "unit $unit.service $(timeout 10 systemctl is-active "$unit.service")"
done

section loaded
for pid in "$parent" $(for php in $phps; do main_pid "php$php-fpm.service" "/run/php/php$php-fpm.pid"; done); do
  [ "$pid" = 0 ] || awk '$6 ~ /\.so/ {n = split($6, a, "/"); print a[n]}' "/proc/$pid/maps" 2>/dev/null
done | sort -u

section configtest
case $main in
  nginx) text=$(timeout -k 5 30 nginx -t 2>&1) ;;
  *) text=$(. /etc/apache2/envvars 2>/dev/null; timeout -k 5 30 apache2 -t 2>&1) ;;
esac
code=$?
printf '%s\n' "$text" | told | head -c 4000
section configtest-status
echo "$code"

# Of what the servers read, what is younger than their reading: time, path, and when they read it. A reload makes workers
# anew, and lets FPM write its pid file again.
younger() { # TIME (or ticks of the clock since boot) FOLDER...
  case $1 in @*) read_at=${1%%.*} ;; *) read_at=@$(($(date +%s) - ${up%%.*} + $1 / $(getconf CLK_TCK) - 1)) ;; esac
  read_when=$1
  shift
  find "$@" \( -type f -o -type l \) -newermt "$read_at" -printf "%T@\t%p\t$read_when\n"
}
oldest() { # PID: when the first of its workers began; of a server without workers, it itself
  first=$(for kid in $(cat "/proc/$1/task/$1/children"); do ticks_of "$kid"; done | sort -n | head -n 1)
  echo "${first:-$(ticks_of "$1")}"
}

section newer
{
  within=$(cd /etc/apache2/mods-enabled && ls -d php*.load)
  [ "$main" = apache2 ] || within=''
  if [ "$parent" = 0 ]; then :
  elif [ "$within" ]; then younger "$(oldest "$parent")" "/etc/$main" /etc/php/*/apache2 /etc/php/*/mods-available
  else
    younger "$(oldest "$parent")" "/etc/$main"
    for php in $phps; do
      fpm=$(main_pid "php$php-fpm.service" "/run/php/php$php-fpm.pid")
      [ "$fpm" = 0 ] || younger "@$(stat -c %.Y "/run/php/php$php-fpm.pid")" "/etc/php/$php/fpm" "/etc/php/$php/mods-available"
    done
  fi
} 2>/dev/null | sort -rn | head -n 20

