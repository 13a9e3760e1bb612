"""Which domain a host is, what its neighbours cost it, and where a run may go in place of production."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from modbisect.host.hypervisor.values import Census, Domain, Use
from modbisect.inventory import Host, parse_inventory
from modbisect.kinds import parse
from modbisect.model import Role
from modbisect.run.domains import (
    Identity,
    Place,
    Seen,
    called,
    instead,
    load,
    place_of,
    processors,
    sentences,
    uuids_of,
)

SURVEY = Path(__file__).parents[1] / "kinds" / "surveys" / "debian12-shop.txt"
OWN, OTHER, THIRD = (f"4a1f6c1e-52d8-4b6b-9b57-2f5a1c9e7d1{digit}" for digit in "012")
TURNED = "1e6c1f4a-d852-6b4b-9b57-2f5a1c9e7d10"
ZERO, ONES = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"
DOM0 = Domain("Domain-0", ZERO, "running", 8, 1 << 30)
HOST = Host("web1.test", "10.0.0.1", hypervisor="dom0.test")
NOT_KNOWN = "it has no UUID of its own that can be read"


def domain(name: str, uuid: str, state: str = "running") -> Domain:
    return Domain(name, uuid, state, 2, 1 << 30, 5.0)


def census(*domains: Domain) -> Census:
    return Census("Xen 4.17.7", 8, 64 << 30, domains, 9.0)


BOTH = (DOM0, domain("web1", OWN), domain("web2", OTHER))


@pytest.mark.parametrize(
    ("called_there", "uuids", "domains", "identity", "said"),
    [
        ("", (OWN,), BOTH, Identity.SAME, "this host is domain web1 of dom0.test: they have the same UUID"),
        ("web1", (OWN,), BOTH, Identity.SAME, "this host is domain web1 of dom0.test"),
        (OWN, (OWN,), BOTH, Identity.SAME, "this host is domain web1 of dom0.test"),
        (OWN.upper(), (OWN, OWN), BOTH, Identity.SAME, "this host is domain web1 of dom0.test"),
        ("", (TURNED,), BOTH, Identity.SAME, "this host is domain web1"),
        ("", (ONES, OWN), BOTH, Identity.SAME, "this host is domain web1"),
        ("", (OWN, ZERO), BOTH, Identity.SAME, "this host is domain web1"),
        ("web2", (OWN,), BOTH, Identity.ANOTHER, "this host is domain web1 of dom0.test, and not web2"),
        ("web2", (THIRD,), BOTH, Identity.ANOTHER, f"not domain web2 of dom0.test: the UUID of that is {OTHER}"),
        ("web9", (THIRD,), BOTH, Identity.ANOTHER, f"dom0.test has no domain web9; this host's UUID is {THIRD}"),
        ("web9", (OWN,), BOTH, Identity.ANOTHER, "this host is domain web1 of dom0.test, and not web9"),
        ("", (THIRD,), BOTH, Identity.ANOTHER, f"no domain of dom0.test: none there has its UUID, {THIRD}"),
        ("", (ZERO,), BOTH, Identity.ANOTHER, "this host is dom0.test itself"),
        ("web1", (ZERO,), BOTH, Identity.ANOTHER, "this host is dom0.test itself"),
        # migrated, and its definition left behind
        ("", (OWN,), (domain("web1", OWN, "off"),), Identity.ANOTHER, "is off there: this host runs elsewhere"),
        ("", (OWN,), (domain("old", OWN, "off"), domain("web1", OWN)), Identity.SAME, "this host is domain web1"),
        ("", (), BOTH, Identity.UNKNOWN, f"whether this host is a domain of dom0.test is not known: {NOT_KNOWN}"),
        (
            "web1",
            (),
            BOTH,
            Identity.UNKNOWN,
            f"whether this host is domain web1 of dom0.test is not known: {NOT_KNOWN}",
        ),
        ("", None, BOTH, Identity.UNKNOWN, "is not known: it could not be asked"),
        ("", (ZERO,), BOTH[1:], Identity.UNKNOWN, NOT_KNOWN),  # firmware that nobody has given one
        ("", (ONES,), BOTH, Identity.UNKNOWN, NOT_KNOWN),
    ],
)
def test_which_domain_a_host_is(
    called_there: str, uuids: Sequence[str] | None, domains: Sequence[Domain], identity: Identity, said: str
) -> None:
    place = place_of(replace(HOST, domain=called_there), uuids, census(*domains))
    assert place.identity is identity
    assert said in place.said


def test_a_host_that_cannot_say_is_shown_as_the_domain_that_the_inventory_names() -> None:
    assert place_of(replace(HOST, domain="web1"), None, census(*BOTH)).domain == BOTH[1]


@pytest.mark.parametrize(
    ("lines", "uuids"),
    [
        ("", ()),
        (f"{OWN}\n{OWN.upper()}\n", (OWN,)),
        (f"{ZERO}\n", (ZERO,)),
        ("Not Settable\n\x1b[31m\n", ()),
    ],
)
def test_a_survey_tells_the_hosts_own(lines: str, uuids: tuple[str, ...]) -> None:
    assert uuids_of(parse(f"{SURVEY.read_text()}\n@@ uuid\n{lines}")) == uuids


INVENTORY = """
all:
  children:
    xen:
      hosts:
        web1: {modbisect_role: production}
        web1-experimental: {modbisect_role: experimental}
        shop: {modbisect_role: staging, modbisect_domain: vm-17}
        api: {modbisect_domain: 4a1f6c1e-52d8-4b6b-9b57-2f5a1c9e7d12}
        dom0.test: {ansible_user: ops}
      vars: {modbisect_hypervisor: dom0.test}
    elsewhere:
      hosts:
        batch1: {modbisect_hypervisor: dom1.test}
        web2: {}
