#!/bin/sh
# Quotes come from a Python application in mod_wsgi, in Apache's own workers, loaded when they start. Against a leak somebody gave it
# a process of its own that is replaced after each request: each visitor waits for a new one and for its rate tables.
set -eu
install -d /srv/quotes
cat > /srv/quotes/quotes.wsgi <<'PY'
"""Quotes: what an item costs a dealer."""
import re
import time

def rates():
    """The rate table is computed when the application is loaded."""
    begin = time.process_time()
    table = {item: item * 37 % 9973 for item in range(1, 60_001)}
    text = "\n".join(f"{item}: {cents}" for item, cents in table.items())
    return {int(found[1]): int(found[2]) for found in re.finditer(r"(\d+): (\d+)", text)}, time.process_time() - begin

RATES, TOOK = rates()

def application(environ, start_response):
    item = int(environ.get("PATH_INFO", "/1").strip("/") or 1)
    body = f"<html><body>Quote for item {item}: {RATES[item] / 100:.2f} EUR</body></html>\n".encode()
    start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(body)))])
    return [body]
PY
cat > /etc/apache2/conf-available/quotes.conf <<'CONF'
WSGIScriptAlias /quote /srv/quotes/quotes.wsgi
WSGIApplicationGroup %{GLOBAL}
WSGIImportScript /srv/quotes/quotes.wsgi process-group=%{GLOBAL} application-group=%{GLOBAL}
<Directory /srv/quotes>
	Require all granted
</Directory>
CONF
cat > /etc/apache2/conf-available/quotes-process.conf <<'CONF'
# The quotes leak (ticket 2207): in a process of their own, which ends before it has grown.
<IfModule mod_wsgi.c>
	WSGIDaemonProcess quotes processes=1 threads=1 maximum-requests=1 display-name=%{GROUP}
	<Location /quote>
		WSGIProcessGroup quotes
	</Location>
</IfModule>
CONF
a2enmod -q wsgi
a2enconf -q quotes quotes-process
apache2ctl configtest
systemctl restart apache2
sleep 1
curl -fsS http://localhost/quote/7 | grep 'Quote for item 7'
