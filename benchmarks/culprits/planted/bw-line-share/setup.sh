#!/bin/sh
# mod_bw shares the line out: files get so many bytes a second, from the time of the old line.
set -eu
cat > /etc/apache2/conf-available/line-share.conf <<'CONF'
<IfModule mod_bw.c>
	<Directory /var/www/html>
		LargeFileLimit *.txt 1000 3000000
	</Directory>
</IfModule>
CONF
# The module is switched on per site; its limits are per folder.
sed -i 's|^</VirtualHost>|\t<IfModule mod_bw.c>\n\t\tBandWidthModule On\n\t\tForceBandWidthModule On\n\t</IfModule>\n&|' /etc/apache2/sites-available/000-default.conf
a2enmod -q bw
a2enconf -q line-share
apache2ctl configtest
systemctl restart apache2
curl -fsS http://localhost/prices.txt | tail -1 | grep 'item 80000;'
