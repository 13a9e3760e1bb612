"""Who is who among the domains of a hypervisor, and what its other domains cost a host. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from modbisect.host.hypervisor.values import Census, Domain, Use, as_uuid, same_uuid
from modbisect.inventory import Host
from modbisect.kinds import Found
from modbisect.model import Role
from modbisect.report.figures import size

STEAL = 0.05
"""Share of stolen processor time above which a person is told."""
_NOISY, _MOST_NEIGHBOURS = 0.5, 3
"""Processors that another domain must use to be named, and how many are."""
_SHOWS = 0.1
_NOBODYS = ("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff")
"""What firmware says where nobody has given it a UUID; the first is Xen's Domain-0 as well."""
_ROLES = re.compile(
    r"(?:^|[-_.])(?:production|prod|live|staging|stage|experimental|experiment|exp|test|dev|lab)(?=$|[-_.])"
)


class Identity(StrEnum):
    """Whether a host is the domain that the inventory takes it for."""

    SAME = "same"
    ANOTHER = "another"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Place:
    """Which domain a host is."""

    identity: Identity
    said: str
    """How that is known, or what speaks against it: for a person, about "this host"."""
    domain: Domain | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A host, seen from the machine below it."""

    host: Host
    machine: str
    place: Place
    census: Census | None = None
    """The latest one; None where the machine could not be asked."""
    uses: tuple[Use, ...] = ()
    """Of every domain, the busiest first; without shares until a second census."""
    seconds: float = 0.0
    """Between both censuses."""
    steal: float | None = None
    """Share of the host's processor time that the hypervisor took meanwhile; None where it was not measured."""

    def resident(self, domain: Domain) -> Host | None:
        """The host of the inventory that a domain is."""
        if domain == self.place.domain:
            return self.host
        guests = self.host.beneath.guests if self.host.beneath else ()
        others = (guest for guest in guests if guest.name != self.host.name)
        return next((guest for guest in others if _is_called(domain, guest.domain or guest.name)), None)


def uuids_of(facts: Found) -> tuple[str, ...]:
    """What a host says of itself; empty where it is no virtual machine, or nobody may read it."""
    return tuple(dict.fromkeys(filter(None, map(as_uuid, facts.sections["uuid"]))))


def place_of(host: Host, uuids: Sequence[str] | None, census: Census) -> Place:
    """Which domain a host is.

    Args:
        host: as the inventory has it.
        uuids: what it says of itself; None where it could not be asked.
        census: all domains of its hypervisor.
    """
    machine = host.hypervisor
    named = [domain for domain in census.domains if host.domain and _is_called(domain, host.domain)]
    known = [uuid for uuid in uuids or () if uuid not in _NOBODYS]
    own = [domain for domain in census.domains if any(same_uuid(uuid, domain.uuid) for uuid in known)]
    if not known and any(domain.uuid in (uuids or ()) for domain in census.domains):
        return Place(Identity.ANOTHER, f"this host is {machine} itself, and no virtual machine on it")
    if not known:
        what = f"domain {host.domain}" if host.domain else "a domain"
        why = "it could not be asked" if uuids is None else "it has no UUID of its own that can be read"
        return Place(Identity.UNKNOWN, f"whether this host is {what} of {machine} is not known: {why}", _only(named))
    if not own and not host.domain:
        said = f"this host is no domain of {machine}: none there has its UUID, {known[0]}"
        return Place(Identity.ANOTHER, said)
    if host.domain and not (set(own) & set(named)):
        return Place(Identity.ANOTHER, f"{_misnamed(host, named, own)}; this host's UUID is {known[0]}")
    there = [domain for domain in own if domain in named or not host.domain]
    up = [domain for domain in there if domain.state != "off"]
    if not up:
        said = f"domain {there[0].name} of {machine}, with this host's UUID, is off there: this host runs elsewhere"
        return Place(Identity.ANOTHER, said)
    return Place(Identity.SAME, f"this host is domain {up[0].name} of {machine}: they have the same UUID", up[0])


def _misnamed(host: Host, named: Sequence[Domain], own: Sequence[Domain]) -> str:
    if own:
        return f"this host is domain {own[0].name} of {host.hypervisor}, and not {host.domain}"
    if named:
        return f"this host is not domain {host.domain} of {host.hypervisor}: the UUID of that is {named[0].uuid}"
    return f"{host.hypervisor} has no domain {host.domain}"


