#!/bin/sh
# The brand got a new name: a second site, for every name the first one does not have, rewrites the texts on their way out.
set -eu
cat > /etc/apache2/sites-available/rebrand.conf <<'CONF'
<VirtualHost *:80>
	ServerName www.new-brand.example
	ServerAlias *
	DocumentRoot /var/www/html
	<Directory /var/www/html>
		AllowOverride All
	</Directory>
	<IfModule mod_substitute.c>
		AddOutputFilterByType SUBSTITUTE text/html text/plain
		SubstituteMaxLineLength 20m
		Substitute "s/old[- ]?(brand|shop|name)/new $1/i"
		Substitute "s|([a-z]+\.)*old-brand\.example|www.new-brand.example|i"
		Substitute "s/(item|shelf) +([0-9]+)/$1 $2/"
		Substitute "s|([0-9]+)\.([0-9]{2})( EUR)?$|$1.$2|"
		Substitute "s|(.*)copyright .*old(.*)|$1$2|i"
	</IfModule>
	ErrorLog ${APACHE_LOG_DIR}/rebrand-error.log
	CustomLog ${APACHE_LOG_DIR}/rebrand-access.log combined
</VirtualHost>
CONF
# The first site had no name until then.
sed -i 's/^<VirtualHost .*/&\n\tServerName www.old-brand.example/' /etc/apache2/sites-available/000-default.conf
a2ensite -q rebrand
apache2ctl configtest
systemctl restart apache2
curl -fsS http://localhost/prices.txt | tail -1 | grep 'item 80000;'
