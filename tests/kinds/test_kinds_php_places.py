"""Which FPM a page is handed to, where a host has several PHPs: the shell reads Apache's files, and Python decides."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from modbisect import kinds
from modbisect.host.helper import _read
from modbisect.kinds import apache, php
from modbisect.model import NOTHING, Asked

SURVEY = (Path(__file__).parent / "surveys/debian12-shop.txt").read_text()
CONF = """\
Alias /members /srv/members/public
<Directory /srv/members/public>
    <FilesMatch "\\.php$">
        SetHandler "proxy:unix:/run/php/php8.2-fpm.sock|fcgi://localhost"
    </FilesMatch>
</Directory>
<IfModule !mod_php8.c>
    <IfModule proxy_fcgi_module>
        <FilesMatch ".+\\.ph(ar|p|tml)$">
            SetHandler "proxy:unix:/run/php/php8.1-fpm.sock|fcgi://localhost"
        </FilesMatch>
    </IfModule>
</IfModule>
<DirectoryMatch "^/srv/any">
    SetHandler "proxy:unix:/run/php/php8.0-fpm.sock|fcgi://localhost"
</DirectoryMatch>
"""
SITES = """\
<VirtualHost *:80>
    DocumentRoot /var/www/html
    <Location "/old/">
        SetHandler "proxy:unix:/run/php/php5.6-fpm.sock|fcgi://localhost"
    </Location>
</VirtualHost>
<VirtualHost *:80>
    ServerName Wiki.example.org
    ServerAlias w.example.org
    DocumentRoot "/srv/wiki"
    <FilesMatch php>
        SetHandler "proxy:unix:/run/php/php7.4-fpm.sock|fcgi://localhost"
    </FilesMatch>
</VirtualHost>
"""
UNITS = "".join(f"unit php{version}-fpm.service active\n" for version in ("8.2", "8.1", "8.0", "7.4", "5.6"))


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The section, as the shell prints it of these files."""
    folder = tmp_path_factory.mktemp("apache")
    for name, text in (("a.conf", CONF), ("b.conf", SITES)):
        (folder / name).write_text(text)
    part = _read("kinds/apache").partition("section php-places\n")[2].partition("\nsection ")[0]
    shell = f"apache_files() {{ ls {folder}/*.conf; }}\n{part}"
    done = subprocess.run(["/bin/sh", "-c", shell], env=os.environ, capture_output=True, text=True, check=True)
    return done.stdout


def facts(places: str, host: str, page: str, *, own_php: bool = True) -> kinds.Found:
    text = SURVEY if own_php else "\n".join(line for line in SURVEY.split("\n") if "mods-enabled/php8.2." not in line)
    link = "/etc/apache2/mods-enabled/proxy_fcgi.load\tl\tf\t1.0\t../mods-available/proxy_fcgi.load"
    more = f"@@ files\n{link}\n@@ server\npage {host} {page}\n{UNITS}@@ php-places\n{places}@@ end\n"
    return kinds.parse(text.replace("@@ end\n", more))


@pytest.mark.parametrize(
    ("host", "page", "fpm"),
    [
        ("192.0.2.1", "/members/", "php8.2-fpm"),
        ("192.0.2.1", "/members", "php8.2-fpm"),
        ("192.0.2.1", "/membership/", ""),
        ("192.0.2.1", "/", ""),
        ("192.0.2.1", "/old/x.php", "php5.6-fpm"),
        ("wiki.example.org", "/old/x.php", "php7.4-fpm"),
        ("W.example.org", "/", "php7.4-fpm"),
        ("wiki.example.org", "/members/a/b.php", "php8.2-fpm"),
    ],
)
def test_beside_a_php_of_apaches_own(places: str, host: str, page: str, fpm: str) -> None:
    found = facts(places, host, page)
    assert apache.serving_page(found) == fpm
    assert apache.serves_by_fpm(found) == fpm
    assert (apache.serves_by_module(found) == "") == bool(fpm)
    serving = php.serving(found)
    assert serving
    assert serving.folder == f"/etc/php/{fpm[3:6]}/fpm/conf.d" if fpm else "/etc/php/8.2/apache2/conf.d"


def test_of_several_fpms(places: str) -> None:
    assert apache.serves_by_fpm(facts(places, "192.0.2.1", "/", own_php=False)) == "php8.1-fpm"
    assert apache.serves_by_fpm(facts(places, "wiki.example.org", "/", own_php=False)) == "php7.4-fpm"
    assert apache.serves_by_fpm(facts(places, "192.0.2.1", "/members/", own_php=False)) == "php8.2-fpm"


def test_nobody_asks_for_a_page(places: str) -> None:
    found = facts(places, "192.0.2.1", "/members/")
    found.sections["server"][:] = [line for line in found.sections["server"] if not line.startswith("page ")]
    assert apache.serving_page(found) == ""
    assert apache.serves_by_module(found) == "php8.2"


def test_a_page_with_blanks_is_not_sent_to_the_host() -> None:
    assert Asked(80, "web1", "/a b").lines() == ["port 80"]
    assert Asked(0, "web1", "/a").lines() == ["page web1 /a"]
    assert NOTHING.lines() == []
