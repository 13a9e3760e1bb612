"""libvirt's ``virsh``: its words to a census. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from modbisect.host.hypervisor.values import Census, Domain, Nonsense, as_uuid, count, domain_name, pairs

INFO = ("-r", "nodeinfo")
LIST = ("-r", "list", "--all", "--uuid")
MOST_DOMAINS = 500
"""Of a machine that are asked for their details."""
_STATES = {"paused": "paused", "pmsuspended": "paused", "shut off": "off", "crashed": "off"}
_BEGINS = re.compile(r"^(?=Id: )", re.MULTILINE)


def uuids(listed: str) -> tuple[str, ...]:
    """The UUIDs that ``virsh list`` names."""
    return tuple(filter(None, map(as_uuid, listed.split("\n"))))


def details(wanted: Sequence[str]) -> tuple[str, ...]:
    """What asks for these domains, over one connection: by UUID, so that nobody's name is part of a command."""
    return ("-r", "; ".join(f"dominfo {uuid}" for uuid in wanted[:MOST_DOMAINS]))


def read(info: str, listed: Sequence[str], told: str, at: float) -> Census:
    """The census in ``virsh nodeinfo``, the UUIDs of all domains, and ``virsh dominfo`` of them.

    Raises:
        Nonsense: there is none.
    """
    node = pairs(info)
    if not listed:
        raise Nonsense("'virsh list --all' names no domain")
    blocks = (pairs(block) for block in _BEGINS.split(told))
    known = {uuid: block for block in blocks if (uuid := as_uuid(block.get("UUID", "")))}
    return Census(
        "libvirt",
        count(node.get("CPU(s)", "")),
        count(node.get("Memory size", "")) << 10,
        tuple(_domain(uuid, known.get(uuid, {})) for uuid in listed),
        at,
    )


def _domain(uuid: str, block: Mapping[str, str]) -> Domain:
    """A domain; one that is listed and tells nothing of itself is there all the same."""
    seconds = re.fullmatch(r"(\d{1,12}\.\d{1,9})s", block.get("CPU time", ""))
    return Domain(
        domain_name(block.get("Name", "?")),
        uuid,
        _STATES.get(block.get("State", ""), "running"),
        count(block.get("CPU(s)", "")),
        count(block.get("Used memory", "")) << 10,
        float(seconds[1]) if seconds else None,
    )
