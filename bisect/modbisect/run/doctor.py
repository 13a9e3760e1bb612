"""What a host needs for a run, looked at one after the other: what works, what is missing, and how to mend it.

Nothing is switched and nothing is written on the host.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from modbisect import kinds
from modbisect.errors import ModbisectError, Refused
from modbisect.host.helper import HELPER
from modbisect.host.link import Link
from modbisect.host.privilege import RootLink, find_privilege
from modbisect.host.survey import answering, survey
from modbisect.inventory import Host
from modbisect.kinds import Found
from modbisect.model import Role
from modbisect.playbook import Playbook
from modbisect.report.figures import seconds, size
from modbisect.run import in_front, preflight
from modbisect.run.access import linked, password_of
from modbisect.run.beginning import suspects_of
from modbisect.run.domains import Identity, Seen, load, machine_of, used
from modbisect.run.hypervisor import Watch, watched
from modbisect.servers import server_of

_SLOW_LINK = 0.5
"""Seconds for a command: each trial takes one, and the guard hears from the controller as often as its lease says."""
_APART = 5.0
"""Seconds between both clocks: files of the host are told apart by their times."""
_ROOM = 64 << 20
_WATCH_SECONDS = 2.0
"""At least between two looks at what other domains use."""
_FULL = 0.9
"""Share of a hypervisor's processors in use from which on domains wait for each other."""
_TOOLS = ("systemctl", "systemd-run", "awk", "sed", "find", "sha256sum", "flock", "stat", "perl")
_WITHOUT = {"perl": "'modbisect look', and the look that a run begins with, need it; the run itself does without"}
_FOLDERS = ("/var/lib", "/run", "/tmp")  # noqa: S108  # of the host, and only asked for their room
_ASK = (
    'id -un; date +%s.%N; for tool do command -v "$tool" >/dev/null 2>&1 || printf \'missing %s\\n\' "$tool"; done; '
    "df -Pk " + " ".join(_FOLDERS) + " | awk 'NR > 1 { print \"room\", $4, $6 }'"
)


