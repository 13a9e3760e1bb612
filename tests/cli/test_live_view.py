"""What a run says as it goes on, where standard error is no terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modbisect.cli.live import Live
from modbisect.model import AS_FOUND, Ask, Measure, Measurement, Memory, Request
from modbisect.report import Restored
from modbisect.run.events import Began, FoundSlow, Known, PutBack, TrialBegan, TrialEnded

BEGAN = Began("a", "web1", "book", "", "0.1.0", 1)
FAST = Measurement(AS_FOUND, (Request("page", 0.2),), seconds=40.0)
SUSPECTS = (("php-module:xdebug", 0.62), ("php-module:curl", 0.2), ("php-module:zip", 0.09), ("php-module:gd", 0.04))


def ask(left: int, suspects: tuple[tuple[str, float], ...] = ()) -> Ask:
    return Ask(AS_FOUND, 3, 1.0, "is it xdebug?", left, suspects=suspects)


def test_the_suspects_are_named_when_they_change_and_the_time_to_go_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Live() as live:
        live(BEGAN)
        live(TrialBegan(1, ask(3)))
        live(TrialEnded(1, FAST))
        for number in (2, 3):
            live(TrialBegan(number, ask(4 - number, SUSPECTS)))
            live(TrialEnded(number, FAST))
        live(TrialBegan(4, ask(0, SUSPECTS[:1])))
        live(TrialEnded(4, FAST))
    lines = [" ".join(line.split()) for line in capsys.readouterr().err.splitlines()]
    assert lines == [
        "trial 1 200 ms ~3 left, 2 min is it xdebug?",
        "suspects php-module:xdebug, php-module:curl, php-module:zip and others",
        "trial 2 200 ms ~2 left, 80 s is it xdebug?",
        "trial 3 200 ms ~1 left, 40 s is it xdebug?",
        "suspects php-module:xdebug",
        "trial 4 200 ms is it xdebug?",
    ]


def test_memory_is_no_time_and_what_was_cut_off_is_more(capsys: pytest.CaptureFixture[str]) -> None:
    memory = Memory(40 << 20, 30 << 20, 2)
    with Live() as live:
        live(BEGAN)
        live(FoundSlow(replace(FAST, memory=memory, measure=Measure.MEMORY)))
        live(FoundSlow(replace(FAST, requests=(Request("page", 180.0, censored=True),))))
    lines = [" ".join(line.split()) for line in capsys.readouterr().err.splitlines()]
    assert lines == ["as found 40.0 MiB", "as found more than 3 min"]


def test_known_trials_are_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    with Live() as live:
        live(BEGAN)
        live(Known(1, ask(3), FAST))
    assert " known " in capsys.readouterr().err


def test_a_persons_answers_are_words(capsys: pytest.CaptureFixture[str]) -> None:
    with Live() as live:
        live(replace(BEGAN, by_hand=True))
        for number, seconds in enumerate((1.0, 10.0), 1):
            live(TrialBegan(number, ask(0)))
            live(TrialEnded(number, Measurement(AS_FOUND, (Request("by hand", seconds),))))
    said = capsys.readouterr().err
    assert [word for word in said.split() if word in ("fast", "slow")] == ["fast", "slow"]


def test_a_restore_that_never_ended_took_no_time(capsys: pytest.CaptureFixture[str]) -> None:
    with Live() as live:
        live(PutBack(Restored(verified=False, how="the host\n\x1b[1mcannot be reached")))
        live(PutBack(Restored(verified=True, how="every path", seconds=0.25)))
    lines = [" ".join(line.split()) for line in capsys.readouterr().err.splitlines()]
    assert lines == ["restored NOT VERIFIED: the host cannot be reached", "restored verified in 250 ms"]
