"""What the posterior claims: its likeliest set, taken apart into what makes the site slow and what saves time."""

from __future__ import annotations

from dataclasses import dataclass

from modbisect.judging.judge import SHARE
from modbisect.search.bayesian.beliefs import NUISANCES, Belief, Members
from modbisect.search.bayesian.posterior import Posterior


@dataclass(frozen=True, slots=True)
class Parts:
    """A set, by columns."""

    slow: tuple[Members, ...]
    """What is slow on its own, or only together."""
    saving: Members = ()
    """What the site is slower without."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What could be said of the likeliest set."""

    parts: Parts
    belief: Belief
    """The likeliest that says so."""
    probability: float


def claimed(posterior: Posterior, complete: float, partial: frozenset[Members] = frozenset()) -> Claim:
    """The likeliest set, and the likeliest way in which it comes apart.

    ``complete`` is the log ratio of the site as found to everything flipped, as far as it is known beyond the ceiling.
    ``partial`` are those of whom a proof has shown that each only takes part in what it seemed to do alone.
    """
    alike: dict[Parts, list[Belief]] = {}
    for belief in posterior.beliefs.about(posterior.sets[0][0]):
        alike.setdefault(taken_apart(posterior, belief, complete, partial), []).append(belief)
    claims = [Claim(parts, each[0], sum(belief.probability for belief in each)) for parts, each in alike.items()]
    return max(claims, key=lambda claim: round(claim.probability, 9))


def taken_apart(
    posterior: Posterior, belief: Belief, complete: float, partial: frozenset[Members] = frozenset()
) -> Parts:
    """What is slow on its own, or only together; and what saves time. The others as for ``claimed``."""
    members = belief.members
    effects = posterior.fit(belief).mean[NUISANCES:]
    if len(belief.products) <= 1:
        costly = bool(members) and effects[0] > 0
        return Parts((members,)) if costly else Parts((), members)
    mains = list(zip(members, effects[: len(members)].tolist(), strict=True))
    if belief.form != "saturated":
        return Parts(
            tuple((member,) for member, effect in mains if effect > 0),
            tuple(member for member, effect in mains if effect < 0),
        )
    total = max(posterior.rows.total, complete)
    enough = SHARE * total
    alone = [(member,) for member, effect in mains if effect > enough]
    slow: tuple[Members, ...] = tuple(each for each in alone if each not in partial)
    # What was cut off tells nothing of how much slower both are together.
    if not slow and max(float(effects[-1]), total - sum(effect for _, effect in mains)) > enough:
        slow = (members,)
    return Parts(slow, tuple(member for member, effect in mains if effect < -enough))
