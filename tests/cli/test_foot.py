"""What a person at a terminal sees beside the lines of a run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modbisect.cli.foot import bar, folded, likeliest, shortened, state, words
from modbisect.model import AS_FOUND, Ask, Configuration, Measurement, Request
from modbisect.report import Restored
from modbisect.run.events import Armed, Began, FoundSlow, PutBack, TrialBegan, TrialEnded
from modbisect.run.past import Past, past

BEGAN = Began("a", "web1", "book", "", "0.1.0", 1)
ASK = Ask(AS_FOUND, 3, 1.0, "is it xdebug?", 2, suspects=(("php-module:xdebug", 0.62), ("php-module:curl", 0.2)))
ARMED = Armed("digest", 7, 30)


def saw(seconds: float) -> Measurement:
    return Measurement(AS_FOUND, (Request("page", seconds),))


RUN = past([BEGAN, FoundSlow(saw(6.0))])


@pytest.mark.parametrize(("seconds", "filled"), [(6.0, 12), (600.0, 12), (0.6, 8), (0.06, 4), (0.006, 1), (1e-9, 1)])
def test_a_bar_is_a_third_shorter_for_each_power_of_ten(seconds: float, filled: int) -> None:
    assert bar(saw(seconds), RUN) == f"{'#' * filled:<12}"


def test_a_broken_trial_and_one_without_a_figure_have_no_bar() -> None:
    assert bar(replace(saw(1.0), broken="status 500"), RUN).strip() == "x"
    assert bar(Measurement(AS_FOUND), RUN).strip() == "x"


def test_the_hosts_state_is_told_as_it_changes() -> None:
    told = [
        state(past(events))
        for events in (
            [BEGAN],
            [BEGAN, ARMED],
            [BEGAN, ARMED, TrialBegan(1, ASK)],
            [BEGAN, ARMED, TrialBegan(1, ASK), TrialEnded(1, saw(1.0)), PutBack(Restored(verified=True, how=""))],
            [BEGAN, ARMED, TrialBegan(1, ASK), PutBack(Restored(verified=False, how="no link"))],
        )
    ]
    assert told == [
        "untouched",
        "held, as found",
        "switched; puts itself back after 30 s of silence",
        "as it was found",
        "NOT RESTORED",
    ]


def test_the_suspects_stand_with_what_speaks_for_each() -> None:
    assert likeliest(past([BEGAN, TrialBegan(1, ASK)])) == "php-module:xdebug 62%, php-module:curl 20%"
    assert likeliest(Past(BEGAN)) == ""


def test_a_proof_is_told_as_an_engineer_says_it() -> None:
    def proof(*flipped: str) -> str:
        return words(replace(ASK, stage="confirm", configuration=Configuration(frozenset(flipped))))

    assert words(ASK) == "is it xdebug?"
    assert proof() == "proof: everything as found, is it slow again?"
    assert proof("php-module:xdebug") == "proof: php-module:xdebug switched over, is it fast?"
    assert proof(*"abcdef") == "proof: 6 switched over at once"


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_no_line_is_longer_than_the_terminal_is_wide(columns: int) -> None:
    line = "trial   1   ####  more than 1.00 s, 69 MiB   what the site needs: apache-module:autoindex and 14 others"
    lines = folded(line, columns).split("\n")
    assert max(map(len, lines)) <= columns
    assert " ".join(" ".join(lines).split()) == " ".join(line.split())
    assert all(each.startswith(" " * 12) for each in lines[1:])
    assert len(shortened(line, columns)) <= columns
    assert folded(line, 0) == shortened(line, 0) == line
