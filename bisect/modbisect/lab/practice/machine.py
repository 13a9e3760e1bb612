"""The practice host's state: the files that switch components, and the server that was started on them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from modbisect.lab.practice import software
from modbisect.lab.practice.tree import Tree

RESTART_SECONDS = 0.03
WORKER_KIB = 21_504

Rule: TypeAlias = Callable[[frozenset[str]], bool]
"""Whether uploads are slow, from the ids of the components that are on."""


@dataclass(frozen=True, slots=True)
class Server:
    """One generation of the simulated Apache."""

    pid: int
    started: float
    """Unix time."""
    on: frozenset[str]
    """Ids of the components it runs with."""
    loaded: tuple[str, ...]
    """The shared objects in its memory."""


@dataclass(slots=True)
class Machine:
    """A host that exists in memory only; its attributes are there for tests to set."""

    slow: Rule
    booted: float = field(default_factory=lambda: time.time() - 7200)
    """Unix time."""
    tree: Tree = field(init=False)
    """Replaced as a whole, never changed in place: other threads read it."""
    server: Server | None = field(init=False)
    """None when it is down."""
    peak_kib: int = WORKER_KIB
    """Largest memory of a worker since the restart."""
    role: str = "staging"
    """What the host says of itself in /etc/modbisect/role."""
    uuid: str = ""
    """What its firmware says, where it is a virtual machine."""
    stolen: float = 0.0
    """Share of its processor time that a hypervisor takes."""
    stop: bool = False
    sudo: bool = True
    can_start: bool = True
    package_locks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.tree = software.as_found(self.booted)
        self.server = self._started(1000, self.booted + 60)

    def restart(self) -> bool:
        """Start a new server on the files as they are; whether it came up."""
        time.sleep(RESTART_SECONDS)
        self.peak_kib = WORKER_KIB
        pid = self.server.pid + 7 if self.server else 1000
        self.server = self._started(pid, time.time()) if self.can_start else None
        return self.server is not None

    def ticks(self, moment: float) -> int:
        """A moment in clock ticks since boot, 100 a second."""
        return round((moment - self.booted) * 100)

    def _started(self, pid: int, moment: float) -> Server:
        pieces = software.running(self.tree)
        loaded = sorted(piece.loads for piece in pieces if piece.loads)
        return Server(pid, moment, frozenset(piece.id for piece in pieces), tuple(loaded))
