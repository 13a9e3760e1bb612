#!/bin/sh
# Switches off what the shop does without, so that its server restarts in half the time, and has its report in a third of
# its files, which each start compiles anew. Run after shop.sh; for tests that restart it often.
set -eu

a2dismod -q -f allowmethods auth_digest authn_anon authn_dbm authn_socache authz_dbm authz_groupfile authz_owner cache \
	cache_disk cache_socache cern_meta charset_lite dav dav_fs dav_lock dbd ext_filter file_cache imagemap info log_debug \
	log_forensic lua macro mime_magic proxy_ajp proxy_connect proxy_ftp proxy_scgi proxy_wstunnel ratelimit reflector \
	remoteip request sed session session_cookie session_crypto session_dbd socache_dbm socache_memcache speling ssl \
	substitute suexec unique_id usertrack vhost_alias xml2enc
# phpdismod asks a dozen programs for each.
for module in bz2 curl dba exif ftp gd gmp imap intl ldap mailparse memcached msgpack pgsql pdo_pgsql pdo_sqlite \
	redis shmop soap sqlite3 sysvmsg sysvsem sysvshm tidy uploadprogress uuid xmlreader xmlwriter xsl yaml zip; do
	rm -f /etc/php/*/apache2/conf.d/*-"$module".ini
done
# One worker waits, and not five that each start has to bring up.
sed -i -E 's/(StartServers|MinSpareServers)([[:space:]]+)[0-9]+/\1\21/; s/(MaxSpareServers[[:space:]]+)[0-9]+/\12/' \
	/etc/apache2/mods-available/mpm_prefork.conf
sed -i 's/range(1, 420)/range(1, 140)/' /var/www/shop/shop.php
touch -d '1 day ago' /var/www/shop/shop.php
seq -f '/var/www/shop/report/part%g.php' 141 420 | xargs rm
apache2ctl configtest
systemctl restart apache2
curl -fsS --fail-early -o /dev/null http://localhost/ -o /dev/null http://localhost/items/12
