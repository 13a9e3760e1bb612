"""The journal as a resume file: every event survives it, and a conversation led again from it asks the same."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modbisect.errors import Exit, ModbisectError, Refused, UsageError
from modbisect.kinds import Suspicion
from modbisect.model import (
    Ask,
    Auth,
    Conclusion,
    Configuration,
    Measurement,
    Outcome,
    Probe,
    Request,
    Untestable,
    Verdict,
)
from modbisect.playbook import Budget, Playbook, whole, without_secrets
from modbisect.report import Report, Restored
from modbisect.run import journal
from modbisect.run.dialogue import Dialogue
from modbisect.run.events import (
    Began,
    Concluded,
    Effort,
    Event,
    Finished,
    Known,
    Looked,
    Posed,
    Surveyed,
    TrialBegan,
    TrialEnded,
)
from modbisect.run.journal import Journal
from modbisect.run.past import past
from modbisect.run.replay import finished, resumed
from modbisect.run.telling import report_of
from modbisect.search import STRATEGIES
from search.worldtext import World, world

NO_BUDGET = Budget()
RESTORED = Restored(verified=True, how="")
RUN = "a" * 32
st.register_type_strategy(float, st.floats(allow_nan=False))
EVENTS = st.one_of(*map(st.from_type, get_args(Event)))


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(events=st.lists(EVENTS, min_size=1, max_size=3))
def test_every_event_survives_the_journal(tmp_path_factory: pytest.TempPathFactory, events: list[Event]) -> None:
    folder = tmp_path_factory.mktemp("runs")
    assert written(folder, events) == events


def written(folder: Path, events: list[Event], run: str = RUN) -> list[Event]:
    kept = Journal(run, folder)
    for event in events:
        kept(event)
    kept.close()
    return list(journal.read(run, folder))


# --- a run on an imagined site --------------------------------------------------------------------

BUILDS_UP = world("components: 12\nslow: c03\nslowdown: 20\nbuilds-up: 40\nnoise: 0.05")
PAIR = world("components: 24\nslow: c03 and c17\nbreaks-without: c05\nnoise: 0.05\nrequest-noise: 0.1\n")
NAMES = sorted(STRATEGIES.keys() - {"bayes"})
"""What `auto` is, too."""


def told(site: World, strategy: str, most: int = 1000) -> list[Event]:
    """A run's events, up to so many trials."""
    problem = site.problem()
    events: list[Event] = [
        Began(RUN, "web1", "book", "2026-07-14T10:15:02Z", "0.1.0", problem.seed, Playbook("book")),
        Surveyed(problem.components),
        Posed(problem, strategy),
    ]
    answer, dialogue = site.site(), Dialogue(problem, strategy)
    number = 0
    while isinstance(ask := dialogue.now, Ask) and number < most:
        number += 1
        measurement = answer(ask)
        dialogue.tell(measurement)
        events += [
            TrialBegan(number, ask),
            TrialEnded(number, measurement, Effort(number, 3 * number, number / 2, 10.0 * number)),
        ]
    if isinstance(ask, Conclusion):
        report = Report(RUN, "web1", "book", ask.outcome, "", 1.0, RESTORED)
        events += [Concluded(ask), Finished(report)]
    return events


