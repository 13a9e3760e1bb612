"""What people use today, each behind the same small interface and with a grid of settings to be tuned over."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec

from peers.harness import Peer, Setting

__all__ = ["MISSING", "PEERS", "Peer", "Setting"]

_MODULES = {
    "mann-whitney": ("one_at_a_time", ""),
    "halving": ("halving", ""),
    "ddmin": ("ddmin", ""),
    "go-bisect": ("go_bisect", ""),
    "git-bayesect": ("bayesect", "git_bayesect"),
    "mlbisect": ("by_mlbisect", "mlbisect"),
    "halves+omp": ("halves", ""),
}
"""Name to module, and the package that it drives."""

MISSING = tuple(name for name, (_, package) in _MODULES.items() if package and not find_spec(package))
"""Those whose package is not installed."""

PEERS: Mapping[str, Peer] = {
    name: import_module(f"peers.{module}").PEER for name, (module, _) in _MODULES.items() if name not in MISSING
}
