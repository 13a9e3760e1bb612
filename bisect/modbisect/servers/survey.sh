# What of the servers runs, and with what.

# Process ids are the service manager's word; without one, that of a file that nobody but root could have put there.
main_pid() { # UNIT FILE
  if [ -d /run/systemd/system ]; then pid=$(timeout 10 systemctl show -p MainPID --value -- "$1" 2>/dev/null); else pid=0; fi
  if [ "${pid:-0}" = 0 ] && roots_own "$2" && [ "$(stat -c %F -- "$2")" = "regular file" ]; then pid=$(head -c 10 -- "$2"); fi
  case $pid in '' | *[!0-9]*) pid=0 ;; esac
  [ "$(stat -c %u "/proc/$pid" 2>/dev/null)" = 0 ] || pid=0
  echo "$pid"
}
fpms=$(
  cd /etc/php 2>/dev/null && ls -d [0-9]* | sed -n 's/^[0-9.]*$/php&-fpm/p'
  [ ! -d /etc/php-fpm.d ] && [ ! -d /usr/local/etc/php-fpm.d ] || echo php-fpm
)
fpm_pid_file() { case $1 in php-fpm) echo /run/php-fpm/php-fpm.pid ;; *) echo "/run/php/$1.pid" ;; esac; }
fpm_pids=$(for fpm in $fpms; do echo "$fpm=$(main_pid "$fpm.service" "$(fpm_pid_file "$fpm")")"; done)
fpm_pid() { lines "$fpm_pids" | sed -n "s/^$1=//p"; }
fpm_folders() { # all that it reads
  case $1 in
    php-fpm) echo /etc/php-fpm.conf /etc/php-fpm.d /etc/php.ini /etc/php.d /usr/local/etc/php-fpm.d /usr/local/etc/php ;;
    *) version=${1#php}; version=${version%-fpm}; echo "/etc/php/$version/fpm /etc/php/$version/mods-available" ;;
  esac
}

section server
listens_at() { # PID PORT
  sockets=$(awk -v port="$(printf ':%04X$' "$2")" '$4 == "0A" && $2 ~ port {print "socket:[" $10 "]"}' /proc/net/tcp /proc/net/tcp6)
  [ "$sockets" ] && find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' | grep -qxF -e "$sockets"
}

# nginx is the main one where Apache does not run, and where it answers on the port that is asked and Apache does not.
parent=$(main_pid apache2.service /run/apache2/apache2.pid) main=apache2
for other in httpd:/run/httpd/httpd.pid nginx:/run/nginx.pid; do
  [ "$parent" = 0 ] || break
  parent=$(main_pid "${other%%:*}.service" "${other#*:}")
  [ "$parent" = 0 ] || main=${other%%:*}
done
asked=$(printf '%s\n' "$declared" | sed -nE '/^port [1-9][0-9]{0,4}$/{s/^port //p;q}')
if [ "$asked" ] && [ "$parent" != 0 ] && [ "$main" != nginx ]; then
  front=$(main_pid nginx.service /run/nginx.pid)
  [ "$front" = 0 ] || ! listens_at "$front" "$asked" || listens_at "$parent" "$asked" || { main=nginx parent=$front; }
fi
program='' words='' httpd_home=/etc/httpd
[ "$main" != httpd ] || { program=$(httpd_program) words=$(httpd_words); httpd_home=$(httpd_root "$program" "$words"); }

# shellcheck disable=SC2086  # a word each
apache_says() { # OPTION...: what Apache itself knows of its configuration
  case $main in
    apache2) ( . /etc/apache2/envvars 2>/dev/null; timeout -k 5 30 apache2 "$@" ) ;;
    httpd) timeout -k 5 30 "$program" $words "$@" ;;
  esac
}
httpd_files=$([ "$main" != httpd ] || apache_says -t -D DUMP_INCLUDES 2>/dev/null | sed -nE 's/^ *\([^)]*\) ((\/[A-Za-z0-9_.+-]+)+)$/\1/p' | sort -u)

apache_reads=$(
  case $main in
    apache2) ls -d /etc/apache2/apache2.conf /etc/apache2/conf-enabled/*.conf /etc/apache2/sites-enabled/*.conf /etc/apache2/mods-enabled/*.conf ;;
    httpd) printf '%s\n' "$httpd_files" ;;
  esac 2>/dev/null
)
apache_files() { lines "$apache_reads"; }
echo "main $main"
[ ! "$asked" ] || echo "port $asked"
printf '%s\n' "$declared" | grep -m 1 -xE 'page [A-Za-z0-9.:-]+ /[^[:space:]]*'
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
[ ! -d /etc/php.d ] && [ ! -d /usr/local/etc/php ] ||
  { /usr/local/sbin/php-fpm -v || /usr/local/bin/php -v || php-fpm -v || php -v; } 2>/dev/null | sed -nE '1s/^PHP ([0-9]+\.[0-9]+).*/php \1/p'
for unit in "$main" $fpms; do
  [ ! -d /run/systemd/system ] || echo "unit $unit.service $(timeout 10 systemctl is-active "$unit.service")"
done

section loaded
for pid in "$parent" $(for fpm in $fpms; do fpm_pid "$fpm"; done); do
  [ "$pid" = 0 ] || awk '$6 ~ /\.so/ {n = split($6, a, "/"); print a[n]}' "/proc/$pid/maps" 2>/dev/null
done | sort -u

section configtest
case $main in
  nginx) text=$(timeout -k 5 30 nginx -t 2>&1) ;;
  *) text=$(apache_says -t 2>&1) ;;
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
  elif [ "$within" ]; then younger "$(oldest "$parent")" "/etc/$main" /etc/php/*/apache2 /etc/php/*/mods-available /usr/local/etc/php
  elif [ "$main" = httpd ] && grep -q '/libphp[0-9.]*\.so$' "/proc/$parent/maps"; then younger "$(oldest "$parent")" "$httpd_home"/conf* /etc/php.ini /etc/php.d /usr/local/etc/php
  else
    case $main in httpd) younger "$(oldest "$parent")" "$httpd_home"/conf* ;; *) younger "$(oldest "$parent")" "/etc/$main" ;; esac
    for fpm in $fpms; do
      # shellcheck disable=SC2046  # a folder each
      [ "$(fpm_pid "$fpm")" = 0 ] || younger "@$(stat -c %.Y "$(fpm_pid_file "$fpm")")" $(fpm_folders "$fpm")
    done
  fi
} 2>/dev/null | sort -rn | head -n 20