@pytest.mark.parametrize("site", [PAIR, BUILDS_UP], ids=["pair", "builds up"])
@pytest.mark.parametrize("strategy", NAMES)
def test_from_any_trial_on_the_same_is_asked(tmp_path: Path, strategy: str, site: World) -> None:
    whole_run = told(site, strategy)
    asks = [event.ask for event in whole_run if isinstance(event, TrialBegan)]
    for most in (0, 1, len(asks) // 3, 2 * len(asks) // 3, len(asks) - 1):
        events = written(tmp_path, told(site, strategy, most), f"{most:032x}")
        before = past(events)
        assert len(before.trials) == most
        assert resumed(before, NO_BUDGET).now == asks[most]


@pytest.mark.parametrize("strategy", NAMES)
def test_another_process_asks_the_same(tmp_path: Path, strategy: str) -> None:
    """Sets have another order there."""
    written(tmp_path, told(PAIR, strategy))
    code = (
        "import sys; from pathlib import Path; from modbisect.playbook import Budget; "
        "from modbisect.run.journal import read; from modbisect.run.past import past; "
        "from modbisect.run.replay import resumed; "
        "print(resumed(past(read('last', Path(sys.argv[1]))), Budget()).now.outcome)"
    )
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == "found\n", done.stderr


def test_a_report_is_made_of_nothing_but_the_events(tmp_path: Path) -> None:
    """Each trial is in it, with what was seen then."""
    before = past(written(tmp_path, told(PAIR, "bisect")))
    made = report_of(before, Playbook("book", probes=(Probe("page", "/"),)), before.effort, restored=RESTORED)
    assert (made.outcome, made.trials, made.restarts) == (Outcome.FOUND, len(before.trials), before.effort.restarts)
    assert [finding.components for finding in made.findings] == [("c03", "c17")]
    assert [trial.flipped for trial in made.tried] == [
        tuple(sorted(x.ask.configuration.flipped)) for x in before.trials
    ]
    served = [trial for trial in made.tried if not trial.broken]
    assert served
    assert all(trial.seconds and min(trial.times) <= trial.seconds <= max(trial.times) for trial in served)
    assert {trial.verdict for trial in made.tried if trial.broken} == {Verdict.BROKEN}


@pytest.mark.parametrize("outcome", [Outcome.FOUND, Outcome.NONE])
def test_who_was_seen_at_work_and_is_innocent_is_told(outcome: Outcome) -> None:
    before = past(told(PAIR, "bisect"))
    assert before.concluded
    # Cut off: as slow as found.
    (name, *_) = next(
        sorted(trial.ask.configuration.flipped)
        for trial in before.trials
        if trial.ask.configuration.flipped and any(one.censored for one in trial.measurement.requests)
    )
    seen = (Suspicion(name, 0.8, "running, in x.so"), Suspicion("c03", 0.4, "running"))
    looked = Looked(5.0, 4.0, seen, "running, in x.so", 0.8)
    said = replace(before.concluded, conclusion=replace(before.concluded.conclusion, outcome=outcome))
    before = replace(before, looked=looked, concluded=said)
    made = report_of(before, Playbook("book", probes=(Probe("page", "/"),)), before.effort, restored=RESTORED)
    words = [warning for warning in made.warnings if "seen at" in warning]
    where, innocent = "for 80% of the time the slow request was seen at this: running, in x.so", words[-1]
    assert words == ([innocent] if outcome is Outcome.FOUND else [where, innocent])
    assert innocent.startswith(f"{name} was seen at work for 80% of the time (running, in x.so), but switched over")


@pytest.mark.parametrize(
    ("broken", "seconds", "told_of"),
    [
        ("page: 58642 bytes, at least 137943 expected", 0.01, True),
        ("page: 58642 bytes, at least 137943 expected", 1e4, False),
        ("page: status 500, not 200", 0.01, False),
    ],
)
def test_whose_page_is_smaller_and_comes_much_sooner_is_told(broken: str, seconds: float, *, told_of: bool) -> None:
    before = past(told(PAIR, "bisect"))
    assert before.concluded
    latest = before.trials[-1]
    ask = replace(latest.ask, configuration=Configuration(frozenset({"c05"})))
    seen = Measurement(ask.configuration, cold=Request("page", seconds), broken=broken)
    untestable = (Untestable("c05", "the site breaks without"),)
    said = replace(before.concluded.conclusion, outcome=Outcome.NONE, findings=(), untestable=untestable)
    trials = (*before.trials, replace(latest, number=latest.number + 1, ask=ask, measurement=seen))
    before = replace(before, trials=trials, concluded=replace(before.concluded, conclusion=said))
    made = report_of(before, Playbook("book", probes=(Probe("page", "/"),)), before.effort, restored=RESTORED)
    words = [warning for warning in made.warnings if "but it was another one" in warning]
    assert [word.startswith("without c05 the page came in 10 ms and not in ") for word in words] == [True] * told_of


LEAVE = "access control; a playbook with 'components: {allow_security: true}', and --open-security, tries that"


def test_who_was_seen_at_work_and_could_not_be_switched_is_told() -> None:
    before = past(told(PAIR, "bisect"))
    assert before.concluded
    assert before.posed
    kept, needed = Suspicion("c01", 0.5, "poll of :53"), Suspicion("c05", 0.2, "running")
    components = tuple(replace(one, pinned="access control") if one.id == "c01" else one for one in before.components)
    said = replace(
        before.concluded.conclusion, outcome=Outcome.NONE, untestable=(Untestable("c05", "the site breaks without"),)
    )
    before = replace(
        before,
        posed=replace(before.posed, problem=replace(before.posed.problem, components=components)),
        looked=Looked(5.0, 4.0, (kept, needed), "running", 0.2),
        concluded=replace(before.concluded, conclusion=said),
    )
    made = report_of(before, Playbook("book", probes=(Probe("page", "/"),)), before.effort, restored=RESTORED)
    assert [warning for warning in made.warnings if "nobody could try" in warning] == [
        f"c01 was seen at work for 50% of the time (poll of :53), and nobody could try without: {LEAVE}",
        "c05 was seen at work for 20% of the time (running), and nobody could try without: the site breaks without",
    ]


def test_several_that_are_seen_in_the_same_way_are_told_of_once() -> None:
    before = past(told(PAIR, "bisect"))
    assert before.concluded
    seen = tuple(Suspicion(f"setting:{at}", 0.2, "read of the database") for at in range(4))
    stays = "root has to allow it"
    said = replace(
        before.concluded.conclusion,
        outcome=Outcome.NONE,
        untestable=tuple(Untestable(one.component, stays) for one in seen),
    )
    before = replace(
        before, looked=Looked(5.0, 4.0, seen, "running", 0.2), concluded=replace(before.concluded, conclusion=said)
    )
    made = report_of(before, Playbook("book", probes=(Probe("page", "/"),)), before.effort, restored=RESTORED)
    assert [warning for warning in made.warnings if stays in warning] == [
        f"4 of setting (0, 1, 2 and 3) may have to do with 80% of the time, and none was tried: {stays}"
    ]


def test_a_run_that_ended_is_told_again() -> None:
    before = past(told(PAIR, "bisect"))
    assert finished(before, resumed(before, NO_BUDGET), NO_BUDGET) is before.report


def test_a_run_whose_report_says_less_than_its_trials_goes_on() -> None:
    """Interrupted after its last trial, before its conclusion was told."""
    before = past(told(PAIR, "bisect"))
    assert before.report
    cut = replace(before, report=replace(before.report, outcome=Outcome.INTERRUPTED))
    assert finished(cut, resumed(cut, NO_BUDGET), NO_BUDGET) is None
    killed = replace(before, report=None)
    assert finished(killed, resumed(killed, NO_BUDGET), NO_BUDGET) is None


@pytest.mark.parametrize(
    ("small", "large"),
    [(Budget(seconds=55), Budget(seconds=90)), (Budget(requests=17), Budget(requests=18))],
)
def test_a_spent_budget_is_told_again_until_there_is_a_larger_one(small: Budget, large: Budget) -> None:
    before = past(told(PAIR, "bisect", 6))
    with pytest.raises(UsageError, match=r"budget of .* is spent"):
        finished(before, resumed(before, small), small)
    report = Report(RUN, "web1", "book", Outcome.INCONCLUSIVE, "", 1.0, Restored(verified=True, how=""))
    before = replace(before, report=report)
    assert finished(before, resumed(before, small), small) is report
    assert finished(before, resumed(before, large), large) is None


def test_a_spent_budget_of_restarts_too() -> None:
    before = past(told(replace(PAIR, max_trials=9), "bisect"))
    assert len(before.trials) == 9
    spent, larger = Budget(restarts=9), Budget(restarts=90)
    assert finished(before, resumed(before, spent), spent) is before.report
    assert isinstance(resumed(before, larger).now, Ask)


def test_a_resumed_runs_journal_is_enough_to_go_on_from() -> None:
    first = past(told(PAIR, "bisect", 7))
    assert first.posed
    assert first.surveyed
    began = replace(first.began, run="b" * 32, resumes=RUN)
    more = told(PAIR, "bisect", 9)[-4:]
    second = past([began, first.surveyed, first.posed, *first.trials, *more])
    assert [trial.number for trial in second.trials] == list(range(1, 10))
    assert all(isinstance(trial, Known) for trial in second.trials)
    assert second.effort == Effort(9, 27, 4.5, 90.0)
    assert resumed(second, NO_BUDGET).now == resumed(past(told(PAIR, "bisect", 9)), NO_BUDGET).now


def test_a_planner_of_another_mind_is_refused() -> None:
    before = past(told(PAIR, "bisect", 7))
    trials = list(before.trials)
    trials[4] = replace(trials[4], ask=replace(trials[4].ask, requests=trials[4].ask.requests + 1))
    with pytest.raises(Refused, match="at trial 5 the planner of this version wants something else") as caught:
        resumed(replace(before, trials=tuple(trials)), NO_BUDGET)
    assert caught.value.exit is Exit.REFUSED


def test_words_for_a_person_may_differ() -> None:
    before = past(told(PAIR, "bisect", 7))
    trials = tuple(
        replace(one, ask=replace(one.ask, why="said otherwise", left=0, suspects=(("c01", 0.5),)))
        for one in before.trials
    )
    assert resumed(replace(before, trials=trials), NO_BUDGET).now == resumed(before, NO_BUDGET).now


def test_a_run_that_ended_before_its_search_has_nothing_to_go_on_from() -> None:
    with pytest.raises(UsageError, match="ended before its search"):
        resumed(past(told(PAIR, "bisect")[:2]), NO_BUDGET)
    with pytest.raises(UsageError, match="no beginning"):
        past([])


# --- damage ---------------------------------------------------------------------------------------


@given(cut=st.integers(1, 2000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_journal_cut_anywhere_loses_its_last_event_at_most(tmp_path: Path, cut: int) -> None:
    folder = tmp_path / str(cut)
    if folder.exists():
        return
    events = written(folder, told(PAIR, "bisect", 4))
    file = folder / RUN / "journal.jsonl"
    kept = file.read_bytes()[:-cut]
    file.write_bytes(kept)
    left = list(journal.read(RUN, folder))
    assert left == events[: len(left)]
    assert kept.count(b"\n") <= len(left) <= kept.count(b"\n") + 1


@given(at=st.integers(0, 1_000_000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_a_damaged_line_before_the_last_is_a_clear_error(tmp_path: Path, at: int) -> None:
    folder = tmp_path / str(at)
    if folder.exists():
        return
    written(folder, told(PAIR, "bisect", 2))
    file = folder / RUN / "journal.jsonl"
    lines = file.read_bytes().split(b"\n")
    number = at % (len(lines) - 1)
    lines[number] = lines[number][: at % max(1, len(lines[number]))] + b"\x00"
    file.write_bytes(b"\n".join(lines))
    with pytest.raises(ModbisectError, match=rf"journal.jsonl:{number + 1}: not a line of a journal"):
        list(journal.read(RUN, folder))


# --- secrets --------------------------------------------------------------------------------------

SECRETIVE = Playbook(
    "book",
    probes=(
        Probe(
            "home",
            "/cart?token=hunter2",
            method="POST",
            headers=(("X-Api-Key", "hunter2"),),
            cookies=(("session", "hunter2"),),
            auth=Auth("basic", "me", "env:PASSWORD"),
            form=(("password", "hunter2"),),
        ),
        Probe("other", "/", method="POST", body="hunter2"),
    ),
)


def test_no_secret_of_a_playbook_is_in_a_journal(tmp_path: Path) -> None:
    kept = without_secrets(SECRETIVE)
    written(tmp_path, [Began(RUN, "web1", "book", "", "0.1.0", 1, kept)])
    text = (tmp_path / RUN / "journal.jsonl").read_text()
    assert "hunter2" not in text
    assert "env:PASSWORD" in text
    assert whole(kept, SECRETIVE) == SECRETIVE


def test_what_was_left_out_comes_from_the_file_unless_that_says_something_else() -> None:
    kept = without_secrets(SECRETIVE)
    other = replace(SECRETIVE, strategy="bisect")
    with pytest.raises(Refused, match="says something else than when the run began"):
        whole(kept, other)
    fresh = replace(SECRETIVE.probes[0], cookies=(("session", "renewed"),))
    renewed = replace(SECRETIVE, probes=(fresh, SECRETIVE.probes[1]))
    assert whole(kept, renewed) == renewed


def test_nothing_left_out_needs_no_file() -> None:
    plain = Playbook("book", probes=(Probe("home", "/"),))
    assert without_secrets(plain) == plain
    assert whole(plain, None) == plain
