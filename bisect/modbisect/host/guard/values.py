"""What the guard says, as values."""

from __future__ import annotations

from dataclasses import dataclass

from modbisect.model import Memory

GUARD = "/var/lib/modbisect/guard"
"""Where it lies on a host while a run is open."""


@dataclass(frozen=True, slots=True)
class Status:
    """What the guard says of itself."""

    state: str
    """``NONE``, ``SNAP``, ``ARMED``, ``RESTORING``, ``RESTORED`` or ``FAILED``."""
    run: str = ""
    owner: str = ""
    lease_seconds: int = 0
    reason: str = ""
    rolled_back: str = ""
    """The last run that the guard rolled back by itself."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Memory and processor time of the host at one moment."""

    memory: Memory | None
    """Peak and resident memory of the server's workers, found by their parent, not by name."""
    busy: int
    """Clock ticks of all processors since boot ..."""
    stolen: int
    """... and of these, taken by the hypervisor."""

    @classmethod
    def read(cls, text: str) -> Sample:
        """The sample in what the guard says, zeros where there is none."""
        busy = stolen = 0
        sizes: dict[str, list[int]] = {"VmHWM:": [], "VmRSS:": []}
        for line in text.splitlines():
            match line.split():
                case ["cpu", all_ticks, stolen_ticks] if all_ticks.isdecimal() and stolen_ticks.isdecimal():
                    busy, stolen = int(all_ticks), int(stolen_ticks)
                case ["VmHWM:" | "VmRSS:" as word, size, "kB"] if size.isdecimal():
                    sizes[word].append(int(size) * 1024)
        peaks, residents = sizes.values()
        memory = Memory(max(peaks), max(residents), len(residents)) if peaks and residents else None
        return cls(memory, busy, stolen)


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


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The manifest that a restore is held against."""

    entries: int
    digest: str
