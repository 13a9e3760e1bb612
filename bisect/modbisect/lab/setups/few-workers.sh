#!/bin/sh
# Plants too few workers. Run after pages.sh; several requests of /stock.php at once show it.
set -eu

cat > /etc/apache2/conf-available/small-server.conf <<'CONF'
StartServers 2
MinSpareServers 1
MaxSpareServers 2
MaxRequestWorkers 2
CONF
a2enconf -q small-server
apache2ctl configtest
systemctl restart apache2
curl -fsS --fail-early -o /dev/null http://localhost/ -o /dev/null http://localhost/items/12
