#!/bin/sh
# A prepended file builds the shop's category tree for each request; the page's own many small objects point into it, so that each
# run of PHP's cycle collector walks the whole tree.
set -eu
php=$(ls /etc/php)
cat > /var/www/html/offers.php <<'PHP'
<?php
declare(strict_types=1);

final class Offer
{
    public ?Offer $twin = null;

    public function __construct(public int $item, public ?object $category)
    {
    }
}

$sum = 0;
for ($item = 0; $item < 90000; $item++) {
    $offer = new Offer($item, $GLOBALS['categories'][$item % 97] ?? null);
    $offer->twin = new Offer($item + 1, $offer->category);
    $offer->twin->twin = $offer;
    $sum += $offer->twin->item;
}
echo "<html><body>90000 offers, check $sum.</body></html>\n";
PHP
touch -d '1 day ago' /var/www/html/offers.php
cat > /opt/categories.php <<'PHP'
<?php
// The category tree, for menus and breadcrumbs: each node knows its parent.
final class Category
{
    public array $children = [];

    public function __construct(public string $name, public ?Category $parent = null)
    {
        $parent && $parent->children[] = $this;
    }
}

(static function (): void {
    $root = new Category('all');
    foreach (range(0, 96) as $top) {
        $GLOBALS['categories'][$top] = $category = new Category("top $top", $root);
        foreach (range(1, 2600) as $sub) {
            new Category("sub $sub", $category);
        }
    }
})();
PHP
echo 'auto_prepend_file = /opt/categories.php' > /etc/php/$php/apache2/conf.d/60-categories.ini
apache2ctl configtest
systemctl restart apache2
curl -fsS http://localhost/offers.php | grep '90000 offers'
