"""How long a run has kept the site from serving: in a row, and altogether."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Outage:
    """From the stop of the server up to the restart that the first correct answer follows. Seconds."""

    clock: Callable[[], float] = time.monotonic
    _ended: float = 0.0
    _since: float | None = None
    _up: float = 0.0
    """When the server was started last."""

    def restarted(self, seconds: float) -> None:
        """The server was restarted just now, which took so long; whether the site serves is not known yet."""
        self._up = self.clock()
        if self._since is None:
            self._since = self._up - seconds

    def serves(self) -> None:
        """The site answers correctly, and so it has since the last restart."""
        if self._since is not None:
            self._ended += self._up - self._since
            self._since = None

    @property
    def in_a_row(self) -> float:
        """Since the site served last; 0 while it serves."""
        return 0.0 if self._since is None else self.clock() - self._since

    @property
    def total(self) -> float:
        """All of it."""
        return self._ended + self.in_a_row
