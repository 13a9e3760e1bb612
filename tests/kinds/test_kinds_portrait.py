"""What a host is, in a few lines; and the shell that finds its applications."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from stand_ins import STAND_INS, told_lines

from modbisect import kinds
from modbisect.host.helper import _read

SURVEY = (Path(__file__).parent / "surveys/debian12-shop.txt").read_text()
FILES = {
    "wordpress/wp-includes/version.php": "<?php\n$wp_version = '6.4.2';\n$secret = 'swordfish';\n",
    "wiki/includes/Defines.php": "<?php\ndefine( 'MW_VERSION', '1.39.5' );\n",
    "doku/doku.php": "<?php\n",
    "doku/VERSION": '2022-07-31a "Igor"\n',
    "app/artisan": "#!/usr/bin/env php\n",
    "broken/wp-includes/version.php": "<?php $wp_version = $(reboot);\n",
}


def test_applications_by_a_file_that_only_they_have(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    sites = tmp_path / "etc/apache2/sites-enabled"
    sites.mkdir(parents=True)
    (sites / "x.conf").write_text(f"Alias /wiki {tmp_path}/wiki/\nAlias /odd '/a b'\n")
    roots = f"printf '%s\\n' {tmp_path}/wordpress {tmp_path}/doku {tmp_path}/broken {tmp_path}/app/public"
    files = f"ls {tmp_path}/etc/apache2/sites-enabled/*.conf"
    shell = f"{STAND_INS}roots() {{ {roots}; }}\napache_files() {{ {files}; }}\n" + _read("kinds/applications")
    done = subprocess.run(["/bin/sh", "-c", shell], capture_output=True, text=True, check=False, timeout=60)
    assert sorted(told_lines(done.stdout.replace(f"{tmp_path}/", "/"))) == [
        "DokuWiki\t/doku\t2022-07-31a",
        "Laravel\t/app\t-",
        "MediaWiki\t/wiki\t1.39.5",
        "WordPress\t/broken\t-",
        "WordPress\t/wordpress\t6.4.2",
    ]


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ("WordPress\t/srv/a\t6.4.2", "WordPress 6.4.2 in /srv/a"),
        ("MediaWiki\t/srv/w\t-", "MediaWiki in /srv/w"),
        (
            "Drupal\t/srv/d\t10.1.2",
            (
                "Drupal 10.1.2 in /srv/d; its extensions stand in its database, which no run writes to: "
                "none of them is switched"
            ),
        ),
        (
            "Laravel\t/srv/l\t-",
            "Laravel in /srv/l; its parts are switched where they are declared (--kind laravel-provider.yml)",
        ),
    ],
)
def test_lines_about_a_host(row: str, line: str) -> None:
    found = kinds.parse(SURVEY.replace("@@ guard\n", f"@@ applications\n{row}\nodd\n@@ guard\n"))
    assert list(kinds.described(found)) == ["Debian 12, Apache with prefork workers, PHP 8.2 within Apache", line]
