"""What a canary does beyond telling: keep what the host is, say what has changed since all was well, bisect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from modbisect.errors import ModbisectError
from modbisect.history import KEEP, CanaryResult, History
from modbisect.inventory import Host
from modbisect.judging.history import Trend
from modbisect.kinds import Picture, differences, latest, picture
from modbisect.model import Role, Symptom
from modbisect.playbook import Playbook
from modbisect.report import Report, verdict
from modbisect.run.canary import BROKEN, Sighting
from modbisect.run.outlook import Scan

_NO_GOOD_ONE = frozenset({Trend.SLOWER, Trend.UNSURE, BROKEN})
_LEAST_RATIO = 1.1


@dataclass(frozen=True, slots=True)
class Means:
    """What following up needs of whoever has the links and the terminal."""

    scan: Callable[[Host, Playbook], Scan]
    run: Callable[[Host, Playbook], Report]
    tell: Callable[[str], None]
    """Of what takes long, and what could not be done: it takes nothing from the check."""


def follow(
    host: Host, playbook: Playbook, history: History, sightings: Sequence[Sighting], since: float, *, means: Means
) -> tuple[Sighting, ...]:
    """The same sightings, with what has changed where a regression has begun, and the run that looks for who did it.

    It is done once for a regression; on production no run is begun. What the host is, is kept at each check, so that
    there is something to compare with.

    Args:
        host: that was checked.
        playbook: by which it was.
        history: has the results of this check already.
        sightings: of this check.
        since: Unix time at which it began; the host is taken to have been then what it is now.
        means: how to look and to run.
    """
    try:
        there = means.scan(host, playbook)
    except ModbisectError as error:
        means.tell(f"{host.name}: nobody could look at the host: {error.what}")
        return tuple(sightings)
    now = picture(there.facts, there.components)
    follower = _Follower(host, playbook, history, there, now, means)
    followed = tuple(follower.followed(each) for each in sightings)
    history.keep_picture(host.name, since, now)
    return followed


@dataclass(frozen=True, slots=True)
class _Follower:
    """One check of one host."""

    host: Host
    playbook: Playbook
    history: History
    there: Scan
    now: Picture
    means: Means

    def followed(self, sighting: Sighting) -> Sighting:
        """With what has changed and a run, where a regression has begun."""
        if sighting.comparison is None or sighting.comparison.trend is not Trend.SLOWER:
            return sighting
        kept = self.history.recent(self.host.name, self.playbook.name, sighting.probe, KEEP)
        before = _streak(kept)[:-1]
        bisects = self.there.role is not Role.PRODUCTION
        if any(each.run if bisects else each.changed is not None for each in before):
            return sighting
        sighting = replace(sighting, changed=self._changed(kept))
        if bisects:
            sighting = self._bisected(sighting)
        changed = "\n".join(sighting.changed)
        self.history.note(self.host.name, self.playbook.name, sighting.probe, changed=changed, run=sighting.run)
        return sighting

    def _changed(self, kept: Sequence[CanaryResult]) -> tuple[str, ...]:
        """What is not as it was at the last check that saw nothing wrong."""
        good = next((each.at for each in reversed(kept) if each.verdict not in _NO_GOOD_ONE), None)
        if good is None:
            return ()
        before = self.history.picture(self.host.name, good)
        lately = (str(change) for change in latest(self.there.facts, good) if change.at >= good)
        return tuple(dict.fromkeys((*(differences(before, self.now) if before is not None else ()), *lately)))

    def _bisected(self, sighting: Sighting) -> Sighting:
        self.means.tell(f"{self.host.name}: {sighting.probe} is slower; a run looks for who makes it so")
        try:
            report = self.means.run(self.host, asked_about(self.playbook, sighting))
        except ModbisectError as error:
            self.means.tell(f"{self.host.name}: no run looks for what makes {sighting.probe} slow: {error.what}")
            return sighting
        return replace(sighting, run=report.run, verdict=verdict(report))


def _streak(kept: Sequence[CanaryResult]) -> Sequence[CanaryResult]:
    """The latest results, as far back as they tell of one regression."""
    began = next((at for at in range(len(kept), 0, -1) if kept[at - 1].verdict != Trend.SLOWER), 0)
    return kept[began:]


def asked_about(playbook: Playbook, sighting: Sighting) -> Playbook:
    """The playbook whose symptom is what a canary has seen: that probe, slow from the canary's limit on."""
    said = sighting.comparison
    limit = said.alarm_seconds if said else None
    ratio = max(_LEAST_RATIO, (said.ratio if said else 1.0) ** 0.5)
    own = playbook.symptom if playbook.symptom and playbook.symptom.probe == sighting.probe else None
    symptom = own or Symptom(sighting.probe)
    return replace(
        playbook,
        symptom=replace(
            symptom,
            slower_than=limit or symptom.slower_than,
            ratio=min(symptom.ratio, ratio),
            at_least=min(symptom.at_least, playbook.canary.at_least),
        ),
    )
