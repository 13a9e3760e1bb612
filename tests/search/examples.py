"""How many examples a property of the search is tried with: a few, or ten times as many in `make fuzz-search`."""

from __future__ import annotations

import os

from hypothesis import settings

_TIMES = 10 if os.environ.get("MODBISECT_FUZZ") else 1


def examples(usual: int) -> settings:
    """Settings of a property test."""
    return settings(max_examples=usual * _TIMES)
