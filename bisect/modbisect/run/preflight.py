"""Checks before the first change: every one refuses with the host untouched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial

from modbisect import kinds
from modbisect.errors import Refused
from modbisect.inventory import Host
from modbisect.kinds import Found
from modbisect.model import AS_FOUND, Component, Role
from modbisect.playbook import Playbook
from modbisect.playbook.hours import all_close, all_open
from modbisect.run.domains import Identity, Seen, instead
from modbisect.run.in_front import refuse_another_server
from modbisect.servers import server_of

_UNTOUCHED = "nothing was changed"
_STRICTEST = (Role.PRODUCTION, Role.STAGING, Role.EXPERIMENTAL)
_SHOWN = 10
"""Components named in one line."""
_REASONS = 3
"""Told why nothing may be flipped."""
_SECOND = 1.5  # clocks of files and processes are this far apart at most


def role_of(host: Host, facts: Found) -> Role:
    """The stricter of what the inventory says and what the host says of itself."""
    said = [host.role]
    if facts.role:
        said.append(Role(facts.role) if facts.role in list(Role) else Role.PRODUCTION)
    return min(said, key=_STRICTEST.index)


def closing_time(host: Host, playbook: Playbook, now: datetime | None = None) -> datetime | None:
    """When the maintenance windows of the host and the playbook close; None where there is none.

    Raises:
        Refused: one of them is closed.
    """
    said = {"modbisect_window": host.window, "the playbook's window": playbook.window}
    windows = {name: window for name, window in said.items() if window}
    now = now or datetime.now(UTC)
    closes = all_close([*windows.values()], now)
    if windows and closes is None:
        opens = all_open([*windows.values()], now)
        when = f"it opens at {opens:%Y-%m-%d %H:%M %Z}" if opens else "the two are never open at once"
        raise Refused(
            f"outside the maintenance window ({', '.join(f'{name} {window}' for name, window in windows.items())})",
            host=host.name,
            state=_UNTOUCHED,
            advice=f"start it again later: {when}" if opens else f"correct one of them: {when}",
        )
    return closes


def left_open(facts: Found, components: Sequence[Component]) -> str:
    """What a run with ``allow_security`` says beforehand; empty where it can switch no access control."""
    opened = kinds.opened(components, facts)
    if not opened:
        return ""
    to = "whoever reaches the server" if facts.reachable else "users of the host itself"
    placed = sorted(opened, key=lambda component: "/" not in component.pinned)  # a file says more than a module's name
    named = "; ".join(f"{component.id} ({component.pinned})" for component in placed[:_SHOWN])
    more = f"; and {len(opened) - _SHOWN} more" if len(opened) > _SHOWN else ""
    return f"these may be switched, and what they protect is open to {to} meanwhile: {named}{more}"


def agree_to_open(
    host: Host, facts: Found, components: Sequence[Component], *, given: bool, ask: Callable[[str], bool] | None
) -> None:
    """Have it agreed to that access control is switched.

    Args:
        host: the host.
        facts: as the survey found it.
        components: the run's, selected.
        given: it was agreed to on the command line.
        ask: puts a question to a person; None where there is no terminal, which suffices when the server listens on
            loopback only.

    Raises:
        Refused: it was not agreed to.
    """
    said = left_open(facts, components)
    if not said or given:
        return
    if ask("Shall the run switch them?") if ask else not facts.reachable:
        return
    raise Refused(
        said,
        host=host.name,
        state=_UNTOUCHED,
        advice="add --open-security if that may be, or take allow_security out of the playbook",
    )


def check(
    host: Host,
    facts: Found,
    components: Sequence[Component],
    *,
    playbook: Playbook | None = None,
    accept_drift: bool = False,
    seen: Seen | None = None,
) -> None:
    """Refuse a host on which a run would do harm or learn nothing.

    Args:
        host: the host.
        facts: as the survey found it.
        components: the run's, selected.
        playbook: whose probes are sent; None where a person judges.
        accept_drift: the server may run with another configuration than the files have.
        seen: the host from its hypervisor; None where the inventory names none.

    Raises:
        Refused: with the reason and what to do.
    """
    for objection in objections(host, facts, components, playbook=playbook, accept_drift=accept_drift, seen=seen):
        raise objection


def objections(
    host: Host,
    facts: Found,
    components: Sequence[Component],
    *,
    playbook: Playbook | None = None,
    accept_drift: bool = False,
    seen: Seen | None = None,
) -> Iterator[Refused]:
    """Every reason for which `check` would refuse, the weightiest first."""
    looks: list[Callable[[], None]] = [
        *([partial(_refuse_another_machine, host, seen)] if seen else []),
        lambda: _refuse_production(host, facts, seen),
        lambda: _refuse_stopped(host, facts),
        lambda: _refuse_held(host, facts),
        *([partial(refuse_another_server, host, facts, playbook)] if playbook else []),
        lambda: _refuse_ailing(host, facts),
        lambda: _refuse_packages(host, facts),
        *([] if accept_drift else [partial(_refuse_drift, host, facts, components)]),
        lambda: _refuse_nothing_free(host, components),
    ]
    for look in looks:
        try:
            look()
        except Refused as objection:
            yield objection


def _refuse_another_machine(host: Host, seen: Seen) -> None:
    """Refuse a host that is not the domain which the inventory takes it for: its answers are another machine's."""
    if seen.place.identity is Identity.ANOTHER:
        raise Refused(
            seen.place.said,
            host=host.name,
            state=_UNTOUCHED,
            advice=f"see 'modbisect hypervisor {host.name}'; then correct ansible_host, modbisect_hypervisor or "
            "modbisect_domain in the inventory",
        )


