"""The last look at a restored host, over a fresh connection: does its site answer as it did before?"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from modbisect.errors import ModbisectError
from modbisect.inventory import Host
from modbisect.model import Probe
from modbisect.playbook import Playbook
from modbisect.probe import Markers, ProbeProcess
from modbisect.report import Restored
from modbisect.run.access import opened
from modbisect.run.load import Load
from modbisect.run.measure import reached
from modbisect.run.site import CHECK_SECONDS, SETTLE_SECONDS, Site, as_visitors

PAUSE_SECONDS = 0.5
"""Between two tries of a server that has just been restarted."""


def asked_again(
    restored: Restored,
    host: Host,
    playbook: Playbook,
    learned: Mapping[str, tuple[Markers, ...]],
    *,
    outside: Mapping[str, tuple[Markers, ...]],
    quick: bool,
    ask_password: Callable[[], str] | None,
) -> Restored:
    """The restore, no longer verified where the site does not answer as it did as found.

    A server just restarted may be cold or still starting: wrong answers are asked for again for `SETTLE_SECONDS`.

    Args:
        restored: what the guard says of it.
        host: from the inventory.
        playbook: its probes.
        learned: for each probe what its correct answers were like as found; one without is not asked.
        outside: the same of what visitors got, where the probe goes past a cache or a proxy.
        quick: the symptom's probes answer quickly enough as found to be asked as well.
        ask_password: asks a person for the sudo password; None where nobody can be asked.
    """
    try:
        with (
            opened(host, ask_password) as root,
            reached(root.link, host, playbook) as ready,
            ProbeProcess() as probes,
        ):
            site = Site(ready, probes, root, learned=dict(learned))
            others = [probe for probe in site.others if probe.name in learned]
            symptom = [probe for probe in site.symptom if probe.name in learned]
            until = time.monotonic() + SETTLE_SECONDS
            asked = [(site, probe) for probe in others + symptom * quick or symptom[:1]]
            visited = Site(ready, probes, root, learned=dict(outside))
            asked += [(visited, as_visitors(probe)) for probe in ready.probes if probe.name in outside]
            wrong = next(filter(None, (_fault(where, probe, until) for where, probe in asked)), "")
    except ModbisectError as error:
        wrong = f"the site could not be asked: {error.what}"
    if not wrong:
        return restored
    return replace(restored, verified=False, how=f"its files and its live server are as found, yet {wrong}")


def _fault(site: Site, probe: Probe, until: float) -> str:
    """How a probe's answer is unlike those as found, in words; empty when it is not."""
    while True:
        seen = site.window(probe, Load(cap=CHECK_SECONDS, cold_cap=CHECK_SECONDS))
        if not seen.broken:
            return ""
        if time.monotonic() >= until:
            break
        time.sleep(PAUSE_SECONDS)
    was = site.learned[probe.name][-1]
    in_front = "; what visitors get may be kept by a cache in front: purge it" if was.passed else ""
    title = f" and the title {was.title!r}" if was.title else ""
    return (
        f"{probe.name} does not answer as before: {seen.broken}; as found it answered with status {was.status}, "
        f"{was.size} bytes{title}{in_front}"
    )
