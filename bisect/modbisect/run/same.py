"""Whether a host is still the one that an earlier run has measured."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from modbisect.errors import Refused
from modbisect.host.privilege import RootLink
from modbisect.judging import Level, Noise, difference, level
from modbisect.kinds import Found, packages
from modbisect.model import Component, Measurement, Symptom, Verdict
from modbisect.report.figures import at_least, listed
from modbisect.run.events import Surveyed

_INSTALLED = re.compile(r"ii +(\S+) (\S+)")


def state_of(root: RootLink, facts: Found, components: Sequence[Component]) -> Surveyed:
    """What a later run compares with; versions only where dpkg knows them."""
    shown = "${db:Status-Abbrev} ${binary:Package} ${Version}\\n"
    listing = root.link.execute(["dpkg-query", "--show", "--showformat", shown, *packages()]).text
    files = {path: f"{entry.type} {entry.changed} {entry.target}".rstrip() for path, entry in facts.entries.items()}
    return Surveyed(tuple(components), files, dict(_INSTALLED.findall(listing)))


def refuse_another(host: str, then: Surveyed, now: Surveyed) -> None:
    """Compare a host with what it was, before anything is measured.

    Args:
        host: its name.
        then: from the journal, its components as the configuration tests left them.
        now: as the survey found them.

    Raises:
        Refused: what the earlier run measured is no longer there.
    """
    differs = list(_differences(then, now))
    if differs:
        raise Refused(
            f"the host is no longer the one that the earlier run measured: {'; '.join(differs)}",
            host=host,
            state="nothing was changed",
            advice="put it back as it was, or start again with 'modbisect run'",
        )


def refuse_other_times(host: str, then: Measurement, now: Measurement, symptom: Symptom) -> None:
    """Compare the site as found with what it was.

    Raises:
        Refused: it is clearly slower, or faster, than it was.
    """
    before, after = level(then), level(now)
    if Verdict.SLOW in (difference(before, after, Noise(), symptom), difference(after, before, Noise(), symptom)):
        raise Refused(
            f"as found it is {_figure(after)}, and was {_figure(before)} in the earlier run",
            host=host,
            state="nothing was changed",
            advice="find out what else has changed, or start again with 'modbisect run'",
        )


def _figure(here: Level) -> str:
    return at_least(here.seconds, censored=here.censored, measure=here.measure)


def _differences(then: Surveyed, now: Surveyed) -> Iterator[str]:
    before, after = ({component.id: component for component in each.components} for each in (then, now))
    both = sorted(before.keys() & after.keys())
    yield from _some("gone", before.keys() - after.keys())
    yield from _some("new", after.keys() - before.keys())
    yield from _some("off and was on", (component for component in both if before[component].on > after[component].on))
    yield from _some("on and was off", (component for component in both if before[component].on < after[component].on))
    yield from _some(
        "not what it was", (component for component in both if _changed(before[component], after[component]))
    )
    names = {name for name, _ in then.versions.items() ^ now.versions.items()}
    yield from _some(
        "versions",
        (f"{name} {then.versions.get(name, 'none')}, now {now.versions.get(name, 'none')}" for name in names),
    )
    if before.keys() == after.keys():
        yield from _some("files", {path for path, _ in then.files.items() ^ now.files.items()})


def _some(what: str, which: Iterable[str]) -> Iterator[str]:
    if names := sorted(which):
        yield f"{what}: {listed(names)}"


def _changed(then: Component, now: Component) -> bool:
    """The configuration tests of the earlier run may have found needs, and pinned; nothing else may differ."""
    same = (then.detail, then.loads, then.conflicts) == (now.detail, now.loads, now.conflicts)
    return not (same and now.depends <= then.depends and bool(then.pinned) >= bool(now.pinned))
