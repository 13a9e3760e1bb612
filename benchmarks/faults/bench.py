"""One worker of the bench: a lab host, and the trials on it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ground import SMALL, Ground
from on_steps import COUNTING, TO_COUNT, Counts, count_steps
from result import Result
from sight import Sight
from trial import Found, Trial, played

from modbisect import lab


class Bench:
    """A host, kept from trial to trial; after a failure a new one."""

    def __init__(self, label: str = "", ground: Ground = SMALL) -> None:
        self._ground = ground
        self._name = f"faults-{os.getpid()}{label}"
        self._found: Found | None = None

    def play(self, name: str, act: Callable[[Trial], None], seed: int) -> Result:
        """One trial."""
        if self._found is None:
            lab.up(self._name, self._ground.scripts, packages=self._ground.packages)
            sight = Sight.of(self._name, self._ground)
            self._ground = self._ground.there(sight.root)
            self._found = Found.on(replace(sight, ground=self._ground))
        (host,) = (one for one in lab.hosts() if one.name == self._name)
        with tempfile.TemporaryDirectory(prefix="faults-") as folder:
            result = played(name, act, seed, host=host, ground=self._ground, found=self._found, folder=Path(folder))
        if result.failure:
            self.close()
        return result

    def count(self) -> Counts:
        """The steps of all verbs.

        Raises:
            RuntimeError: one did not end well though nothing struck it.
        """
        counts: Counts = {}
        for seed in TO_COUNT:
            result = self.play(COUNTING, lambda trial: counts.update(count_steps(trial)), seed)
            if result.failure:
                raise RuntimeError(f"counting the steps of {list(counts)[-1:]}: {result.failure}")
        return counts

    def close(self) -> None:
        """Take the host down."""
        self._found = None
        with suppress(lab.LabError):
            lab.down(self._name)
