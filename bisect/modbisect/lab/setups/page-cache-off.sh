#!/bin/sh
# Plants a missing component: the pages that a conf wants cached are not, for the cache's module is off. Run after
# pages.sh; /stock.php shows it.
set -eu

cat > /etc/apache2/conf-available/page-cache.conf <<'CONF'
<IfModule cache_disk_module>
	CacheRoot /var/cache/apache2/mod_cache_disk
	CacheEnable disk /stock.php
	CacheIgnoreNoLastMod On
	CacheDefaultExpire 600
</IfModule>
CONF
a2enconf -q page-cache
a2dismod -q cache_disk
apache2ctl configtest
systemctl restart apache2
curl -fsS --fail-early -o /dev/null http://localhost/ -o /dev/null http://localhost/items/12
