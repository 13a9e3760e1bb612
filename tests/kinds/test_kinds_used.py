"""What an application's own files speak of: the shell that reads them, and what is made of it."""

import os
import subprocess
from pathlib import Path

import pytest

from modbisect import kinds
from modbisect.host.helper import _read

SURVEY = (Path(__file__).parent / "surveys/debian12-shop.txt").read_text()


def used(*lines: str) -> set[str]:
    """Component ids that the survey's reader prints of the folders that these lines of a configuration name."""
    script = _read("kinds/used") + "used\n"
    done = subprocess.run(
        ["/bin/sh", "-c", script], input="\n".join(lines), capture_output=True, text=True, check=True, timeout=20
    )
    return set(done.stdout.split())


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "app/public"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    ("text", "component"),
    [
        ("echo mb_strtoupper($name);", "php-module:mbstring"),
        ("$items = new \\mysqli('localhost');", "php-module:mysqli"),
        ("class Reader extends XMLReader {}", "php-module:xmlreader"),
        ("$a = \\Transliterator::create('x');", "php-module:intl"),
        ("echo _('Hello');", "php-module:gettext"),
        ("imagecreatetruecolor(1, 2);", "php-module:gd"),
    ],
)
def test_functions_and_classes_name_their_module(site: Path, text: str, component: str) -> None:
    (site / "index.php").write_text(f"<?php\n{text}\n")
    assert used(f"\tDocumentRoot {site}") == {component}


@pytest.mark.parametrize(
    "text", ["$curl_init(1);", "$this->mb_strlen('x');", "My::mb_strlen('x');", "mb_strlen", "# no call of mb_strlen"]
)
def test_variables_methods_and_words_name_nothing(site: Path, text: str) -> None:
    (site / "index.php").write_text(f"<?php\n{text}\n")
    assert used(f"DocumentRoot {site}") == set()


def test_files_that_the_pages_bring_in_count_and_composer_above_the_folder(site: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "code"
    elsewhere.mkdir()
    (elsewhere / "shop.php").write_text("<?php bcadd('1', '2');")
    (site / "index.php").write_text(f"<?php require '{elsewhere}/shop.php';")
    (site.parent / "composer.json").write_text('{"require": {"php": ">=8.1", "ext-redis": "*"}}')
    assert used(f'Alias /shop "{site}/"') == {"php-module:bcmath", "php-module:redis"}


def test_of_htaccess_only_what_no_condition_passes_over(site: Path) -> None:
    (site / ".htaccess").write_text(
        "<IfModule mod_headers.c>\nHeader set X 1\n</IfModule>\nExpiresActive On\n# RewriteEngine On\n"
    )
    assert used(f"DocumentRoot {site}") == {"apache-module:expires"}


def test_nothing_is_opened_through_a_link_or_waited_for(site: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.php").write_text("<?php mb_strlen('x');")
    (site / "link.php").symlink_to(tmp_path / "secret.php")
    (site / "folder").symlink_to(tmp_path)
    os.mkfifo(site / "pipe.php")
    os.mkfifo(site / ".htaccess")
    (site / "index.php").write_text("<?php ctype_alpha('x');")
    assert used(f"DocumentRoot {site}", "DocumentRoot /no/such/folder", "DocumentRoot relative") == {"php-module:ctype"}


def test_what_the_application_speaks_of_is_tried_last_and_stays_a_suspect() -> None:
    facts = kinds.parse(SURVEY.replace("@@ guard\n", "@@ used\nphp-module:calendar\nphp-module:../x\n@@ guard\n"))
    plain = {one.id: one for one in kinds.discover(kinds.parse(SURVEY))}
    told = {one.id: one for one in kinds.discover(facts)}
    assert told["php-module:calendar"].vital
    assert not told["php-module:calendar"].pinned
    assert {name for name in told if told[name] != plain[name]} == {"php-module:calendar"}
