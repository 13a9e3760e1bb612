#!/bin/sh
# Plants a bandwidth limit: small pages pass it unhindered. Run after pages.sh; /prices.txt, not compressed, shows it.
set -eu

cat > /etc/apache2/mods-available/ratelimit.conf <<'CONF'
# KiB/s
SetOutputFilter RATE_LIMIT
SetEnv rate-limit 8192
CONF
a2enmod -q ratelimit
apache2ctl configtest
systemctl restart apache2
curl -fsS --fail-early -o /dev/null http://localhost/ -o /dev/null http://localhost/items/12
