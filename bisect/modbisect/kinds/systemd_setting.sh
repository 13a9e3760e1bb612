# What units and drop-ins of systemd's that an administrator has made hold servers back by, and names of the variables that
# they set; which servers beside the web's are at work, and whether root allows their restart.

servers_units() {
  for place in /etc/systemd/system/*.service /etc/systemd/system/*.service.d /etc/systemd/system.control/*.service.d; do
    unit=${place##*/}; unit=${unit%.d}
    [ -e "$place" ] && [ ! -L "$place" ] || continue
    case $unit in
      mariadb.service | mysql.service | ssh*.service | systemd-* | modbisect* | *@.service | dbus*) continue ;;
      *[!A-Za-z0-9@_.-]*) continue ;;
    esac
    case $unit in apache2.service | httpd.service | php*-fpm.service) printf '%s\n' "$unit"; continue ;; esac
    for tree in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
      [ -z "$(head -c 1 -- "$tree/system.slice/$unit/cgroup.procs" 2>/dev/null)" ] || { printf '%s\n' "$unit"; break; }
    done
  done | sort -u | head -n 50
}
at_work=$(servers_units)

section systemd-units
printf '%s\n' "$at_work" | grep -vE '^((apache2|httpd|nginx|php[0-9.]*-fpm)\.service)?$' | while IFS= read -r unit; do
  printf '%s %s\n' "$unit" "$(by_root | awk -v unit="$unit" '$1 == "unit" && $2 == unit {said = "allowed"} END {print said ? said : "-"}')"
done

section systemd-settings
printf '%s\n' "$at_work" | while IFS= read -r unit; do
  for file in "/etc/systemd/system/$unit" "/etc/systemd/system/$unit.d"/*.conf "/etc/systemd/system.control/$unit.d"/*.conf; do
    [ ! -f "$file" ] || [ -L "$file" ] || printf '%s\n' "$file"
  done
done | head -n 100 | holdable | tr '\n' '\0' | xargs -0r grep -D skip -nHE '^[[:space:]]*(CPUQuota|CPUWeight|CPUShares|CPUAffinity|AllowedCPUs|Nice|MemoryHigh|MemoryMax|MemoryLimit|MemorySwapMax|IOWeight|IOReadBandwidthMax|IOWriteBandwidthMax|IOReadIOPSMax|IOWriteIOPSMax|TasksMax|LimitNOFILE|LimitNPROC|LimitAS|IOSchedulingClass|IOSchedulingPriority|CPUSchedulingPolicy|Environment)[[:space:]]*=.*[^\]$' -- 2>/dev/null |
  head -n 200 | awk -v guards="^($(setting_shapes | sed -n 's/^guards\t-\t//p'))$" 'match($0, /^[^:]*:[0-9]+:/) {if (tolower(substr($0, RLENGTH + 1)) !~ guards || $0 !~ /:[ \t]*Environment/) print}' |
  sed -E -e '/:[[:space:]]*Environment[[:space:]]*=/{s/:[[:space:]]*Environment[[:space:]]*=[[:space:]]*"?([A-Za-z_][A-Za-z0-9_]*)=.*/:Environment=\1/;t' -e 'd;}' -e 's/=[^A-Za-z0-9%]*([A-Za-z0-9%./ :-]{1,60}).*/=\1/'
