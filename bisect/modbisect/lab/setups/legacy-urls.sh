#!/bin/sh
# Plants a rewrite map that asks a slow program about every URL, one request after the other. Run after shop.sh.
set -eu

install -d /opt/legacy-urls
cat > /opt/legacy-urls/lookup <<'PERL'
#!/usr/bin/perl
# Answers what a URL of the old shop is called now; NULL for none. It asks a table far away.
$| = 1;
while (<STDIN>) {
	select undef, undef, undef, 0.04;
	print "NULL\n";
}
PERL
chmod 755 /opt/legacy-urls/lookup
cat > /etc/apache2/conf-available/legacy-urls.conf <<'CONF'
<IfModule rewrite_module>
	RewriteEngine On
	RewriteMap legacy prg:/opt/legacy-urls/lookup
	RewriteCond ${legacy:%{REQUEST_URI}} ^(/.+)$
	RewriteRule ^ %1 [R=301,L]
</IfModule>
CONF
# The site takes the server's rules over only when it says so.
sed -i 's/^<.VirtualHost>/\t<IfModule rewrite_module>\n\t\tRewriteOptions Inherit\n\t<\/IfModule>\n&/' \
	/etc/apache2/sites-available/000-default.conf
a2enconf -q legacy-urls
apache2ctl configtest
systemctl restart apache2
curl -fsS --fail-early -o /dev/null http://localhost/ -o /dev/null http://localhost/items/12
