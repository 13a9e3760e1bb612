"""Who is asked before access control is switched, and what of an older host's survey is missing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from kinds.test_kinds_golden import HERE
from modbisect import kinds
from modbisect.errors import Refused
from modbisect.inventory import Host
from modbisect.kinds import Found, access
from modbisect.model import Component
from modbisect.run import preflight

HOST = Host("web", "192.0.2.1")


@pytest.fixture(scope="module")
def facts() -> Found:
    return kinds.parse((HERE / "surveys" / "debian12-shop.txt").read_text())


def selected(facts: Found, *, allow_security: bool) -> tuple[Component, ...]:
    return kinds.select(kinds.discover(facts), facts, allow_security=allow_security)


def agree(
    facts: Found, *, reachable: bool = True, given: bool = False, ask: Callable[[str], bool] | None = None
) -> None:
    facts = replace(facts, reachable=reachable)
    preflight.agree_to_open(HOST, facts, selected(facts, allow_security=True), given=given, ask=ask)


def test_without_leave_nothing_is_open_and_nobody_is_asked(facts: Found) -> None:
    components = selected(facts, allow_security=False)
    assert preflight.left_open(facts, components) == ""
    preflight.agree_to_open(HOST, facts, components, given=False, ask=None)


def test_what_will_be_open_is_said_with_its_place(facts: Found) -> None:
    said = preflight.left_open(facts, selected(facts, allow_security=True))
    assert "open to whoever reaches the server meanwhile: " in said
    assert "apache-module:status (access control: Require in /etc/apache2/mods-available/status.conf:7)" in said
    assert re.search(r"; and \d+ more$", said)


def test_the_flag_and_a_person_s_yes_are_leave(facts: Found) -> None:
    agree(facts, given=True)
    agree(facts, ask=lambda _: True)


def test_a_server_that_others_reach_needs_one_of_them(facts: Found) -> None:
    with pytest.raises(Refused, match="what they protect is open to whoever reaches the server") as caught:
        agree(facts)
    assert "--open-security" in caught.value.advice
    agree(facts, reachable=False)


@pytest.mark.parametrize("reachable", [True, False])
def test_a_person_s_no_is_obeyed(facts: Found, *, reachable: bool) -> None:
    with pytest.raises(Refused):
        agree(facts, reachable=reachable, ask=lambda _: False)


def test_where_the_survey_does_not_say_others_reach_the_server(facts: Found) -> None:
    text = (HERE / "surveys" / "debian12-shop.txt").read_text()
    assert facts.reachable
    assert kinds.parse(text.replace("listens others\n", "")).reachable
    assert not kinds.parse(text.replace("listens others\n", "listens loopback\n")).reachable


def test_a_survey_without_the_sections_is_read_and_nothing_may_be_switched_on() -> None:
    text = (HERE / "surveys" / "debian12-shop.txt").read_text()
    for section in ("may-be-on", "access"):
        text = re.sub(rf"^@@ {section}\n(?:(?!@@ ).*\n)*", "", text, flags=re.MULTILINE)
    old = kinds.parse(text)
    assert old.may_be_on == frozenset()
    assert not any(access.protects(one.pinned) and "in /" in one.pinned for one in kinds.discover(old))
    found = kinds.select(kinds.discover(old), old, off="all")
    assert not [one.id for one in found if not one.pinned and not one.on]
