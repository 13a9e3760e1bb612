# httpd: Apache under its own name, as the main server: how it was started, its configuration test, what it says of itself.

httpd_start() { # what its unit starts, of the properties that systemd shows: path or argv[]
  [ ! -d /run/systemd/system ] || timeout 10 systemctl show -p ExecStart --value -- httpd.service | sed -n "s/.*[{ ]$1=//; s/ ;.*//p" | head -n 1
}

httpd_program() { # the file of the process that runs, else that of its unit
  if [ "${parent:-0}" != 0 ]; then program=$(readlink -- "/proc/$parent/exe" 2>/dev/null); else program=$(httpd_start path); fi
  program=${program%" (deleted)"}
  case $program in */apachectl) program=${program%apachectl}httpd ;; esac
  [ -x "$program" ] || program=/usr/sbin/httpd
  printf '%s\n' "$program"
}

# Where its configuration lies and what is defined there: by the process that runs, else by its unit.
httpd_words() {
  if [ "${parent:-0}" != 0 ]; then tr '\0' '\n' <"/proc/$parent/cmdline"; else httpd_start 'argv\[\]' | tr ' ' '\n'; fi 2>/dev/null | sed 1d | awk '
    !/^[-A-Za-z0-9_.\/=]+$/ {option = ""; next}
    option {print option "\n" $0; option = ""; next}
    /^-[dfD]$/ {option = $0; next}
    /^-[dfD]./'
}

httpd_root() { # PROGRAM WORDS: the folder that relative paths begin in
  said=$(printf '%s\n' "$2" | awk 'last == "-d" {print} {last = $0} /^-d./ {print substr($0, 3)}' | tail -n 1)
  [ "$said" ] || said=$("$1" -V 2>/dev/null | sed -n 's/.* HTTPD_ROOT="\(.*\)"$/\1/p')
  printf '%s\n' "${said:-/etc/httpd}"
}

# shellcheck disable=SC2046  # a word each
httpd_test() ( exec timeout -k 5 60 "$(httpd_program)" $(httpd_words) -t 2>&1 )

# shellcheck disable=SC2086
httpd_without_systemd() { # stopped and started; no server may inherit the lock
  program=$(httpd_program) words=$(httpd_words)
  "$program" $words -k stop >/dev/null 2>&1
  tries=0
  while [ "$parent" != 0 ] && [ -d "/proc/$parent" ] && [ $tries -lt 1000 ]; do sleep 0.02; tries=$((tries + 1)); done
  "$program" $words -k start 2>&1 9>&- || return 1
}

httpd_log() { # the last lines, not of its visitors
  timeout 5 tail -n 40 -- /var/log/httpd/error_log 2>/dev/null | grep -aE ':(emerg|alert|crit|error)\]' | grep -avF '[client '
}
