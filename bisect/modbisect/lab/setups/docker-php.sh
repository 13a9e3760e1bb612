#!/bin/sh
# Apache and PHP laid out as in Docker's image for them: Debian's Apache, and one PHP below /usr/local with a file of its
# own for each extension and no php.ini. Run after shop.sh. A setting from a ticket about crashes interprets every regular
# expression; /terms.php shows it.
set -eu
php=$(ls /etc/php)
place=/usr/local/etc/php
install -d $place/conf.d
at=10
for file in "/etc/php/$php/apache2/conf.d"/*.ini; do
	name=${file##*/}
	cat "$file" >"$place/conf.d/docker-php-ext-$at-${name#*-}" # in the order that they are read in
	at=$((at + 1))
done
cp "/etc/php/$php/apache2/php.ini" $place/php.ini-production
echo 'pcre.jit = 0' >$place/conf.d/stability.ini

cp -p "/usr/lib/apache2/modules/libphp$php.so" /usr/lib/apache2/modules/libphp.so
a2dismod -q -f "php$php"
echo 'LoadModule php_module /usr/lib/apache2/modules/libphp.so' >/etc/apache2/mods-available/php.load
cat >/etc/apache2/conf-available/docker-php.conf <<'END'
<FilesMatch \.php$>
	SetHandler application/x-httpd-php
</FilesMatch>
DirectoryIndex disabled
DirectoryIndex index.php index.html
END
# What that PHP is built with.
printf 'export PHP_INI_SCAN_DIR=%s/conf.d\n' $place >>/etc/apache2/envvars
echo "PHPIniDir $place" >>/etc/apache2/conf-available/docker-php.conf
a2enmod -q php
a2enconf -q docker-php
rm -r "/etc/php/$php/apache2"

cat >/var/www/html/terms.php <<'PHP'
<?php
declare(strict_types=1);

// Marks each defined term in the conditions.
$words = ['seller', 'buyer', 'goods', 'delivery', 'price', 'withdrawal', 'liability', 'and', 'of', 'the', 'shall', 'not'];
$text = '';
for ($at = 0; $at < 200000; $at++) {
    $text .= $words[$at * 37 % 12] . ' ';
}
$marked = 0;
foreach (['(?:the|of) (?:\w+ )*?price', '\b(?:\w+ ){1,4}liability\b', '(?:[a-z]+ )+?withdrawal'] as $term) {
    $marked += preg_match_all("/$term/", $text);
}
echo "<html><body>$marked terms</body></html>\n";
PHP
apache2ctl configtest
systemctl restart apache2
curl -fsS http://localhost/terms.php | grep -q 'terms'
