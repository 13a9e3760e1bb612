"""Reaching a site: complete URLs, secrets filled in, and led through the connection where the host wants that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

from modbisect.errors import Refused
from modbisect.host.link import Link
from modbisect.inventory import Host
from modbisect.model import Probe, origin_of
from modbisect.playbook import Playbook, resolve_secret, with_base
from modbisect.playbook.text import shown
from modbisect.run.access import linked


def check_secrets(host: Host, playbook: Playbook) -> None:
    """Refuse a playbook with a secret for another place than the host's own site, before the secret is even read.

    The site is the origin of the host's base URL; the inventory may allow others. Where ``connect_to`` sends the
    request counts as well as where its URL says.

    Raises:
        Refused: with the probe, the origin, and what to write where.
    """
    allowed = {origin_of(host.base_url), *host.secret_origins} - {""}
    for probe in with_base(playbook, host.base_url).probes:
        if not (probe.auth and probe.auth.secret):
            continue
        for origin in _destinations(probe):
            if origin not in allowed:
                site = origin_of(host.base_url) or "not known"
                raise Refused(
                    f"probe {probe.name} would send its secret to {origin or shown(probe.url)}, "
                    f"which is not the site ({site})",
                    host=host.name,
                    state="nothing was changed; no secret was read or sent",
                    advice="if the secret is meant for it, say so in the inventory, under this host: "
                    f"modbisect_secret_origins: [{shown(origin)}]; if not, ask who wrote the playbook",
                )


def _destinations(probe: Probe) -> tuple[str, ...]:
    scheme = probe.url.partition(":")[0]
    there = (origin_of(f"{scheme}://{probe.connect_to}"),) if probe.connect_to else ()
    return (origin_of(probe.url), *there)


@contextmanager
def reached(link: Link, host: Host, playbook: Playbook) -> Iterator[Playbook]:
    """The playbook ready to be measured, over an open connection.

    Raises:
        Refused: as ``check_secrets``.
        UsageError: a secret is not there.
    """
    check_secrets(host, playbook)
    complete = with_base(playbook, host.base_url)
    ports: dict[int, int] = {}
    with ExitStack() as stack:
        probes = []
        for probe in complete.probes:
            ready = probe
            if probe.auth and probe.auth.secret:
                ready = replace(ready, auth=replace(probe.auth, secret=resolve_secret(probe.auth.secret)))
            if host.tunnel and not probe.connect_to:
                url = urlsplit(probe.url)
                port = url.port or (443 if url.scheme == "https" else 80)
                if port not in ports:
                    ports[port] = stack.enter_context(link.forward("127.0.0.1", port))
                ready = replace(ready, connect_to=f"127.0.0.1:{ports[port]}")
            probes.append(ready)
        yield replace(complete, probes=tuple(probes))


@contextmanager
def site_of(host: Host, playbook: Playbook) -> Iterator[Playbook]:
    """The same without root rights; connects to the host only where its site is behind a tunnel."""
    with ExitStack() as stack:
        away = replace(host, connection="local") if not host.tunnel else host
        yield stack.enter_context(reached(stack.enter_context(linked(away)), host, playbook))
