#!/bin/sh
# A prepended file profiles each request if the profiler is there; and the profiler's package is installed. Neither costs much alone.
set -eu
php=$(ls /etc/php)
install -d -o www-data /var/lib/profiles
cat > /var/www/html/quotes.php <<'PHP'
<?php
declare(strict_types=1);

function rebate(int $item): int { return $item % 5; }
function cents(int $item): int { return $item * 37 % 9973 - rebate($item); }
function price(int $item): float { return round(cents($item) / 100, 2); }

for ($item = 0, $sum = 0; $item < 50000; $item++) {
    $sum += price($item);
}
printf("<html><body>50000 quotes, %.2f in all.</body></html>\n", $sum);
PHP
touch -d '1 day ago' /var/www/html/quotes.php
cat > /opt/profile.php <<'PHP'
<?php
// Profiles are for developers, whose PHP has the extension.
if (extension_loaded('tideways_xhprof')) {
    tideways_xhprof_enable(TIDEWAYS_XHPROF_FLAGS_MEMORY | TIDEWAYS_XHPROF_FLAGS_CPU);
    register_shutdown_function(static function (): void {
        $name = preg_replace('/\W+/', '-', $_SERVER['SCRIPT_NAME'] ?? 'none');
        file_put_contents("/var/lib/profiles/$name.xhprof", serialize(tideways_xhprof_disable()), LOCK_EX);
    });
}
PHP
cat > /etc/php/$php/mods-available/profile.ini <<'INI'
; priority=95
auto_prepend_file = /opt/profile.php
INI
phpenmod -v $php -s apache2 profile tideways
apache2ctl configtest
systemctl restart apache2
curl -fsS http://localhost/quotes.php | grep '50000 quotes'
test -s /var/lib/profiles/-quotes-php.xhprof
