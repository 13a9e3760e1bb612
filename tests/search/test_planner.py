"""The promises of a conversation that no single world shows."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from random import Random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worldtext import world

from few import few
from modbisect.errors import UsageError
from modbisect.model import (
    AS_FOUND,
    Ask,
    Component,
    Configuration,
    Measure,
    Measurement,
    Memory,
    Outcome,
    Request,
    Symptom,
    Verdict,
)
from modbisect.search import STRATEGIES, auto, bisect, conversation, rehearse, together, worst_case
from modbisect.search.ageing import monotone
from modbisect.search.halving import Conversation
from modbisect.search.problem import Problem, Strategy

DEMO = "components: 80\nbreaks-without: {1}, {2}, {3}\nvital: {vital}\nslow: {0}\nseed: {seed}"


def demo(seed: int) -> tuple[str, str]:
    names = [f"c{number:02}" for number in range(1, 81)]
    # The culprit anywhere; two of the needs among the 12 that most sites need, the third no one would guess.
    chosen = Random(seed).sample(names, 14)  # noqa: S311  a seeded site, no secret
    return chosen[0], DEMO.format(*chosen[:4], vital=" ".join(chosen[2:]), seed=seed)


def test_the_demo_is_cheap() -> None:
    totals, slow = [], []
    for seed in range(25):
        culprit, header = demo(seed)
        conclusion, trials = world(header).run(bisect)
        assert [one.components for one in conclusion.findings] == [(culprit,)]
        totals.append(len(trials))
        slow.append(sum(bool(seen.requests) and seen.requests[0].censored for _, seen in trials))
    print(f"trials: median {median(totals)}, most {max(totals)}; slow ones: median {median(slow)}")  # noqa: T201  figures for pytest -rP
    assert median(totals) <= 33
    assert median(totals) <= 32
    assert max(totals) <= 36
    assert median(slow) <= 10


def noisy(kind: str, slowdown: float, seed: int) -> tuple[set[tuple[str, ...]], str]:
    names = [f"c{number:02}" for number in range(1, 33)]
    a, b, need, other = Random(seed).sample(names, 4)  # noqa: S311  a seeded site, no secret
    lines = {
        "single": f"slow: {a}",
        "together": f"slow: {a} and {b}",
        "two": f"factors: {a} {slowdown}, {b} {slowdown}",
        "nothing": "slow: always",
    }
    truth = {"single": {(a,)}, "together": {tuple(sorted((a, b)))}, "two": {(a,), (b,)}, "nothing": set()}
    header = (
        f"components: 32\nnoise: 0.1\nrequest-noise: 0.45\nseed: {seed}\nslowdown: {slowdown}\n"
        f"breaks-without: {need}, {other}\n{lines[kind]}"
    )
    return truth[kind], header


@pytest.mark.parametrize(
    ("kind", "slowdown"), [("single", 2), ("single", 100), ("together", 100), ("two", 3), ("nothing", 1)]
)
def test_noise_accuses_nobody_wrongly(kind: str, slowdown: float) -> None:
    restarts, right = [], 0
    worlds = 14
    for seed in range(1000, 1000 + worlds):
        truth, header = noisy(kind, slowdown, seed)
        conclusion, trials = world(header).run(bisect)
        accused = {one.components for one in conclusion.findings}
        assert accused <= truth, conclusion
        right += accused == truth and conclusion.outcome is not Outcome.INCONCLUSIVE
        restarts.append(len(trials))
    print(f"{kind} x{slowdown}: {right} of {worlds} right, median {median(restarts)} restarts")  # noqa: T201  figures for pytest -rP
    assert right >= 0.7 * worlds


def test_a_fickle_site_accuses_hardly_anybody() -> None:
    accused = sum(
        world(f"components: 24\nfickle: 0.5\nseed: {seed}").run(bisect)[0].outcome is Outcome.FOUND
        for seed in range(200)
    )
    assert accused <= 3


@pytest.mark.parametrize("seed", range(3))
def test_memory_of_which_each_takes_a_little_is_nobodys_fault(seed: int) -> None:
    random = Random(seed)  # noqa: S311  a seeded site, no secret
    components = tuple(Component(f"c{at:02}", "php-module", f"c{at:02}", on=True) for at in range(30))

    def measure(configuration: Configuration) -> Measurement:
        peak = round((52 - len(configuration.flipped)) * 2**20 * math.exp(random.gauss(0, 0.02)))
        requests = (Request("page", 0.05, status=200),) * 6
        return Measurement(configuration, requests, memory=Memory(peak, peak, 2), measure=Measure.MEMORY)

    def answer(ask: Ask) -> Measurement:
        return replace(measure(ask.configuration), measure=ask.measure or Measure.MEMORY, growth=900.0)

    symptom = Symptom("page", ratio=1.3, at_least=0.005, measure=Measure.MEMORY)
    problem = Problem(components, measure(Configuration(frozenset())), symptom, seed)
    conclusion, trials = rehearse(problem, auto, answer)
    assert (conclusion.outcome, conclusion.findings) == (Outcome.NONE, ())
    assert len(trials) <= 15


@pytest.mark.parametrize("seed", few(range(6), 2))
@pytest.mark.parametrize("also", [0, 12])
def test_of_memory_that_adds_up_the_largest_contributor_is_named(seed: int, also: int) -> None:
    """21 of 47 MiB by one of forty; the others take some each, and another one 12 MiB or nothing to speak of."""
    random = Random(seed)  # noqa: S311  a seeded site, no secret
    components = tuple(Component(f"c{at:02}", "php-module", f"c{at:02}", on=True) for at in range(40))
    culprit, other = (one.id for one in random.sample(components, 2))
    takes = {one.id: random.uniform(0.1, 0.7) for one in components} | {culprit: 21.0}
    takes[other] += also

    def answer(ask: Ask) -> Measurement:
        kept = sum(takes[one.id] for one in components if one.id not in ask.configuration.flipped)
        peak = round((10 + kept) * 2**20 * math.exp(random.gauss(0, 0.02)))
        requests = (Request("page", 0.05, status=200),) * 6
        figure = ask.measure or Measure.MEMORY
        return Measurement(ask.configuration, requests, memory=Memory(peak, peak, 2), measure=figure, growth=900.0)

    found = answer(Ask(AS_FOUND, 6, 9.0, "as found", 0))
    problem = Problem(components, found, Symptom("page", at_least=4 / 1024, measure=Measure.MEMORY), seed)
    conclusion, trials = rehearse(problem, auto, answer)
    accused = [one.components for one in conclusion.findings]
    assert (culprit,) in accused
    assert {*accused} <= {(culprit,), (other,)}
    assert len(trials) <= 40


@pytest.mark.parametrize("strategy", [auto, bisect])
def test_only_those_are_cleared_that_were_flipped_with_all_the_others(strategy: Strategy) -> None:
    """One of two that cannot both go was never seen without the other: it may hide, or be hidden."""
    conclusion, _ = world("components: 8\nslow: always\nbreaks-without: (c01 or c02), c03").run(strategy)
    assert conclusion.outcome is Outcome.NONE
    assert {one.component for one in conclusion.untestable} == {"c02", "c03"}
    assert conclusion.residual
    assert conclusion.residual.before_seconds == pytest.approx(20.0, rel=0.05)


@pytest.mark.parametrize("strategy", [auto, bisect])
def test_two_that_hide_each_other_and_cannot_both_go_are_not_both_cleared(strategy: Strategy) -> None:
    conclusion, _ = world("components: c00 c01,\nslow: (c00) or (c01)\nbreaks-without: (c00 or c01)").run(strategy)
    assert conclusion.outcome is Outcome.NONE
    assert [one.component for one in conclusion.untestable] == ["c01"]


@pytest.mark.parametrize("strategy", [auto, bisect])
def test_trials_that_broke_the_site_clear_nobody(strategy: Strategy) -> None:
    conclusion, trials = world("components: 3\nslow: always\nbreaks-without: c01, c02, c03").run(strategy)
    assert all(seen.broken for ask, seen in trials if ask.configuration.flipped)
    assert conclusion.outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("strategy", [auto, bisect])
def test_a_spent_budget_leaves_those_that_were_not_cleared_together(strategy: Strategy) -> None:
    site = world("components: 40\nslow: c40\nbreaks-without: c38, c39\nmax-trials: 4")
    conclusion, trials = site.run(strategy)
    (slow,) = together(site.problem().found, [(ask.configuration.flipped, seen) for ask, seen in trials], Symptom("p"))
    assert conclusion.outcome is Outcome.INCONCLUSIVE
    assert slow.verdict is Verdict.SLOW
    assert slow.seconds == pytest.approx(20.0, rel=0.05)
    assert len(slow.components) > 10
    assert {*conclusion.suspects_left} == {f"c{at:02}" for at in range(1, 41)} - {*slow.components}


def test_what_is_fast_together_holds_a_culprit() -> None:
    found = Measurement(Configuration(), (Request("p", 20.0),) * 5)

    def trial(*flips: str, seconds: float = 20.0, broken: str = "") -> tuple[frozenset[str], Measurement]:
        flipped = frozenset(flips)
        return flipped, Measurement(
            Configuration(flipped), () if broken else (Request("p", seconds),) * 5, broken=broken
        )

    told = together(
        found,
        [
            trial(),
            trial("a", "b"),
            trial("b"),
            trial(*"abcd", seconds=0.2),
            trial("c", "d", seconds=0.2),
            trial("e", broken="500"),
        ],
        Symptom("p"),
    )
    assert [(one.components, one.verdict) for one in told] == [(("a", "b"), Verdict.SLOW), (("c", "d"), Verdict.FAST)]


def test_asks_say_what_a_person_and_a_run_need() -> None:
    _, header = demo(3)
    site = world(header)
    _, trials = site.run(bisect)
    assert trials[0][0].stage == "baseline"
    for ask, _ in trials:
        assert ask.why
        assert ask.left >= 0
        assert ask.cap >= 1.0
        assert 1 <= ask.requests <= 20
    assert trials[-1][0].left == 0


@pytest.mark.parametrize("strategy", [auto, bisect])
def test_the_proof_tells_how_the_other_probes_fare(strategy: Strategy) -> None:
    site = world("components: 8\nslow: c03\nnoise: 0.05")
    answer = site.site()

    def measure(ask: Ask) -> Measurement:
        on = "c03" not in ask.configuration.flipped
        times = {"home": 0.1, "item": 0.4 if on else 0.1, "search": 0.1 if on else 0.4}
        windows = tuple(Request(probe, seconds) for probe, seconds in times.items() for _ in range(5))
        return replace(answer(ask), elsewhere=windows if ask.stage == "confirm" else ())

    (finding,) = rehearse(site.problem(), strategy, measure)[0].findings
    assert finding.components == ("c03",)
    fares = {one.probe: (one.verdict, round(one.effect.ratio, 3)) for one in finding.elsewhere}
    assert fares == {"home": (Verdict.UNSURE, 1.0), "item": (Verdict.SLOW, 4.0), "search": (Verdict.FAST, 0.25)}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("size", [8, 16])
def test_the_forecast_is_what_runs_take(strategy: str, size: int) -> None:
    took = []
    for seed in range(9):
        culprit, *needed = Random(seed).sample([f"c{at:02}" for at in range(1, size + 1)], 4)  # noqa: S311  imagined
        site = world(f"components: {size}\nslow: {culprit}\nbreaks-without: {', '.join(needed)}\nseed: {seed}")
        took.append(len(site.run(STRATEGIES[strategy])[1]))
    forecast = worst_case(world(f"components: {size}").problem(), strategy)
    assert forecast.typical == pytest.approx(median(took), abs=3)
    assert max(took) <= forecast.worst + 2


def test_the_forecast_plays_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conversation, "talk", lambda _: pytest.fail("a rehearsal"))
    problem = world("components: 128").problem()
    assert 20 <= worst_case(problem).typical <= worst_case(problem).worst <= 40
    assert worst_case(replace(problem, max_trials=20)).worst == 20
    assert worst_case(world("components: 2\npinned: c01 c02").problem()).worst == 0


def test_an_unknown_strategy_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="bogo") as caught:
        conversation(world("components: 2").problem(), "bogo")
    assert "one-at-a-time" in str(caught.value)


def test_a_site_that_swings_by_itself_is_told_to_do_so() -> None:
    conclusion, _ = world("components: 24\nfickle: 0.5\nseed: 2").run(auto)
    assert conclusion.outcome is Outcome.INCONCLUSIVE
    assert any("something else than the suspects made it slow meanwhile" in one for one in conclusion.warnings)
    calm, _ = world("components: 8\nslow: always\nbreaks-without: c01").run(auto)
    assert not calm.warnings


@given(st.lists(st.floats(-9, 9), max_size=12))
def test_the_nearest_rising_curve(values: list[float]) -> None:
    fitted = monotone(values)
    assert fitted == sorted(fitted)
    assert sum(fitted) == pytest.approx(sum(values), abs=1e-6)
    assert monotone(sorted(values)) == sorted(values)
    if len(values) > 1:  # no other of a few rising curves is nearer
        flat = [statistics.fmean(values)] * len(values)
        assert _far(fitted, values) <= min(_far(flat, values), _far(sorted(values), values)) + 1e-6


def _far(one: list[float], other: list[float]) -> float:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