class Health(StrEnum):
    """How a look came out."""

    OK = "ok"
    WARN = "warn"
    """A run goes without, or only by a word on the command line."""
    BAD = "bad"
    """No run can begin."""


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that a run needs."""

    what: str
    health: Health
    said: str
    mend: str = ""
    """The command, or what else to do; empty where nothing is to be done."""


def examine(host: Host, ask: Callable[[], str] | None, playbook: Playbook | None = None) -> Iterator[Look]:
    """Look at a host; ends early where nothing more can be seen.

    Args:
        host: from the inventory.
        ask: asks a person for the sudo password; None where nobody can be asked.
        playbook: whose selection and probes count as well.
    """
    try:
        with linked(host) as link:
            yield from _plain(host, link)
            try:
                privilege = find_privilege(link, password=password_of(host, ask))
            except Refused as error:
                yield Look("root", Health.BAD, error.what, error.advice)
                return
            root = RootLink(link, privilege)
            how = "by sudo" if privilege.prefix else "the user is root"
            yield Look("root", Health.OK, f"{how}{', with a password' if privilege.password else ''}")
            yield _guard(host, root)
            with watched(host, root) as watch:
                yield from _surveyed(host, root, playbook, watch)
    except ModbisectError as error:
        yield Look("connection", Health.BAD, error.what, error.advice)


def _plain(host: Host, link: Link) -> Iterator[Look]:
    """What any user of the host sees."""
    began, before = time.monotonic(), time.time()
    done = link.execute(["/bin/sh", "-c", _ASK, "sh", *_TOOLS])
    took = time.monotonic() - began
    user, clock, *rest = done.text.splitlines() or [""] * 2
    where = "here" if host.connection == "local" else f"{host.address}{f' port {host.port}' if host.port else ''}"
    far = took > _SLOW_LINK
    yield Look(
        "connection",
        Health.WARN if far else Health.OK,
        f"{user or 'nobody knows who'} at {where}, {seconds(took)} a command",
        "start modbisect nearer to the host: each trial waits for a few commands" if far else "",
    )
    missing = [line.split()[1] for line in rest if line.startswith("missing ")]
    for tool in missing:
        needed = tool not in _WITHOUT
        yield Look(
            "tools",
            Health.BAD if needed else Health.WARN,
            f"{tool} is not there" + ("" if needed else f": {_WITHOUT[tool]}"),
            f"install {tool} on the host; runs need systemd" if needed else f"install {tool} on the host",
        )
    if not missing:
        yield Look("tools", Health.OK, "all that the guard and a look use are there")
    yield _clock(clock, before, took)
    rooms = [line.split()[1:] for line in rest if line.startswith("room ")]
    short = [f"{size(int(kib) << 10)} left on {place}" for kib, place in rooms if int(kib) << 10 < _ROOM]
    least = min((int(kib) << 10 for kib, _ in rooms), default=0)
    yield Look(
        "room",
        Health.BAD if short else Health.OK,
        "; ".join(dict.fromkeys(short)) or f"{size(least)} or more where the guard and the log write",
        f"make room: the guard keeps its copy of the configuration there, {size(_ROOM)} are plenty" if short else "",
    )


def _clock(said: str, before: float, took: float) -> Look:
    try:
        apart = float(said) - before - took / 2
    except ValueError:
        return Look("clock", Health.WARN, "the host does not tell the time", "see what 'date +%s.%N' says there")
    off = abs(apart) > _APART + took
    told = f"{'ahead of' if apart > 0 else 'behind'} this machine's by {seconds(abs(apart))}"
    return Look(
        "clock",
        Health.WARN if off else Health.OK,
        told if off else "as this machine's",
        "set it: 'timedatectl set-ntp true'; journals and logs are hard to lay beside each other" if off else "",
    )


def _guard(host: Host, root: RootLink) -> Look:
    if root.helper:
        return Look("guard", Health.OK, f"{HELPER} is installed, of this version: nothing else is run as root")
    return Look(
        "guard",
        Health.OK,
        "not installed, each run brings it along; "
        f"'modbisect guard install {host.name}' and 'modbisect sudoers' make do with less than full sudo",
    )


def _surveyed(host: Host, root: RootLink, playbook: Playbook | None, watch: Watch | None) -> Iterator[Look]:
    """What root sees."""
    book = playbook or Playbook("doctor")
    try:
        facts = survey(root, book.listings, in_front.asked(host, book))
    except Refused as error:
        yield Look("server", Health.BAD, error.what, error.advice)
        return
    yield Look("server", Health.OK, "; ".join(filter(None, (*kinds.described(facts), answering(facts)))))
    if said := in_front.beside(host, facts):
        yield Look("server", Health.WARN, said)
    yield _role(host, facts)
    if watch:
        yield _hypervisor(host, watch.after(facts, _WATCH_SECONDS))
    components = suspects_of(book, facts)
    # What the role forbids is said above; here, what would stand in the way of a run even without.
    tried = replace(host, role=Role.EXPERIMENTAL), replace(facts, role="")
    against = list(preflight.objections(*tried, components, playbook=playbook))
    for objection in against:
        yield Look("run", Health.BAD, objection.what, objection.advice)
    if not against:
        free = sum(not component.pinned for component in components)
        yield Look("run", Health.OK, f"{free} components may be switched, and {server_of(facts).noun} can be restarted")


def _role(host: Host, facts: Found) -> Look:
    role = preflight.role_of(host, facts)
    if role is not Role.PRODUCTION:
        return Look("role", Health.OK, str(role))
    return Look(
        "role",
        Health.WARN,
        "production, or nobody has said what it is: 'look', 'probe' and 'canary' work, nothing is switched in place",
        "if it is none: modbisect_role: staging in the inventory (--role staging where it is in none); "
        "/etc/modbisect/role on the host may say a stricter one",
    )


def _hypervisor(host: Host, seen: Seen) -> Look:
    """Whether the host is the domain that the inventory takes it for, and has its processors to itself."""
    place = seen.place
    if place.identity is Identity.ANOTHER:
        return Look(
            "hypervisor", Health.BAD, place.said, "correct ansible_host, modbisect_hypervisor or modbisect_domain"
        )
    costs, all_cpus = [*load(seen)], seen.census.cpus if seen.census else 0
    full = all_cpus > 0 and used(seen) >= _FULL * all_cpus
    in_all = f"its {len(seen.uses)} domains use {used(seen):.1f} of {machine_of(seen)}" if seen.census else ""
    known = place.identity is Identity.SAME
    return Look(
        "hypervisor",
        Health.OK if known and not costs and not full else Health.WARN,
        "; ".join(filter(None, (place.said, in_all, *(cost.removesuffix(".") for cost in costs)))),
        f"see 'modbisect hypervisor {host.name}'" if not known or costs or full else "",
    )
