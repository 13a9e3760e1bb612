"""What a host says of its guard is data: endless, binary, forged or cut off, it becomes a value or one clear error."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import astuple
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modbisect.errors import Fenced, LinkLost, ModbisectError, NotRestored
from modbisect.host.guard import Applied, Guard, Nonsense, Sample, Snapshot, Status
from modbisect.host.guard.heartbeat import fenced
from modbisect.host.link import Result
from modbisect.host.privilege import RootLink

RUN, DIGEST = "a" * 32, "0123456789abcdef" * 4
KEYS = (
    "state",
    "run",
    "owner",
    "lease",
    "watch",
    "reason",
    "rolled-back",
    "because",
    "stopped-by",
    "entries",
    "digest",
)
KEYS += ("verdict", "ms", "parent", "so", "text", "cpu", "VmHWM:", "RssAnon:", "same", "loaded", "exit", "")
VALUES = st.one_of(
    st.sampled_from(("NONE", "ARMED", "FAILED", "ok", "1 2 3", "-1", "9" * 5000, "٣", "²", "1e9", RUN, DIGEST, "0 kB")),
    st.text(max_size=60),
    st.sampled_from(("\x1b]0;owned\x07", "\x1b[2J\x1b[1;31mall is well", "\u202egnp.exe", "a\rb", "\x9b31m", "\0")),
)
LINES = st.builds(lambda key, value: f"{key} {value}", st.sampled_from(KEYS), VALUES)
BYTES = st.one_of(
    st.lists(LINES, max_size=12).map(lambda lines: "\n".join(lines).encode("utf-8", "surrogatepass")),
    st.binary(max_size=400),
    st.just(b"state " + b"A" * 100_000),
)


class Forger:
    """A root link to a host that says whatever it likes."""

    name = "evil"
    helper = ""
    guard = "/var/lib/modbisect/guard"

    def __init__(self, out: bytes, status: int = 0) -> None:
        self.out, self.status = out, status

    def execute(self, argv: Sequence[str], **_: object) -> Result:
        del argv
        return Result(self.status, self.out, b"")

    def stream(self, argv: Sequence[str]) -> Forger:
        del argv
        return self

    def ask(self, line: str, deadline: float) -> str:
        del line, deadline
        return self.out.decode("utf-8", "replace").partition("\n")[0]

    def close(self) -> None: ...


def guard_of(out: bytes, status: int = 0) -> Guard:
    return Guard(cast("RootLink", Forger(out, status)), RUN)


def texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for part in value for text in texts(part)] if isinstance(value, tuple | frozenset) else []


@pytest.mark.parametrize(
    "read", [Status.read, Applied.read, Snapshot.read, Sample.read], ids=lambda read: read.__qualname__
)
@given(data=BYTES)
def test_any_bytes_are_a_value_or_nonsense(read: Callable[[str], Any], data: bytes) -> None:
    try:
        value = read(Result(0, data, b"").text)
    except Nonsense as error:
        said = [str(error)]
    else:
        said = texts(astuple(value))
    for text in said:
        assert not [one for one in text if unicodedata.category(one) == "Cc" and one not in "\n\t"], ascii(text)
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", text), ascii(text)
        assert len(text) < 100_500


@given(BYTES, st.sampled_from((0, 1, 20, 64, 73, 75, 76, 78, 127, 255)))
@example(b"exit " + 5000 * b"9", 0)
def test_a_guard_that_lies_gives_no_other_error_than_ours(out: bytes, status: int) -> None:
    calls: tuple[Callable[[Guard], object], ...] = (
        lambda guard: guard.hold("me", ["/etc/apache2/mods-enabled"], ["apache2.service"], 30),
        Guard.status,
        Guard.restore,
        Guard.disarm,
        Guard.sample,
        lambda guard: guard.apply([], reap=False),
        lambda guard: guard.rescue(force=True),
    )
    said = []
    for call in calls:
        try:
            call(guard_of(out, status))
        except ModbisectError as error:
            said.append(str(error))
    assert not re.search("[\x1b\u202e]", "".join(said))


@pytest.mark.parametrize(
    "out",
    ["", "state ALL-IS-WELL", "state ARMED\nlease -1", "state ARMED\nlease 1e9", "state NONE\nrolled-back $(id)"],
)
def test_a_status_that_makes_no_sense_is_no_status(out: str) -> None:
    if not out:
        assert guard_of(b"").status() == Status("NONE")
        return
    with pytest.raises(LinkLost, match="makes no sense"):
        guard_of(out.encode()).status()


def test_a_restore_of_something_else_is_not_believed() -> None:
    """The host claims to be the same as a snapshot that it never showed us."""
    guard = guard_of(f"entries 3\ndigest {DIGEST}\n".encode())
    guard.hold("me", [], [], 30)
    good, other = f"same {DIGEST}\nloaded same\n", f"same {DIGEST[::-1]}\nloaded same\n"
    for said, believed in ((good, True), (other, False), (f"same {DIGEST}\nloaded other\n", False), ("", False)):
        cast("Forger", guard._root).out = said.encode()
        if believed:
            assert guard.restore() == DIGEST
        else:
            with pytest.raises(NotRestored):
                guard.restore()


def test_a_stop_is_told_apart_from_a_lost_lease() -> None:
    stopped = fenced("web", "fenced: run x does not hold this host (state NONE): stopped-by /etc/modbisect/stop by jo")
    assert isinstance(stopped, Fenced)
    assert (stopped.what, "/etc/modbisect/stop" in stopped.advice) == (
        "the run was stopped on the host, by /etc/modbisect/stop by jo",
        True,
    )
    assert "rolled the host back" in fenced("web", "fenced: lease lost").what
