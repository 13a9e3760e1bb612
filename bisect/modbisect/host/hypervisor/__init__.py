"""Asks the machine on which a host is a virtual machine; it is asked, and never told, anything."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from modbisect.errors import Refused
from modbisect.harmless import one_line
from modbisect.host.hypervisor import virsh, xl
from modbisect.host.hypervisor.values import Census, Nonsense
from modbisect.host.link import Link, Result

_SECONDS = 10
"""A question that takes longer is given up, on the machine itself."""
_TOO_LONG = 124
_CAP = 1 << 20
_ANSWERS = re.compile(r"^(?:nr_cpus|CPU\(s\)) *:", re.MULTILINE)
_SYSTEM = ("-c", "qemu:///system")
"""What virsh would ask without it, where the user is not root, are domains of that user's own."""
_LOOK = (
    'id -u; PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; for tool do command -v "$tool" >/dev/null && echo "$tool"; '
    "done; true"
)


@dataclass(frozen=True, slots=True)
class Way:
    """How a tool is called there."""

    tool: str
    """``xl`` or ``virsh``."""
    sudo: tuple[str, ...] = ()
    password: bytes = b""
    """Goes on standard input when sudo asks for it."""
    connect: tuple[str, ...] = ()
    """Which of libvirt's connections, where its own choice would be another."""

    def argv(self, words: Sequence[str]) -> list[str]:
        """The command that asks this."""
        bounded = ("timeout", "-k", "2", str(_SECONDS), "env", "LC_ALL=C")
        return [*bounded, *self.sudo, self.tool, *self.connect, *words]


class Hypervisor:
    """A machine whose tool has answered."""

    def __init__(self, link: Link, way: Way, info: str) -> None:
        self.name = link.name
        self._link, self._way, self._info = link, way, info

    def census(self) -> Census:
        """All its domains now.

        Raises:
            Refused: it does not say.
            LinkLost: the connection broke.
        """
        try:
            if self._way.tool == "xl":
                return xl.read(self._info, *self._ask(xl.LIST))
            listed, at = self._ask(virsh.LIST)
            known = virsh.uuids(listed)
            told, at = self._ask(virsh.details(known), partly=True) if known else ("", at)
            return virsh.read(self._info, known, told, at)
        except Nonsense as error:
            raise _refused(self.name, str(error)) from error

    def _ask(self, words: Sequence[str], *, partly: bool = False) -> tuple[str, float]:
        """The answer, where need be in part, and when it was given by this machine's clock: halfway through."""
        began = time.monotonic()
        done = _asked(self._link, self._way, words)
        at = (began + time.monotonic()) / 2
        if done.status and not (partly and done.out):
            raise _refused(self.name, f"'{self._way.tool} {' '.join(words)[:40]}': {_why(done)}")
        return done.out.decode("utf-8", "replace"), at


def find_hypervisor(link: Link, password: Callable[[], str] | None = None) -> Hypervisor:
    """Find out which tool answers there, and how.

    Args:
        link: the machine, as its user.
        password: gives sudo's; None where nobody has one for this machine.

    Raises:
        Refused: none does.
        LinkLost: the connection broke.
    """
    user, *tools = link.execute(["/bin/sh", "-c", _LOOK, "sh", "xl", "virsh"]).text.split() or [""]
    complaints = []
    for way in _ways(user == "0", [tool for tool in ("xl", "virsh") if tool in tools], password):
        done = _asked(link, way, xl.INFO if way.tool == "xl" else virsh.INFO)
        if done.status == 0 and _ANSWERS.search(done.text):
            return Hypervisor(link, way, done.text)
        complaints.append(f"{way.tool}: {_why(done)}")
    raise _refused(link.name, "; ".join(dict.fromkeys(complaints)) or "neither xl nor virsh is there")


def _ways(root: bool, tools: Sequence[str], password: Callable[[], str] | None) -> Iterator[Way]:  # noqa: FBT001  # of one caller
    """All that may be tried: xl first, for a dom0 may have a libvirt that knows nothing of its domains."""
    for tool in tools:
        if root:
            yield Way(tool)
            continue
        if tool == "virsh":
            yield Way(tool, connect=_SYSTEM)
        yield Way(tool, ("sudo", "-n", "--"))
        if password:
            yield Way(tool, ("sudo", "-k", "-S", "-p", "", "--"), password().encode() + b"\n")


def _asked(link: Link, way: Way, words: Sequence[str]) -> Result:
    return link.execute(way.argv(words), stdin=way.password, deadline=_SECONDS + 10.0, cap=_CAP)


def _why(done: Result) -> str:
    if done.status == _TOO_LONG:
        return f"no answer within {_SECONDS} s"
    return one_line(done.complaint, limit=200) or f"it ended with {done.status}"


def _refused(name: str, why: str) -> Refused:
    return Refused(
        f"no hypervisor answers there: {why}",
        host=name,
        state="nothing was changed",
        advice="docs/hypervisor.md says which commands its user must be allowed there, and how",
    )
