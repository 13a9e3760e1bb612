#!/bin/sh
# Plants a session for every request: those of one visitor wait for each other. Run after pages.sh; several requests
# of /stock.php at once, with one PHPSESSID, show it.
set -eu
php=$(ls /etc/php)

cat > /etc/php/$php/mods-available/visitors.ini <<'INI'
; priority=90
session.auto_start = 1
INI
phpenmod -v $php -s apache2 visitors
apache2ctl configtest
systemctl restart apache2
curl -fsS --fail-early -o /dev/null http://localhost/ -o /dev/null http://localhost/items/12
