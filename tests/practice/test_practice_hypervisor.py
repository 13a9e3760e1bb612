"""A host that is a virtual machine, from its inventory to the words of a run, a plan, `doctor` and `hypervisor`.

The host is a practice host, over real SSH. Its hypervisor is this machine: with the real virsh and libvirt's test
driver, or with a script in the place of xl that says again what xl of a real dom0 said (`tests/host/xl`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from practice_runs import run_on, small, written

from modbisect.cli import cli
from modbisect.errors import Exit, Refused
from modbisect.inventory import load_inventory
from modbisect.lab.practice import CULPRIT, PracticeHost
from modbisect.model import Outcome, Symptom
from modbisect.run.events import Event, Warned

XL = Path(__file__).parents[1] / "host" / "xl"
WEB1, BATCH1 = "4a1f6c1e-52d8-4b6b-9b57-2f5a1c9e7d10", "0b9e4f0a-8a52-4a9a-b9a3-6b1f0c2d3e4f"
TEST_DOMAIN = "6695eb01-f6a4-8304-79aa-97f2502e193f"
REPLAYED = """#!/bin/sh
case $* in
  info) cat '{xl}/info.txt' ;;
  'list -v') if mkdir '{seen}' 2>/dev/null; then cat '{xl}/list-1.txt'; else cat '{xl}/list-2.txt'; fi ;;
  *) echo "not recorded: $*" >&2; exit 1 ;;
esac
"""
needs_virsh = pytest.mark.skipif(not shutil.which("virsh"), reason="virsh is not installed (libvirt-clients)")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[PracticeHost]:
    with small(tmp_path, lambda on: CULPRIT in on, slow_seconds=0.4) as host:
        yield host


@pytest.fixture
def dom0(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine says what a dom0 said: of its two lists the first, and then always the second."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "xl").write_text(REPLAYED.format(xl=XL, seen=tmp_path / "seen"))
    (tools / "xl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/sbin:/usr/bin:/sbin:/bin")


@pytest.fixture
def kvm(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine has libvirt's test domain."""
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "test:///default")


def inventory(made: PracticeHost, folder: Path, **more: str) -> Path:
    """Where the practice host is a virtual machine of this one, and web1-experimental another."""
    path = Path(written(made, folder, {})[1])
    hosts = yaml.safe_load(path.read_text())["all"]["hosts"]
    hosts["practice"] |= {"modbisect_hypervisor": "dom0", **more}
    hosts["web1-experimental"] = {"modbisect_hypervisor": "dom0", "modbisect_role": "experimental"}
    hosts["dom0"] = {"ansible_connection": "local"}
    path.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    return path


def as_listed(made: PracticeHost, folder: Path, **more: str) -> PracticeHost:
    """The practice host as that inventory has it."""
    (host,) = load_inventory(inventory(made, folder, **more)).select("practice")
    return replace(made, host=host)


def not_slow(made: PracticeHost) -> PracticeHost:
    """A run there ends as soon as it has measured the site as found."""
    return replace(made, playbook=replace(made.playbook, symptom=Symptom("upload", slower_than=60.0)))


def called(made: PracticeHost, folder: Path, *words: str, **more: str) -> Result:
    return CliRunner().invoke(cli, [*words, "-i", str(inventory(made, folder, **more))], standalone_mode=False)


@pytest.mark.usefixtures("kvm")
@needs_virsh
def test_no_run_begins_on_another_machine_than_the_domain(made: PracticeHost, tmp_path: Path) -> None:
    made.machine.uuid = WEB1
    before = made.machine.tree, made.machine.server
    with pytest.raises(Refused) as refused:
        run_on(as_listed(made, tmp_path, modbisect_domain="test"))
    assert refused.value.exit is Exit.REFUSED
    assert refused.value.what == (
        f"this host is not domain test of dom0: the UUID of that is {TEST_DOMAIN}; this host's UUID is {WEB1}"
    )
    assert "modbisect hypervisor practice" in refused.value.advice
    assert (made.machine.tree, made.machine.server) == before


@pytest.mark.usefixtures("kvm")
@needs_virsh
def test_a_run_on_the_very_domain_finds_the_culprit(made: PracticeHost, tmp_path: Path) -> None:
    made.machine.uuid = TEST_DOMAIN.upper()
    events: list[Event] = []
    report = run_on(as_listed(made, tmp_path), events.append)
    assert [finding.components for finding in report.findings] == [(CULPRIT,)]
    assert not [event for event in events if isinstance(event, Warned)]


@pytest.mark.usefixtures("dom0")
def test_a_run_tells_what_other_domains_used_meanwhile(made: PracticeHost, tmp_path: Path) -> None:
    made.machine.uuid, made.machine.stolen = WEB1, 0.2
    report = run_on(not_slow(as_listed(made, tmp_path)))
    told = [warning for warning in report.warnings if "domain" in warning or "hypervisor" in warning]
    assert told[0] == "The hypervisor took 20% of this host's processor time meanwhile"
    assert told[1].startswith("Another domain, batch1, used ")
    assert told[1].endswith(" of the 2 CPUs meanwhile")


