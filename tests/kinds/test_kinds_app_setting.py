"""The shell that reads applications' own settings: which statements it tells of, by names and lines, and no value."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from stand_ins import STAND_INS, told_lines

from modbisect.host.helper import _read
from modbisect.kinds.every import BY_NAME
from modbisect.kinds.rules import EditRule
from modbisect.kinds.seen import Frame, Moment
from modbisect.model import Component

WIKI = """\
<?php
/*
$conf['remark'] = 1;
 */
$conf['cachetime'] = -1;  // a remark (
$conf['useacl'] = 1;
$conf['plugin']['smtp']['smtp_pass'] = 'swordfish';
$config->debug = true;
define('WP_DEBUG', true);
define( 'AUTH_KEY', 'x' );
if ($conf['gzip_output'] == 1) {
    $conf['compress'] = 0;
}
$conf['hosts'] = array(
    'one',
    // and
    'two',
);
ini_set('memory_limit', '1G');
$check = check() or die();
"""
RETURNED = """\
<?php
$CONFIG = array (
  'loglevel' => 0,
  'apps_paths' =>
  array (
    0 => '/a',
  ),
  'dbhost' => 'localhost',
);
"""
DJANGO = '''\
"""
DEBUG = True
"""
import os
DEBUG = True
CACHES = {
    "default": {"BACKEND": "dummy"},
}
TEMPLATES[0]["OPTIONS"]["loaders"] = ["a", "b"]
CSRF_COOKIE_AGE = 1
LOGGING = {
    "filename": "x",
    **BASE,
}
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
CELERY_TASK_ALWAYS_EAGER = True
ENVIRONMENT = "staging"
lower = 1
if DEBUG == True:
    pass
'''
PLAIN = """\
# a remark
[section]
source-filter=/usr/lib/filter
cache-size = 0
password = swordfish
export DEBUG=1
key: value
alone
"""


PERL = """\
# a remark
our $projectroot = "/srv/git";
our @diff_opts = ('-M', '-C');
$feature{'blame'}{'default'} = [1];
%more = (
  one => 1,
);
if ($x == 1) { 1 }
1;
"""


def told(folder: Path, allowed: str = "") -> dict[str, list[list[str]]]:
    """By file what is printed of a web folder; the stand-ins are for what needs root or a server."""
    shell = f"{STAND_INS}web_folders() {{ printf '%s\\n' \"$folder\"; }}\nwsgi_folders() {{ :; }}\n" + _read(
        "kinds/app_setting"
    )
    done = subprocess.run(
        ["/bin/sh", "-c", shell],
        env={**os.environ, "allowed": allowed, "folder": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    rows = [line.split("\t") for line in told_lines(done.stdout)]
    files: dict[str, list[list[str]]] = {}
    for what, path, *rest in rows:
        if path.startswith(f"{folder}/"):
            files.setdefault(path.removeprefix(f"{folder}/"), []).append([what, *rest])
    return files


def named(rows: list[list[str]]) -> dict[str, tuple[str, str]]:
    return {row[2]: (row[1], row[3]) for row in rows if row[0] == "set"}


def test_assignments_of_php(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/local.php").write_text(WIKI)
    rows = told(tmp_path)["conf/local.php"]

    assert rows[0] == ["file", "-", "-", "-"]
    assert named(rows) == {
        "conf.cachetime": ("5", "-"),
        "conf.useacl": ("6", "guards"),
        "conf.plugin.smtp.smtp_pass": ("7", "guards"),
        "config.debug": ("8", "-"),
        "WP_DEBUG": ("9", "-"),
        "AUTH_KEY": ("10", "guards"),
        "conf.compress": ("12", "-"),
        "conf.hosts": ("14,15,17,18", "-"),
        "memory_limit": ("19", "-"),
        "check": ("20", "guards"),
    }
    assert "swordfish" not in str(rows)


def test_entries_of_one_great_array(tmp_path: Path) -> None:
    (tmp_path / "config.php").write_text(RETURNED)
    seen = named(told(tmp_path)["config.php"])

    assert {name: lines for name, (lines, _) in seen.items()} == {
        "loglevel": "3",
        "apps_paths": "4,5,6,7",
        "dbhost": "8",
    }


def test_statements_of_python(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/settings.py").write_text(DJANGO)

    assert named(told(tmp_path)["shop/settings.py"]) == {
        "DEBUG": ("5", "-"),
        "CACHES": ("6,7,8", "-"),
        "TEMPLATES.0.OPTIONS.loaders": ("9", "-"),
        "CSRF_COOKIE_AGE": ("10", "guards"),
        "LOGGING": ("11,12,13,14", "more"),
        "EMAIL_BACKEND": ("15", "guards"),
        "CELERY_TASK_ALWAYS_EAGER": ("16", "guards"),
        "ENVIRONMENT": ("17", "guards"),
    }


def test_plain_lines_wait_for_root(tmp_path: Path) -> None:
    (tmp_path / "config.ini").write_text(PLAIN)
    path = f"{tmp_path}/config.ini"
    rows = told(tmp_path)["config.ini"]

    assert rows[0] == ["file", "-", f"list {path}", "-"]
    assert named(rows) == {
        "source-filter": ("3", "-"),
        "cache-size": ("4", "-"),
        "password": ("5", "guards"),
        "DEBUG": ("6", "-"),
        "key": ("7", "-"),
    }
    assert told(tmp_path, f"list {tmp_path}/*.ini")["config.ini"][0] == ["file", "-", "-", "-"]


def test_a_file_of_perl(tmp_path: Path) -> None:
    (tmp_path / "config.conf").write_text(PERL)
    rows = told(tmp_path)["config.conf"]

    assert rows[0][2] == f"list {tmp_path}/config.conf"
    assert named(rows) == {
        "projectroot": ("2", "-"),
        "diff_opts": ("3", "-"),
        "feature.blame.default": ("4", "-"),
        "more": ("5,6,7", "-"),
    }


def test_no_more_of_perl_than_its_smallest_package_has() -> None:
    modules = set(re.findall(r"\buse ([A-Z][\w:]*)", _read("kinds/app_setting")))
    assert modules == {"Fcntl", "Cwd"}


def test_what_is_no_configuration_of_the_site(tmp_path: Path) -> None:
    """Examples, other code, a link to somewhere else, an empty file; what the guard could not hold is told so."""
    (tmp_path / "config.sample.php").write_text(WIKI)
    (tmp_path / "index.php").write_text(WIKI)
    (tmp_path / "config-empty.php").write_text("<?php\n")
    (tmp_path / "elsewhere").write_text(WIKI)
    (tmp_path / "local.php").symlink_to("elsewhere")
    (tmp_path / "config-held.php").write_text(WIKI)
    (tmp_path / "config-held.php.not-held").touch()
    seen = told(tmp_path)

    assert list(seen) == ["config-held.php"]
    assert seen["config-held.php"][0] == ["file", "held", "-", "-"]


def test_whatever_is_told_to_be_free_the_guard_would_cut(tmp_path: Path) -> None:
    texts = {"conf/local.php": WIKI, "config.php": RETURNED, "shop/settings.py": DJANGO}
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    rules = [rule for rule in BY_NAME["app-setting"].rules() if isinstance(rule, EditRule)]
    free = 0
    for name, rows in told(tmp_path).items():
        for _, numbers, _, why in rows[1:]:
            lines = [texts[name].splitlines()[int(number) - 1] for number in numbers.split(",")]
            may = any(
                re.fullmatch(rule.path, f"{tmp_path}/{name}")
                and all(re.fullmatch(rule.line_pattern, line) for line in lines)
                and not any(re.fullmatch(rule.but, line.lower()) for line in lines)
                for rule in rules
            )
            assert may == (why == "-"), lines
            free += may
    assert free


@pytest.mark.parametrize(
    ("moment", "strength"),
    [
        (Moment(1.0, "R", "", (), (Frame("render", "/usr/share/dokuwiki/inc/html.php", 3),)), 0.5),
        (Moment(1.0, "R", "", ("/usr/lib/dokuwiki/native.so",), ()), 0.5),
        (Moment(1.0, "R", "", (), (Frame("render", "/var/www/html/index.php", 3),)), 0.0),
    ],
)
def test_its_application_is_at_work(moment: Moment, strength: float) -> None:
    kind = BY_NAME["app-setting"]
    path = "/etc/dokuwiki/local.php"
    assert kind.claim(Component(kind.id(path), kind.name, path, on=True), moment) == strength
    assert kind.claim(Component(kind.id(f"{path}:3"), kind.name, f"{path}:3", on=True), moment) == 0.0


def test_its_program_is_at_work() -> None:
    kind = BY_NAME["app-setting"]
    moment = Moment(1.0, "R", "", ("/usr/bin/git", "/usr/share/gitweb/index.cgi"), ())
    for path, strength in (("/etc/gitweb.conf", 0.5), ("/etc/cgitrc", 0.0), ("/etc/gitweb/more.conf", 0.5)):
        assert kind.claim(Component(kind.id(path), kind.name, path, on=True), moment) == strength


def test_its_own_server_is_at_work() -> None:
    kind = BY_NAME["app-setting"]
    path = "/etc/desk/10-base.py"
    component = Component(kind.id(path), kind.name, path, on=True, detail="desk.service")
    assert kind.claim(component, Moment(1.0, "R", "", (), (), by="tcp 127.0.0.1:8001")) == 0.5
    assert kind.claim(component, Moment(1.0, "R", "", (), (), by="unix /run/php/php8.2-fpm.sock")) == 0.0