"""


def seen(*used: tuple[str, float], host: str = "web1", own: str = "web1", steal: float | None = None) -> Seen:
    (target,) = parse_inventory(INVENTORY).select(host)
    uuids = {"web1": OWN, "other": THIRD}
    uses = tuple(Use(domain(name, uuids.get(name, OTHER)), cpus, 0.02) for name, cpus in used)
    its = next((use.domain for use in uses if use.domain.name == own), None)
    place = Place(Identity.SAME, "this host is it", its)
    return Seen(target, "dom0.test", place, census(*(use.domain for use in uses)), uses, 5.0, steal)


def test_domains_are_known_by_the_inventory() -> None:
    below = seen(("web1", 0.1), ("web1-experimental", 0.1), ("vm-17", 0.1), ("other", 0.1), ("batch1", 0), ("web2", 0))
    assert [called(below, use.domain) for use in below.uses] == [
        "web1 (production)",
        "web1-experimental (experimental)",
        "vm-17 (shop, staging)",
        "other (api, production)",
        "batch1",  # one of the name is on another machine
        "web2 (production)",  # of which nobody says where it is
    ]


def test_neighbours_that_use_much_are_named_with_what_they_use() -> None:
    below = seen(("batch1", 3.84), ("web1", 2.0), ("vm-17", 0.7), ("api", 0.5), steal=0.23)
    assert list(load(below)) == [
        "The hypervisor took 23% of this host's processor time meanwhile.",
        "Another domain, batch1, used 3.8 of the 8 CPUs meanwhile.",
        "Another domain, vm-17 (shop, staging), used 0.7 of the 8 CPUs meanwhile.",
    ]
    assert list(load(seen(("web1", 2.0), ("batch1", 0.3), steal=0.04))) == []


def test_which_of_them_is_the_host_itself_may_not_be_known() -> None:
    assert list(load(seen(("web1", 2.0), own=""))) == ["A domain, web1, used 2.0 of the 8 CPUs meanwhile."]


def test_what_may_be_off_by_more_than_it_is_accuses_nobody() -> None:
    below = seen(("batch1", 1.0))
    coarse = replace(below, uses=(replace(below.uses[0], within=0.8),))
    assert list(load(coarse)) == []
    assert processors(coarse.uses[0]) == "1.0 ± 0.8"
    assert processors(Use(BOTH[1])) == "not known"


def test_the_same_sites_experimental_domain_is_proposed_for_a_run() -> None:
    below = seen(("web1", 0.1), ("vm-17", 0.1), ("web1-experimental", 0.1))
    assert instead(below) == (
        "web1-experimental, by its name of the same site, is experimental and on the same hypervisor: if the slowdown "
        "shows there as well, 'modbisect run PLAYBOOK web1-experimental' can find it."
    )
    assert sentences(below) == ("This host is it.", instead(below))
    assert not any("web1-experimental" in said for said in sentences(seen(("web1-experimental", 0.1), host="shop")))


def test_where_no_name_tells_all_that_may_be_switched_are() -> None:
    assert instead(seen(("web1", 0.1), ("vm-17", 0.1))).startswith(
        "On the same hypervisor, and not production: shop (staging)."
    )
    assert instead(seen(("web1", 0.1), ("batch1", 0.1), ("web2", 0.1))) == ""
    off = seen(("web1", 0.1), ("vm-17", 0.1))
    uses = (off.uses[0], replace(off.uses[1], domain=replace(off.uses[1].domain, state="off")))
    assert instead(replace(off, uses=uses)) == ""


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("web1", "web1-experimental", True),
        ("web1-prod", "web1-staging", True),
        ("web1.example.org", "web1-staging.example.org", True),
        ("shop.example.org", "staging.shop.example.org", True),
        ("www.a.org", "www.b.org", False),
        ("web1", "web2-experimental", False),
        ("production", "staging", False),
        ("lab1", "collab1", False),
    ],
)
def test_names_of_one_site_differ_in_what_they_say_of_the_role(one: str, other: str, alike: bool) -> None:  # noqa: FBT001
    hosts = {one: {}, other: {"modbisect_role": "staging"}}
    (target,) = parse_inventory(str({"all": {"hosts": hosts, "vars": {"modbisect_hypervisor": "dom0"}}})).select(one)
    uses = tuple(Use(domain(name, uuid)) for name, uuid in ((one, OWN), (other, OTHER)))
    said = instead(Seen(target, "dom0", Place(Identity.SAME, "", uses[0].domain), census(), uses))
    assert ("by its name of the same site" in said) == alike
    assert target.role is Role.PRODUCTION
