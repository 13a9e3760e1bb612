"""The cache in front of the server, on the same host: restarted behind it, it begins each trial with nothing kept.

So nothing of a broken trial outlives it, and what keeps pages out of the cache shows. That it may be, root says on the
host. A cache that keeps its pages on a disk is none of these: a restart leaves them there.
"""

from __future__ import annotations

from modbisect.kinds.found import Found

_IN_MEMORY = {"varnishd": "varnish.service"}
"""Programs whose pages go with their process, and their units: those that the guard restarts last."""


def unit(found: Found) -> str:
    """The unit of the cache that answers where the page is asked for; empty where none does."""
    return _IN_MEMORY.get(found.listener(found.port), "")


def units(found: Found) -> tuple[str, ...]:
    """It, where root lets a run restart it, and systemd is there to do so."""
    name = unit(found)
    return (name,) if found.units and name in found.may_restart else ()


def leave(found: Found) -> str:
    """The line by which root would let a run restart it; empty where there is none to restart, or he does."""
    name = unit(found)
    return f"unit {name}" if name and name not in found.may_restart else ""
