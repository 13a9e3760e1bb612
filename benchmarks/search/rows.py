"""Plays rows on all processors, and keeps them in a file so that a long run can go on where it ended."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from contest import Record, Row, Run, play, record
from fingerprint import fingerprint
from peers import PEERS, Setting
from sites import Case

import modbisect

_PATIENCE = 30.0
"""Seconds without a word."""
_CHUNK = 10
"""Worlds between two looks at whether to go on."""
LARGE = 128
"""From so many components on, there are fewer worlds."""

Hopeless = Callable[[Record], bool]
"""Whether to stop a row."""


@dataclass(slots=True)
class Rows:
    """Records, from the file or played now."""

    worlds: int
    worlds_large: int
    seed: int
    jobs: int
    path: Path | None = None
    known: dict[Row, Record] = field(default_factory=dict)
    codes: dict[bool, str] = field(default_factory=dict)
    """Fingerprints of the peers, and of modbisect's own."""

    def __post_init__(self) -> None:
        here, package = Path(__file__).parent, Path(modbisect.__file__).parent
        world = [here / name for name in ("sites.py", "noise.py", "contest.py")]
        own = [path for part in ("model", "search", "judging") for path in (package / part).rglob("*.py")]
        self.codes = {True: fingerprint([*world, *(here / "peers").glob("*.py")]), False: fingerprint([*world, *own])}
        if self.path and self.path.exists():
            for line in self.path.read_text().splitlines():
                one = _read(line, self.path)
                self.known[one.row] = one

    def get(
        self, case: Case, size: int, name: str, setting: Setting | None, hopeless: Hopeless = lambda _: False
    ) -> Record:
        """The record of a row. One that was given up earlier counts if it would be given up now."""
        worlds = self.worlds_large if size >= LARGE else self.worlds
        if name in PEERS:
            worlds = min(worlds, PEERS[name].most_worlds)
        row = Row(case.name, size, name, str(setting or ""), self.seed, worlds, self.codes[setting is not None])
        known = self.known.get(row)
        if known and (known.of == worlds or hopeless(known)):
            return known
        began = told = time.monotonic()
        runs: list[Run] = []
        name_of = f"{case.name} {size} {name} {row.setting}"
        with self._mapped(partial(play, case, size, name, setting)) as mapped:
            for first in range(0, worlds, _CHUNK):
                runs += mapped(range(self.seed + first, self.seed + min(worlds, first + _CHUNK)))
                result = record(row, runs)
                if hopeless(result):
                    break
                if len(runs) < worlds and time.monotonic() > told + _PATIENCE:
                    told = time.monotonic()
                    say(f"{name_of}: {result.right}/{result.of} right so far, of {worlds}")
        self._keep(result)
        say(f"{name_of}: {result.right}/{result.of} right, {time.monotonic() - began:.1f} s")
        return result

    def _keep(self, one: Record) -> None:
        self.known[one.row] = one
        if self.path:
            with self.path.open("a") as file:
                file.write(json.dumps(asdict(one)) + "\n")

    @contextmanager
    def _mapped(self, task: Callable[[int], Run]) -> Iterator[Callable[[range], list[Run]]]:
        if self.jobs == 1:
            yield lambda numbers: [task(one) for one in numbers]
        else:
            with get_context("fork").Pool(self.jobs) as pool:
                yield lambda numbers: pool.map(task, numbers, chunksize=1)


def _read(line: str, path: Path) -> Record:
    try:
        kept = json.loads(line)
        return Record(**{**kept, "row": Row(**kept["row"])})
    except (ValueError, TypeError, KeyError) as wrong:
        raise SystemExit(f"{path} holds a line that is no row of this benchmark ({wrong}): use another file") from wrong


def say(text: str) -> None:
    """Progress."""
    print(text, file=sys.stderr, flush=True)
