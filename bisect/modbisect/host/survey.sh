# Reads what is there; writes nothing. Sections "@@ NAME", parsed by modbisect.kinds.found.
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
# shellcheck disable=SC2034  # for a kind's part
declared=$(timeout 5 head -c 65536)   # the lists that a playbook declares
exec </dev/null
section() { printf '@@ %s\n' "$1"; }
lines() { [ ! "$1" ] || printf '%s\n' "$1"; } # of what was worked out once

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

# Of the machine itself where it is a virtual one, as its hypervisor has it: Xen's, then the firmware's.
section uuid
head -qc 64 /sys/hypervisor/uuid /sys/class/dmi/id/product_uuid 2>/dev/null

# Who listens on which port. A name is the program's own file, which nobody but its owner can choose. Elsewhere is whoever
# has another root than the host: in a container.
section listeners
here=$(stat -Lc %d:%i /)
find /proc/[0-9]*/fd -lname 'socket:*' -printf '%h %l\n' 2>/dev/null | awk '
  BEGIN {
    for (split("/proc/net/tcp /proc/net/tcp6", files, " "); n < 2;) {
      n++
      while ((getline <files[n]) > 0) if ($4 == "0A") {count = split($2, at, ":"); port["socket:[" $10 "]"] = at[count]}
    }
  }
  $2 in port {split($1, part, "/"); print port[$2], part[3]}' | sort -u | while read -r port pid; do
  name=$(readlink -- "/proc/$pid/exe" | sed 's/ (deleted)$//; s|.*/||')
  case $(stat -Lc %d:%i -- "/proc/$pid/root/" 2>/dev/null) in "$here" | '') where='' ;; *) where=' elsewhere' ;; esac
  echo "$((0x$port)) $name$where"
done | grep -xE '[0-9]+ [A-Za-z0-9_.+-]+( elsewhere)?' | sort -un -k 1,1 -k 2

section package-lock
for lock in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/rpm/.rpm.lock /usr/lib/sysimage/rpm/.rpm.lock; do
  inode=$(stat -c %i "$lock" 2>/dev/null) || continue
  ! grep -q ":$inode 0" /proc/locks || echo "$lock"
done

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
