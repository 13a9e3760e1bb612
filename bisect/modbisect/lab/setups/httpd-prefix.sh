#!/bin/sh
# The shop on an Apache with a prefix of its own, as built from its sources: /usr/local/apache2, all in one file and what
# that includes by name; PHP within it, in the place that Docker's images have. Run after shop.sh. The program is Debian's;
# where its files lie is said on its command line. An included file asks a slow program about every address.
set -eu
php=$(ls /etc/php)
home=/usr/local/apache2 place=/usr/local/etc/php
systemctl disable -q --now apache2

install -d $home/bin $home/conf/extra $home/logs $home/htdocs $place/conf.d
cp -a /usr/lib/apache2/modules $home/modules
cp /usr/sbin/apache2 $home/bin/httpd
cp /etc/apache2/magic /etc/mime.types $home/conf/
{
  cat <<'END'
ServerRoot "/usr/local/apache2"
PidFile logs/httpd.pid
Listen 80
END
  for name in mpm_prefork authn_file authn_core authz_host authz_groupfile authz_user authz_core access_compat auth_basic \
    reqtimeout filter mime env headers expires setenvif status autoindex dir alias rewrite deflate cgi info userdir \
    negotiation include; do
    [ ! -e "$home/modules/mod_$name.so" ] || echo "LoadModule ${name}_module modules/mod_$name.so"
  done
  echo "LoadModule php_module modules/libphp$php.so"
  cat <<'END'
<IfModule unixd_module>
User www-data
Group www-data
</IfModule>
ServerAdmin you@example.com
<Directory />
    AllowOverride none
    Require all denied
</Directory>
DocumentRoot "/var/www/html"
<Directory "/var/www/html">
    Options Indexes FollowSymLinks
    AllowOverride All
    Require all granted
</Directory>
<IfModule dir_module>
    DirectoryIndex index.html index.php
</IfModule>
<Files ".ht*">
    Require all denied
</Files>
ErrorLog "logs/error_log"
LogLevel warn
<IfModule mime_module>
    TypesConfig conf/mime.types
</IfModule>
PHPIniDir /usr/local/etc/php
<FilesMatch \.php$>
    SetHandler application/x-httpd-php
</FilesMatch>
Include conf/extra/httpd-default.conf
Include conf/extra/httpd-old-addresses.conf
END
} >$home/conf/httpd.conf
cat >$home/conf/extra/httpd-default.conf <<'END'
Timeout 60
KeepAlive On
MaxKeepAliveRequests 100
KeepAliveTimeout 5
UseCanonicalName Off
ServerTokens Full
ServerSignature Off
END
cat >$home/conf/extra/httpd-old-addresses.conf <<'END'
RewriteEngine On
RewriteMap old prg:/opt/old-addresses/lookup
RewriteCond ${old:%{REQUEST_URI}} ^(/.+)$
RewriteRule ^ %1 [R=301,L]
END
install -d /opt/old-addresses
cat >/opt/old-addresses/lookup <<'PERL'
#!/usr/bin/perl
$| = 1;
while (<STDIN>) {
	select undef, undef, undef, 0.3;
	print "NULL\n";
}
PERL
chmod 755 /opt/old-addresses/lookup

at=10
for file in "/etc/php/$php/apache2/conf.d"/*.ini; do
  name=${file##*/}
  cat "$file" >"$place/conf.d/docker-php-ext-$at-${name#*-}"   # in the order that they are read in
  at=$((at + 1))
done
cp "/etc/php/$php/apache2/php.ini" $place/php.ini

cat >/etc/systemd/system/httpd.service <<'END'
[Unit]
Description=Apache
After=network.target
[Service]
Environment=PHP_INI_SCAN_DIR=/usr/local/etc/php/conf.d
ExecStart=/usr/local/apache2/bin/httpd -d /usr/local/apache2 -f conf/httpd.conf -D FOREGROUND
KillMode=mixed
[Install]
WantedBy=multi-user.target
END
rm -rf /etc/apache2 /etc/php/*/apache2 /etc/php/*/fpm /var/lib/apache2
rm -f /usr/sbin/apache2* /usr/sbin/a2*
systemctl daemon-reload
systemctl enable -q httpd
systemctl restart httpd
curl -fsS --retry 20 --retry-all-errors --retry-delay 1 http://localhost/ | grep -q 'All items'
