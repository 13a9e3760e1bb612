#!/bin/sh
# Short links of a campaign, kept in SQLite and asked by mod_rewrite on each URL. The table has no index.
set -eu
install -d -o www-data /var/lib/short-links
python3 - <<'PY'
import sqlite3
db = sqlite3.connect("/var/lib/short-links/links.db")
db.execute("CREATE TABLE links (source TEXT, target TEXT, campaign TEXT, created TEXT)")
db.executemany("INSERT INTO links VALUES (?, ?, ?, ?)",
    ((f"/go/{n * 7919 % 9999991:07d}", f"/items/{n % 60 + 1}", f"newsletter {n % 211} of the spring sale", "2019-04-01 12:00:00")
     for n in range(2000000)))
db.commit()
PY
chown -R www-data /var/lib/short-links
cat > /etc/apache2/conf-available/short-links.conf <<'CONF'
# Campaign links: /go/NUMBER
<IfModule mod_dbd.c>
	DBDriver sqlite3
	DBDParams /var/lib/short-links/links.db
	DBDMax 4
	<IfModule mod_rewrite.c>
		RewriteEngine On
		RewriteOptions InheritDownBefore
		RewriteMap links "dbd:SELECT target FROM links WHERE source = %s"
		RewriteCond ${links:%{REQUEST_URI}} ^(/.+)$
		RewriteRule ^ %1 [R=302,L]
	</IfModule>
</IfModule>
CONF
# The site takes part in the server's rules.
sed -i 's/^<VirtualHost .*/&\n\t<IfModule mod_rewrite.c>\n\t\tRewriteEngine On\n\t<\/IfModule>/' /etc/apache2/sites-available/000-default.conf
a2enconf -q short-links
apache2ctl configtest
systemctl restart apache2
curl -fsS -o /dev/null http://localhost/catalogue.php
curl -fsS -o /dev/null -w '%{redirect_url}\n' http://localhost/go/0007919 | grep items
