"""What the guard costs: to hold a host, in each trial, to keep it, to put 150 links back, and while nothing happens.

On one lab host with 150 Apache confs of its own. What the guard takes on the host is timed there, past SSH; wall is
timed here, over SSH. A restore is timed with the server's restart and without. Needs root on Debian for the lab.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TypeVar

from bench_host import inside, rounds, shop

from modbisect import kinds, lab
from modbisect.host.guard import GUARD, Guard
from modbisect.host.privilege import RootLink
from modbisect.host.survey import survey
from modbisect.kinds import Step
from modbisect.run.conduct import new_run

LINKS = 150
LEASE_SECONDS = 30
AIM_SECONDS = 0.300
IDLE_SECONDS = 20
BEATS = 5
ENABLED = "/etc/apache2/conf-enabled"
NAMES = tuple(f"bench-{number:03}" for number in range(LINKS))
ALL_OFF = tuple(Step(f"{ENABLED}/{name}.conf", "absent") for name in NAMES)

PLANT = f"""
for name in {" ".join(NAMES)}; do echo "# $name" >"/etc/apache2/conf-available/$name.conf"; done
a2enconf -q {" ".join(NAMES)} && systemctl restart apache2
until kill -0 "$(cat /run/apache2/apache2.pid)"; do sleep 0.1; done
"""
RESTORE = f"""
cd /var/lib/modbisect/cur
# By this the guard knows that the server has read the files as found.
[ "$2" = whole ] || {{
  read=$(awk -F '\\t' '$1 == "sha256" {{print; next}} $2 != "d" {{print $1, $2, $7}}' manifest | sha256sum | cut -c1-64)
  echo "$read 1 ok" >served
}}
began=$EPOCHREALTIME
{GUARD} restore "$1" >/dev/null || exit
ended=$EPOCHREALTIME
echo "$began $ended"
"""
CPU = "exec cat /sys/fs/cgroup/cpu.stat"
T = TypeVar("T")


@dataclass(slots=True)
class Row:
    """One figure, several times. Seconds."""

    name: str
    seconds: list[float] = field(default_factory=list)

    def timed(self, act: Callable[[], T]) -> T:
        """Time an act."""
        began = time.perf_counter()
        done = act()
        self.seconds.append(time.perf_counter() - began)
        return done

    def __str__(self) -> str:
        return f"{self.name:<66}{median(self.seconds) * 1e3:>8.0f}{min(self.seconds) * 1e3:>8.0f}"


@dataclass(slots=True)
class Rows:
    """All that is timed."""

    hold: Row = field(default_factory=lambda: Row("hold: bring, snapshot, lock, arm, watch seen alive; wall over SSH"))
    trial: Row = field(
        default_factory=lambda: Row("a trial's call, one link: wall over SSH, less the server's restart")
    )
    change: Row = field(default_factory=lambda: Row("  of this the change, on the host"))
    test: Row = field(default_factory=lambda: Row("  of this Apache's configuration test, on the host"))
    beat: Row = field(default_factory=lambda: Row("a heartbeat, wall over SSH"))
    links: Row = field(
        default_factory=lambda: Row(f"restore of {LINKS} links with proof, on the host, server left alone")
    )
    whole: Row = field(default_factory=lambda: Row("  the same with configuration test and restart, on the host"))
    wall: Row = field(default_factory=lambda: Row("  the same, wall over SSH"))
    disarm: Row = field(default_factory=lambda: Row("disarm, wall over SSH"))


@dataclass(frozen=True, slots=True)
class Idle:
    """A host that is held, and nothing is done."""

    processor: float
    """Milliseconds a minute, over those of the same host when nobody holds it."""
    resident: int
    """KiB of the processes that stay: the keeper of the lease."""
    tick: int
    """KiB of the largest process of a tick, which lives for some milliseconds a second."""


def measure(host: lab.LabHost, root: RootLink, rounds: int) -> Rows:
    """Every figure in every round."""
    rows = Rows()
    facts = survey(root)
    for number in range(rounds):
        for how in ("links", "whole", "wall"):
            guard = Guard(root, new_run())
            hold = (kinds.write_set(facts), kinds.units(facts))
            rows.hold.timed(lambda guard=guard, hold=hold: guard.hold("benchmark", *hold, LEASE_SECONDS))
            with contextlib.ExitStack() as stack:
                link = root.sibling()
                stack.callback(link.close)
                keeper = link.stream([*root.guard, "keep", guard.run, str(LEASE_SECONDS)])
                stack.callback(keeper.close)
                keeper.ask("beat", deadline=10)
                for _ in range(BEATS):
                    rows.beat.timed(lambda keeper=keeper: keeper.ask("beat", deadline=10))
                guard.apply([], reap=False)  # opens the conversation
                began = time.perf_counter()
                applied = guard.apply(ALL_OFF[:1], reap=False)
                rows.trial.seconds.append(time.perf_counter() - began - applied.restart_seconds)
                rows.change.seconds.append(applied.change_seconds)
                rows.test.seconds.append(applied.test_seconds)
                guard.apply(ALL_OFF, reap=False)
                if how == "wall":
                    rows.wall.timed(guard.restore)
                else:
                    first, last = inside(host, RESTORE, guard.run, how).split()
                    row = rows.links if how == "links" else rows.whole
                    row.seconds.append(float(last) - float(first))
                rows.disarm.timed(guard.disarm)
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return rows


def idle(host: lab.LabHost, root: RootLink) -> Idle:
    """The same time with nobody and with a held host."""
    facts = survey(root)
    before, _, _ = _spent(host)
    guard = Guard(root, new_run())
    guard.hold("benchmark", kinds.write_set(facts), kinds.units(facts), LEASE_SECONDS)
    with guard.heartbeat(LEASE_SECONDS, print) as heartbeat:
        held, resident, tick = _spent(host)
        heartbeat.stop()
        guard.restore()
        guard.disarm()
    return Idle((held - before) * 1e3 * 60 / IDLE_SECONDS, resident, tick)


def _spent(host: lab.LabHost) -> tuple[float, int, int]:
    """Processor seconds of the whole host in so much time; KiB of the guard's lasting and its largest process."""
    began = _processor(host)
    until = time.monotonic() + IDLE_SECONDS
    resident = tick = 0
    while time.monotonic() < until:
        sizes = dict(_guards())
        resident = max(resident, sum(size for words, size in sizes.items() if b"keep" in words))
        tick = max([tick, *(size for words, size in sizes.items() if b"tick" in words)])
        time.sleep(0.02)
    return _processor(host) - began, resident, tick


