#!/bin/sh
# A prepended file counts visits under a lock; a service that sums them up holds that lock most of the time.
set -eu
php=$(ls /etc/php)
install -d -o www-data /var/lib/visit-count
cat > /opt/visit-count.php <<'PHP'
<?php
(static function (): void {
    $file = fopen('/var/lib/visit-count/today', 'a');
    flock($file, LOCK_EX);
    fwrite($file, time() . ' ' . ($_SERVER['REQUEST_URI'] ?? '') . "\n");
    fclose($file);
})();
PHP
cat > /opt/visit-sums <<'PY'
#!/usr/bin/python3
"""Sums up the visits of today for the live view, and keeps the file short."""
import fcntl, time
while True:
    with open("/var/lib/visit-count/today", "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        lines = file.readlines()
        time.sleep(0.4)  # the live view's server takes the figures
        if len(lines) > 1000:
            file.truncate(0)
    time.sleep(0.001)
PY
touch /var/lib/visit-count/today
chown www-data /var/lib/visit-count/today
printf '[Service]\nUser=www-data\nExecStart=/usr/bin/python3 /opt/visit-sums\n[Install]\nWantedBy=multi-user.target\n' > /etc/systemd/system/visit-sums.service
cat > /etc/php/$php/mods-available/visit-count.ini <<'INI'
; priority=80
auto_prepend_file = /opt/visit-count.php
INI
phpenmod -v $php -s apache2 visit-count
systemctl daemon-reload
systemctl enable -q --now visit-sums
apache2ctl configtest
systemctl restart apache2
curl -fsS http://localhost/items/12 | grep 'Item 12 costs'
