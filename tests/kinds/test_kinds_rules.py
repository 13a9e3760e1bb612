"""The table of rules that goes into the guard: what every kind plans is what some rule of its own allows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kinds.test_kinds_golden import CASES, HERE, RULE, Case
from modbisect import kinds
from modbisect.kinds.every import BY_NAME
from modbisect.kinds.rules import DropInRule, EditRule, LinkRule, UnitRule
from modbisect.model import Configuration

BY_ROOT = {
    "app-known": [EditRule("cut", "", "/srv/other/site/settings[.]py", "-")],
    "app-part": [
        EditRule("cut", "", "/srv/site/app/settings[.]py", "-"),
        EditRule("aside", "", "/usr/share/dokuwiki/lib/plugins/info/action[.]php"),
        UnitRule("gunicorn[.]service"),
    ],
    "app-setting": [UnitRule("shelf[.]service")],
    "systemd-setting": [UnitRule("stock[.]service")],
    "mariadb-variable-allowed": [UnitRule("mariadb[.]service")],
}
"""What root has said on the hosts of these cases."""


def allows(rule: object, step: kinds.Step) -> bool:
    folder, _, name = step.path.rpartition("/")
    if isinstance(rule, LinkRule):
        return step.kind != "file" and name.endswith(rule.suffix) and re.fullmatch(rule.folder, folder) is not None
    if isinstance(rule, DropInRule):
        lines = step.content.splitlines()
        here = re.fullmatch(rule.folder, folder) and name == rule.file
        return bool(here) and all(any(re.fullmatch(one, line) for one in rule.allowed) for line in lines)
    if isinstance(rule, EditRule):
        return step.kind == rule.shape and re.fullmatch(rule.path, step.path) is not None
    return False


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_step_of_a_kind_has_a_rule_of_its_own(path: Path) -> None:
    case = Case(path.read_text().partition(RULE)[0])
    for kind in kinds.KINDS:
        components = [one for one in case.components if one.kind == kind.name and not one.pinned]
        steps = kinds.plan(case.facts, components, Configuration(frozenset(one.id for one in components)))
        assert bool(steps) == bool(components)
        rules = (*kind.rules(), *BY_ROOT.get(path.stem, ()))
        assert [step for step in steps if not any(allows(rule, step) for rule in rules)] == []


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_folder_file_and_unit_of_a_kind_is_in_its_rules(path: Path) -> None:
    case = Case(path.read_text().partition(RULE)[0])
    for kind in kinds.KINDS:
        rules = (*kind.rules(), *BY_ROOT.get(path.stem, ()))
        folders = [rule.folder for rule in rules if isinstance(rule, LinkRule | DropInRule)]
        units = [rule.pattern for rule in rules if isinstance(rule, UnitRule)]
        edited = [rule.path for rule in rules if isinstance(rule, EditRule)]
        components = [one for one in case.components if one.kind == kind.name and not one.pinned]
        assert [one for one in kind.folders(case.facts) if not matches(folders, one)] == []
        assert [one for one in kind.units(case.facts) if not matches(units, one)] == []
        assert [one for one in kind.files(case.facts, components) if not matches(edited, one)] == []


def matches(patterns: list[str], text: str) -> bool:
    return any(re.fullmatch(pattern, text) for pattern in patterns)


def test_an_edit_names_lines_and_no_content() -> None:
    cut = kinds.Step("/etc/x.conf", "cut", "3,7")
    assert (cut.line(), str(cut)) == ("cut\t/etc/x.conf\t3,7", "cut line 3, 7 of /etc/x.conf")
    assert kinds.Step("/etc/x.conf", "aside").line() == "aside\t/etc/x.conf"
    assert EditRule("cut", "a-kind", "/etc/x[.]conf", "A .*").line() == "cut\ta-kind\t/etc/x[.]conf\tA .*\t-"


@pytest.mark.parametrize(
    "line",
    [
        "\tRequire all granted",
        "  authtype Basic",
        "DENY from all",
        "RewriteRule ^/admin - [L,F]",
        "RewriteRule ^/old - [R=410]",
        "Redirect 403 /secret",
        "php_admin_value open_basedir /srv",
        "SetHandler application/x-httpd-php",
        "Include /etc/panel/*.conf",
    ],
)
def test_no_rule_cuts_what_guards_access(line: str) -> None:
    (rule,) = (one for one in BY_NAME["apache-directive"].rules() if isinstance(one, EditRule))
    assert re.fullmatch(rule.line_pattern, line)
    assert re.fullmatch(rule.but, line.lower())
    assert not re.fullmatch(rule.but, "rewriterule ^/a /b [l,qsa]")


def test_the_table_has_no_row_twice_and_no_column_empty() -> None:
    rows = kinds.guard_rules().splitlines()
    assert len(rows) == len(set(rows))
    assert all(all(row.split("\t")) for row in rows)


@pytest.mark.parametrize("name", ["innodb_flush_log_at_trx_commit", "sync-binlog", "innodb_doublewrite", "log_bin"])
def test_nothing_is_cut_of_which_durability_depends(name: str) -> None:
    (rule,) = BY_NAME["mariadb-variable"].rules()
    assert isinstance(rule, EditRule)
    assert re.fullmatch(rule.line_pattern, "general-log = 1")
    assert not re.fullmatch(rule.line_pattern, f"{name} = 0")


def test_what_rests_is_restarted_only_where_something_of_it_moves() -> None:
    survey = (HERE / "cases/mariadb-variable-allowed.txt").read_text().splitlines()
    rows = [line[2:].split(" | ") for line in survey if line.startswith("+ ")]
    more = "".join(f"@@ {section}\n{text}\n" for section, text in rows)
    found = kinds.parse((HERE / "surveys/debian12-shop.txt").read_text().replace("@@ end", f"{more}@@ end"))
    components = kinds.discover(found)
    none, log, charset = (
        Configuration(frozenset(ids)) for ids in ((), ("mariadb-variable:general_log",), ("apache-conf:charset",))
    )
    rests = ("mariadb.service",)
    assert kinds.resting(found, components, none, charset) == rests
    assert kinds.resting(found, components, log, Configuration(log.flipped | charset.flipped)) == rests
    assert kinds.resting(found, components, none, log) == ()
    assert kinds.resting(found, components, log, charset) == ()
