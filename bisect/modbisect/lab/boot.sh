#!/bin/sh
# Starts one host in three steps, each the exec of the next, so that its systemd keeps the process started here.
# usage: boot.sh box CGROUP NETNS TREE HOME NAME
# Prints the pid of the host's systemd, as the box sees it, once nothing is left that could fail.
set -eu
step=$1 cgroup=$2 netns=$3 tree=$4 home=$5 name=$6
root=$home/root

case $step in
box)
	# The waiting parent stays beside the host's own cgroup: on a pure v2 box systemd can share out
	# controllers only from a cgroup that has no process of its own.
	echo 0 > "$cgroup/cgroup.procs"
	exec nsenter --net="$netns" unshare --mount --pid --fork --uts --ipc \
		sh "$0" spaces "$cgroup" "$netns" "$tree" "$home" "$name"
	;;
spaces)
	echo 0 > "$cgroup/host/cgroup.procs"
	exec unshare --cgroup sh "$0" host "$cgroup" "$netns" "$tree" "$home" "$name"
	;;
esac

# /proc is still the box's here.
read -r pid _ < /proc/self/stat

hostname "$name"
mount -t overlay overlay -o "lowerdir=$tree,upperdir=$home/upper,workdir=$home/work" "$root"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
for path in sys sysrq-trigger; do
	[ -e "$root/proc/$path" ] || continue # a kernel may be built without sysrq
	mount --bind "$root/proc/$path" "$root/proc/$path"
	mount -o remount,bind,ro "$root/proc/$path"
done
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o nosuid,mode=755 dev "$root/dev"
for node in null zero full random urandom tty; do
	: > "$root/dev/$node"
	mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o nosuid,nodev shm "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
mount -t tmpfs -o nosuid,nodev,mode=755 run "$root/run"
mount -t tmpfs -o nosuid,nodev,mode=1777 tmp "$root/tmp"

# With pivot_root nothing of the box's own file system is left in the host's mount namespace.
mkdir "$root/run/box"
cd "$root"
pivot_root . run/box
umount -l /run/box
rmdir /run/box

echo "$pid"
exec >&2
# What a host must not do to the kernel it shares with the box.
exec setpriv --bounding-set -sys_module,-sys_time,-sys_boot,-syslog,-sys_rawio,-mknod --inh-caps -all \
	env -i container=modbisect PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	/lib/systemd/systemd --unit=multi-user.target --show-status=0
