"""What a hypervisor says of its domains, as values, and what follows from two such answers. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from modbisect.harmless import one_line

TENTH = 0.1
"""Seconds: so finely both tools tell processor time."""
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONGEST_NAME = 64


class Nonsense(ValueError):
    """What the machine says is not what a hypervisor says."""


@dataclass(frozen=True, slots=True)
class Domain:
    """A virtual machine, as its hypervisor has it."""

    name: str
    uuid: str
    state: str
    """``running``, ``paused`` or ``off``."""
    cpus: int
    """Virtual ones."""
    memory: int
    """Bytes that it has at present."""
    cpu_seconds: float | None = None
    """Processor time so far; None where the hypervisor tells none."""
    grain: float = TENTH
    """Seconds by which that may be off."""


@dataclass(frozen=True, slots=True)
class Census:
    """All domains of a machine at one moment."""

    software: str
    """``Xen 4.17.7``, ``libvirt``."""
    cpus: int
    """Processors of the machine itself."""
    memory: int
    """Bytes of it."""
    domains: tuple[Domain, ...]
    at: float
    """Seconds, of one clock for all that are compared."""


@dataclass(frozen=True, slots=True)
class Use:
    """What a domain used of the processors between two censuses."""

    domain: Domain
    cpus: float | None = None
    """1.0 is one processor all the time; None where nobody knows."""
    within: float = 0.0
    """By so much that may be off."""


def uses(before: Census, after: Census) -> tuple[Use, ...]:
    """What each domain that is there now has used since, the busiest first."""
    seconds = after.at - before.at
    then = {(domain.uuid, domain.name): domain.cpu_seconds for domain in before.domains}
    seen = (_use(domain, then.get((domain.uuid, domain.name)), seconds) for domain in after.domains)
    return tuple(sorted(seen, key=lambda use: (-(use.cpus or 0.0), use.domain.state == "off", use.domain.name)))


def _use(domain: Domain, then: float | None, seconds: float) -> Use:
    if then is None or domain.cpu_seconds is None or seconds <= 0 or domain.cpu_seconds < then:
        return Use(domain)  # it is not the same any more: begun, or begun anew, in between
    return Use(domain, (domain.cpu_seconds - then) / seconds, domain.grain / seconds)


def as_uuid(text: str) -> str:
    """A UUID in the form in which two are compared; empty where the text is none."""
    text = text.strip().lower()
    return text if _UUID.fullmatch(text) else ""


def same_uuid(one: str, other: str) -> bool:
    """Whether two mean the same; firmware before SMBIOS 2.6 and after differ in the order of the first bytes."""
    return one == other or _turned(one) == other


def _turned(uuid: str) -> str:
    first, second, third, *rest = uuid.split("-")
    return "-".join(["".join(re.findall("..", part)[::-1]) for part in (first, second, third)] + rest)


def domain_name(text: str) -> str:
    """A domain's name as it is shown and compared: what a person could not have typed is a question mark."""
    return one_line(text, "?", _LONGEST_NAME)


def pairs(text: str) -> dict[str, str]:
    """Lines ``key : value``; of two with one key the first counts."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        key, colon, value = line.partition(":")
        if colon:
            found.setdefault(key.strip(), value.strip())
    return found


def count(text: str) -> int:
    """The number that a value begins with; 0 where it begins with none."""
    match = re.match(r"[0-9]{1,15}", text)
    return int(match[0]) if match else 0
