#!/bin/sh
# A static site under mpm_event, no PHP. Its parcels have no file name suffix and are compressed; to list them, mod_mime_magic
# looks into each, and has gzip unpack it.
set -eu
php=$(ls /etc/php)
a2dismod -q -f php$php mpm_prefork cgi
a2enmod -q mpm_event mime_magic
install -d /srv/static/parcels
echo '<html><body>Parcels for our dealers: <a href="/parcels/">all of them</a></body></html>' > /srv/static/index.html
perl -e 'for (1 .. 80_000) { printf "item %d; shelf %d\n", $_, $_ * 7919 % 1009 }' > /srv/static/shelves.txt
for parcel in $(seq 60); do
	head -n $((parcel * 50)) /srv/static/shelves.txt | gzip > "/srv/static/parcels/parcel-$parcel"
done
cat > /etc/apache2/sites-available/000-default.conf <<'CONF'
<VirtualHost *:80>
	DocumentRoot /srv/static
	<Directory /srv/static>
		Options Indexes
		Require all granted
	</Directory>
	ErrorLog ${APACHE_LOG_DIR}/error.log
	CustomLog ${APACHE_LOG_DIR}/access.log combined
</VirtualHost>
CONF
apache2ctl configtest
systemctl restart apache2
curl -fsS http://localhost/parcels/ | grep 'parcel-60"'
