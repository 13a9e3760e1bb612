#!/bin/sh
# Someone hunted a rewriting fault with a talkative LogLevel; and the error log goes to a shell loop that stamps each line.
# Either alone is hardly felt.
set -eu
cat > /usr/local/bin/stamp-log <<'SH'
#!/bin/sh
# The central collector wants a serial number and its own time format before each line, and no addresses.
serial=0
while IFS= read -r line; do
	serial=$((serial + 1))
	line=$(printf '%s\n' "$line" | sed 's/client [0-9.]*:[0-9]*/client -/')
	printf '%s %s %s\n' "$(date -u +%FT%TZ)" "$serial" "$line" >> /var/log/apache2/central.log
done
SH
chmod 755 /usr/local/bin/stamp-log
# The site's own error log gave way to the central one.
sed -i '/ErrorLog/d' /etc/apache2/sites-available/000-default.conf
echo 'ErrorLog "|/usr/local/bin/stamp-log"' > /etc/apache2/conf-available/central-log.conf
echo 'LogLevel trace8' > /etc/apache2/conf-available/zz-debug.conf
a2enconf -q central-log zz-debug
apache2ctl configtest
systemctl restart apache2
for i in 1 2 3 4 5 6 7 8; do curl -fsS -o /dev/null http://localhost/items/12; done
