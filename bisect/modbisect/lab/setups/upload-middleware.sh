#!/bin/sh
# Plants the slow component: a third party's "upload scanner" that every PHP request of Apache passes.
# Run after shop.sh. It reads the body in small chunks and scans all that it has again after each of them.
set -eu
php=$(ls /etc/php)

install -d /opt/uploadguard
cat > /opt/uploadguard/README <<'END'
UploadGuard scans uploads for web shells before the application sees them.
Enable it with: phpenmod -s apache2 uploadguard
END
cat > /opt/uploadguard/prepend.php <<'END'
<?php
// UploadGuard: parses multipart bodies in place of PHP (enable_post_data_reading is off) and scans them.
declare(strict_types=1);

namespace UploadGuard;

const SIGNATURES = [
    '<?php @eval', 'base64_decode($_POST', 'passthru($_GET', 'shell_exec($_REQUEST', 'assert($_POST', 'gzinflate(base64',
    'preg_replace("/.*/e"', 'create_function(""', 'c99shell', 'r57shell', 'b374k', 'weevely', 'FilesMan', 'WSOsetcookie',
    'phpspy', 'china chopper', 'antsword', 'behinder',
];

function read_and_scan(): string
{
    set_time_limit(0);
    $buffer = '';
    $input = fopen('php://input', 'rb');
    while (($chunk = fread($input, 8192)) !== false && $chunk !== '') {
        $buffer .= $chunk;
        foreach (SIGNATURES as $signature) {
            if (stripos($buffer, $signature) !== false) {
                http_response_code(403);
                exit('UploadGuard: upload refused');
            }
        }
    }
    return $buffer;
}

function offer(string $body, string $boundary): void
{
    foreach (explode("\r\n--$boundary", "\r\n$body") as $part) {
        [$head, $content] = explode("\r\n\r\n", $part, 2) + ['', ''];
        if (!preg_match('~name="([^"]*)"~', $head, $name)) {
            continue;
        }
        if (!preg_match('~filename="([^"]*)"~', $head, $file)) {
            $_POST[$name[1]] = $content;
            continue;
        }
        $path = tempnam(sys_get_temp_dir(), 'guard');
        register_shutdown_function('unlink', $path);
        file_put_contents($path, $content);
        $_FILES[$name[1]] = [
            'name' => basename($file[1]), 'type' => 'application/octet-stream', 'tmp_name' => $path,
            'error' => UPLOAD_ERR_OK, 'size' => strlen($content),
        ];
    }
}

if (($_SERVER['REQUEST_METHOD'] ?? '') === 'POST') {
    $type = $_SERVER['CONTENT_TYPE'] ?? '';
    $body = read_and_scan();
    if (preg_match('~^multipart/form-data;.*boundary="?([^";]+)~i', $type, $found)) {
        offer($body, $found[1]);
    } else {
        parse_str($body, $_POST);
    }
}
END
cat > /etc/php/$php/mods-available/uploadguard.ini <<'END'
; priority=95
auto_prepend_file = /opt/uploadguard/prepend.php
enable_post_data_reading = Off
END
phpenmod -v $php -s apache2 uploadguard
apache2ctl configtest
systemctl restart apache2

expect() {
	text=$1
	shift
	curl -fsS "$@" | grep -q "$text" && return
	echo "the site does not answer '$text' to: curl $*" >&2
	exit 1
}
expect 'All items' http://localhost/
head -c 100000 /dev/urandom |
	expect 'stored check.bin (100000 bytes)' -F 'file=@-;filename=check.bin' http://localhost/upload
