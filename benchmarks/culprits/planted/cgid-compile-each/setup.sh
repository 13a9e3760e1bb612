#!/bin/sh
# mpm_event and mod_cgid, no PHP. A Python script is started for each request; its eighty modules are compiled ahead, but a setting in the
# environment of all scripts sends Python to another folder for compiled files, which is not there.
set -eu
php=$(ls /etc/php)
a2dismod -q -f php$php mpm_prefork cgi
a2enmod -q mpm_event cgid env
install -d /usr/lib/cgi-bin/tariffs
touch /usr/lib/cgi-bin/tariffs/__init__.py
python3 - <<'PY'
for part in range(80):
    with open(f"/usr/lib/cgi-bin/tariffs/part{part}.py", "w") as file:
        for zone in range(60):
            file.write(f"def zone{zone}(weight, express=False):\n"
                f"    if weight < {zone + 1}:\n        return {part} + weight * {zone} + (7 if express else 0)\n"
                f"    total = sum((weight - step) * {part} % 97 for step in range({zone}))\n"
                f"    return {{'part': {part}, 'zone': {zone}, 'total': total}}['total'] // 3\n\n")
PY
cat > /usr/lib/cgi-bin/tariff <<'PY'
#!/usr/bin/python3
import importlib, sys
sys.path.insert(0, "/usr/lib/cgi-bin")
total = sum(importlib.import_module(f"tariffs.part{part}").zone7(3) for part in range(80))
print("Content-Type: text/html\n\n<html><body>Tariff of 80 zones:", total, "</body></html>")
PY
chmod 755 /usr/lib/cgi-bin/tariff
find /usr/lib/cgi-bin -name '*.py' -exec touch -d '1 day ago' {} +
python3 -m compileall -q /usr/lib/cgi-bin/tariffs
install -d /srv/static
echo '<html><body>Our <a href="/cgi-bin/tariff">tariff</a></body></html>' > /srv/static/index.html
perl -e 'for (1 .. 80_000) { printf "item %d; shelf %d\n", $_, $_ * 7919 % 1009 }' > /srv/static/shelves.txt
cat > /etc/apache2/sites-available/000-default.conf <<'CONF'
<VirtualHost *:80>
	DocumentRoot /srv/static
	<Directory /srv/static>
		Require all granted
	</Directory>
	ErrorLog ${APACHE_LOG_DIR}/error.log
	CustomLog ${APACHE_LOG_DIR}/access.log combined
</VirtualHost>
CONF
cat > /etc/apache2/conf-available/script-environment.conf <<'CONF'
# Nothing may be written beside the scripts
<IfModule mod_env.c>
	SetEnv PYTHONPYCACHEPREFIX /var/cache/scripts
</IfModule>
CONF
a2enconf -q script-environment
apache2ctl configtest
systemctl restart apache2
sleep 1
curl -fsS http://localhost/cgi-bin/tariff | grep 'Tariff of 80 zones'
