#!/bin/sh
# Plants a setting that is off: opcache is loaded and keeps nothing. Run after shop.sh; /report shows it.
set -eu
php=$(ls /etc/php)

echo 'opcache.enable = 0' > /etc/php/$php/apache2/conf.d/99-local.ini
apache2ctl configtest
systemctl restart apache2
curl -fsS --fail-early -o /dev/null http://localhost/ -o /dev/null http://localhost/items/12
