"""Whatever the site is: the verdict is right or says that it is open, and the conversation ends."""

from __future__ import annotations

from random import Random

from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from worldtext import World, world

from modbisect.model import Ask, ComponentId, Measurement, Outcome, Request
from modbisect.search import STRATEGIES, Flips, bisect, rehearse

HALVING = sorted(STRATEGIES.keys() - {"bayes"})
"""The Bayesian planner has the same properties tested in test_bayes.py."""


def sets(names: list[str], most: int, largest: int) -> st.SearchStrategy[list[Flips]]:
    return st.lists(st.frozensets(st.sampled_from(names), min_size=1, max_size=largest), max_size=most)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[World, list[Flips]]:
    names = [f"c{number:02}" for number in range(draw(st.integers(1, 24)))]
    culprits = draw(sets(names, 2, 3))
    needs = draw(sets(names, 4, 2))
    pinned = draw(st.lists(st.sampled_from(names), max_size=2))
    off = draw(st.lists(st.sampled_from(names), max_size=3))
    edges = draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=5))
    clashes = draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=2))
    lines = [
        f"components: {' '.join(names)},",
        f"pinned: {' '.join(pinned)}",
        f"off-in-production: {' '.join(off)}",
        f"depends: {', '.join(f'{a} -> {b}' for a, b in edges if a < b)}",
        f"conflicts: {', '.join(f'{a} >< {b}' for a, b in clashes if a < b and b in off)}",
        f"seed: {draw(st.integers(0, 9))}",
    ]
    if culprits:
        lines.append(f"slow: {' or '.join('(' + ' and '.join(sorted(one)) + ')' for one in culprits)}")
    else:
        lines.append("slow: always")
    if needs:
        lines.append(f"breaks-without: {', '.join('(' + ' or '.join(sorted(one)) + ')' for one in needs)}")
    return world("\n".join(lines)), culprits


def held(site: World, kept: Flips) -> Flips:
    """A set and all that has to stay as found with it.

    That is: what it depends on, and what is off and conflicts with it, or depends on it.
    """
    by_id = {one.id: one for one in site.components}
    result: set[ComponentId] = set()
    queue = sorted(kept)
    while queue:
        one = queue.pop()
        if one not in result:
            result.add(one)
            queue += by_id[one].depends
            if by_id[one].on:
                queue += [other for other in by_id[one].conflicts if not by_id[other].on]
            else:
                queue += [other.id for other in site.components if not other.on and one in other.depends]
    return frozenset(result)


@examples(60)
@given(worlds(), st.sampled_from(HALVING))
def test_never_a_wrong_accusation(case: tuple[World, list[Flips]], strategy: str) -> None:
    site, culprits = case
    conclusion, trials = site.run(STRATEGIES[strategy])
    assert len(trials) <= site.problem().budget
    pinned = {one.id for one in site.components if one.pinned}
    fixed = pinned | {one.component for one in conclusion.untestable}
    for finding in conclusion.findings:
        accused = frozenset(finding.components)
        # What depends on a culprit, or cannot be flipped at all, cannot be told from it: all else must agree.
        indistinct = fixed | held(site, accused) | set(finding.also_flipped)
        assert any(accused <= one <= accused | indistinct for one in culprits), conclusion
    if conclusion.outcome is Outcome.NONE:
        assert not culprits or any(one <= fixed for one in culprits), conclusion


@examples(40)
@given(st.integers(1, 24), st.integers(0, 3), st.randoms(use_true_random=False))
def test_a_single_culprit_is_always_found(size: int, needed: int, random: Random) -> None:
    names = [f"c{number:02}" for number in range(1, size + 1)]
    culprit, *needs = random.sample(names, min(size, 1 + needed))
    lines = [f"components: {' '.join(names)},", f"slow: {culprit}"]
    lines += [f"breaks-without: {', '.join(needs)}"] if needs else []
    conclusion, trials = world("\n".join(lines)).run(bisect)
    assert [one.components for one in conclusion.findings] == [(culprit,)]
    assert {one.component for one in conclusion.untestable} == set(needs)
    assert len(trials) <= 9 + 3 * size.bit_length() + 6 * len(needs)


@examples(40)
@given(worlds())
def test_same_answers_same_questions(case: tuple[World, list[Flips]]) -> None:
    site, _ = case
    assert site.run() == site.run()


@examples(30)
@given(worlds())
def test_a_decided_configuration_is_not_asked_again(case: tuple[World, list[Flips]]) -> None:
    site, _ = case
    _, trials = site.run()
    searched = [ask.configuration for ask, measurement in trials if measurement.broken or ask.stage == "search"]
    broken = [ask.configuration for ask, measurement in trials if measurement.broken]
    assert len(set(broken)) == len(broken)
    assert len(searched) - len(set(searched)) <= 4


@examples(20)
@given(
    st.integers(1, 12),
    st.sampled_from(HALVING),
    st.randoms(use_true_random=False),
    st.sampled_from([0.0, 0.1, 0.4]),
)
def test_answers_without_sense_end_the_conversation(size: int, strategy: str, random: Random, breaking: float) -> None:
    problem = world(f"components: {size}\nslow: c01\nmax-trials: 120").problem()

    def site(ask: Ask) -> Measurement:
        if random.random() < breaking:
            return Measurement(ask.configuration, broken=random.choice(["", "status 500"]))
        seconds = 10 ** random.uniform(-2, 2)
        return Measurement(
            ask.configuration,
            (Request("page", min(seconds, ask.cap), censored=seconds > ask.cap),) * ask.requests,
        )

    conclusion, trials = rehearse(problem, STRATEGIES[strategy], site)
    assert len(trials) <= problem.budget
    assert conclusion.reason
