"""What fresh trials have proven, though the posterior may still doubt that it is all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from modbisect.model import Finding
from modbisect.search.bayesian.beliefs import Members
from modbisect.search.bayesian.claims import Claim, Parts
from modbisect.search.bayesian.evidence import DELTA, Evidence
from modbisect.search.bayesian.posterior import Posterior
from modbisect.search.bayesian.proof import TAKES_PART

_MORE = 25
"""So many trials more, and as many as it took to prove somebody, are spent on who else takes part."""


@dataclass(slots=True)
class Known:
    """Proven claims, in the order in which they were."""

    findings: dict[Parts, list[Finding]] = field(default_factory=dict)
    since: int = 0
    """The trial behind which the first one was; 0 before."""
    partial: frozenset[Members] = frozenset()
    """Of whom a proof has shown that each costs little alone of what flipping it saves."""
    refused: Counter[Parts] = field(default_factory=Counter)
    """How often a proof of it has failed."""

    def add(self, parts: Parts, findings: list[Finding], trial: int) -> None:
        """One more, behind that trial."""
        self.since = self.since or trial
        self.findings[parts] = findings

    def refused_again(self, parts: Parts, why: str) -> bool:
        """A proof of it was refuted; whether it was so before."""
        self.refused[parts] += 1
        if why.endswith(TAKES_PART):
            self.partial |= {part for part in parts.slow if len(part) == 1}
        return self.refused[parts] > 1

    def forget(self) -> None:
        """What held among a part of the suspects."""
        self.findings, self.since, self.partial, self.refused = {}, 0, frozenset(), Counter()

    def late(self, trial: int) -> bool:
        """Whether others beside it have had time enough to be told."""
        return bool(self.since) and trial - self.since >= max(_MORE, self.since)

    def certain(self, evidence: Evidence, posterior: Posterior) -> Iterator[Claim]:
        """Those that are beyond doubt a part of the truth, the latest first."""
        for parts in reversed(self.findings):
            claim = evidence.at_least(posterior, parts)
            if claim and claim.probability > 1 - DELTA:
                yield claim
