#!/bin/sh
# An appended file reports each page to a statistics service, before the answer is complete, and waits for its receipt.
set -eu
php=$(ls /etc/php)
cat > /opt/statistics-server <<'PY'
#!/usr/bin/python3
"""The statistics service: its receipts take a while, more when it tidies up."""
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Statistics(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"])); time.sleep(0.2 + time.time() % 0.3)
        self.send_response(204); self.end_headers()
    def log_message(self, *_): pass
ThreadingHTTPServer(("127.0.0.1", 8097), Statistics).serve_forever()
PY
printf '[Service]\nExecStart=/usr/bin/python3 /opt/statistics-server\n[Install]\nWantedBy=multi-user.target\n' > /etc/systemd/system/statistics.service
cat > /opt/statistics.php <<'PHP'
<?php
if (function_exists('curl_init')) {
    $report = curl_init('http://127.0.0.1:8097/hit');
    curl_setopt_array($report, [
        CURLOPT_POSTFIELDS => json_encode(['page' => $_SERVER['REQUEST_URI'] ?? '', 'at' => time()]),
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 2,
    ]);
    curl_exec($report);
    curl_close($report);
}
PHP
echo 'auto_append_file = /opt/statistics.php' > /etc/php/$php/apache2/conf.d/99-statistics.ini
systemctl daemon-reload
systemctl enable -q --now statistics
apache2ctl configtest
systemctl restart apache2
curl -fsS http://localhost/items/12 | grep 'Item 12 costs'
