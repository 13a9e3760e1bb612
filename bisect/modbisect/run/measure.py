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
from modbisect.probe.login import Cookies, LoginError, log_in, logged_in
from modbisect.run.access import linked


def check_secrets(host: Host, playbook: Playbook) -> None:
    """Refuse a playbook with a secret for another place than the host's own site, before the secret is even read.

    The site is the origin of the host's base URL; the inventory may allow others. Where ``connect_to`` sends the
    request counts as well as where its URL says.

    Raises:
        Refused: with the probe, the origin, and what to write where.
    """
    allowed = {origin_of(host.base_url), *host.secret_origins} - {""}
    for probe in with_base(playbook, host.base_url).requests:
        if not (probe.auth and probe.auth.secret) and not probe.form_secrets:
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

        def ready(probe: Probe) -> Probe:
            if probe.auth and probe.auth.secret:
                probe = replace(probe, auth=replace(probe.auth, secret=resolve_secret(probe.auth.secret)))
            probe = replace(probe, form_secrets=tuple((name, resolve_secret(at)) for name, at in probe.form_secrets))
            if not host.tunnel or probe.connect_to:
                return probe
            url = urlsplit(probe.url)
            port = url.port or (443 if url.scheme == "https" else 80)
            if port not in ports:
                ports[port] = stack.enter_context(link.forward("127.0.0.1", port))
            return replace(probe, connect_to=f"127.0.0.1:{ports[port]}")

        login = complete.login and ready(complete.login)
        cookies = _cookies(host, login) if login else ()
        probes = tuple(logged_in(ready(probe), cookies, login) for probe in complete.probes)
        yield replace(complete, probes=probes, login=login)


def _cookies(host: Host, login: Probe) -> Cookies:
    try:
        return log_in(login, login.timeout)
    except LoginError as error:
        raise Refused(
            f"the playbook's login at {login.url} did not work: {error}",
            host=host.name,
            state="nothing was changed",
            advice="try it in a browser; see its names of fields in the page, and the secret",
        ) from None


@contextmanager
def site_of(host: Host, playbook: Playbook) -> Iterator[Playbook]:
    """The same without root rights; connects to the host only where its site is behind a tunnel."""
    with ExitStack() as stack:
        away = replace(host, connection="local") if not host.tunnel else host
        yield stack.enter_context(reached(stack.enter_context(linked(away)), host, playbook))
