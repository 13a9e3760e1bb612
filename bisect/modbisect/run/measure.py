"""Reaching a site: complete URLs, secrets filled in, and led through the connection where the host wants that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

from modbisect.host.link import Link
from modbisect.inventory import Host
from modbisect.playbook import Playbook, resolve_secret, with_base
from modbisect.run.access import linked


@contextmanager
def reached(link: Link, host: Host, playbook: Playbook) -> Iterator[Playbook]:
    """The playbook ready to be measured, over an open connection."""
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
