#!/bin/sh
# Apache adds a source to the security policy that a page sends in a header, by a regular expression that tries all ways to part the
# policy into words before it gives up.
set -eu
cat > /var/www/html/checkout.php <<'PHP'
<?php
$hosts = [];
foreach (['cdn', 'img', 'pay', 'maps', 'chat', 'fonts', 'video'] as $name) {
    $hosts[] = "https://$name.example.com";
    $hosts[] = "https://*.$name.example.net";
}
$sources = implode(' ', $hosts);
header("Content-Security-Policy: default-src 'self'; img-src 'self' data: $sources; script-src 'self' $sources");
echo "<html><body>Checkout: nothing to pay yet.</body></html>\n";
PHP
touch -d '1 day ago' /var/www/html/checkout.php
cat > /etc/apache2/conf-available/tracking-source.conf <<'CONF'
# Marketing: the pixel's host must be allowed wherever a policy is sent.
<IfModule mod_headers.c>
	Header edit Content-Security-Policy "^((\s*[^;\s]+)+\s*;)+$" "$0 frame-src https://pixel.example;"
	Header edit Content-Security-Policy "^(([^;,]*\s*)+[;,]\s*)+$" "$0 connect-src https://stats.example;"
</IfModule>
CONF
a2enmod -q headers
a2enconf -q tracking-source
apache2ctl configtest
systemctl restart apache2
curl -fsSi http://localhost/checkout.php | grep -i 'Checkout: nothing'
