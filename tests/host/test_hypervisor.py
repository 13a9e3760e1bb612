"""What xl and virsh say, as a census; and that nothing but questions is sent.

`xl/` is what xl of Xen 4.17.7 said on Debian 12, recorded with three paravirtual guests on a dom0 in QEMU. What could
not be had there is written after xl's own format and marked "after the docs". virsh is the real one, with libvirt's
test driver, where it is installed.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from modbisect.errors import Refused
from modbisect.host.hypervisor import find_hypervisor, virsh, xl
from modbisect.host.hypervisor.values import Census, Domain, Nonsense, Use, same_uuid, uses
from modbisect.host.link import Result
from modbisect.host.local import LocalLink

XL = Path(__file__).with_name("xl")
INFO, FIRST, SECOND, PAUSED = (
    (XL / name).read_text() for name in ("info.txt", "list-1.txt", "list-2.txt", "list-paused.txt")
)
WEB1 = "4a1f6c1e-52d8-4b6b-9b57-2f5a1c9e7d10"
HEAD = FIRST.splitlines()[0]
needs_virsh = pytest.mark.skipif(not shutil.which("virsh"), reason="virsh is not installed (libvirt-clients)")


def row(name: str, state: str = "r-----", seconds: str = "1.0", rest: str = "        -                -") -> str:
    """A line of `xl list -v`, after the docs."""
    return f"{name:<40} {7:5} {512:5} {2:5}     {state}  {seconds:>8} {WEB1}{rest}"


def listed(*rows: str) -> Census:
    return xl.read(INFO, "\n".join((HEAD, *rows)), 0.0)


def test_a_census_of_xen() -> None:
    census = xl.read(INFO, FIRST, 5.0)
    assert (census.software, census.cpus, census.memory >> 20, census.at) == ("Xen 4.17.7", 2, 2047, 5.0)
    assert census.domains[1:3] == (
        Domain("web1", WEB1, "running", 1, 128 << 20, 27.0),
        Domain("batch1", "0b9e4f0a-8a52-4a9a-b9a3-6b1f0c2d3e4f", "running", 2, 128 << 20, 103.2),
    )
    assert [domain.state for domain in xl.read(INFO, PAUSED, 0.0).domains] == ["running"] * 3 + ["paused"]


def test_two_of_them_give_what_each_domain_used() -> None:
    seen = uses(xl.read(INFO, FIRST, 100.0), xl.read(INFO, SECOND, 110.0))
    assert [use.domain.name for use in seen] == ["batch1", "web1-experimental", "Domain-0", "web1"]
    assert [use.cpus for use in seen] == pytest.approx([0.93, 0.84, 0.55, 0.04])
    assert {use.within for use in seen} == {0.01}


@pytest.mark.parametrize(
    ("then", "now", "cpus"),
    [
        ((), ("a 5.0",), None),  # it is new
        (("a 5.0",), ("a 1.0",), None),  # it has begun anew
        (("a 5.0",), ("a 5.0",), 0.0),
        (("b 1.0",), ("a 5.0",), None),  # the same UUID, another name
    ],
)
def test_of_a_domain_that_was_not_there_all_the_time_nothing_is_known(
    then: Sequence[str], now: Sequence[str], cpus: float | None
) -> None:
    def census(rows: Sequence[str], at: float) -> Census:
        domains = [Domain(name, WEB1, "running", 1, 0, float(seconds)) for name, seconds in map(str.split, rows)]
        return Census("", 8, 0, tuple(domains), at)

    (use,) = uses(census(then, 0.0), census(now, 4.0))
    assert use.cpus == cpus
    assert uses(census(now, 4.0), census(now, 4.0)) == (Use(use.domain),)


@pytest.mark.parametrize(
    ("seconds", "grain"), [("27.0", 0.1), ("1000000.0", 0.1), ("8388608.0", 1.0), ("40000000.0", 4.0)]
)
def test_xl_tells_long_times_in_coarser_grains(seconds: str, grain: float) -> None:
    assert listed(row("batch1", seconds=seconds)).domains[0].grain == grain


@pytest.mark.parametrize(
    ("state", "means"),
    [
        ("------", "running"),
        ("-b----", "running"),
        ("r-p---", "paused"),
        ("---sr-", "off"),
        ("---sc-", "off"),
        ("--psrd", "off"),
        ("-----d", "off"),
    ],
)
def test_states_after_the_docs(state: str, means: str) -> None:
    assert listed(row("web1", state)).domains[0].state == means


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("web 1", "web 1"),
        ("a" * 50, "a" * 50),
        ("a" * 90, "a" * 63 + "…"),
        ("web1\x1b[31m", "web1?"),  # and so not equal to web1
        ("web1\u202e", "web1?"),
        (row("web1").strip(), "web1 7 512 2 r----- 1.0 4a1f6c1e-52d8-4b6b-9b57-2f5a1c9e7d10 - -"),
    ],
)
def test_hostile_names_stay_names(name: str, shown: str) -> None:
    (domain,) = listed(row(name)).domains
    assert (domain.name, domain.uuid, domain.cpus) == (shown, WEB1, 2)


def test_a_security_label_after_the_docs() -> None:
    assert listed(row("web1", rest="        - system_u:system_r:domU_t")).domains[0].name == "web1"


@pytest.mark.parametrize("text", ["", HEAD, "web1 1 2", "x" * 5000, " " * 900 + "1" * 90, "\n" * 1000])
def test_what_is_no_list_of_domains_is_told_from_one(text: str) -> None:
    with pytest.raises(Nonsense):
        xl.read(INFO, text, 0.0)


def test_the_order_of_a_uuids_first_bytes_is_the_firmwares() -> None:
    assert same_uuid(WEB1, WEB1)
    assert same_uuid(WEB1, "1e6c1f4a-d852-6b4b-9b57-2f5a1c9e7d10")
    assert not same_uuid(WEB1, "4a1f6c1e-52d8-4b6b-9b57-2f5a1c9e7d11")


def test_libvirts_states_and_what_tells_nothing_after_the_docs() -> None:
    told = (
        f"Id:             -\nName:           web1\nUUID:           {WEB1}\nOS Type:        hvm\n"
        "State:          shut off\nCPU(s):         2\nMax memory:     1048576 KiB\nUsed memory:    1048576 KiB\n\n\n"
    )
    gone = "00000000-0000-0000-0000-000000000001"
    census = virsh.read("CPU(s): 4\nMemory size: 1024 KiB\n", (WEB1, gone), told, 1.0)
    assert census.domains == (Domain("web1", WEB1, "off", 2, 1 << 30), Domain("?", gone, "running", 0, 0))
    with pytest.raises(Nonsense, match="names no domain"):
        virsh.read("CPU(s): 4\n", (), "", 1.0)


@needs_virsh
def test_a_census_by_the_real_virsh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "test:///default")
    asked = Recorded(LocalLink("kvm1"))
    machine = find_hypervisor(asked)  # type: ignore[arg-type]
    before, after = machine.census(), machine.census()
    (domain,) = after.domains
    assert (before.software, before.cpus, before.memory >> 20) == ("libvirt", 16, 3072)
    assert (domain.name, domain.uuid) == ("test", "6695eb01-f6a4-8304-79aa-97f2502e193f")
    assert (domain.state, domain.cpus, domain.memory >> 30) == ("running", 2, 2)
    assert [use.domain for use in uses(before, after)] == [domain]
    assert_only_questions(asked.argv)


@dataclass
class Recorded:
    """A link that keeps what it is asked."""

    link: LocalLink
    argv: list[list[str]] = field(default_factory=list)
    name: str = "kvm1"

    def execute(self, argv: Sequence[str], **options: object) -> Result:
        self.argv.append(list(argv))
        return self.link.execute(argv, **options)  # type: ignore[arg-type]


@dataclass
class Pretended:
    """A machine that cannot be had here: a user of it who may do this and no more."""

    user: str
    tools: str
    answers: dict[str, str]
    """By how a command begins, without what bounds it."""
    argv: list[list[str]] = field(default_factory=list)
    stdin: list[bytes] = field(default_factory=list)
    name: str = "dom0"

    def execute(self, argv: Sequence[str], *, stdin: bytes = b"", **_: object) -> Result:
        if argv[0] == "/bin/sh":
            return Result(0, f"{self.user}\n{self.tools}".encode(), b"")
        self.argv.append(list(argv))
        self.stdin.append(stdin)
        asked = " ".join(argv[6:])
        said = next((text for command, text in self.answers.items() if asked.startswith(command)), None)
        return Result(1, b"", b"denied\x1b[31m") if said is None else Result(0, said.encode(), b"")


QUESTION = re.compile(
    r"xl (?:info|list -v)|"
    r"virsh (?:-c qemu:///system )?-r (?:nodeinfo|list --all --uuid|(?:dominfo [0-9a-f-]{36}(?:; )?)+)"
)


def assert_only_questions(commands: list[list[str]]) -> None:
    for argv in commands:
        if argv[0] == "/bin/sh":
            assert argv[2].startswith("id -u; PATH=")
            continue
        assert argv[:6] == ["timeout", "-k", "2", "10", "env", "LC_ALL=C"]
        words = " ".join(argv[6:])
        for sudo in ("sudo -n -- ", "sudo -k -S -p  -- "):
            words = words.removeprefix(sudo)
        assert QUESTION.fullmatch(words), words


NODE = "CPU(s): 4\nMemory size: 1024 KiB\n"
ROOTS = {"xl info": INFO, "xl list": FIRST}
SUDO = {f"sudo -n -- {command}": text for command, text in ROOTS.items()}
ASKED = {f"sudo -k -S -p  -- {command}": text for command, text in ROOTS.items()}
EMPTY = {"virsh -c qemu:///system -r nodeinfo": NODE, "virsh -c qemu:///system -r list": "\n"}


@pytest.mark.parametrize(
    ("user", "tools", "answers", "software"),
    [
        ("0", "xl", ROOTS, "Xen 4.17.7"),
        ("0", "xl virsh", ROOTS, "Xen 4.17.7"),
        ("1000", "xl", SUDO, "Xen 4.17.7"),
        ("1000", "xl", ASKED, "Xen 4.17.7"),
        ("1000", "xl virsh", {**EMPTY, **SUDO}, "Xen 4.17.7"),  # its libvirt knows nothing of Xen's domains
        ("0", "xl virsh", {"virsh -r nodeinfo": NODE, "virsh -r": WEB1}, "libvirt"),  # xl is there, and no Xen
        ("1000", "virsh", {"virsh -c qemu:///system -r nodeinfo": NODE, "virsh -c": WEB1}, "libvirt"),
        ("1000", "virsh", {"sudo -n -- virsh -r nodeinfo": NODE, "sudo -n -- virsh": WEB1}, "libvirt"),
    ],
)
def test_the_way_that_is_allowed_is_found(user: str, tools: str, answers: dict[str, str], software: str) -> None:
    machine = Pretended(user, tools, answers)
    census = find_hypervisor(machine, lambda: "hunter2").census()  # type: ignore[arg-type]
    assert census.software == software
    assert WEB1 in [domain.uuid for domain in census.domains]
    assert_only_questions(machine.argv)
    assert all((said == b"hunter2\n") == ("-S" in argv) for argv, said in zip(machine.argv, machine.stdin, strict=True))


@pytest.mark.parametrize(
    ("user", "tools", "answers", "why"),
    [
        ("0", "", {}, "neither xl nor virsh is there"),
        ("", "", {}, "neither xl nor virsh is there"),
        ("0", "xl", {}, "xl: denied"),
        ("0", "xl", {"xl info": "host : x\n"}, "xl: host : x"),
        ("0", "xl", {"xl info": INFO}, "'xl list -v': denied"),
        ("0", "xl", {"xl info": INFO, "xl list": HEAD}, "'xl list -v' names no domain"),
        # A libvirt without domains is no evidence of anything.
        ("1000", "xl virsh", EMPTY, "'virsh list --all' names no domain"),
    ],
)
def test_where_nothing_answers_the_reason_is_told(user: str, tools: str, answers: dict[str, str], why: str) -> None:
    machine = Pretended(user, tools, answers)
    with pytest.raises(Refused) as refused:
        find_hypervisor(machine).census()  # type: ignore[arg-type]
    assert refused.value.what.startswith(f"no hypervisor answers there: {why}")
    assert "\x1b" not in str(refused.value)
    assert_only_questions(machine.argv)


def test_half_a_list_is_no_list() -> None:
    class Slow(Pretended):
        def execute(self, argv: Sequence[str], *, stdin: bytes = b"", **_: object) -> Result:
            done = super().execute(argv, stdin=stdin)
            return Result(124, done.out, b"") if "list" in argv else done

    with pytest.raises(Refused, match="no answer within 10 s"):
        find_hypervisor(Slow("0", "xl", ROOTS)).census()  # type: ignore[arg-type]
