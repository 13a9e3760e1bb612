#!/bin/sh
# Two versions of PHP side by side, each with its FPM: the site was left behind on the older one, and another one below
# /new is served by the newer. Run after shop.sh. Both programs are Debian's PHP; only their names and places differ. The
# older one compresses what it sends; /export.php shows it.
set -eu
php=$(ls /etc/php)
old=7.4
phpenmod -v "$php" -s fpm shop
a2dismod -q -f "php$php" mpm_prefork deflate
a2enmod -q mpm_event proxy_fcgi setenvif

cp -a "/etc/php/$php" /etc/php/$old
rm -rf /etc/php/$old/apache2 /etc/php/$old/cli
sed -i "s|/etc/php/$php|/etc/php/$old|g; s|php$php|php$old|g" /etc/php/$old/fpm/*.conf /etc/php/$old/fpm/pool.d/*.conf
for link in /etc/php/$old/fpm/conf.d/*.ini; do
	[ ! -L "$link" ] || ln -sfn "/etc/php/$old/mods-available/$(basename "$(readlink "$link")")" "$link"
done
cp -p "/usr/sbin/php-fpm$php" /usr/sbin/php-fpm$old
sed "s|php$php|php$old|g; s|php-fpm$php|php-fpm$old|g; s|/php/$php/|/php/$old/|g" "/lib/systemd/system/php$php-fpm.service" |
	sed "s|^ExecStart=/usr/sbin/php-fpm$old|& -c /etc/php/$old/fpm/php.ini|; s|^\[Service\]|&\nEnvironment=PHP_INI_SCAN_DIR=/etc/php/$old/fpm/conf.d|" \
		>/lib/systemd/system/php$old-fpm.service
sed "s|php$php|php$old|g" "/etc/apache2/conf-available/php$php-fpm.conf" >/etc/apache2/conf-available/php$old-fpm.conf
cat >/etc/apache2/conf-available/new-site.conf <<END
Alias /new /srv/new
<Directory /srv/new>
	Require all granted
	<FilesMatch \.php$>
		SetHandler "proxy:unix:/run/php/php$php-fpm.sock|fcgi://new"
	</FilesMatch>
</Directory>
END
install -d /srv/new
echo '<?php echo "<html>new: ", PHP_VERSION, "</html>";' >/srv/new/index.php
a2enconf -q php$old-fpm new-site
echo 'zlib.output_compression = On' >/etc/php/$old/fpm/conf.d/90-traffic.ini
cat >/var/www/html/export.php <<'PHP'
<?php
declare(strict_types=1);

// All items for a dealer's own stock-keeping.
header('Content-Type: text/plain; charset=utf-8');
$lines = '';
for ($item = 1; $item <= 8000; $item++) {
    $lines .= "$item;" . ($item * 7919 % 99991) . ";item of our own make\n";
}
for ($shelf = 1; $shelf <= 40; $shelf++) {
    echo "shelf $shelf\n", $lines;
}
PHP
systemctl daemon-reload
systemctl enable -q "php$php-fpm" php$old-fpm
apache2ctl configtest
systemctl restart "php$php-fpm" php$old-fpm apache2
curl -fsS --retry 20 --retry-connrefused --retry-delay 1 http://localhost/export.php | tail -1 | grep -q '^8000;'
curl -fsS http://localhost/new/index.php | grep -q new
