#!/bin/sh
# Plants a pair of confs: one looks a visitor's country up where the request does not name it, with a slow program;
# the other takes that name out of each request. Run after shop.sh; a request with X-Country shows it.
set -eu

install -d /opt/countries
cat > /opt/countries/lookup <<'PERL'
#!/usr/bin/perl
$| = 1;
while (<STDIN>) {
	select undef, undef, undef, 0.06;
	print "nowhere\n";
}
PERL
chmod 755 /opt/countries/lookup
cat > /etc/apache2/conf-available/countries.conf <<'CONF'
<IfModule rewrite_module>
	RewriteEngine On
	RewriteMap country prg:/opt/countries/lookup
	RewriteCond %{HTTP:X-Country} ^$
	RewriteRule ^ - [E=COUNTRY:${country:%{REMOTE_ADDR}}]
</IfModule>
CONF
# Without IfModule: this conf needs mod_headers, and the configuration test says so.
echo 'RequestHeader unset X-Country early' > /etc/apache2/conf-available/untrusted-headers.conf
# The site takes the server's rules over only when it says so.
sed -i 's/^<.VirtualHost>/\t<IfModule rewrite_module>\n\t\tRewriteOptions Inherit\n\t<\/IfModule>\n&/' \
	/etc/apache2/sites-available/000-default.conf
a2enconf -q countries untrusted-headers
apache2ctl configtest
systemctl restart apache2
curl -fsS --fail-early -o /dev/null http://localhost/ -o /dev/null http://localhost/items/12
