"""What the guard says, as values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from modbisect.host.link import clean, lines_of
from modbisect.model import Memory

STATES = ("NONE", "SNAP", "ARMED", "RESTORING", "RESTORED", "FAILED", "CURED")
_VERDICTS = ("ok", "configtest", "restart")
_LONGEST = 1000
"""Characters of one thing that a host says of itself."""


class Code(IntEnum):
    """With what a command of the guard ends; ``guard.sh`` has the same list."""

    DONE = 0
    CONFIG_TEST = 20
    """The configuration test fails: the server goes on with what it had."""
    RESTART = 21
    """The server does not come back."""
    USAGE = 64
    NO_ROOM = 73
    """It cannot write, or what it has written is damaged."""
    HELD = 75
    """By another run, or stopped, or no watch lives."""
    FENCED = 76
    """This run no longer owns the host."""
    UNSAFE = 77
    """A folder that it works in is open to others."""
    DIFFERS = 78
    """The host is not what the snapshot says."""
    TOO_LONG = 124


CANNOT_RUN = 126
"""A shell's, where a script may not be run."""
GONE = frozenset({1, 2, CANNOT_RUN, 127})
"""A shell's, or sudo's, where the guard's script is not there; the guard itself never ends with any of them."""


class Nonsense(ValueError):
    """What the host says is not what the guard says."""


@dataclass(frozen=True, slots=True)
class Status:
    """What the guard says of itself."""

    state: str
    """One of `STATES`."""
    run: str = ""
    owner: str = ""
    """Who began it, and when."""
    lease_seconds: int = 0
    """How long its lease holds unless it is renewed."""
    watched: bool = True
    """Whether the host restores itself when the lease ends; else ``modbisect restore`` takes it over."""
    reason: str = ""
    """Why the last restore failed, or traces of the last run are still there."""
    rolled_back: str = ""
    """The last run that the guard rolled back by itself; empty where it never did."""
    because: str = ""
    """Why the guard rolled that run back."""
    stopped_by: str = ""
    """The host's stop file, with its first line; empty where there is none."""

    @classmethod
    def read(cls, text: str) -> Status:
        """The status in what the guard says.

        Raises:
            Nonsense: it is none.
        """
        values = pairs(text)
        state, lease = values.get("state", "NONE"), values.get("lease", "0")
        run, rolled_back = values.get("run", ""), values.get("rolled-back", "")
        if state not in STATES or not _is_count(lease) or not (_is_run(run) and _is_run(rolled_back)):
            raise Nonsense(f"status {state[:100]!r}")
        return cls(
            state=state,
            run=run,
            owner=values.get("owner", "").strip(),
            lease_seconds=int(lease),
            watched=values.get("watch") != "dead",
            reason=values.get("reason", ""),
            rolled_back=rolled_back,
            because=values.get("because", ""),
            stopped_by=values.get("stopped-by", ""),
        )


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A cure that was made to last."""

    run: str
    commands: tuple[str, ...]
    """What was run on the host for that."""

    @classmethod
    def read(cls, text: str) -> Confirmed:
        """What the guard says that it did.

        Raises:
            Nonsense: it does not say that it is done.
        """
        run = pairs(text).get("confirmed", "")
        if not run or not _is_run(run):
            raise Nonsense(f"confirmed {run[:100]!r}")
        said = (clean(line)[:_LONGEST] for line in lines_of(text))
        return cls(run, tuple(line.removeprefix("did ") for line in said if line.startswith("did ")))


@dataclass(frozen=True, slots=True)
class Sample:
    """Memory and processor time of the host at one moment."""

    memory: Memory | None
    """Peak and resident memory of the server's workers, found by their parent, not by name."""
    busy: int
    """Clock ticks of all processors since boot, idle ones among them."""
    stolen: int
    """Clock ticks that the hypervisor has taken, among ``busy``."""
    own: Mapping[int, int] = field(default_factory=dict)
    """What each worker, by its pid, shares with nobody."""

    @classmethod
    def read(cls, text: str) -> Sample:
        """The sample in what the guard says, zeros where there is none."""
        busy = stolen = 0
        sizes: dict[str, list[int]] = {"VmHWM:": [], "VmRSS:": []}
        own: dict[int, int] = {}
        for line in text.splitlines():
            match line.split():
                case ["cpu", all_ticks, stolen_ticks] if _is_count(all_ticks) and _is_count(stolen_ticks):
                    busy, stolen = int(all_ticks), int(stolen_ticks)
                case ["VmHWM:" | "VmRSS:" as word, size, "kB", *_] if _is_count(size):
                    sizes[word].append(int(size) * 1024)
                case ["RssAnon:", size, "kB", pid] if _is_count(size) and _is_count(pid):
                    own[int(pid)] = int(size) * 1024
        peaks, residents = sizes.values()
        memory = Memory(max(peaks), max(residents), len(residents)) if peaks and residents else None
        return cls(memory, busy, stolen, own)

    def steal_since(self, before: Sample) -> float:
        """The share of all processors' time that the hypervisor has taken since an earlier sample."""
        busy = self.busy - before.busy
        return (self.stolen - before.stolen) / busy if busy > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Applied:
    """What one trial's guard call did."""

    verdict: str
    """``ok``, ``configtest`` or ``restart``."""
    change_seconds: float
    test_seconds: float
    restart_seconds: float
    """From the order to the new generation's first process: the server's own time."""
    loaded: frozenset[str]
    text: str
    sample: Sample
    """Taken at its end; without memory."""

    @classmethod
    def read(cls, text: str) -> Applied:
        """The outcome in what the guard says.

        Raises:
            Nonsense: it is none.
        """
        values = pairs(text)
        verdict, times = values.get("verdict", ""), values.get("ms", "").split()
        if verdict not in _VERDICTS or len(times) != 3 or not all(map(_is_count, times)):  # noqa: PLR2004
            raise Nonsense(f"verdict {verdict[:100]!r}, ms {times[:4]!r}")
        change, test, restart = (int(part) / 1000 for part in times)
        said = [clean(line) for line in lines_of(text)]
        return cls(
            verdict,
            change,
            test,
            restart,
            frozenset(line[3:] for line in said if line.startswith("so ")),
            "\n".join(line[5:] for line in said if line.startswith("text ")),
            Sample.read(text),
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The manifest that a restore is held against."""

    entries: int
    digest: str

    @classmethod
    def read(cls, text: str) -> Snapshot:
        """The snapshot in what the guard says.

        Raises:
            Nonsense: it is none.
        """
        values = pairs(text)
        entries, digest = values.get("entries", ""), values.get("digest", "")
        if not _is_count(entries) or not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise Nonsense(f"entries {entries[:100]!r}, digest {digest[:100]!r}")
        return cls(int(entries), digest)


def pairs(text: str) -> dict[str, str]:
    """The "key value" lines of what a guard says, cleaned and bounded."""
    lines = (clean(line)[:_LONGEST].partition(" ") for line in text.split("\n"))
    return {key: value for key, _, value in lines}


def _is_count(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,18}", text) is not None


def _is_run(text: str) -> bool:
    return re.fullmatch(r"[0-9a-z]{0,64}", text) is not None
