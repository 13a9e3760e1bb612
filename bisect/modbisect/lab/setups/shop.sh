#!/bin/sh
# Plants a small shop: PHP + MariaDB, pretty URLs, uploads, and a page that compiles or caches 400 files.
set -eu
php=$(ls /etc/php)

# --- the database ---------------------------------------------------------------------------------------
mariadb <<'END'
CREATE DATABASE IF NOT EXISTS shop CHARACTER SET utf8mb4;
CREATE OR REPLACE USER shop@localhost IDENTIFIED BY 'shop';
GRANT SELECT, INSERT, DELETE ON shop.* TO shop@localhost;
USE shop;
CREATE OR REPLACE TABLE items (id INT PRIMARY KEY, name VARCHAR(80) NOT NULL, cents INT NOT NULL);
CREATE OR REPLACE TABLE uploads (
	id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL, bytes BIGINT NOT NULL, crc CHAR(8) NOT NULL
);
INSERT INTO items SELECT seq, CONCAT(ELT(1 + seq % 5, 'Café', 'Thé', 'Crème', 'Jäger', 'Łódź'), ' No. ', seq),
	100 + seq * 37 FROM seq_1_to_60;
END

# --- the application ------------------------------------------------------------------------------------
rm -f /var/www/html/index.html
install -d /var/www/shop/report
cat > /var/www/html/index.php <<'END'
<?php
declare(strict_types=1);
require '/var/www/shop/shop.php';
serve(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));
END
cat > /var/www/html/.htaccess <<'END'
<IfModule mod_rewrite.c>
	RewriteEngine On
	RewriteCond %{REQUEST_FILENAME} !-f
	RewriteCond %{REQUEST_FILENAME} !-d
	RewriteRule ^ index.php [L]
</IfModule>
END
cat > /var/www/shop/shop.php <<'END'
<?php
declare(strict_types=1);

mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
set_error_handler(function (int $level, string $text, string $file, int $line) {
    throw new ErrorException($text, 0, $level, $file, $line);
});

function serve(string $path): void
{
    try {
        [$status, $title, $body] = page($path);
    } catch (Throwable $error) {
        error_log((string) $error);
        [$status, $title, $body] = [500, 'Error', '<p>' . escape($error->getMessage()) . '</p>'];
    }
    http_response_code($status);
    header('Content-Type: text/html; charset=utf-8');
    $title = escape($title);
    echo "<!DOCTYPE html>\n<html><head><title>$title - Shop</title></head>\n",
        "<body><h1>$title</h1>\n$body\n</body></html>\n";
}

function page(string $path): array
{
    $pages = ['/' => 'front', '/upload' => 'upload', '/report' => 'report'];
    if (isset($pages[$path])) {
        return $pages[$path]();
    }
    if (preg_match('~^/items/(\d{1,6})$~', $path, $found) === 1) {
        return item((int) $found[1]);
    }
    return [404, 'Not found', '<p>No such page.</p>'];
}

