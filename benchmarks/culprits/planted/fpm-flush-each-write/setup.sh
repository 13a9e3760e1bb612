#!/bin/sh
# Apache with mpm_event and PHP-FPM. For one progress page somebody turned PHP's output buffer off for all.
set -eu
php=$(ls /etc/php)
a2dismod -q -f php$php mpm_prefork cgi
a2enmod -q mpm_event proxy_fcgi setenvif
a2enconf -q php$php-fpm
phpenmod -v $php -s fpm shop
cat > /var/www/html/feed.php <<'PHP'
<?php
declare(strict_types=1);

// The feed of a price comparison, written as it was ten years ago.
header('Content-Type: text/csv; charset=utf-8');
for ($item = 1; $item <= 12000; $item++) {
    echo $item, ';', sprintf('%.2f', $item * 37 % 9973 / 100), ';';
    echo $item % 7 ? 'in stock' : 'sold out', "\n";
}
PHP
touch -d '1 day ago' /var/www/html/feed.php
cat > /etc/php/$php/fpm/conf.d/50-progress.ini <<'INI'
; The import page shows its progress.
output_buffering = 0
implicit_flush = 1
INI
systemctl enable -q --now php$php-fpm
apache2ctl configtest
systemctl restart php$php-fpm apache2
curl -fsS http://localhost/feed.php | tail -1 | grep '^12000;'
