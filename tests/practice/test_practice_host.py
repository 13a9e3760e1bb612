"""The fake itself: it is one, says so, and behaves like what it stands for."""

from __future__ import annotations

import hashlib
import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modbisect import kinds
from modbisect.host.survey import config_tests, sample, survey
from modbisect.lab.practice import CULPRIT, Machine, PracticeHost, machine, practice, scripts
from modbisect.lab.practice.guard import Guard
from modbisect.model import Configuration
from modbisect.run.access import opened

FACTS = kinds.parse("\n".join(scripts.answer(Machine(bool), "section system", []) or ()))
COMPONENTS = kinds.discover(FACTS)
SUSPECTS = [one.id for one in kinds.select(COMPONENTS, FACTS) if not one.pinned]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeHost]:
    with practice(tmp_path_factory.mktemp("practice"), slow_seconds=0.1) as host:
        yield host


def get(made: PracticeHost, path: str, method: str = "GET", body: bytes | None = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection(made.host.base_url.removeprefix("http://"), timeout=10)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_it_says_what_it_is(made: PracticeHost) -> None:
    assert made.host.name == "practice"
    with opened(made.host) as root:
        assert any("practice" in line for line in survey(root).sections["system"])


def test_components_as_on_a_real_host() -> None:
    assert {one.kind for one in COMPONENTS} == {"apache-module", "apache-conf", "apache-site", "php-module", "php-ini"}
    assert 40 <= len(COMPONENTS) <= 70
    assert CULPRIT in SUSPECTS
    assert kinds.missing_or_extra(FACTS, COMPONENTS, Configuration(), FACTS.loaded) == ""


@settings(max_examples=30)
@given(st.lists(st.frozensets(st.sampled_from(SUSPECTS)), min_size=1, max_size=4))
def test_any_configurations_then_back(wanted: list[frozenset[str]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "RESTART_SECONDS", 0.0)
        host = Machine(bool)
        found, live = host.tree, host.server
        assert live is not None
        guard = Guard(host)
        spec = "\n".join(f"dir {folder}" for folder in kinds.write_set(FACTS))
        assert guard.hold(b"", hashlib.sha256(b"").hexdigest(), "run", 60, spec).status == 0
        for flipped in wanted:
            steps = kinds.plan(FACTS, COMPONENTS, Configuration(flipped))
            done = guard.call(["apply", "run"], "".join(f"{step.line()}\n" for step in steps) + "end\n")
            loaded = frozenset(line[3:] for line in done.text.splitlines() if line.startswith("so "))
            differs = kinds.missing_or_extra(FACTS, COMPONENTS, Configuration(flipped), loaded)
            assert (done.status, differs) == (0, "") or (done.status == 20 and "Invalid command" in done.text)
        assert "loaded same" in guard.call(["restore", "run"], "").text
        assert guard.call(["disarm", "run"], "").status == 0
        assert host.tree == found
        assert host.server is not None
        assert host.server.on == live.on


def test_a_request_that_was_cut_short_changes_nothing() -> None:
    host = Machine(bool)
    guard = Guard(host)
    guard.hold(b"", hashlib.sha256(b"").hexdigest(), "run", 60, "dir /etc/apache2/mods-enabled")
    before = host.tree
    assert guard.call(["apply", "run"], "absent\t/etc/apache2/mods-enabled/env.load\n").status == 64
    assert host.tree == before
    guard.close()


def test_commands_it_does_not_know(made: PracticeHost) -> None:
    with opened(made.host) as root:
        for argv in (["rm", "-rf", "/"], ["/bin/sh", "-c", "true"], ["/bin/sh", "-s"]):
            done = root.execute(argv, stdin=b"true\n")
            assert done.status == 127
            assert "practice host" in done.complaint


def test_the_configuration_test_on_a_copy(made: PracticeHost) -> None:
    with opened(made.host) as root:
        facts = survey(root)
        known = kinds.discover(facts)
        alone = {one: kinds.plan(facts, known, Configuration(frozenset({one}))) for one in SUSPECTS}
        tests = config_tests(root, alone)
        assert tests.keys() == alone.keys()
        assert {one for one, test in tests.items() if not test.ok} == {"apache-module:headers", "apache-module:expires"}


def test_pages(made: PracticeHost) -> None:
    assert get(made, "/")[0] == 200
    assert "Item 12" in get(made, "/items/12")[1]
    assert "stored 1000 bytes" in get(made, "/upload", "POST", bytes(1000))[1]
    assert get(made, "/upload", "POST")[0] == 400
    assert get(made, "/report")[0] == 200
    assert get(made, "/elsewhere")[0] == 404


@pytest.mark.parametrize(
    ("off", "path", "status", "words"),
    [
        ("mysqli.ini", "/", 500, "Fatal error"),
        ("mbstring.ini", "/", 500, "Fatal error"),
        ("rewrite.load", "/items/12", 404, "not found"),
        ("rewrite.load", "/", 200, "Item No. 1"),
        ("000-default.conf", "/", 404, "No such site"),
        ("php8.2.load", "/", 200, "<?php"),
    ],
)
def test_pages_depend_on_components(tmp_path: Path, off: str, path: str, status: int, words: str) -> None:
    with practice(tmp_path) as made:
        made.machine.tree = {key: entry for key, entry in made.machine.tree.items() if not key.endswith(off)}
        assert get(made, path)[1].count(words) == 0 or status == 200  # the live server still runs with it
        assert made.machine.restart()
        answer = get(made, path)
        assert answer[0] == status
        assert words in answer[1]


def test_a_slow_upload_takes_memory(made: PracticeHost) -> None:
    with opened(made.host) as root:
        before = sample(root).memory
        get(made, "/upload", "POST", bytes(1 << 20))
        after = sample(root).memory
    assert before is not None
    assert after is not None
    assert after.peak > before.peak
