#!/bin/sh
# A wiki of an operations team, as Debian's package has it: below /mediawiki, with its settings in /etc/mediawiki. Seven extensions
# that come with the package are loaded. Its pages are parsed at each view, as the team wanted figures on them to be of the day.
set -eu
mariadb <<'SQL'
CREATE OR REPLACE USER wiki@localhost IDENTIFIED BY 'wiki-db-word';
CREATE DATABASE IF NOT EXISTS wiki;
GRANT ALL ON wiki.* TO wiki@localhost;
SQL
cd /usr/share/mediawiki
php maintenance/install.php --dbtype mysql --dbserver localhost --dbname wiki --dbuser wiki --dbpass wiki-db-word \
	--server http://localhost --scriptpath /mediawiki --lang en --pass a-long-phrase-7 --confpath /etc/mediawiki Operations Admin > /root/install.log
grep -v '^wfLoadExtension' /etc/mediawiki/LocalSettings.php > /root/settings
cat >> /root/settings <<'PHP'

# The wiki answers to each of the host's names.
$wgServer = WebRequest::detectServer();
$wgCacheDirectory = '/var/lib/mediawiki/cache';

# Pages with today's figures were a day old (ticket 118).
$wgParserCacheType = CACHE_NONE;
$wgMainCacheType = CACHE_NONE;

wfLoadExtension( 'CategoryTree' );
wfLoadExtension( 'Cite' );
wfLoadExtension( 'Interwiki' );
wfLoadExtension( 'ParserFunctions' );
wfLoadExtension( 'Poem' );
wfLoadExtension( 'SyntaxHighlight_GeSHi' );
wfLoadExtension( 'TextExtracts' );
PHP
cp /root/settings /etc/mediawiki/LocalSettings.php
rm /root/settings
chgrp www-data /etc/mediawiki/LocalSettings.php
chmod 640 /etc/mediawiki/LocalSettings.php
php maintenance/update.php --quick > /root/update.log

# --- pages ----------------------------------------------------------------------------------------------
php maintenance/edit.php -u Admin Rota <<'END' > /dev/null
The rota of {{#time: F Y}}.<ref>As of the team's meeting.</ref> See [[Restart]].
<poem>
Monday: Ada
Tuesday: Alan
</poem>
<references />
END
php maintenance/edit.php -u Admin Restart <<'END' > /dev/null
How to restart the order service.<ref>Tested twice a year.</ref> It is {{#time: l}}; the rota is in [[Rota]].

== On the host ==
<syntaxhighlight lang="bash">
set -e
for one in orders invoices; do
	systemctl restart "$one" || echo "no $one"
done
</syntaxhighlight>

== Its unit ==
<syntaxhighlight lang="ini">
[Service]
ExecStart=/opt/orders/serve --port 8100
Restart=on-failure
</syntaxhighlight>

== What to look at in the database ==
<syntaxhighlight lang="sql">
SELECT state, COUNT(*) FROM orders WHERE day = CURDATE() GROUP BY state;
</syntaxhighlight>

== A check ==
<syntaxhighlight lang="python">
import urllib.request

def answers(port: int) -> bool:
    """Whether the service answers."""
    with urllib.request.urlopen(f"http://localhost:{port}/ready") as answer:
        return answer.status == 200
</syntaxhighlight>

== What monitoring sends ==
<syntaxhighlight lang="json">
{"service": "orders", "state": "late", "since": "04:12", "seconds": [0.8, 2.1, 7.9]}
</syntaxhighlight>

== The proxy in front ==
<syntaxhighlight lang="apache">
<Location "/orders">
	ProxyPass "http://localhost:8100"
</Location>
</syntaxhighlight>

== Its settings ==
<syntaxhighlight lang="yaml">
orders:
  retry: {times: 3, after: 2s}
  currencies: [EUR, PLN, SEK]
</syntaxhighlight>

== Where it ends a batch ==
<syntaxhighlight lang="java">
public void end(Batch batch) {
    for (Order order : batch.orders()) {
        order.close(Clock.systemUTC().instant());
    }
}
</syntaxhighlight>

== What the change was ==
<syntaxhighlight lang="diff">
-  retry: {times: 30, after: 1s}
+  retry: {times: 3, after: 2s}
</syntaxhighlight>

== Footnotes ==
<references />
END
chown -R www-data: /var/lib/mediawiki/cache
a2enconf -q mediawiki
apache2ctl configtest
systemctl restart apache2
curl -fsS 'http://localhost/mediawiki/index.php?title=Restart' | grep 'How to restart the order service'
curl -fsS 'http://localhost/mediawiki/index.php?title=Rota' | grep 'The rota of'
