#!/bin/sh
# mpm_event with one process of 128 threads and PHP-FPM. The warehouse's service may have one connection only, by a limit from the time
# when it was a single thread; four customers fetch exports, and everyone else queues for the connection.
set -eu
php=$(ls /etc/php)
a2dismod -q -f php$php mpm_prefork cgi
a2enmod -q mpm_event proxy_fcgi proxy_http setenvif
a2enconf -q php$php-fpm
phpenmod -v $php -s fpm shop
printf 'StartServers 1\nServerLimit 1\nThreadLimit 128\nThreadsPerChild 128\nMaxRequestWorkers 128\nMinSpareThreads 25\nMaxSpareThreads 128\n' > /etc/apache2/mods-available/mpm_event.conf
cat > /opt/warehouse-server <<'PY'
#!/usr/bin/python3
"""The warehouse: an export takes a while, a level none."""
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Warehouse(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/export"):
            time.sleep(0.25)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(f"<html><body>Warehouse: {self.path.strip('/')}, 42 pieces</body></html>\n".encode())
    def log_message(self, *_): pass
ThreadingHTTPServer.request_queue_size = 64
ThreadingHTTPServer(("127.0.0.1", 8093), Warehouse).serve_forever()
PY
cat > /opt/customers <<'PY'
#!/usr/bin/python3
"""Four customers, each of whom fetches one export after the other."""
import threading, time, urllib.request
def customer():
    while True:
        try: urllib.request.urlopen("http://127.0.0.1/warehouse/export", timeout=20).read()
        except OSError: time.sleep(1)
for _ in range(4): threading.Thread(target=customer).start()
PY
for name in warehouse-server customers; do
	printf '[Service]\nExecStart=/usr/bin/python3 /opt/%s\nRestart=always\n[Install]\nWantedBy=multi-user.target\n' $name > /etc/systemd/system/$name.service
done
echo 'ProxyPass /warehouse/ http://127.0.0.1:8093/' > /etc/apache2/conf-available/warehouse.conf
printf '<IfModule mod_proxy_http.c>\n\t<Proxy http://127.0.0.1:8093/>\n\t\tProxySet max=1\n\t</Proxy>\n</IfModule>\n' > /etc/apache2/conf-available/warehouse-limit.conf
a2enconf -q warehouse warehouse-limit
systemctl daemon-reload
systemctl enable -q --now warehouse-server php$php-fpm
apache2ctl configtest
systemctl restart php$php-fpm apache2
systemctl enable -q --now customers
sleep 1
curl -fsS http://localhost/warehouse/level/12 | grep 'level/12, 42 pieces'
