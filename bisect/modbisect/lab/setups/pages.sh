#!/bin/sh
# Plants pages beside the shop's, for culprits that its own do not show: one of many function calls, one that waits
# for the database, and a large text. Run after shop.sh.
set -eu

cat > /var/www/html/catalogue.php <<'PHP'
<?php
declare(strict_types=1);

function cents(int $item): int
{
    return $item * 37 % 9973;
}

function price(int $item): string
{
    return sprintf('%.2f', cents($item) / 100);
}

for ($item = 0, $length = 0; $item < 40000; $item++) {
    $length += strlen(price($item));
}
echo "<html><body>40000 prices, $length characters.</body></html>\n";
PHP
cat > /var/www/html/stock.php <<'PHP'
<?php
declare(strict_types=1);

$database = new mysqli('localhost', 'shop', 'shop', 'shop');
$count = $database->query('SELECT COUNT(*) + SLEEP(0.06) FROM items')->fetch_row()[0];
echo "<html><body>$count items in stock.</body></html>\n";
PHP
perl -e 'for (1 .. 80_000) { printf "item %d; shelf %d; %.2f\n", $_, $_ * 7919 % 1009, $_ * 6151 % 9973 / 100 }' \
	> /var/www/html/prices.txt
find /var/www/html -exec touch -d '1 day ago' {} +

expect() {
	text=$1
	shift
	curl -fsS "$@" | grep -q "$text" && return
	echo "the site does not answer '$text' to: curl $*" >&2
	exit 1
}
expect '40000 prices' http://localhost/catalogue.php
expect '60 items' http://localhost/stock.php
expect 'item 80000;' http://localhost/prices.txt
