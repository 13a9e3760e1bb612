"""Kinds that other packages bring: entry points of the group ``modbisect.kinds``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from importlib.metadata import EntryPoint, entry_points

from modbisect.errors import UsageError
from modbisect.kinds.kind import Kind

GROUP = "modbisect.kinds"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def foreign(taken: Collection[str]) -> Iterator[Kind]:
    """One of each class that an installed package names, in the order of the entry points' names.

    Args:
        taken: names that kinds have already.

    Raises:
        UsageError: one cannot be loaded, is no kind, or has a name that is taken. A run without it would leave out what
            somebody has installed it for.
    """
    names = set(taken)
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        kind = _loaded(point)
        if not _NAME.fullmatch(kind.name) or kind.name in names:
            raise _wrong(
                point, f"the name {kind.name!r} is taken, or is not of small letters and digits parted by dashes"
            )
        names.add(kind.name)
        yield kind


def _loaded(point: EntryPoint) -> Kind:
    try:
        kind = point.load()()
    except Exception as error:  # it is somebody else's code
        raise _wrong(point, f"{type(error).__name__}: {error}") from error
    if not isinstance(kind, Kind):
        raise _wrong(point, f"{point.value} makes no modbisect.api.Kind")
    return kind


def _wrong(point: EntryPoint, why: str) -> UsageError:
    package = point.dist.name if point.dist else "somebody"
    return UsageError(
        f"the kind {point.name} that {package} brings cannot be used: {why}",
        state="no host was touched",
        advice=f"pip uninstall {package}, or mend it",
    )
