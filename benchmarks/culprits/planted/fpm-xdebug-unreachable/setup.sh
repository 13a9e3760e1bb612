#!/bin/sh
# Apache with mpm_event and PHP-FPM. Xdebug was left in the pool's PHP and dials a developer's machine at each request.
set -eu
php=$(ls /etc/php)
a2dismod -q -f php$php mpm_prefork cgi
a2enmod -q mpm_event proxy_fcgi setenvif
a2enconf -q php$php-fpm
phpenmod -v $php -s fpm shop
cat > /opt/developer <<'PY'
#!/usr/bin/python3
"""The developer's address, behind a filter that drops: a full queue and nobody who accepts."""
import socket, time
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.9", 9003))
listener.listen(0)
kept = []
for _ in range(4):
    one = socket.socket()
    one.setblocking(False)
    one.connect_ex(("127.0.0.9", 9003))
    kept.append(one)
while True:
    time.sleep(3600)
PY
printf '[Service]\nExecStart=/usr/bin/python3 /opt/developer\n[Install]\nWantedBy=multi-user.target\n' > /etc/systemd/system/developer.service
cat > /etc/php/$php/mods-available/xdebug.ini <<'INI'
zend_extension=xdebug.so
xdebug.mode = debug
xdebug.start_with_request = yes
xdebug.client_host = 127.0.0.9
xdebug.connect_timeout_ms = 300
INI
phpenmod -v $php -s fpm xdebug
systemctl daemon-reload
systemctl enable -q --now developer php$php-fpm
apache2ctl configtest
systemctl restart php$php-fpm apache2
curl -fsS http://localhost/items/12 | grep 'Item 12 costs'