def _processor(host: lab.LabHost) -> float:
    return int(inside(host, CPU).split()[1]) / 1e6


def _guards() -> Iterator[tuple[bytes, int]]:
    """Words and resident KiB of the guard's processes; those of a host can be seen from here."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            words = (process / "cmdline").read_bytes()
            if GUARD.encode() in words and not words.startswith((b"sudo", b"bash")):
                pages = int((process / "statm").read_text().split()[1])
                yield words + process.name.encode(), pages * os.sysconf("SC_PAGE_SIZE") // 1024


def show(rows: Rows, quiet: Idle) -> None:
    """The table."""
    print(f"\nThe guard on a host with {LINKS} confs of its own, ms.\n\n{'':<66}{'median':>8}{'least':>8}")
    for row in (getattr(rows, name) for name in Rows.__slots__):
        print(row)
    print(
        f"\nwhile nothing happens: {quiet.processor:.0f} ms of processor time a minute for the whole host, "
        f"{quiet.resident} KiB resident; a tick a second of {quiet.tick} KiB"
    )
    met = "met" if median(rows.links.seconds) < AIM_SECONDS else "missed"
    print(f"aim: {LINKS} links put back and proven in under {AIM_SECONDS * 1e3:.0f} ms: {met}")


def main() -> None:
    """Boot a host, measure, take it down again."""
    times = rounds(__doc__, usually=5)
    with shop() as (host, root):
        inside(host, PLANT)
        show(measure(host, root, times), idle(host, root))


if __name__ == "__main__":
    main()
