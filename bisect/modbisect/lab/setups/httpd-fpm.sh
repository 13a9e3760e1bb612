#!/bin/sh
# The shop on the layout of RHEL and its kin: httpd, conf.modules.d, conf.d, php.d, one php-fpm of all; a shell and an awk
# as there, and nothing of Debian's own that tells what is installed. Run after shop.sh, with the package gawk. The
# programs are Debian's by the names that they have there; where their files lie is said on their command lines. A conf
# asks a slow program about every address.
set -eu
php=$(ls /etc/php)
phpenmod -v "$php" -s fpm shop
systemctl disable -q --now apache2 "php$php-fpm"

# --- httpd ----------------------------------------------------------------------------------------------
install -d /etc/httpd/conf /etc/httpd/conf.d /etc/httpd/conf.modules.d /usr/lib64/httpd /var/log/httpd /var/www/cgi-bin
chmod 700 /var/log/httpd
cp -a /usr/lib/apache2/modules /usr/lib64/httpd/modules
cp /usr/sbin/apache2 /usr/sbin/httpd
ln -s ../../usr/lib64/httpd/modules ../../var/log/httpd /etc/httpd/
mv /etc/httpd/httpd /etc/httpd/logs
ln -s /run/httpd /etc/httpd/run
cp /etc/apache2/magic /etc/httpd/conf/magic
modules() { # FILE NAME...: of these the ones that are built apart
  file=/etc/httpd/conf.modules.d/$1
  shift
  for name; do
    [ ! -e "/usr/lib64/httpd/modules/mod_$name.so" ] || echo "LoadModule ${name}_module modules/mod_$name.so"
  done >"$file"
}
modules 00-base.conf access_compat actions alias allowmethods auth_basic auth_digest authn_anon authn_core authn_dbd authn_dbm \
  authn_file authn_socache authz_core authz_dbd authz_dbm authz_groupfile authz_host authz_owner authz_user autoindex cache \
  cache_disk cache_socache data dbd deflate dir dumpio echo env expires ext_filter filter headers include info log_config \
  logio macro mime_magic mime negotiation remoteip reqtimeout request rewrite setenvif slotmem_plain slotmem_shm \
  socache_dbm socache_memcache socache_redis socache_shmcb status substitute suexec unique_id unixd userdir version \
  vhost_alias watchdog
modules 00-dav.conf dav dav_fs dav_lock
modules 00-lua.conf lua
modules 00-mpm.conf mpm_event
modules 00-proxy.conf proxy lbmethod_bybusyness lbmethod_byrequests lbmethod_bytraffic lbmethod_heartbeat proxy_ajp \
  proxy_balancer proxy_connect proxy_express proxy_fcgi proxy_fdpass proxy_ftp proxy_http proxy_hcheck proxy_scgi \
  proxy_uwsgi proxy_wstunnel
