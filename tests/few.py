"""Some of many cases that are much alike, as the moments at which the guard is struck; `make fuzz-...` takes all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

Case = TypeVar("Case")


def few(cases: Iterable[Case], most: int) -> list[Case]:
    """The first, the last, and as far apart as can be some between; of one the first."""
    every = list(cases)
    if os.environ.get("MODBISECT_FUZZ") or len(every) <= most:
        return every
    return [every[at * (len(every) - 1) // max(1, most - 1)] for at in range(most)]