def _refuse_production(host: Host, facts: Found, seen: Seen | None) -> None:
    if role_of(host, facts) is Role.PRODUCTION:
        other = instead(seen) if seen else ""
        raise Refused(
            "this is a production host, or nobody has said what it is: nothing is switched in place there",
            host=host.name,
            state=_UNTOUCHED,
            advice="run on staging; a host's role is modbisect_role in the inventory (--role where it is in none) and "
            f"/etc/modbisect/role on it{other and f'. {other}'}",
        )


def _refuse_stopped(host: Host, facts: Found) -> None:
    if facts.stop:
        raise Refused(
            "/etc/modbisect/stop is there: no runs on this host",
            host=host.name,
            state=_UNTOUCHED,
            advice="remove the file when runs are allowed again",
        )


def _refuse_held(host: Host, facts: Found) -> None:
    if facts.guard_state != "NONE":
        raise Refused(
            f"held by another run: {facts.guard_owner}, state {facts.guard_state}",
            host=host.name,
            state="as that run has left it",
            advice=f"wait for it, or look with 'modbisect status {host.name}'",
        )


def _refuse_packages(host: Host, facts: Found) -> None:
    if facts.package_locks:
        raise Refused(
            f"a package manager is at work: {', '.join(facts.package_locks)}",
            host=host.name,
            state=_UNTOUCHED,
            advice="wait until it is done",
        )


def _refuse_nothing_free(host: Host, components: Sequence[Component]) -> None:
    if all(component.pinned for component in components):
        reasons = Counter(component.pinned for component in components).most_common(_REASONS)
        raise Refused(
            f"nothing is left that may be switched: {'; '.join(f'{count} stay: {why}' for why, count in reasons)}",
            host=host.name,
            state=_UNTOUCHED,
            advice=f"see 'modbisect scan {host.name}', and the playbook's components",
        )


def _refuse_ailing(host: Host, facts: Found) -> None:
    """Refuse a server that is down, nobody's, or could not start again."""
    server = server_of(facts)
    if not facts.parent:
        raise Refused(f"{server.noun} is not running", host=host.name, state=_UNTOUCHED, advice="start it first")
    if facts.units.get(server.unit, "active") in ("inactive", "failed"):
        raise Refused(
            f"{server.noun} runs as process {facts.parent}, but not as systemd's {server.unit}: somebody has started "
            "it by hand, and a restart would start a second one",
            host=host.name,
            state=_UNTOUCHED,
            advice=f"end it and 'systemctl start {server.unit}'; "
            "'modbisect probe' and 'modbisect canary' measure the site as it is",
        )
    if not facts.configtest_ok:
        raise Refused(
            f"the server's configuration fails its own test as found: {facts.configtest.strip()}",
            host=host.name,
            state=_UNTOUCHED,
            advice="mend it first: any restart would take the site down",
        )


def _refuse_drift(host: Host, facts: Found, components: Sequence[Component]) -> None:
    if not facts.parent:
        return  # what is down has loaded nothing
    differs = [kinds.missing_or_extra(facts, components, AS_FOUND, facts.loaded)]
    differs += [f"not loaded: {name}" for name in kinds.never_loaded(facts, components)]
    if any(differs):
        raise Refused(
            f"the running server is not what the files say: {'; '.join(filter(None, differs))}",
            host=host.name,
            state=_UNTOUCHED,
            advice="restart it yourself to bring the files into effect, or accept it with --accept-drift",
        )
    # After a reload the oldest worker is younger than the files it read.
    unread = [path for changed, read, path in facts.newer if changed > read + _SECOND]
    if unread:
        raise Refused(
            f"configuration changed since the server started: {', '.join(unread[:5])}",
            host=host.name,
            state=_UNTOUCHED,
            advice="a run would bring it into effect; reload the server yourself first, or accept with --accept-drift",
        )
