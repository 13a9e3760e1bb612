#!/bin/sh
# Plants a pair: with MultiViews, mod_negotiation reads the whole folder for each URL that is no file. Run after
# shop.sh; its pretty URLs show it.
set -eu

perl -e 'for (1 .. 60_000) { open my $file, ">", sprintf "/var/www/html/thumb-%05d.jpg", $_ or die $! }'
cat > /etc/apache2/conf-available/language-pages.conf <<'CONF'
<Directory /var/www/html>
	Options +MultiViews
</Directory>
CONF
a2enconf -q language-pages
apache2ctl configtest
systemctl restart apache2
curl -fsS --fail-early -o /dev/null http://localhost/ -o /dev/null http://localhost/items/12
