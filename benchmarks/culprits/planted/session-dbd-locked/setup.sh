#!/bin/sh
# Apache itself counts visitors: mod_session_dbd keeps a session of each request in MariaDB. A report locks the table, again and again.
set -eu
mariadb <<'END'
CREATE DATABASE IF NOT EXISTS visitors;
CREATE OR REPLACE USER visitors@localhost IDENTIFIED BY 'visitors';
GRANT ALL ON visitors.* TO visitors@localhost;
USE visitors;
CREATE OR REPLACE TABLE session (id CHAR(36) NOT NULL PRIMARY KEY, expiry BIGINT, val TEXT) ENGINE=Aria;
END
cat > /opt/visitor-report.sql <<'END'
LOCK TABLES session WRITE;
SELECT COUNT(*), MAX(expiry), SLEEP(0.3) FROM (SELECT expiry FROM session LIMIT 1) AS one;
DELETE FROM session ORDER BY expiry LIMIT 5;
UNLOCK TABLES;
END
cat > /opt/visitor-report <<'SH'
#!/bin/sh
# Visitors at this moment, for the screen in the hall. The table is locked so that the figures agree.
while :; do cat /opt/visitor-report.sql; done | mariadb -fs visitors > /run/visitors-now
SH
chmod 755 /opt/visitor-report
printf '[Service]\nExecStart=/opt/visitor-report\nRestart=always\n[Install]\nWantedBy=multi-user.target\n' > /etc/systemd/system/visitor-report.service
cat > /etc/apache2/conf-available/visitors.conf <<'CONF'
<IfModule mod_session_dbd.c>
	DBDriver mysql
	DBDParams "host=localhost dbname=visitors user=visitors pass=visitors"
	DBDPrepareSQL "DELETE FROM session WHERE id = %s" deletesession
	DBDPrepareSQL "UPDATE session SET val = %s, expiry = %lld, id = %s WHERE id = %s" updatesession
	DBDPrepareSQL "INSERT INTO session (val, expiry, id) VALUES (%s, %lld, %s)" insertsession
	DBDPrepareSQL "SELECT val FROM session WHERE id = %s AND (expiry = 0 OR expiry > %lld)" selectsession
	DBDPrepareSQL "DELETE FROM session WHERE expiry != 0 AND expiry < %lld" cleansession
	<Location />
		Session On
		SessionMaxAge 1800
		SessionDBDCookieName visitor path=/
	</Location>
</IfModule>
CONF
a2enconf -q visitors
systemctl daemon-reload
systemctl enable -q --now visitor-report
apache2ctl configtest
systemctl restart apache2
curl -fsS -i http://localhost/catalogue.php | grep -i 'set-cookie: visitor='
mariadb -e 'SELECT COUNT(*) FROM visitors.session'
