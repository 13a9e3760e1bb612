#!/bin/sh
# Turns a freshly installed Debian tree into a lab host's tree. Runs inside the tree (chroot), as root.
set -eu
export LC_ALL=C.UTF-8
php=$(php -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;')

# --- the people -----------------------------------------------------------------------------------------
useradd --create-home --shell /bin/bash --uid 1000 ops
install -d -m 0700 -o ops -g ops /home/ops/.ssh
printf 'ops ALL=(ALL:ALL) NOPASSWD: ALL\n' > /etc/sudoers.d/ops
chmod 0440 /etc/sudoers.d/ops

# --- ssh: quick logins, and no key that two hosts could share --------------------------------------------
rm -f /etc/ssh/ssh_host_*
cat > /etc/ssh/sshd_config.d/10-lab.conf <<'END'
HostKey /etc/ssh/ssh_host_ed25519_key
PasswordAuthentication no
UseDNS no
PrintLastLog no
# A test suite opens many connections at once; the default (10:30:100) drops some of them at random.
MaxStartups 100:30:200
END
# The caller's locales are not installed here: accepting them makes perl and bash complain.
sed -i 's/^AcceptEnv/#&/' /etc/ssh/sshd_config
sed -i -E '/pam_(motd|mail|lastlog)\.so/d' /etc/pam.d/sshd /etc/pam.d/login
# Names are looked up in /etc/hosts only: a host has no name server, and waiting for one slows sudo and ssh.
sed -i 's/^hosts:.*/hosts: files/' /etc/nsswitch.conf
: > /etc/resolv.conf
: > /etc/machine-id
: > /etc/fstab
printf 'LANG=C.UTF-8\n' > /etc/default/locale

# --- systemd: nothing that a container cannot do, nothing that a short life does not need -----------------
ln -sf /lib/systemd/system/multi-user.target /etc/systemd/system/default.target
for unit in \
	apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
	logrotate.timer man-db.timer phpsessionclean.timer systemd-tmpfiles-clean.timer \
	console-getty.service getty.target getty-static.service e2scrub_reap.service \
	systemd-udevd.service systemd-udev-trigger.service systemd-networkd.service systemd-resolved.service \
	systemd-timesyncd.service systemd-remount-fs.service systemd-sysctl.service systemd-modules-load.service \
	systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-pstore.service \
	systemd-binfmt.service systemd-ask-password-wall.path systemd-ask-password-console.path \
	dev-hugepages.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount \
	sys-fs-fuse-connections.mount proc-sys-fs-binfmt_misc.automount; do
	ln -sf /dev/null "/etc/systemd/system/$unit"
done
install -d /etc/systemd/journald.conf.d /etc/systemd/system/mariadb.service.d /etc/systemd/system.conf.d
printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=32M\nReadKMsg=no\nAudit=no\n' \
	> /etc/systemd/journald.conf.d/lab.conf
printf '[Manager]\nDefaultTimeoutStopSec=20s\n' > /etc/systemd/system.conf.d/lab.conf
# The checks Debian runs after each start of the database cost more than the start itself.
printf '[Service]\nExecStartPost=\n' > /etc/systemd/system/mariadb.service.d/lab.conf
systemctl disable "php$php-fpm.service"
systemctl enable apache2.service mariadb.service ssh.service

# --- Apache: prefork + mod_php, and a wide set of modules that leave the site as it is ---------------------
a2dismod -q -f mpm_event security2
a2enmod -q mpm_prefork "php$php" \
	actions allowmethods asis auth_digest authn_anon authn_dbm authn_socache authz_dbm authz_groupfile \
	authz_owner buffer cache cache_disk cache_socache cern_meta cgi charset_lite data dav dav_fs dav_lock dbd \
	echo expires ext_filter file_cache headers heartmonitor imagemap include info log_debug log_forensic \
	lua macro mime_magic proxy proxy_ajp proxy_connect proxy_fcgi proxy_ftp proxy_http proxy_scgi \
	proxy_wstunnel ratelimit reflector remoteip request rewrite sed session session_cookie session_crypto \
	session_dbd slotmem_shm socache_dbm socache_memcache socache_shmcb speling ssl substitute suexec \
	unique_id userdir usertrack vhost_alias xml2enc
apache2ctl configtest
phpdismod -s ALL xdebug

rm -rf /var/cache/apt/* /var/lib/apt/lists/* /var/log/*.log /var/log/apt /usr/share/man /usr/share/info
