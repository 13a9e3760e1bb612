# A look at the slow request, for a time: SECONDS LOW HIGH on standard input, the last two the ports that it comes from;
# with "memory" behind them at whose data fills the servers' memory.
# Without perl nothing is seen, and that is said.
read -r seconds low high subject || exit 64
subject=${subject:-requests}
case $subject in requests | memory) : ;; *) exit 64 ;; esac
case "$seconds:$low:$high" in *[!0-9:]* | *: | :* | *::* | ???:* | *:??????:* | *:??????) exit 64 ;; esac
command -v perl >/dev/null || {
  printf 'look 1\nseconds 0\nbusy 0\nsamples 0\ncpu 0\nmissing all perl is not there\nend\n'
  exit 0
}

groups() { # control groups of the servers; without systemd their first processes
  if [ -d /run/systemd/system ]; then
    # shellcheck disable=SC2086  # patterns of units
    timeout 10 systemctl show -p ControlGroup --value -- $main_programs $fpm_units 2>/dev/null | sort -u | while read -r group; do
      for root in /sys/fs/cgroup /sys/fs/cgroup/unified; do
        [ ! -r "$root$group/cgroup.procs" ] || { echo "$root$group"; break; }
      done
    done
  else for program in $main_programs; do pgrep -o -x "$program"; done; pgrep -o -f '^php-fpm: master'
  fi
}

# shellcheck disable=SC2046  # a group a word
set -- $(groups)
