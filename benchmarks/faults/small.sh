#!/bin/sh
# A small site, so that a trial is short: one page of PHP, and few modules. What the faults need is there: a module
# without which the server does not start though its configuration passes (slotmem_shm, for heartmonitor), a folder
# where a configuration test can be made to hang, a start that waits for a file to go, and the folder of the stop file.
set -eu

systemctl disable --quiet --now mariadb apache-htcacheclean
cd /etc/apache2/mods-enabled
for link in *; do
	case ${link%.*} in
	access_compat | actions | alias | asis | authn_core | authz_core | authz_host | cgi | deflate | dir | env | expires | \
		filter | headers | heartmonitor | mime | mpm_prefork | php8.2 | setenvif | slotmem_shm | status) : ;;
	*) rm "$link" ;;
	esac
done
cd /etc/php/8.2/apache2/conf.d
for link in *; do
	case $link in
	*-opcache.ini | *-apcu.ini | *-bcmath.ini | *-calendar.ini | *-ctype.ini | *-exif.ini | *-mbstring.ini) : ;;
	*) rm "$link" ;;
	esac
done

rm -f /var/www/html/index.html
echo '<?php echo "All ", array_sum([20, 22]), " items\n";' >/var/www/html/index.php

mkdir /etc/modbisect /etc/fault-conf.d /etc/systemd/system/apache2.service.d
printf 'on apache-module:%s\n' brotli rewrite sed >/etc/modbisect/allow
# What is edited: a file of root's with three lines of its own in front, one in a folder that is switched, two in a
# folder of its user's.
install -d -o ops -g ops /srv/site
sed -i '1i # edited by the bench\nHostnameLookups Off\nServerTokens Full' /etc/apache2/apache2.conf
printf '# edited by the bench\nTimeout 299\nKeepAlive On\n' >/etc/apache2/conf-enabled/plain.conf
for file in .htaccess config.php; do
	printf '# edited by the bench\nOptions -Indexes\nExpiresActive On\n' >"/srv/site/$file"
	chown ops:ops "/srv/site/$file"
done
for file in apache2/apache2.conf apache2/conf-enabled/plain.conf; do printf 'cut /etc/%s\naside /etc/%s\n' $file $file; done \
	>>/etc/modbisect/allow
for file in .htaccess config.php; do printf 'cut /srv/site/%s\naside /srv/site/%s\n' $file $file; done >>/etc/modbisect/allow
cat >/etc/apache2/sites-available/000-default.conf <<'END'
IncludeOptional /etc/fault-conf.d/*.conf
<VirtualHost *:80>
	DocumentRoot /var/www/html
</VirtualHost>
END
cat >/etc/systemd/system/apache2.service.d/hang.conf <<'END'
[Service]
ExecStartPre=/bin/sh -c 'while [ -e /run/fault-hang ]; do sleep 0.1; done'
END
cat >/etc/systemd/system/fault-bench.target <<'END'
[Unit]
Description=Isolated by the bench: a host with its site and its ssh, and nothing else
Requires=basic.target
Wants=apache2.service ssh.service dbus.service systemd-logind.service
AllowIsolate=yes
END
# A disk that is full when the power is cut is full behind the boot as well.
cat >/etc/systemd/system/fault-disk.service <<'END'
[Unit]
DefaultDependencies=no
Before=local-fs.target
ConditionPathExists=/root/disk
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'mount -t tmpfs -o mode=700,size=2m,nr_inodes=600 small /var/lib/modbisect && cp -a /root/disk/. /var/lib/modbisect/ && ! head -c 100M /dev/zero >>/var/lib/modbisect/.full'
[Install]
WantedBy=local-fs.target
END
systemctl daemon-reload
systemctl --quiet enable fault-disk.service
systemctl restart apache2
until curl -fsS http://localhost/ | grep -q 'All 42 items'; do sleep 0.1; done
