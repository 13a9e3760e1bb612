from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modbisect.model import Component
from modbisect.search import Feasible

NAMES = ["a", "b", "c", "d", "e", "f"]


def component(name: str, *, on: bool = True, pinned: str = "", depends: str = "", conflicts: str = "") -> Component:
    return Component(name, "apache-module", name, on, pinned, frozenset(depends.split()), frozenset(conflicts.split()))


@st.composite
def components(draw: st.DrawFn) -> tuple[Component, ...]:
    some = st.sets(st.sampled_from(NAMES), max_size=2).map(" ".join)
    return tuple(
        component(
            name,
            on=draw(st.booleans()),
            pinned=draw(st.sampled_from(["", "", "", "kept"])),
            depends=draw(some),
            conflicts=draw(some),
        )
        for name in NAMES
    )


def broken_rules(all_of_them: tuple[Component, ...], flips: frozenset[str]) -> set[tuple[str, str, str]]:
    on = {one.id for one in all_of_them if one.on != (one.id in flips)}
    found = set()
    for one in all_of_them:
        if one.id in on:
            found |= {("needs", one.id, other) for other in one.depends - on - {one.id}}
            found |= {("clash", *sorted((one.id, other))) for other in one.conflicts & on - {one.id}}
    return found


@given(components(), st.frozensets(st.sampled_from(NAMES)))
def test_closing_is_consistent_and_smallest(site: tuple[Component, ...], wanted: frozenset[str]) -> None:
    pinned = {one.id for one in site if one.pinned}
    tolerated = broken_rules(site, frozenset())
    subsets = [frozenset(n for i, n in enumerate(NAMES) if bits >> i & 1) for bits in range(1 << len(NAMES))]
    good = [
        flips
        for flips in subsets
        if wanted <= flips and not flips & pinned and not broken_rules(site, flips) - tolerated
    ]
    closed = Feasible(site).close(wanted)
    assert closed == min(good, key=len, default=None)
    assert bool(Feasible(site).blocked(wanted)) == (closed is None)


@given(components(), st.frozensets(st.sampled_from(NAMES)), st.frozensets(st.sampled_from(NAMES)))
def test_what_is_not_held_can_be_flipped(
    site: tuple[Component, ...], wanted: frozenset[str], kept: frozenset[str]
) -> None:
    feasible = Feasible(site)
    within = feasible.widen(frozenset(), sorted(wanted))
    held = feasible.hold(kept, within)
    assert kept & within <= held <= within
    assert feasible.close(within - held) == within - held
    assert feasible.hold(feasible.generators(held, within), within) == held


def test_switching_off_takes_dependents_along() -> None:
    feasible = Feasible((component("php"), component("app", depends="php"), component("idle", on=False, depends="php")))
    assert feasible.close({"php"}) == {"php", "app"}
    assert feasible.close({"app"}) == {"app"}


def test_switching_on_brings_dependencies_and_ends_conflicts() -> None:
    feasible = Feasible(
        (
            component("event", on=False, depends="unix", conflicts="prefork"),
            component("prefork"),
            component("unix", on=False),
        )
    )
    assert feasible.close({"event"}) == {"event", "prefork", "unix"}


def test_a_pin_blocks_what_it_needs_and_says_so() -> None:
    feasible = Feasible((component("core"), component("php", pinned="kept by you", depends="core")))
    assert feasible.close({"core"}) is None
    assert feasible.blocked({"core"}) == "needed by pinned php (kept by you)"
