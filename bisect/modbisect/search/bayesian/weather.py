"""What slows the whole site down for a while is no component: its trials are set aside."""

from __future__ import annotations

from modbisect.model import Measure
from modbisect.search.bayesian.evidence import Evidence
from modbisect.search.bayesian.posterior import Posterior
from modbisect.search.bayesian.stretch import stretch
from modbisect.search.problem import Talk

_ODD = 0.3
"""Probability of the largest luck: restarts are so unlike each other that it is worth asking why."""
_BEYOND_DOUBT, _LIKELIER = 0.95, 0.5
_LATEST = 40
"""Trials; what was not seen by then is not looked for, since it takes the longer the more there are."""


def changed(evidence: Evidence, posterior: Posterior) -> bool:
    """Whether other trials are to be set aside than are."""
    aside = evidence.bench.aside
    asked = bool(aside) or posterior.luck[-1] >= _ODD
    if not asked or len(evidence.bench.ever) > _LATEST:
        return False
    return slowed(evidence, None if aside else posterior) != aside


def slowed(evidence: Evidence, posterior: Posterior | None = None) -> frozenset[int]:
    """Numbers of the trials that something else slowed down, if it is beyond doubt that something did.

    That depends on all trials ever, not on which of them are set aside at present.

    Args:
        evidence: What was tried.
        posterior: By all of them, where that is known.
    """
    bench, columns = evidence.bench, evidence.columns
    used = {
        number: (flips, seen)
        for number, (flips, seen) in bench.ever.items()
        if not seen.broken and flips <= columns.of.keys()
    }
    if bench.measure is not Measure.LATENCY or not any(flips == columns.within for flips, _ in used.values()):
        return frozenset()
    found = stretch(posterior or evidence.of_all(list(used.values())))
    if found.probability < _BEYOND_DOUBT:
        return frozenset()
    shares = found.of_row[-len(used) :]  # the site as found may be a row before the first trial
    inside = frozenset(number for number, share in zip(used, shares, strict=True) if share > _LIKELIER)
    # What has lasted for longer than all else is how the site is now.
    return inside if 2 * len(inside) <= len(used) else frozenset(used) - inside


def set_aside(evidence: Evidence) -> Talk[None]:
    """Sets these trials aside, and asks the fast control whether it is over."""
    bench, within = evidence.bench, evidence.columns.within
    bench.set_aside(slowed(evidence))
    if bench.asked in bench.aside:
        yield from bench.ask(within, "is it over, what made everything slow?", stage="baseline")
    yield from bench.ensure(within, f"all {len(within)} that can be, flipped", stage="baseline")