def _is_called(domain: Domain, name: str) -> bool:
    return name == domain.name or as_uuid(name) == domain.uuid


def _only(domains: Sequence[Domain]) -> Domain | None:
    return domains[0] if len(domains) == 1 else None


def sentences(seen: Seen) -> tuple[str, ...]:
    """All that there is to say of a host seen from below, but for the table of domains."""
    other = instead(seen) if seen.host.role is Role.PRODUCTION else ""
    return tuple(filter(None, (f"{seen.place.said[:1].upper()}{seen.place.said[1:]}.", *load(seen), other)))


def load(seen: Seen) -> Iterator[str]:
    """What the hypervisor and its other domains cost the host: nothing where that is nothing worth a word."""
    if seen.steal is not None and seen.steal > STEAL:
        yield f"The hypervisor took {seen.steal:.0%} of this host's processor time meanwhile."
    which = "Another domain" if seen.place.domain else "A domain"
    for use in neighbours(seen):
        yield f"{which}, {called(seen, use.domain)}, used {shared(seen, use)} meanwhile."


def neighbours(seen: Seen) -> tuple[Use, ...]:
    """The domains beside a host's own, where that is known, that used much of the processors, the busiest first."""
    busy = (use for use in seen.uses if use.cpus is not None and use.cpus - use.within >= _NOISY)
    return tuple(use for use in busy if use.domain != seen.place.domain)[:_MOST_NEIGHBOURS]


def called(seen: Seen, domain: Domain) -> str:
    """A domain by its name, with the role of the host that it is."""
    there = seen.resident(domain)
    if there is None:
        return domain.name
    return (
        f"{domain.name} ({there.role})" if there.name == domain.name else f"{domain.name} ({there.name}, {there.role})"
    )


def shared(seen: Seen, use: Use) -> str:
    """What a domain used: ``3.8 of the 8 CPUs``."""
    cpus = seen.census.cpus if seen.census else 0
    return f"{processors(use)} of the {cpus} CPUs" if cpus else f"{processors(use)} CPUs"


def processors(use: Use) -> str:
    """A share of processors: ``3.8``, and how far it may be off where that shows."""
    if use.cpus is None:
        return "not known"
    return f"{use.cpus:.1f} ± {use.within:.1f}" if use.within >= _SHOWS else f"{use.cpus:.1f}"


def used(seen: Seen) -> float:
    """Processors that all domains together used."""
    return sum(use.cpus or 0.0 for use in seen.uses)


def machine_of(seen: Seen) -> str:
    """The hypervisor: ``dom0 (Xen 4.17.7, 8 CPUs, 64.0 GiB)``."""
    if not (census := seen.census):
        return seen.machine
    return f"{seen.machine} ({census.software}, {census.cpus} CPUs, {size(census.memory)})"


def instead(seen: Seen) -> str:
    """Where a run may go when it may not on this host; empty where there is nothing."""
    here = ((use.domain, seen.resident(use.domain)) for use in seen.uses if use.domain.state == "running")
    free = [
        (domain, there)
        for domain, there in here
        if there and there.role is not Role.PRODUCTION and there.name != seen.host.name
    ]
    its = _stems(seen.host, seen.place.domain)
    alike = [there for domain, there in free if its & _stems(there, domain)]
    if alike:
        name = alike[0].name
        return (
            f"{name}, by its name of the same site, is {alike[0].role} and on the same hypervisor: if the slowdown "
            f"shows there as well, 'modbisect run PLAYBOOK {name}' can find it."
        )
    if free:
        names = ", ".join(f"{there.name} ({there.role})" for _, there in free[:_MOST_NEIGHBOURS])
        return f"On the same hypervisor, and not production: {names}. A run may go there, if that is the same site."
    return ""


def _stems(host: Host, domain: Domain | None) -> set[str]:
    return {_stem(name) for name in (host.name, domain.name if domain else "")} - {""}


def _stem(name: str) -> str:
    """A name without what it says of a role: ``web1`` of ``web1-experimental``."""
    return _ROLES.sub("", name.lower()).strip("-_.")
