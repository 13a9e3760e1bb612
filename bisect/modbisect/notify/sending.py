"""Sending: each place by itself, a few times, never for long, and a failure is a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from modbisect.harmless import one_line
from modbisect.notify.places import GROUP, Place
from modbisect.notify.values import MISSING, Notice, NotSent

_TRIES = 3
_LONGEST = 300
"""Letters of a reason."""


def send(places: Iterable[Place], notice: Notice) -> Iterator[str]:
    """Send a notice to each place; for each that it did not reach, a sentence."""
    for place in places:
        try:
            for attempt in Retrying(
                stop=stop_after_attempt(_TRIES),
                wait=wait_exponential(multiplier=0.5),
                retry=retry_if_exception_type(NotSent),
                reraise=True,
            ):
                with attempt:
                    _notifier(place)(place.url, notice)
        except NotSent as error:
            yield f"{place.name} was not notified: {one_line(str(error), limit=_LONGEST)}"
        except Exception as error:  # noqa: BLE001  # a notifier is somebody else's code; its words may hold the URL
            yield f"{place.name} was not notified: {type(error).__name__}"


def unready(places: Iterable[Place]) -> Iterator[str]:
    """For each place that nothing here can send to, a sentence; nothing is sent."""
    for place in places:
        if not entry_points(group=GROUP, name=place.scheme) and find_spec("apprise") is None:
            yield f"{place.name} cannot be notified: {MISSING}"


def _notifier(place: Place) -> Callable[[str, Notice], None]:
    for point in entry_points(group=GROUP, name=place.scheme):
        notifier: Callable[[str, Notice], None] = point.load()
        return notifier
    from modbisect.notify.by_apprise import by_apprise  # noqa: PLC0415  # an extra, and slow to load

    return by_apprise
