#!/bin/sh
# mpm_event and PHP-FPM; stock levels come from a Python service behind mod_proxy, which signs in to the warehouse once for each
# connection. A recipe against "connection reset by peer" makes Apache open a new connection for each request.
set -eu
php=$(ls /etc/php)
a2dismod -q -f php$php mpm_prefork cgi
a2enmod -q mpm_event proxy_fcgi proxy_http setenvif
a2enconf -q php$php-fpm
phpenmod -v $php -s fpm shop
cat > /opt/levels-server <<'PY'
#!/usr/bin/python3
"""Stock levels. Each connection has its own session with the warehouse, and signing in takes a while."""
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Levels(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    def setup(self):
        super().setup()
        time.sleep(0.35)
    def do_GET(self):
        body = f"<html><body>Level of {self.path.strip('/')}: 42 pieces</body></html>\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
ThreadingHTTPServer.request_queue_size = 64
ThreadingHTTPServer(("127.0.0.1", 8094), Levels).serve_forever()
PY
printf '[Service]\nExecStart=/usr/bin/python3 /opt/levels-server\n[Install]\nWantedBy=multi-user.target\n' > /etc/systemd/system/levels.service
sed -i 's|^</VirtualHost>|\tProxyPass /level/ http://127.0.0.1:8094/\n&|' /etc/apache2/sites-available/000-default.conf
cat > /etc/apache2/conf-available/proxy-resets.conf <<'CONF'
# "Connection reset by peer: error reading status line from remote server" - from the forum
SetEnv force-proxy-request-1.0 1
SetEnv proxy-nokeepalive 1
CONF
a2enconf -q proxy-resets
systemctl daemon-reload
systemctl enable -q --now levels php$php-fpm
apache2ctl configtest
systemctl restart php$php-fpm apache2
sleep 1
curl -fsS http://localhost/level/12 | grep 'Level of 12: 42 pieces'
