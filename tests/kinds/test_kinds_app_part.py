"""The shell that reads the lists that a playbook declares: what it tells, and what it does not."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from stand_ins import STAND_INS, told_lines

from modbisect.host.helper import _read
from modbisect.kinds.every import BY_NAME
from modbisect.kinds.seen import Frame, Moment
from modbisect.model import Component, Listing
from modbisect.playbook import load_listing

SETTINGS = """\
SECRET = "swordfish"
MIDDLEWARE = [
    "app.one.One",
    # "app.off.Off",
    'app.two.Two',  # a remark
    "two words",
]
OTHER = [
    "app.other.Other",
]
"""


def listed(listing: Listing, allowed: str) -> list[list[str]]:
    """What is printed where root's file says this; the stand-ins are for what needs root."""
    shell = STAND_INS + _read("kinds/app_part")
    done = subprocess.run(
        ["/bin/sh", "-c", shell],
        env={**os.environ, "allowed": allowed, "declared": listing.line()},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return [line.split("\t") for line in told_lines(done.stdout)]


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    file = tmp_path / "settings.py"
    file.write_text(SETTINGS)
    return file


def middleware(settings: Path, entry: str = r"""^\s*["']([^"']+)["'],?\s*(?:#.*)?$""") -> Listing:
    return Listing("middleware", (str(settings.parent / "*.py"),), entry, r"^MIDDLEWARE\s*=\s*\[", r"^\]")


def test_the_entries_between_begin_and_end(settings: Path) -> None:
    rows = listed(middleware(settings), f"list {settings}")
    assert rows == [
        ["middleware", str(settings), "3", "app.one.One", "-", ""],
        ["middleware", str(settings), "5", "app.two.Two", "-", ""],
    ]


EXAMPLES = {
    "django-middleware": ("MIDDLEWARE = [\n    'app.one.One',\n]\nOTHER = [\n    'no.No',\n]\n", ["app.one.One"]),
    "laravel-provider": (
        "<?php\n\nreturn [\n    App\\Providers\\One::class,\n    // App\\Off::class,\n];\n",
        ["App\\Providers\\One"],
    ),
    "symfony-bundle": (
        (
            "<?php\n\nreturn [\n    App\\One\\OneBundle::class => ['all' => true],\n"
            "    Two\\TwoBundle::class => ['dev' => true, 'test' => true],\n];\n"
        ),
        ["App\\One\\OneBundle", "Two\\TwoBundle"],
    ),
    "haproxy-line": (
        (
            "defaults\n\tmode http\n\ttimeout connect 5s\nbackend levels\n\tbind 127.0.0.1:8190\n"
            "\thttp-request deny if scanner\n\tuse-server one if { path_beg /levels }\n\tserver one 127.0.0.1:8181\n"
        ),
        ["use-server"],
    ),
    "magento-module": (
        (
            "<?php\nreturn [\n    'modules' => [\n        'Magento_Store' => 1,\n        'Acme_Upload' => 1,\n"
            "        'Acme_Off' => 0,\n    ],\n    'scopes' => [\n        'Not_One' => 1,\n    ],\n];\n"
        ),
        ["Magento_Store", "Acme_Upload"],
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_pick_the_parts_and_nothing_else(tmp_path: Path, name: str) -> None:
    text, parts = EXAMPLES[name]
    (tmp_path / "list.php").write_text(text)
    listing = load_listing(Path(__file__).parents[2] / f"playbooks/kinds/{name}.yml")
    allowed = [f"list {tmp_path}/list.php", *(f"unit {unit}" for unit in listing.restart)]
    rows = listed(replace(listing, files=(str(tmp_path / "list.php"),)), "\n".join(allowed))
    assert [row[3] for row in rows if row[4] == "-"] == parts


def test_without_roots_word_no_line_is_read(settings: Path) -> None:
    assert listed(middleware(settings), f"aside {settings}\ncut {settings}\nlist {settings}.bak") == [
        ["middleware", str(settings), "0", "-", f"list {settings}", ""]
    ]


def test_a_pattern_of_roots_holds_within_one_folder(settings: Path) -> None:
    assert len(listed(middleware(settings), f"list {settings.parent}/*.py")) == 2
    assert len(listed(middleware(settings), f"list {settings.parent.parent}/*.py")) == 1


def test_what_its_owner_could_not_put_back(settings: Path) -> None:
    (settings.parent / "settings.py.not-held").touch()
    assert {row[4] for row in listed(middleware(settings), f"list {settings}")} == {"held"}


def test_a_unit_needs_roots_word_as_well(settings: Path) -> None:
    listing = Listing("m", (str(settings),), r'"(app\S*)"', restart=("gunicorn.service",))
    assert [row[4] for row in listed(listing, f"list {settings}")] == ["unit gunicorn.service"]
    allowed = listed(listing, f"list {settings}\nunit gunicorn.service")
    assert {tuple(row[4:]) for row in allowed} == {("-", "gunicorn.service")}


def test_files_that_are_parts(settings: Path) -> None:
    (settings.parent / "b.py").touch()
    rows = listed(Listing("parts", (f"{settings.parent}/*.py",)), f"aside {settings.parent}/b.py")
    assert [(row[1], row[3], row[4]) for row in rows] == [
        (f"{settings.parent}/b.py", f"{settings.parent}/b.py", "-"),
        (str(settings), str(settings), f"aside {settings}"),
    ]


@pytest.mark.parametrize("entry", [r"(?{system('touch ran')})(x)", r"(unclosed", r"(a*)*b$"])
def test_a_pattern_runs_nothing_and_ends(settings: Path, entry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(settings.parent)
    settings.write_text("MIDDLEWARE = [\n" + "a" * 3000 + "\n]\n")
    assert listed(middleware(settings, entry), f"list {settings}") == []
    assert not Path("ran").exists()


def test_no_link_no_pipe_no_folder_above(settings: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text('MIDDLEWARE = [\n    "a.b"\n]\n')
    settings.unlink()
    settings.symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe.py")
    listing = Listing("m", (f"{tmp_path}/*.py", f"{tmp_path}/x/../secret"), r'"(\S*)"')
    assert listed(listing, f"list {tmp_path}/*") == []


def test_no_link_on_the_way(settings: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    settings.rename(tmp_path / "real/settings.py")
    (tmp_path / "site").symlink_to(tmp_path / "real")
    listing = middleware(tmp_path / "site/settings.py")
    assert listed(listing, f"list {tmp_path}/*/*.py") == []
    assert len(listed(middleware(tmp_path / "real/settings.py"), f"list {tmp_path}/*/*.py")) == 2


@pytest.mark.parametrize(
    ("name", "file", "claim"),
    [
        ("django/app.bodylog.BodyLog", "/srv/site/app/bodylog.py", 1.0),
        ("django/app.bodylog.BodyLog", "/srv/site/app/views.py", 0.0),
        ("mediawiki/Cite", "/usr/share/mediawiki/extensions/Cite/src/Cite.php", 1.0),
        ("mediawiki/Cite", "/usr/share/mediawiki/includes/CiteMap.php", 0.0),
        ("laravel/App\\Providers\\Slow", "/var/www/a/App/Providers/Slow.php", 1.0),
        ("dokuwiki//usr/share/dokuwiki/lib/plugins/x/action.php", "/usr/share/dokuwiki/lib/plugins/x/action.php", 1.0),
    ],
)
def test_the_code_at_work_speaks_against_its_part(name: str, file: str, claim: float) -> None:
    part = Component(f"app-part:{name}", "app-part", name, on=True)
    assert BY_NAME["app-part"].claim(part, Moment(1.0, "R", "", (), (Frame("f", file, 1),))) == claim
    called = Moment(1.0, "R", "", (), (Frame("g", "/elsewhere/g.py", 1), Frame("f", file, 1)))
    assert BY_NAME["app-part"].claim(part, called) == claim / 2
