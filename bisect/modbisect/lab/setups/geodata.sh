#!/bin/sh
# Plants a table that every page loads and hardly any needs: 20 MiB, given back after each request, so that only a
# worker's peak shows them. Run after shop.sh.
set -eu
php=$(ls /etc/php)

cat > /opt/geodata.php <<'PHP'
<?php
$places = str_repeat('52.5200,13.4050;', 5 << 18);
PHP
cat > /etc/php/$php/mods-available/geodata.ini <<'INI'
; priority=95
auto_prepend_file = /opt/geodata.php
INI
phpenmod -v $php -s apache2 geodata
apache2ctl configtest
systemctl restart apache2
curl -fsS --fail-early -o /dev/null http://localhost/ -o /dev/null http://localhost/items/12
