"""What is done while a slow request is under way."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, cast

import pytest

from modbisect.errors import Interrupted
from modbisect.model import Component
from modbisect.probe import WindowResult
from modbisect.run import look
from modbisect.run.look import Beside

if TYPE_CHECKING:
    from collections.abc import Callable

    from modbisect.host.privilege import RootLink

ANSWER = WindowResult(None, ())
LEARNED = (Component("apache-module:rewrite", "apache-module", "rewrite", on=True),)


def beside(learn: Callable[[], tuple[Component, ...]]) -> Beside:
    return Beside(cast("RootLink", None), 5, learn)


def test_what_the_configuration_needs_is_learned_while_the_request_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "_LONG_SECONDS", 0.0)
    begun = Event()

    def learn() -> tuple[Component, ...]:
        begun.set()
        return LEARNED

    def ask() -> WindowResult:
        assert begun.wait(30), "the request is over before anything is learned"
        return ANSWER

    meanwhile = beside(learn)
    assert meanwhile.while_long(ask) is ANSWER
    assert meanwhile.learned == LEARNED


def test_nothing_is_done_beside_a_quick_request() -> None:
    meanwhile = beside(lambda: pytest.fail("its time would be measured with that"))
    assert meanwhile.while_long(lambda: ANSWER) is ANSWER
    assert meanwhile.learned is None


def test_whoever_ends_the_run_does_not_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "_LONG_SECONDS", 0.0)
    begun, ended = Event(), Event()

    def learn() -> tuple[Component, ...]:
        begun.set()
        assert ended.wait(30)
        return LEARNED

    def ask() -> WindowResult:
        assert begun.wait(30)
        raise Interrupted("SIGINT")

    try:
        with pytest.raises(Interrupted):
            beside(learn).while_long(ask)
        assert not ended.is_set()
    finally:
        ended.set()
