#!/bin/sh
# An archive whose folders each have an .htaccess, a long list of refused addresses from a hosting panel: read at each request.
set -eu
install -d /srv/archive/2019/spring/catalogue/pages
python3 - <<'PY'
folder = "/srv/archive"
for depth, part in enumerate(["", "/2019", "/spring", "/catalogue", "/pages"]):
    folder += part
    with open(folder + "/.htaccess", "w") as out:
        out.write("# Managed by the panel. Do not edit.\n<RequireAll>\n\tRequire all granted\n")
        for n in range(9000):
            out.write(f"\tRequire not ip {11 + n % 80}.{n * 7 % 251}.{n * 13 % 253}.{depth * 16}/28\n")
        out.write("</RequireAll>\n")
open(folder + "/index.html", "w").write("<html><body>Spring catalogue of 2019</body></html>\n")
PY
cat > /etc/apache2/conf-available/archive.conf <<'CONF'
Alias /archive /srv/archive
<Directory /srv/archive>
	AllowOverride None
	Require all granted
</Directory>
CONF
cat > /etc/apache2/conf-available/panel-overrides.conf <<'CONF'
# Written by the hosting panel: its lists work only with this.
<Directory /srv/archive>
	AllowOverride AuthConfig Limit
</Directory>
CONF
a2enconf -q archive panel-overrides
apache2ctl configtest
systemctl restart apache2
curl -fsS http://localhost/archive/2019/spring/catalogue/pages/ | grep 'Spring catalogue'
