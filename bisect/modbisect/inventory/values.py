"""Where a run may go: hosts, the groups they are in, and the choice of some by a pattern."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from modbisect.errors import UsageError
from modbisect.inventory.patterns import matching
from modbisect.model import Role
from modbisect.playbook.hours import Hours
from modbisect.playbook.nodes import MAX_PROBLEMS
from modbisect.playbook.text import shown


@dataclass(frozen=True, slots=True)
class Host:
    """One host, with the variables of its groups laid under its own."""

    name: str
    """As the inventory calls it."""
    address: str
    """Host name or IP address to connect to."""
    port: int | None = None
    """None leaves it to the SSH configuration, as for ``user`` and ``key_file``."""
    user: str | None = None
    key_file: str | None = None
    known_hosts: str | None = None
    """File of known host keys in place of the user's."""
    connection: str = "ssh"
    """``ssh`` or ``local``."""
    become_password: str | None = None
    """A reference, ``env:NAME``, ``file:PATH`` or ``prompt``, for ``playbook.resolve_secret``; or what ansible-vault
    has made of the password, for ``decrypted``.
    """
    role: Role = Role.PRODUCTION
    window: Hours | None = None
    """When runs are allowed; None is always."""
    base_url: str = ""
    """Where the site begins; paths in a playbook are put behind it."""
    secret_origins: tuple[str, ...] = ()
    """Where a playbook's secrets may go beside the site, each as ``model.origin_of`` has it."""
    tunnel: bool = False
    """The site listens only on the host itself: requests go through the SSH connection."""
    hypervisor: str = ""
    """The machine on which it is a virtual machine: a host of the inventory, or an address; empty where nobody says."""
    domain: str = ""
    """What it is called there, by name or UUID; empty leaves that to its own UUID."""
    beneath: Beneath | None = field(default=None, compare=False)
    """That machine as the inventory has it, once the host is chosen from one."""


@dataclass(frozen=True, slots=True)
class Beneath:
    """The hypervisor of a host, and who else may be there."""

    host: Host
    guests: tuple[Host, ...] = ()
    """Hosts of the inventory that may be its domains, the host itself among them."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """All hosts, in the order of the inventory."""

    hosts: tuple[Host, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The names of the hosts in each group, those of its children included; ``all`` is there too."""
    warnings: tuple[str, ...] = ()
    """What was ignored, one sentence each."""
    refused: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What is wrong with hosts that Ansible knows and modbisect cannot go to, by name: an error for who chooses one."""

    def select(self, pattern: str, limit: str = "") -> tuple[Host, ...]:
        """The hosts of a pattern as of Ansible's ``--limit``: ``web:&staging:!web3``, globs, ``all``.

        Where there is a ``limit``, a pattern too, those that match both.

        Raises:
            UsageError: A part of a pattern names nothing that is there, nothing is left, or a host of them is refused.
        """
        known = [*(host.name for host in self.hosts), *self.refused]
        names = matching(pattern, known, self.groups)
        if not names:
            raise UsageError(f"no host is left by the pattern {shown(pattern)}", advice="name a host or a group")
        if limit:
            names &= matching(limit, known, self.groups)
        if not names:
            raise UsageError(f"no host matches both {pattern!r} and the limit {limit!r}", advice="name one that does")
        problems: dict[str, list[str]] = {}
        for name in self.refused:
            for problem in self.refused[name] if name in names else ():
                problems.setdefault(problem, []).append(name)
        if problems:
            lines = [f"{_some(hosts)}: {problem}" for problem, hosts in problems.items()]
            raise UsageError("\n".join(lines[:MAX_PROBLEMS]), advice="mend it in the inventory, or choose other hosts")
        chosen = [host for host in self.hosts if host.name in names]
        machines = {machine: self._beneath(machine) for machine in {host.hypervisor for host in chosen} - {""}}
        # The variable may be a group's, and the machine itself in that group.
        return tuple(
            replace(host, beneath=machines.get(host.hypervisor) if host.hypervisor != host.name else None)
            for host in chosen
        )

    def _beneath(self, machine: str) -> Beneath:
        there = next((host for host in self.hosts if host.name == machine), Host(machine, machine))
        guests = (host for host in self.hosts if host.hypervisor in ("", machine) and host.name != machine)
        return Beneath(there, tuple(guests))


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""  # noqa: PLR2004  # enough to find the others by
    return ", ".join(names[:3]) + more
