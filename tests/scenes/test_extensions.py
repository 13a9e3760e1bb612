"""What an application is extended by, on a real host: found, named, and put back with the rights of its owner."""

from __future__ import annotations

from pathlib import Path

import pytest
from scene import run

from lab_fixtures import LabHostFactory
from modbisect import lab

pytestmark = pytest.mark.lab

# A stand-in for WordPress: it loads what WordPress would, and nothing else of it is here.
BLOG = r"""
www=/var/www/blog content=/var/www/blog/wp-content
mkdir -p $content/plugins/pictures $content/plugins/letters $content/mu-plugins
cat >$content/plugins/pictures/pictures.php <<'PHP'
<?php
/*
 * Plugin Name: Pictures
 */
function pictures() { usleep(120000); return "pictures"; }
add($more, pictures());
PHP
cat >$content/plugins/letters/letters.php <<'PHP'
<?php
/* Plugin Name: Letters
 * Requires Plugins: pictures */
add($more, "letters " . pictures());
PHP
printf '%s\n' '<?php' 'add($more, "host");' >$content/mu-plugins/host.php
cat >$www/index.php <<'PHP'
<?php
function add(array &$more, string $text): void { $more[] = $text; }
$more = [];
$content = __DIR__ . '/wp-content';
foreach ([...glob("$content/mu-plugins/*.php"), ...glob("$content/plugins/*/*.php")] as $file) {
    if (!str_contains($file, 'letters') || function_exists('pictures')) { include $file; }
}
echo '<html>', implode(' ', $more), '</html>';
PHP
chown -R www-data: $www
sed -i "s|DocumentRoot.*|DocumentRoot $www|" /etc/apache2/sites-available/000-default.conf
systemctl restart apache2
"""
FILES = "find /var/www/blog -printf '%p %y %m %U %G %T@ %l\\n' -type f -exec sha256sum {} + | sort"
PAGE = """\
probes: {home: {get: /, expect: {status: 200, contains: "</html>"}}}
components: {include: ["wordpress-plugin:*", "wordpress-muplugin:*", "wordpress-dropin:*"]}
"""


def test_a_plugin(lab_host: LabHostFactory, tmp_path: Path) -> None:
    host = lab_host(setup=("shop",)).name
    made = lab.execute(host, ["sh", "-ec", BLOG])
    assert made.returncode == 0, made.stderr
    before = lab.execute(host, ["sh", "-c", FILES]).stdout
    seen = run(tmp_path, host, PAGE)

    assert seen.code == 1, seen.progress
    assert [finding.components for finding in seen.report.findings] == [("wordpress-plugin:pictures",)]
    assert "wp plugin deactivate pictures" in str(seen.report.remedies)
    assert lab.execute(host, ["sh", "-c", FILES]).stdout == before
