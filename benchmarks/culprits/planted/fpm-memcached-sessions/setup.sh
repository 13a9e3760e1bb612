#!/bin/sh
# Apache with mpm_event and PHP-FPM. Sessions are kept by a memcached in
# another data centre, and each request locks, reads, writes and unlocks one over there.
set -eu
php=$(ls /etc/php)
a2dismod -q -f php$php mpm_prefork cgi
a2enmod -q mpm_event proxy_fcgi setenvif
a2enconf -q php$php-fpm
phpenmod -v $php -s fpm shop
cat > /opt/tunnel <<'PY'
#!/usr/bin/python3
"""The tunnel to the other data centre: 22 ms each way."""
import asyncio

async def pump(reader, writer):
    while data := await reader.read(65536):
        await asyncio.sleep(0.022)
        writer.write(data)
    writer.close()

async def joined(reader, writer):
    far_reader, far_writer = await asyncio.open_connection("127.0.0.1", 11211)
    await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer), return_exceptions=True)

async def main():
    async with await asyncio.start_server(joined, "127.0.0.1", 11311) as server:
        await server.serve_forever()

asyncio.run(main())
PY
printf '[Service]\nExecStart=/usr/bin/python3 /opt/tunnel\n[Install]\nWantedBy=multi-user.target\n' > /etc/systemd/system/tunnel.service
cat > /var/www/html/basket.php <<'PHP'
<?php
session_start();
$_SESSION['seen'] = ($_SESSION['seen'] ?? 0) + 1;
echo "<html><body>Your basket is empty, visit {$_SESSION['seen']}.</body></html>\n";
PHP
touch -d '1 day ago' /var/www/html/basket.php
cat > /etc/php/$php/fpm/conf.d/40-sessions.ini <<'INI'
session.save_handler = memcached
session.save_path = "127.0.0.1:11311"
INI
systemctl daemon-reload
systemctl enable -q --now tunnel memcached php$php-fpm
apache2ctl configtest
systemctl restart php$php-fpm apache2
curl -fsS http://localhost/basket.php | grep 'basket is empty'