modules 01-cgi.conf cgid
modules 10-h2.conf http2
cat >/etc/httpd/conf/httpd.conf <<'END'
ServerRoot "/etc/httpd"
# What httpd itself is built with on such a system.
PidFile run/httpd.pid
Listen 80
Include conf.modules.d/*.conf
User www-data
Group www-data
ServerAdmin root@localhost
<Directory />
    AllowOverride none
    Require all denied
</Directory>
DocumentRoot "/var/www/html"
<Directory "/var/www">
    AllowOverride None
    Require all granted
</Directory>
<Directory "/var/www/html">
    Options Indexes FollowSymLinks
    AllowOverride All
    Require all granted
</Directory>
<IfModule dir_module>
    DirectoryIndex index.html
</IfModule>
<Files ".ht*">
    Require all denied
</Files>
ErrorLog "logs/error_log"
LogLevel warn
<IfModule log_config_module>
    LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"" combined
    CustomLog "logs/access_log" combined
</IfModule>
<IfModule alias_module>
    ScriptAlias /cgi-bin/ "/var/www/cgi-bin/"
</IfModule>
<IfModule mime_module>
    TypesConfig /etc/mime.types
    AddType application/x-compress .Z
    AddType text/html .shtml
    AddOutputFilter INCLUDES .shtml
</IfModule>
AddDefaultCharset UTF-8
<IfModule mime_magic_module>
    MIMEMagicFile conf/magic
</IfModule>
EnableSendfile on
IncludeOptional conf.d/*.conf
END
cat >/etc/httpd/conf.d/php.conf <<'END'
<Files ".user.ini">
    Require all denied
</Files>
AddType text/html .php
DirectoryIndex index.php
<IfModule proxy_fcgi_module>
    <FilesMatch \.(php|phar)$>
        SetHandler "proxy:unix:/run/php-fpm/www.sock|fcgi://localhost"
    </FilesMatch>
</IfModule>
END
cat >/etc/httpd/conf.d/autoindex.conf <<'END'
IndexOptions FancyIndexing HTMLTable VersionSort
DefaultIcon /icons/unknown.gif
END
cat >/etc/httpd/conf.d/userdir.conf <<'END'
<IfModule userdir_module>
    UserDir disabled
</IfModule>
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
cat >/etc/httpd/conf.d/old-addresses.conf <<'END'
# campaign of 2019
ExpiresActive On
<Location "/campaign">
    ErrorDocument 404 "The campaign is over."
</Location>
RewriteEngine On
RewriteMap old prg:/opt/old-addresses/lookup
RewriteCond ${old:%{REQUEST_URI}} ^(/.+)$
RewriteRule ^ %1 [R=301,L]
END
cat >/lib/systemd/system/httpd.service <<'END'
[Unit]
Description=The Apache HTTP Server
Wants=php-fpm.service
After=network.target php-fpm.service
[Service]
Type=simple
RuntimeDirectory=httpd
ExecStart=/usr/sbin/httpd -d /etc/httpd -f conf/httpd.conf $OPTIONS -DFOREGROUND
ExecReload=/usr/sbin/httpd -d /etc/httpd -f conf/httpd.conf -k graceful
KillMode=mixed
[Install]
WantedBy=multi-user.target
END

# --- PHP ------------------------------------------------------------------------------------------------
install -d /etc/php.d /etc/php-fpm.d /var/log/php-fpm /var/lib/php/session
chown www-data /var/lib/php/session
cp "/etc/php/$php/fpm/php.ini" /etc/php.ini
for file in "/etc/php/$php/fpm/conf.d"/*.ini; do cat "$file" >"/etc/php.d/${file##*/}"; done
cp "/usr/sbin/php-fpm$php" /usr/sbin/php-fpm
printf 'include=/etc/php-fpm.d/*.conf\n[global]\npid = /run/php-fpm/php-fpm.pid\nerror_log = /var/log/php-fpm/error.log\ndaemonize = no\n' >/etc/php-fpm.conf
cat >/etc/php-fpm.d/www.conf <<'END'
[www]
user = www-data
group = www-data
listen = /run/php-fpm/www.sock
listen.owner = www-data
pm = dynamic
pm.max_children = 50
pm.start_servers = 5
pm.min_spare_servers = 5
pm.max_spare_servers = 35
slowlog = /var/log/php-fpm/www-slow.log
php_admin_value[error_log] = /var/log/php-fpm/www-error.log
php_admin_flag[log_errors] = on
php_value[session.save_handler] = files
php_value[session.save_path] = /var/lib/php/session
END
cat >/lib/systemd/system/php-fpm.service <<'END'
[Unit]
Description=The PHP FastCGI Process Manager
After=network.target
[Service]
Type=notify
RuntimeDirectory=php-fpm
Environment=PHP_INI_SCAN_DIR=/etc/php.d
ExecStart=/usr/sbin/php-fpm --nodaemonize --fpm-config /etc/php-fpm.conf -c /etc/php.ini
ExecReload=/bin/kill -USR2 $MAINPID
[Install]
WantedBy=multi-user.target
END

# --- what is not there ----------------------------------------------------------------------------------
rm -rf /etc/apache2 /etc/php /var/lib/apache2 /var/lib/php/modules /var/lib/dpkg /var/log/dpkg.log /var/lib/ucf
rm -f /usr/sbin/apache2* /usr/sbin/a2* "/usr/sbin/php-fpm$php" /usr/sbin/php*mod /usr/bin/dpkg* /usr/bin/apt*
rm -f /lib/systemd/system/apache2* /lib/systemd/system/php*-fpm.service.d "/lib/systemd/system/php$php-fpm.service" /lib/systemd/system/phpsessionclean*
ln -sf bash /bin/sh
ln -sf gawk /usr/bin/awk
systemctl daemon-reload
systemctl enable -q httpd php-fpm
systemctl restart php-fpm httpd
curl -fsS --retry 20 --retry-all-errors --retry-delay 1 http://localhost/ | grep -q 'All items'
