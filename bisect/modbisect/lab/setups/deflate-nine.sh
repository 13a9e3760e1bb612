#!/bin/sh
# Plants compression at its slowest, for a gain of a few bytes. Run after pages.sh; /prices.txt shows it.
set -eu

sed -i '1i DeflateCompressionLevel 9' /etc/apache2/mods-available/deflate.conf
apache2ctl configtest
systemctl restart apache2
curl -fsS --fail-early -o /dev/null http://localhost/ -o /dev/null http://localhost/items/12
