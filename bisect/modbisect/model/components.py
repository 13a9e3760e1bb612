"""What is switched, and on what kind of host."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

ComponentId: TypeAlias = str
"""``kind:name``, one of `modbisect.kinds` in front."""


class Role(StrEnum):
    """How much may be done to a host; an unknown host is production."""

    PRODUCTION = "production"
    STAGING = "staging"
    EXPERIMENTAL = "experimental"


@dataclass(frozen=True, slots=True)
class Component:
    """Something that can be switched, as the survey found it."""

    id: ComponentId
    kind: str
    """The name of one of `modbisect.kinds`."""
    name: str
    on: bool
    """Its production state."""
    pinned: str = ""
    """Why it must stay as found; empty for one that may be flipped."""
    depends: frozenset[ComponentId] = frozenset()
    conflicts: frozenset[ComponentId] = frozenset()
    loads: frozenset[str] = frozenset()
    """Base names of the shared objects that the server process maps when it is on."""
    vital: bool = False
    """Most sites need it: tried last, since flipping it most likely breaks the site. A wrong guess costs time only."""
    saves: bool = False
    """On, and most sites are faster for it: suspected last, and alone, since a fast control without it may be slow."""
    suspicion: float = 1.0
    """How much likelier than others to be the culprit: changed lately, say. A wrong guess costs time only."""
    detail: str = ""
    """What a person wants to know of it: the value of a setting, who switched it."""
    seen: float = 0.0
    """Share of the slow request's time that a look saw it at work, 0 to 1. It says where to begin, and no more."""

    @property
    def flipped_word(self) -> str:
        """What flipping does to it, in one word."""
        return "off" if self.on else "on"


@dataclass(frozen=True, slots=True)
class Configuration:
    """The whole wanted state: every component as found, but for those flipped."""

    flipped: frozenset[ComponentId] = frozenset()


AS_FOUND = Configuration()
