#!/bin/sh
# A DokuWiki as Debian's package has it, below /dokuwiki, open to all as its question on access offers. One page is a long list of
# parts. Somebody found that an included page was seen late, and has Apache take care of that.
set -eu
sed -i 's/Allow from localhost.*/Allow from all/' /etc/dokuwiki/apache.conf
cat > /etc/dokuwiki/local.php <<'PHP'
<?php
$conf['title'] = 'Workshop';
$conf['license'] = 'cc-by-sa';
$conf['useacl'] = 0;
PHP
pages=/var/lib/dokuwiki/data/pages
cat > $pages/start.txt <<'END'
====== Workshop ======

What is where: [[parts]], [[machines]].
END
cat > $pages/machines.txt <<'END'
====== Machines ======

  * the lathe, with a chuck of 160 mm
  * the drill press
END
perl -e '
	print "====== Parts ======\n\nAll that lies in the drawers. See also [[machines]].\n";
	for my $drawer (1 .. 40) {
		print "\n===== Drawer $drawer =====\n\n^ Part ^ Size ^ Note ^\n";
		for my $part (1 .. 20) {
			my $size = $drawer * $part % 97;
			print "| [[part:p$drawer-$part|part $drawer.$part]] | **$size x 640** mm | //steel//, see ((counted in week $part)) HTML and CSS ... |\n";
		}
	}
' > $pages/parts.txt
chown -R www-data: $pages
cat > /etc/apache2/conf-available/wiki-fresh.conf <<'CONF'
# Included pages were seen late: no page of the wiki from its cache.
<IfModule mod_rewrite.c>
	<Directory /usr/share/dokuwiki>
		RewriteEngine On
		RewriteBase /dokuwiki
		RewriteCond %{QUERY_STRING} !(^|&)purge=
		RewriteRule ^doku\.php$ doku.php?purge=true [QSA,L]
	</Directory>
</IfModule>
CONF
a2enconf -q dokuwiki wiki-fresh
apache2ctl configtest
systemctl restart apache2
curl -fsS 'http://localhost/dokuwiki/doku.php?id=machines' | grep 'with a chuck of 160 mm'
curl -fsS 'http://localhost/dokuwiki/doku.php?id=parts' | grep 'All that lies in the drawers'
