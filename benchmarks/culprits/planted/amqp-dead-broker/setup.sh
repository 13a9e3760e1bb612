#!/bin/sh
# A prepended file tells a message broker of each visit, where the AMQP extension is installed. The broker has moved: its old address
# still takes connections into a full queue, and answers nobody.
set -eu
php=$(ls /etc/php)
cat > /opt/old-broker <<'PY'
#!/usr/bin/python3
"""Listens with a full queue and accepts nobody: as a host whose packets are dropped."""
import socket, time
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", 5673))
listener.listen(0)
kept = []
for _ in range(4):
    one = socket.socket()
    one.setblocking(False)
    one.connect_ex(("127.0.0.1", 5673))
    kept.append(one)
while True:
    time.sleep(3600)
PY
printf '[Service]\nExecStart=/usr/bin/python3 /opt/old-broker\n[Install]\nWantedBy=multi-user.target\n' > /etc/systemd/system/old-broker.service
cat > /opt/announce.php <<'PHP'
<?php
if (class_exists('AMQPConnection')) {
    try {
        $broker = new AMQPConnection();
        $broker->connect();
        (new AMQPExchange(new AMQPChannel($broker)))->publish($_SERVER['REQUEST_URI'] ?? '', 'visits');
        $broker->disconnect();
    } catch (AMQPException) {
        // Visits are not worth an error page.
    }
}
PHP
cat >> /etc/php/$php/mods-available/amqp.ini <<'INI'
amqp.host = 127.0.0.1
amqp.port = 5673
amqp.connect_timeout = 0.7
INI
printf '; priority=75\nauto_prepend_file = /opt/announce.php\n' > /etc/php/$php/mods-available/announce.ini
phpenmod -v $php -s apache2 amqp announce
systemctl daemon-reload
systemctl enable -q --now old-broker
apache2ctl configtest
systemctl restart apache2
sleep 1
curl -fsS http://localhost/items/12 | grep 'Item 12 costs'
