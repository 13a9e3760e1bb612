#!/bin/sh
# Price lists come from a cache with two addresses. The first is dead in a way that says nothing: connections time out.
set -eu
cat > /opt/dead-cache <<'PY'
#!/usr/bin/python3
"""Listens with a full queue and accepts nobody: as a host whose packets are dropped."""
import socket, time
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", 8092))
listener.listen(0)
kept = []
for _ in range(4):
    one = socket.socket()
    one.setblocking(False)
    one.connect_ex(("127.0.0.1", 8092))
    kept.append(one)
while True:
    time.sleep(3600)
PY
install -d /srv/prices
cp /var/www/html/prices.txt /srv/prices/
printf '127.0.0.1 prices.internal\n127.0.0.3 prices.internal\n' >> /etc/hosts
printf '[Service]\nExecStart=/usr/bin/python3 /opt/dead-cache\n[Install]\nWantedBy=multi-user.target\n' > /etc/systemd/system/cache1.service
printf '[Service]\nWorkingDirectory=/srv/prices\nExecStart=/usr/bin/python3 -m http.server -b 127.0.0.3 8092\n[Install]\nWantedBy=multi-user.target\n' > /etc/systemd/system/cache2.service
systemctl daemon-reload
systemctl enable -q --now cache1 cache2
cat > /etc/apache2/conf-available/price-cache.conf <<'CONF'
<IfModule mod_proxy_http.c>
	ProxyPass /prices.txt http://prices.internal:8092/prices.txt connectiontimeout=800ms
</IfModule>
CONF
a2enconf -q price-cache
apache2ctl configtest
systemctl restart apache2
sleep 1
curl -fsS http://localhost/prices.txt | tail -1 | grep 'item 80000;'
