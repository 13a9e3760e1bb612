"""What an incident's Markdown and `look` say of a host that was seen from its hypervisor as well."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from modbisect import kinds
from modbisect.cli.look import _text
from modbisect.cli.ranking import blocks, sentence
from modbisect.cli.watching import seen_at
from modbisect.host.hypervisor.values import Census, Domain, Use
from modbisect.inventory import parse_inventory
from modbisect.kinds import Look, Suspicion, parse
from modbisect.kinds.seen import Frame, Moment
from modbisect.model import Probe, Role
from modbisect.probe import WindowResult
from modbisect.report.in_markdown import written
from modbisect.run.domains import Identity, Place, Seen, instead, sentences
from modbisect.run.look import Looked
from modbisect.run.outlook import Scan

SURVEY = Path(__file__).parents[1] / "kinds/surveys/debian12-shop.txt"
OWN = Domain("web1", "own", "running", 2, 1)
INVENTORY = """
all:
  hosts: {web1: {}, web1-experimental: {modbisect_role: experimental}}
  vars: {modbisect_hypervisor: dom0}
"""
LOOKED = Looked("web1", Probe("url", "/"), WindowResult(None, ()), Look(5.0, 0.0, 0, 0.1, (), (), (), {}), (), ())


def seen(name: str = "batch1") -> Seen:
    (host,) = parse_inventory(INVENTORY).select("web1")
    domains = [Domain(each, str(number), "running", 4, 1) for number, each in enumerate((name, "web1-experimental"))]
    uses = (Use(domains[0], 3.8), Use(domains[1], 0.1))
    place = Place(Identity.SAME, "this host is domain web1 of dom0: they have the same UUID", OWN)
    return Seen(host, "dom0", place, Census("Xen 4.17.7", 8, 1, tuple(domains), 1.0), uses, 5.0, 0.3)


def markdown(below: Seen | None, survey: str = "") -> str:
    found = parse(survey or SURVEY.read_text())
    there = Scan("web1", Role.PRODUCTION, found, kinds.discover(found))
    return written(sentence(LOOKED, "this is a production host"), blocks(there, LOOKED, below))


def test_an_incident_names_the_busy_neighbour_and_where_a_run_may_go() -> None:
    _, _, section = markdown(seen()).partition("## The hypervisor\n\n")
    said, _, rest = section.partition("\n\n## ")
    assert said.split("\n\n") == [
        "This host is domain web1 of dom0: they have the same UUID.",
        "The hypervisor took 30% of this host's processor time meanwhile.",
        "Another domain, batch1, used 3.8 of the 8 CPUs meanwhile.",
        instead(seen()),
    ]
    assert "web1-experimental' can find it." in said
    assert rest.startswith("The host")


def test_no_name_of_a_domain_changes_the_structure_of_the_markdown() -> None:
    said = markdown(seen("a** <script> | `x` [y](z)"))
    assert "Another domain, a\\*\\* " in said
    assert "<script>" not in said


def test_what_was_switched_on_lately_is_among_the_changes() -> None:
    link, target = "/etc/apache2/conf-enabled/security.conf", "../conf-available/security.conf"
    before = f"{link}\tl\tf\t1795410746.9136819550\t{target}\n"
    survey = SURVEY.read_text()
    assert before in survey
    assert "apache-conf:security" not in markdown(None)
    said = markdown(None, survey.replace(before, f"{link}\tl\tf\t1795540000.0\t{target}\n"))
    _, _, changes = said.partition("## Changed lately\n\n")
    assert changes.startswith("- apache-conf:security: changed 2026-11-24 "), said


def test_without_a_hypervisor_nothing_is_said_of_one() -> None:
    assert "hypervisor" not in markdown(None)
    assert "hypervisor" not in _text(LOOKED, ())


def test_a_look_ends_with_the_same_sentences() -> None:
    assert "\n".join(("", *sentences(seen()), "")) in _text(LOOKED, sentences(seen()))


def test_a_canary_names_the_component_where_its_files_are_at_work_for_a_moment_each() -> None:
    moments = tuple(Moment(0.04, "R", "", (), (Frame("part", f"/srv/parts/{number}.php", 1),)) for number in range(25))
    suspicion = Suspicion("php-ini:opcache.enable", 0.77, "its files are read anew")
    looked = replace(LOOKED, look=replace(LOOKED.look, busy=1.0, moments=moments), suspicions=(suspicion,))
    assert seen_at(looked) == "77% php-ini:opcache.enable"
    one = replace(looked, look=replace(looked.look, moments=(replace(moments[0], seconds=0.4), *moments[:15])))
    assert seen_at(one).startswith("44% ")
    assert "/srv/parts/0.php" in seen_at(one)
