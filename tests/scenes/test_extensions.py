"""What an application is extended by, on a real host: found, named, and put back with the rights of its owner."""

from __future__ import annotations

import fnmatch
from itertools import pairwise
from pathlib import Path

import pytest
from scene import run

from lab_fixtures import LabHostFactory
from modbisect import lab
from modbisect.model import Verdict

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
"""
# An application whose parts stand one a line.
PARTS = r"""
app=/srv/site/app
mkdir -p $app
printf '%s\n' '<?php' 'return [' '    App\One::class,' '    App\Two::class,' '    App\Six::class,' '];' >$app/parts.php
cat >/var/www/html/parts.php <<'PHP'
<?php
foreach (file('/srv/site/app/parts.php') as $line) {
    if (str_contains($line, 'Two')) { usleep(120000); }
}
echo '<html>parts</html>';
PHP
chown -R www-data: $app
mkdir -p /etc/modbisect
echo 'list /srv/*/app/parts.php' >/etc/modbisect/allow
"""
LIST = """\
name: part
files: [/srv/*/*/parts.php]
begin: ^return
end: ^\\]
entry: ^\\s+([A-Za-z\\\\]+)::class,$
"""
ROOT = Path(__file__).parents[2]
PLACES = "/var/www /srv/site /etc/mysql $(ls -d /etc/switches 2>/dev/null)"
FILES = f"find {PLACES} -printf '%p %y %m %U %G %T@ %l\\n' -type f -exec sha256sum {{}} + | sort"
# Somebody has tuned the database by what a forum said; one of it makes an unindexed join slow.
TUNED = r"""
cat >/etc/mysql/mariadb.conf.d/95-tuning.cnf <<'END'
[mysqld]
# from a forum
read_rnd_buffer_size = 256K
join-cache-level = 0
optimizer_search_depth = 0
END
mariadb shop -e "CREATE OR REPLACE TABLE t AS
  SELECT seq % 977 AS k, CONCAT(seq % 977, REPEAT('x', 150)) AS name FROM seq_1_to_550"
cat >/var/www/html/sum.php <<'PHP'
<?php
$db = new mysqli('localhost', 'shop', 'shop', 'shop');
$rows = $db->query('SELECT COUNT(*) AS n FROM t AS a JOIN t AS b ON a.k = b.k AND a.name = b.name');
foreach ($rows as $row) { echo '<html>', $row['n'], '</html>'; }
PHP
sed -i 's|DocumentRoot.*|DocumentRoot /var/www/html|' /etc/apache2/sites-available/000-default.conf
mkdir -p /etc/modbisect
echo 'unit mariadb.service' >>/etc/modbisect/allow
systemctl restart mariadb apache2
"""
# A service that the site asks about each upload, where it runs.
SCANNER = r"""
cat >/usr/local/bin/upload-scanner <<'PY'
#!/usr/bin/python3
import socket, time
server = socket.create_server(("127.0.0.1", 3310))
while True:
    one, _ = server.accept()
    one.recv(64)
    time.sleep(0.12)
    one.sendall(b"clean\n")
    one.close()
PY
chmod 755 /usr/local/bin/upload-scanner
printf '%s\n' '[Service]' ExecStart=/usr/local/bin/upload-scanner '[Install]' WantedBy=multi-user.target \
  >/etc/systemd/system/upload-scanner.service