@pytest.mark.usefixtures("dom0")
def test_on_production_its_experimental_neighbour_is_proposed(made: PracticeHost, tmp_path: Path) -> None:
    made.machine.uuid = WEB1
    with pytest.raises(Refused, match="this is a production host") as refused:
        run_on(as_listed(made, tmp_path, modbisect_role="production", modbisect_domain="web1"))
    assert "'modbisect run PLAYBOOK web1-experimental' can find it" in refused.value.advice


@pytest.mark.parametrize(
    ("uuid", "said"),
    [("", "it has no UUID of its own that can be read"), (WEB1, "no hypervisor answers there: ")],
    ids=["no UUID", "no hypervisor"],
)
def test_what_cannot_be_told_stops_no_run(
    made: PracticeHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uuid: str, said: str
) -> None:
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "test:///nowhere.xml" if uuid else "test:///default")
    if not uuid and not shutil.which("virsh"):
        pytest.skip("virsh is not installed (libvirt-clients)")
    made.machine.uuid = uuid
    report = run_on(not_slow(as_listed(made, tmp_path)))
    assert report.outcome is Outcome.NOT_SLOW
    assert [warning for warning in report.warnings if said in warning]


@pytest.mark.usefixtures("dom0")
def test_every_domain_with_its_role_and_what_it_used(made: PracticeHost, tmp_path: Path) -> None:
    made.machine.uuid = WEB1
    answer = called(made, tmp_path, "hypervisor", "practice", "-s", "1", modbisect_role="production")
    assert answer.exception is None
    assert answer.return_value == Exit.OK
    first, *lines = answer.output.splitlines()
    assert first == "practice: This host is domain web1 of dom0: they have the same UUID."
    assert "dom0 (Xen 4.17.7, 2 CPUs, 2.0 GiB):" in lines
    cells = [line.split() for line in lines if line.endswith(" MiB")]
    assert [row[:4] for row in cells] == [
        ["batch1", "-", "-", "running"],
        ["web1-experimental", "web1-experimental", "experimental", "running"],
        ["Domain-0", "-", "-", "running"],
        ["web1", "practice", "production", "running"],
    ]
    assert lines[-1] == "Nothing was changed."


@pytest.mark.usefixtures("dom0")
def test_the_same_as_a_document(made: PracticeHost, tmp_path: Path) -> None:
    made.machine.uuid = BATCH1
    answer = called(made, tmp_path, "hypervisor", "practice", "-s", "1", "--json", modbisect_domain="web1")
    document = json.loads(answer.output)
    assert answer.return_value == Exit.REFUSED
    assert (document["schema"], document["identity"], document["domain"]) == ("modbisect-hypervisor/1", "another", None)
    assert document["said"][0].startswith("This host is domain batch1 of dom0, and not web1; ")
    (batch1,) = [each for each in document["domains"] if each["name"] == "batch1"]
    assert batch1["cpus_used"] == pytest.approx(9.3 / document["seconds"])
    assert (batch1["uuid"], batch1["host"], batch1["memory_bytes"]) == (BATCH1, None, 128 << 20)


@pytest.mark.usefixtures("dom0")
def test_a_host_that_cannot_be_reached_is_seen_from_below(made: PracticeHost, tmp_path: Path) -> None:
    made.machine.sudo = False
    answer = called(made, tmp_path, "hypervisor", "practice", "-s", "1", modbisect_domain="web1")
    assert answer.return_value == Exit.OK
    assert "whether this host is domain web1 of dom0 is not known: it could not be asked." in answer.output.lower()
    assert [line.split()[1] for line in answer.output.splitlines() if line.startswith("web1 ")] == ["practice"]


def test_a_host_of_which_nobody_says_so_is_no_virtual_machine(made: PracticeHost, tmp_path: Path) -> None:
    answer = called(made, tmp_path, "hypervisor", "dom0")
    assert "on which machine dom0 is a virtual one" in str(answer.exception)


@pytest.mark.usefixtures("dom0")
@pytest.mark.parametrize(
    ("domain", "code", "said"),
    [
        (
            "web1",
            Exit.OK,
            "note hypervisor   this host is domain web1 of dom0: they have the same UUID; its 4 domains use",
        ),
        (
            "batch1",
            Exit.REFUSED,
            "BAD  hypervisor   this host is domain web1 of dom0, and not batch1; this host's UUID is",
        ),
    ],
    ids=["same", "another"],
)
def test_doctor_says_whose_domain_the_host_is(
    made: PracticeHost, tmp_path: Path, domain: str, code: Exit, said: str
) -> None:
    made.machine.uuid = WEB1
    answer = called(made, tmp_path, "doctor", "practice", modbisect_domain=domain)
    assert said in answer.output
    assert answer.return_value == code, answer.output


@pytest.mark.usefixtures("dom0")
def test_a_plan_says_that_it_would_be_refused(made: PracticeHost, tmp_path: Path) -> None:
    made.machine.uuid = WEB1
    book = written(made, tmp_path, {})[0]
    answer = called(made, tmp_path, "plan", book, "practice", modbisect_domain="batch1")
    assert answer.return_value == Exit.REFUSED
    assert "practice: would be refused: this host is domain web1 of dom0, and not batch1" in answer.output