function escape(string $text): string
{
    return htmlspecialchars($text, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
}

function database(): mysqli
{
    static $database = null;
    if ($database === null) {
        $database = new mysqli('localhost', 'shop', 'shop', 'shop');
        $database->set_charset('utf8mb4');
    }
    return $database;
}

function query(string $sql, string $types, ...$values): mysqli_stmt
{
    $statement = database()->prepare($sql);
    $statement->bind_param($types, ...$values);
    $statement->execute();
    return $statement;
}

function front(): array
{
    $rows = '';
    foreach (database()->query('SELECT id, name FROM items ORDER BY id') as $item) {
        $name = escape(mb_convert_case($item['name'], MB_CASE_TITLE));
        $rows .= "<li><a href=\"/items/{$item['id']}\">$name</a></li>\n";
    }
    return [200, 'All items', "<ul>\n$rows</ul>"];
}

function item(int $id): array
{
    $found = query('SELECT name, cents FROM items WHERE id = ?', 'i', $id)->get_result()->fetch_assoc();
    if ($found === null) {
        return [404, 'Not found', '<p>No such item.</p>'];
    }
    $price = sprintf('%d.%02d', intdiv($found['cents'], 100), $found['cents'] % 100);
    return [200, mb_strtoupper($found['name']), "<p>Item $id costs $price.</p>"];
}

function upload(): array
{
    if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
        $form = '<form method="post" enctype="multipart/form-data">'
            . '<input type="file" name="file"><input type="submit"></form>';
        return [200, 'Upload', $form];
    }
    // PHP fills $_FILES itself, or a middleware that has parsed the body does: the file is read either way.
    $file = $_FILES['file'] ?? null;
    if ($file === null || $file['error'] !== UPLOAD_ERR_OK) {
        return [400, 'No file', '<p>The file did not arrive.</p>'];
    }
    $bytes = filesize($file['tmp_name']);
    if ($bytes !== $file['size']) {
        throw new RuntimeException("the file was announced with {$file['size']} bytes and has $bytes");
    }
    $name = mb_substr($file['name'], 0, 40);
    $crc = hash_file('crc32b', $file['tmp_name']);
    query('INSERT INTO uploads (name, bytes, crc) VALUES (?, ?, ?)', 'sis', $name, $bytes, $crc);
    query('DELETE FROM uploads WHERE id <= ?', 'i', database()->insert_id - 100);
    return [200, 'Uploaded', '<p>stored ' . escape($name) . " ($bytes bytes)</p>"];
}

function report(): array
{
    $sum = 0;
    foreach (range(1, 420) as $part) {
        $sum = (require "/var/www/shop/report/part$part.php")($sum);
    }
    $lines = database()->query('SELECT COUNT(*) AS n, SUM(cents) AS total FROM items')->fetch_assoc();
    return [200, 'Report', "<p>{$lines['n']} items, {$lines['total']} cents, check $sum.</p>"];
}
END
# The parts of the report: each long enough that compiling it costs far more than running it.
php -n <<'END'
<?php
for ($part = 1; $part <= 420; $part++) {
    $body = "";
    for ($step = 1; $step <= 70; $step++) {
        $value = $part * 31 + $step;
        $body .= "    if (\$sum % 997 === $value) {\n        \$sum = (\$sum * 7 + $value) % 65521;\n"
            . "        \$notes[] = sprintf(\"step %d of part %d\", $step, $part);\n    }\n";
    }
    file_put_contents("/var/www/shop/report/part$part.php",
        "<?php\n// Part $part of the report.\nreturn function (int \$sum): int {\n    \$notes = [];\n$body"
        . "    return (\$sum + $part + count(\$notes)) % 65521;\n};\n");
}
END

# opcache does not keep files that changed within its last two seconds: a site as old as a real one.
find /var/www/html /var/www/shop -exec touch -d '1 day ago' {} +

# --- the web server -------------------------------------------------------------------------------------
cat > /etc/apache2/sites-available/000-default.conf <<'END'
<VirtualHost *:80>
	DocumentRoot /var/www/html
	<Directory /var/www/html>
		AllowOverride All
	</Directory>
	ErrorLog ${APACHE_LOG_DIR}/error.log
	CustomLog ${APACHE_LOG_DIR}/access.log combined
</VirtualHost>
END
cat > /etc/php/$php/mods-available/shop.ini <<'END'
; priority=90
post_max_size = 128M
upload_max_filesize = 128M
memory_limit = 256M
END
phpenmod -v $php -s apache2 shop
apache2ctl configtest
systemctl restart apache2

# --- does it answer? ------------------------------------------------------------------------------------
expect() {
	text=$1
	shift
	curl -fsS "$@" | grep -q "$text" && return
	echo "the site does not answer '$text' to: curl $*" >&2
	exit 1
}
expect 'All items' http://localhost/
expect 'Item 12 costs' http://localhost/items/12
expect '60 items' http://localhost/report
head -c 20000000 /dev/urandom |
	expect 'stored check.bin (20000000 bytes)' -F 'file=@-;filename=check.bin' http://localhost/upload