cat >/var/www/html/upload.php <<'PHP'
<?php
if ($scanner = @fsockopen('127.0.0.1', 3310, $_, $_, 5)) { fwrite($scanner, 'x'); fgets($scanner); }
echo '<html>taken</html>';
PHP
mkdir /etc/switches
touch /etc/switches/scanner
systemctl daemon-reload
systemctl enable -q --now upload-scanner
"""
PAIRS = """\
probes: {upload: {get: /upload.php}}
components: {include: ["app-part:*", "php-module:calendar"]}
kinds: switch.yml
"""
# A wiki of somebody's own, with the settings of DokuWiki: one of them lets every page be rendered anew.
WIKI = r"""
mkdir -p /var/www/html/wiki/conf
cat >/var/www/html/wiki/conf/local.php <<'PHP'
<?php
$conf['title'] = 'Notes';
$conf['useacl'] = 0;
$conf['recent'] = 20;
// the cache was said to be stale
$conf['cachetime'] = -1;
$conf['plugins'] = array(
    'kin',
    'old',
);
PHP
cat >/var/www/html/wiki/index.php <<'PHP'
<?php
$conf = ['title' => 'Wiki', 'useacl' => 1, 'recent' => 5, 'cachetime' => 86400, 'plugins' => []];
include __DIR__ . '/conf/local.php';
if ($conf['cachetime'] < 0) { usleep(120000); }
echo '<html><title>Start</title>', $conf['recent'], '</html>';
PHP
chown -R www-data: /var/www/html/wiki
"""
SETTINGS = """\
probes: {page: {get: /wiki/}}
components: {into: /var/www/html/wiki/conf/local.php}
"""
STARTS = "journalctl -q -u mariadb.service | grep -c Started"
SUM = """\
probes: {sum: {get: /sum.php}}
components: {include: ["mariadb-variable:[j-r]*", "php-module:ct*"]}
"""
LISTED = """\
probes: {parts: {get: /parts.php}}
components: {include: ["app-part:*", "php-module:calendar"]}
kinds: part.yml
"""
SITE = "/etc/apache2/sites-available/000-default.conf"
PAGE = """\
probes: {home: {get: /, expect: {status: 200, contains: "</html>"}}}
components: {include: ["wordpress-plugin:*", "wordpress-muplugin:*", "wordpress-dropin:*"]}
"""


@pytest.fixture(scope="module")
def host(lab_host: LabHostFactory) -> str:
    made = lab_host(setup=("shop", "lean")).name
    for script in (PARTS, BLOG):
        done = lab.execute(made, ["sh", "-ec", script])
        assert done.returncode == 0, done.stderr
    return made


def test_a_part_that_stands_in_a_list(host: str, tmp_path: Path) -> None:
    lab.execute(host, ["sed", "-i", "s|DocumentRoot.*|DocumentRoot /var/www/html|", SITE])
    assert lab.execute(host, ["systemctl", "restart", "apache2"]).returncode == 0
    before = lab.execute(host, ["sh", "-c", FILES]).stdout
    (tmp_path / "part.yml").write_text(LIST)
    seen = run(tmp_path, host, LISTED)

    assert seen.code == 1, seen.progress
    (finding,) = seen.report.findings
    assert finding.components == (r"app-part:part/App\Two",)
    assert "remove line 4" in str(seen.report.remedies)
    assert lab.execute(host, ["sh", "-c", FILES]).stdout == before


def test_a_setting_of_the_application(host: str, tmp_path: Path) -> None:
    lab.execute(host, ["sed", "-i", "s|DocumentRoot.*|DocumentRoot /var/www/html|", SITE])
    done = lab.execute(host, ["sh", "-ec", f"{WIKI}\nsystemctl restart apache2"])
    assert done.returncode == 0, done.stderr
    before = lab.execute(host, ["sh", "-c", FILES]).stdout
    seen = run(tmp_path, host, SETTINGS)

    assert seen.code == 1, seen.progress
    (finding,) = seen.report.findings
    assert finding.components == ("app-setting:/var/www/html/wiki/conf/local.php:6",)
    assert "remove line 6 (conf.cachetime)" in str(seen.report.remedies)
    assert not any("local.php:3" in component for trial in seen.report.tried for component in trial.flipped)
    assert lab.execute(host, ["sh", "-c", FILES]).stdout == before


def test_a_plugin(host: str, tmp_path: Path) -> None:
    lab.execute(host, ["sed", "-i", "s|DocumentRoot.*|DocumentRoot /var/www/blog|", SITE])
    assert lab.execute(host, ["systemctl", "restart", "apache2"]).returncode == 0
    before = lab.execute(host, ["sh", "-c", FILES]).stdout
    seen = run(tmp_path, host, PAGE)

    assert seen.code == 1, seen.progress
    assert [finding.components for finding in seen.report.findings] == [("wordpress-plugin:pictures",)]
    assert "wp plugin deactivate pictures" in str(seen.report.remedies)
    assert lab.execute(host, ["sh", "-c", FILES]).stdout == before


def test_a_variable_of_the_database(host: str, tmp_path: Path) -> None:
    done = lab.execute(host, ["sh", "-ec", TUNED])
    assert done.returncode == 0, done.stderr
    before = lab.execute(host, ["sh", "-c", FILES]).stdout
    starts = int(lab.execute(host, ["sh", "-c", STARTS]).stdout)
    seen = run(tmp_path, host, SUM)

    assert seen.code == 1, seen.progress
    (finding,) = seen.report.findings
    assert finding.components == ("mariadb-variable:join_cache_level",)
    assert "remove line 4" in str(seen.report.remedies)
    assert "systemctl restart apache2 mariadb" in str(seen.report.remedies)
    assert lab.execute(host, ["sh", "-c", FILES]).stdout == before
    # A trial that switches nothing of the database leaves it alone, unless nobody knows how the last one left it. After
    # them the cure may be switched once more, for a look at what remains.
    wanted = [frozenset(fnmatch.filter(trial.flipped, "mariadb-variable:*")) for trial in seen.report.tried]
    unknown = sum(trial.verdict is Verdict.BROKEN for trial in seen.report.tried)
    changes = sum(one != other for one, other in pairwise([frozenset(), *wanted, frozenset()]))
    began = int(lab.execute(host, ["sh", "-c", STARTS]).stdout) - starts
    assert began <= changes + unknown + 2, [(trial.why, trial.flipped, trial.broken) for trial in seen.report.tried]


def test_a_pair_of_commands_as_the_page_says(host: str, tmp_path: Path) -> None:
    """What the page has root make, beside a service that the site asks; declared as in ``playbooks/kinds``."""
    lab.execute(host, ["sed", "-i", "s|DocumentRoot.*|DocumentRoot /var/www/html|", SITE])
    _, _, page = (ROOT / "docs/kinds.md").read_text().partition("### Any pair of commands\n")
    unit, script, allow = (block.partition("\n")[2] for block in page.split("```")[1:6:2])
    for path, text in (
        ("/etc/systemd/system/switches.service", unit),
        ("/usr/local/sbin/switches", script),
        ("/etc/modbisect/allow", allow),
    ):
        put = lab.execute(
            host, ["sh", "-c", f"mkdir -p {path.rpartition('/')[0]} && cat >>{path}"], input=text.encode()
        )
        assert put.returncode == 0, put.stderr
    done = lab.execute(host, ["sh", "-ec", f"chmod 755 /usr/local/sbin/switches\n{SCANNER}"])
    assert done.returncode == 0, done.stderr
    on = ["sh", "-ec", "systemctl enable -q --now switches; systemctl restart apache2"]
    assert lab.execute(host, on).returncode == 0
    before = lab.execute(host, ["sh", "-c", FILES]).stdout
    (tmp_path / "switch.yml").write_text((ROOT / "playbooks/kinds/switch.yml").read_text())
    seen = run(tmp_path, host, PAIRS)

    assert seen.code == 1, seen.progress
    assert [finding.components for finding in seen.report.findings] == [("app-part:switch//etc/switches/scanner",)]
    assert lab.execute(host, ["sh", "-c", FILES]).stdout == before
    assert lab.execute(host, ["systemctl", "is-active", "upload-scanner"]).stdout == b"active\n"
