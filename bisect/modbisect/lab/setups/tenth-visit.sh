#!/bin/sh
# Plants a counter of visits that is slow at every tenth request: the median stays what it was. Run after shop.sh.
set -eu
php=$(ls /etc/php)

install -d -o www-data /var/lib/visits
cat > /var/lib/visits/prepend.php <<'PHP'
<?php
// Sends the visits to a server far away, ten at a time.
(static function (): void {
    $file = fopen('/var/lib/visits/count', 'c+');
    flock($file, LOCK_EX);
    $count = (int) fgets($file) + 1;
    rewind($file);
    fwrite($file, (string) $count);
    fclose($file);
    if ($count % 10 === 0) {
        usleep(200_000);
    }
})();
PHP
cat > /etc/php/$php/mods-available/visits.ini <<'INI'
; priority=95
auto_prepend_file = /var/lib/visits/prepend.php
INI
phpenmod -v $php -s apache2 visits
apache2ctl configtest
systemctl restart apache2
curl -fsS --fail-early -o /dev/null http://localhost/ -o /dev/null http://localhost/items/12
