"""A survey's text in, components and steps out. A case is a file: what to ask, a line of ``=``, the answer.

Before the rule a line is one of

    survey: NAME           text in surveys/, as a real host gave it
    - REGEX                without its lines that match
    + SECTION | LINE       with a further line; \\t is a tab
    into: PATH             look into this file
    include: / keep: GLOB, off: WORD, allow_security: yes, together: GLOB...
    show: GLOB             the components so named
    flip: ID...            the steps that flip these
    told: ID               the files to go on in where that one is to blame, beside what it is
    host:                  where a run may write, and what it restarts

``UPDATE_GOLDEN=1 pytest ...`` writes the answers anew.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from modbisect import kinds
from modbisect.kinds import Found
from modbisect.model import Component, Configuration

HERE = Path(__file__).parent
CASES = sorted((HERE / "cases").glob("*.txt"))
RULE = "\n========\n"


class Case:
    """One file's questions."""

    def __init__(self, text: str) -> None:
        self.lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        self.facts = kinds.parse(self._survey())
        self.components = kinds.select(
            kinds.discover(self.facts, self._all("into: ")),
            self.facts,
            include=self._all("include: ") or ["*"],
            keep=self._all("keep: "),
            off=(self._all("off: ") or ["auto"])[0],
            allow_security=bool(self._all("allow_security: ")),
            together=[line.split() for line in self._all("together: ")],
        )

    def _all(self, word: str) -> list[str]:
        return [line.removeprefix(word) for line in self.lines if line.startswith(word)]

    def _survey(self) -> str:
        text = (HERE / "surveys" / f"{self._all('survey: ')[0]}.txt").read_text()
        for pattern in self._all("- "):
            kept = [line for line in text.split("\n") if not re.search(pattern, line)]
            assert len(kept) < text.count("\n") + 1, f"nothing matches {pattern}"
            text = "\n".join(kept)
        for addition in self._all("+ "):
            section, _, line = addition.partition(" | ")
            head = f"@@ {section}\n"
            if head not in text:  # the survey was recorded before there was such a section
                text = text.replace("@@ end\n", f"{head}@@ end\n")
            text = text.replace(head, head + line.replace("\\t", "\t") + "\n")
        return text

    def answers(self) -> Iterator[str]:
        for line in self.lines:
            word, _, rest = line.partition(": ")
            if word == "show":
                yield f"[{rest}]"
                yield from sorted(_row(one) for one in self.components if fnmatch.fnmatchcase(one.id, rest))
            elif word == "flip":
                yield f"[{rest}]"
                steps = kinds.plan(self.facts, self.components, Configuration(frozenset(rest.split())))
                yield from (ascii(step.line())[1:-1] for step in steps)
            elif word == "told":
                yield f"[{rest}]"
                yield from kinds.told_in(self.facts, (one for one in self.components if one.id == rest))
            elif word == "host:":
                yield f"[host] Apache runs: {self.facts.parent > 0}, its test passes: {self.facts.configtest_ok}"
                yield f"writes {' '.join(kinds.write_set(self.facts))}"
                if edited := kinds.edited_files(self.facts, self.components):
                    yield f"edits {' '.join(edited)}"
                yield f"restarts {' '.join(kinds.units(self.facts))}"


def _row(one: Component) -> str:
    said = [f"{'on ' if one.on else 'off'} {one.id}"]
    said += [f"stays: {one.pinned}"] if one.pinned else []
    said += [f"needs {' '.join(sorted(one.depends))}"] if one.depends else []
    said += [f"against {' '.join(sorted(one.conflicts))}"] if one.conflicts else []
    said += [f"loads {' '.join(sorted(one.loads))}"] if one.loads else []
    said += [one.detail] if one.detail else []
    return " | ".join(said)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_components(path: Path) -> None:
    text, _, expected = path.read_text().partition(RULE)
    answer = "\n".join(Case(text).answers())
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(f"{text}{RULE}{answer}\n")
    else:
        assert answer == expected.rstrip("\n")


def test_there_are_cases() -> None:
    assert len(CASES) > 8


@pytest.fixture(scope="module")
def facts() -> Found:
    return Case("survey: debian12-shop").facts


def test_every_single_flip_stays_within_the_write_set(facts: Found) -> None:
    folders = kinds.write_set(facts)
    found = kinds.select(kinds.discover(facts), facts, off="all")
    for one in found:
        if not one.pinned:
            steps = kinds.plan(facts, found, Configuration(frozenset({one.id})))
            assert steps, one.id
            for step in steps:
                assert step.path.rpartition("/")[0] in folders
                assert (step.kind == "absent") == one.on


def test_as_found_nothing_is_missing_nothing_extra_and_nothing_to_do(facts: Found) -> None:
    found = kinds.discover(facts)
    assert kinds.plan(facts, found, Configuration()) == ()
    assert kinds.missing_or_extra(facts, found, Configuration(), facts.loaded) == ""


def test_a_flip_that_did_not_reach_the_server_is_seen(facts: Found) -> None:
    found = kinds.discover(facts)
    rewrite_off = Configuration(frozenset({"apache-module:rewrite"}))
    assert kinds.missing_or_extra(facts, found, rewrite_off, facts.loaded) == "still loaded: mod_rewrite.so"
    assert kinds.unmoved(facts, found, rewrite_off, facts.loaded) == {"apache-module:rewrite"}
    assert kinds.missing_or_extra(facts, found, rewrite_off, facts.loaded - {"mod_rewrite.so"}) == ""
    assert kinds.unmoved(facts, found, rewrite_off, facts.loaded - {"mod_rewrite.so"}) == frozenset()
    xdebug_on = Configuration(frozenset({"php-module:xdebug"}))
    assert kinds.missing_or_extra(facts, found, xdebug_on, facts.loaded) == "not loaded: xdebug.so"
    lost = facts.loaded - {"mod_rewrite.so", "curl.so"}
    assert kinds.missing_or_extra(facts, found, Configuration(), lost) == "not loaded: curl.so, mod_rewrite.so"


@pytest.mark.parametrize(
    "name",
    [
        "apache-conf:php8.2-fpm",
        "apache-module:proxy_fcgi",
        "apache-module:authnz_ldap",
    ],
)
def test_what_protects_the_site_stays(name: str) -> None:
    fpm = (HERE / "cases" / "fpm.txt").read_text().partition("host:")[0]
    on = "\n".join(
        f"+ files | /etc/apache2/{folder}-enabled/{file}\\tl\\tf\\t1\\t../{folder}-available/{file}"
        for folder, file in (("mods", "authnz_ldap.load"), ("conf", "php8.2-fpm.conf"))
    )
    (found,) = (one for one in Case(f"{fpm}\n{on}").components if one.id == name)
    assert found.on
    assert found.pinned
