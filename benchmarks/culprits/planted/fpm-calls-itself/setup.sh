#!/bin/sh
# Apache with mpm_event and PHP-FPM. A page shows the stock, which it asks its own site for over HTTP, and does without if that takes
# too long. The pool has been made small, for a host with little memory.
set -eu
php=$(ls /etc/php)
a2dismod -q -f php$php mpm_prefork cgi
a2enmod -q mpm_event proxy_fcgi setenvif
a2enconf -q php$php-fpm
phpenmod -v $php -s fpm shop
install -d /var/www/html/panel
cat > /var/www/html/panel/count.php <<'PHP'
<?php
declare(strict_types=1);

$database = new mysqli('localhost', 'shop', 'shop', 'shop');
header('Content-Type: application/json');
echo json_encode(['items' => (int) $database->query('SELECT COUNT(*) FROM items')->fetch_row()[0]]);
PHP
cat > /var/www/html/panel/index.php <<'PHP'
<?php
declare(strict_types=1);

// The panel asks as any other customer of the interface does.
$context = stream_context_create(['http' => ['timeout' => 1.2, 'ignore_errors' => true]]);
$answer = @file_get_contents('http://127.0.0.1/panel/count.php', false, $context);
$items = is_string($answer) ? json_decode($answer, true)['items'] ?? null : null;
?>
<html><body><h1>Panel of the shop</h1>
<p><?= $items === null ? 'The stock is being counted.' : "$items items in stock." ?></p></body></html>
PHP
find /var/www/html/panel -exec touch -d '1 day ago' {} +
cat > /etc/php/$php/fpm/pool.d/zz-small-host.conf <<'CONF'
; This host has 1 GB, and MariaDB needs most of it.
[www]
pm = static
pm.max_children = 1
CONF
systemctl enable -q --now php$php-fpm
apache2ctl configtest
systemctl restart php$php-fpm apache2
curl -fsS http://localhost/items/12 | grep 'Item 12 costs'
curl -fsS http://localhost/panel/ | grep 'Panel of the shop'
