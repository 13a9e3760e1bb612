"""What answers in front of the host's server, or in its place, and what may keep pages there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from modbisect.errors import Refused
from modbisect.host.survey import advice_about
from modbisect.inventory import Host
from modbisect.kinds import CONTAINER, Found, front
from modbisect.model import NOTHING, Asked, Probe
from modbisect.playbook import Playbook, with_base
from modbisect.probe import Markers
from modbisect.servers import APACHE, HTTPD, NGINX, server_of

_UNTOUCHED = "nothing was changed"
_EMPTIED = "each trial, and the end, restarts it behind the server, with nothing kept"


def refuse_another_server(host: Host, facts: Found, playbook: Playbook) -> None:
    """Refuse where the symptom's requests are answered by another program of the host than its server.

    It may be a proxy or cache in front of that, in which a broken trial's answers would outlive the run.

    Raises:
        Refused: with that program, and where the server itself listens.
    """
    server = server_of(facts)
    for probe in with_base(playbook, host.base_url).symptom_probes:
        port = _port_here(host, probe)
        who = facts.listener(port)
        if who and not server.listens(facts, port) and not _is_emptied(facts, port):
            own = [str(port) for port in server.ports(facts)]
            its = f"give the probe connect_to: {host.address}:PORT, {server.noun}'s"
            past = f"if {server.noun} is behind {who}, go past it: {its}"
            past += f"; or {leave}" if (leave := _leave(facts)) else ""
            raise Refused(
                f"{who} answers on port {port}, where probe {probe.name} asks, and not {server.noun}, "
                f"which listens {'on port ' + ', '.join(own) if own else 'nowhere'}",
                host=host.name,
                state=_UNTOUCHED,
                advice=advice_about(who) if not own or CONTAINER in who else past,
            )


def refuse_cache(host: Host, facts: Found, playbook: Playbook, learned: Mapping[str, Sequence[Markers]]) -> None:
    """Refuse where the answers as found have come through a proxy or a cache.

    It may keep what a broken trial answers, and hand that to visitors long after the host is as found.

    Raises:
        Refused: with the headers that tell it.
    """
    for probe in with_base(playbook, host.base_url).probes:
        passed = next((markers.passed for markers in learned.get(probe.name, ()) if markers.passed), "")
        port = _port_here(host, probe)
        straight = probe.connect_to or server_of(facts).listens(facts, port) or _is_emptied(facts, port)
        if passed and not straight:
            raise Refused(
                f"probe {probe.name} was answered through a proxy or a cache, which may keep a broken trial's answers "
                f"for visitors: {passed}",
                host=host.name,
                state=_UNTOUCHED,
                advice=f"go past it: give the probe connect_to: {host.address}:PORT, {server_of(facts).noun}'s",
            )


def kept_in_front(outside: Mapping[str, Sequence[Markers]]) -> str:
    """A warning where visitors' answers come through what the probes go past; empty where none do."""
    through = next((each for markers in outside.values() for each in markers if each.passed), None)
    if through is None:
        return ""
    why = f"; of the page it can keep nothing, for every answer {through.unkept}" if through.unkept else ""
    return (
        f"visitors come through a proxy or a cache ({through.passed}), which may keep what a broken trial answers; "
        f"the run looks from there once the host is put back{why}"
    )


def keeps_nothing(facts: Found, learned: Mapping[str, Sequence[Markers]]) -> str:
    """A warning where the cache that trials restart can keep none of the page; empty where there is none, or it can."""
    against = next((each.unkept for markers in learned.values() for each in markers if each.passed and each.unkept), "")
    if not against or not front.units(facts):
        return ""
    return f"the cache in front can keep nothing of the page, for every answer {against}"


def asked(host: Host, playbook: Playbook) -> Asked:
    """What the first of the symptom's requests asks of the host; its port is 0 where it asks elsewhere."""
    if not playbook.probes:
        return NOTHING
    probe = with_base(playbook, host.base_url).symptom_probes[0]
    url = urlsplit(probe.url)
    return Asked(_port_here(host, probe), url.hostname or "", url.path or "/")


def beside(host: Host, facts: Found) -> str:
    """What a person should know of another server that the page comes through; empty where there is none.

    An Apache beside the nginx which answers stays as found; a cache in front is restarted, or would have to be.
    """
    if front.unit(facts):
        what = f"{facts.listener(facts.port)} answers in front of {server_of(facts).noun}"
        return f"{what}: {_leave(facts) or _EMPTIED}"
    apaches = [(server.noun, ports) for server in (APACHE, HTTPD) if (ports := server.ports(facts))]
    if server_of(facts) is not NGINX or not apaches:
        return ""
    ((noun, ports), *_) = apaches
    return (
        f"nginx answers, and is what is switched; {noun}, which listens on port {', '.join(map(str, ports))}, stays as "
        f"found: where nginx hands the page on to it, give the probe connect_to: {host.address}:PORT, {noun}'s"
    )


def _is_emptied(facts: Found, port: int) -> bool:
    """Whether a cache answers there that each trial restarts."""
    return port == facts.port and bool(front.units(facts))


def _leave(facts: Found) -> str:
    """How root lets a run restart the cache; empty where it may, or there is none."""
    line = front.leave(facts)
    return f"let root write '{line}' in /etc/modbisect/allow on the host, and {_EMPTIED}" if line else ""


def _port_here(host: Host, probe: Probe) -> int:
    """The host's port that a probe's requests go to; 0 where they go elsewhere, or nobody knows."""
    url = urlsplit(f"//{probe.connect_to}" if probe.connect_to else probe.url)
    here = {host.address, host.name}
    if host.connection == "local":
        here |= {"localhost", "127.0.0.1", "::1"}
    if (host.tunnel and not probe.connect_to) or url.hostname in here:
        return url.port or (443 if probe.url.startswith("https:") else 80)
    return 0
