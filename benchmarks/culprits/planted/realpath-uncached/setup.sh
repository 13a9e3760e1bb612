#!/bin/sh
# While a site is moved by switching a link, PHP must not remember where paths lead: its path cache was switched off, and stayed so.
# The page looks up its templates thousands of times.
set -eu
php=$(ls /etc/php)
folder=/srv/releases/2024-05-13/vendor/shop/theme/src/Resources/views/storefront/component/product/box/parts
install -d $folder
for part in $(seq 150); do echo "<i>$part</i>" > "$folder/part$part.html"; done
ln -sfn /srv/releases/2024-05-13 /srv/current
cat > /var/www/html/theme.php <<'PHP'
<?php
declare(strict_types=1);

function template(string $name): string
{
    $folder = '/srv/current/vendor/shop/theme/src/Resources/views/storefront/component/product/box/parts';
    $file = realpath("$folder/$name.html");
    if ($file === false || !str_starts_with($file, '/srv/releases/')) {
        throw new RuntimeException("no template $name");
    }
    return $file;
}

for ($use = 0, $length = 0; $use < 15000; $use++) {
    $length += strlen(template('part' . (1 + $use % 150)));
}
echo "<html><body>15000 templates, $length characters.</body></html>\n";
PHP
touch -d '1 day ago' /var/www/html/theme.php
cat > /etc/php/$php/apache2/conf.d/30-deploy.ini <<'INI'
; The new release must be seen at once
realpath_cache_size = 0
INI
apache2ctl configtest
systemctl restart apache2
curl -fsS http://localhost/theme.php | grep '15000 templates'
