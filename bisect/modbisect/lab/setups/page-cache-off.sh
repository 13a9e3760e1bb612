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
# No default of its package: only root may let a run switch it on.
install -d /etc/modbisect
echo 'on apache-module:cache_disk' > /etc/modbisect/allow
apache2ctl configtest
systemctl restart apache2
curl -fsS --fail-early -o /dev/null http://localhost/ -o /dev/null http://localhost/items/12
