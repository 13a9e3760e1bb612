#!/bin/sh
# Assertions, which cost nothing in production, are compiled in and checked: by a developer's ini file that came along to the server.
set -eu
php=$(ls /etc/php)
cat > /var/www/html/ranking.php <<'PHP'
<?php
declare(strict_types=1);

function ascending(array $list): bool
{
    for ($at = 1; $at < count($list); $at++) {
        if ($list[$at - 1] > $list[$at]) {
            return false;
        }
    }
    return true;
}

function place(array &$ranking, int $cents): void
{
    assert(ascending($ranking));
    for ($low = 0, $high = count($ranking); $low < $high;) {
        $middle = intdiv($low + $high, 2);
        if ($ranking[$middle] <= $cents) { $low = $middle + 1; } else { $high = $middle; }
    }
    array_splice($ranking, $low, 0, [$cents]);
    assert(ascending($ranking), 'still in order');
}

$ranking = [];
for ($item = 0; $item < 5000; $item++) {
    place($ranking, $item * 7919 % 9973);
}
echo '<html><body>', count($ranking), " items ranked, the last at $ranking[4999] cents.</body></html>\n";
PHP
touch -d '1 day ago' /var/www/html/ranking.php
cat > /etc/php/$php/mods-available/developer.ini <<'INI'
; priority=35
zend.assertions = 1
assert.exception = 1
zend.exception_ignore_args = 0
INI
phpenmod -v $php -s apache2 developer
apache2ctl configtest
systemctl restart apache2
curl -fsS http://localhost/ranking.php | grep '5000 items ranked'
