#!/bin/sh
# Visitors stay signed in for a month, and every request that opens a session sweeps the folder of all of them.
set -eu
php=$(ls /etc/php)
cat > /var/www/html/account.php <<'PHP'
<?php
session_save_path('/var/lib/shop-sessions');
session_start();
$_SESSION['seen'] = ($_SESSION['seen'] ?? 0) + 1;
echo "<html><body>Welcome, visit {$_SESSION['seen']}.</body></html>\n";
PHP
touch -d '1 day ago' /var/www/html/account.php
install -d -m 700 /var/lib/shop-sessions
python3 - <<'PY'
import os
for n in range(90000):
    with open(f"/var/lib/shop-sessions/sess_{n * 2654435761 % 2**52:026x}", "w") as out:
        out.write("seen|i:1;")
PY
chown -R www-data:www-data /var/lib/shop-sessions
cat > /etc/php/$php/apache2/conf.d/70-stay-signed-in.ini <<'INI'
session.gc_maxlifetime = 2592000
session.cookie_lifetime = 2592000
session.gc_probability = 100
session.gc_divisor = 100
INI
apache2ctl configtest
systemctl restart apache2
curl -fsS http://localhost/account.php | grep 'visit 1'
