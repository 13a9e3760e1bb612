"""Who is told elsewhere, as several verbs take it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import click

from modbisect.cli.streams import tell
from modbisect.errors import ModbisectError
from modbisect.harmless import one_line
from modbisect.notify import Level, Notice, Place, place, send

_F = TypeVar("_F", bound=Callable[..., object])


def _places(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[Place, ...]:
    del ctx, param
    return tuple(map(place, values))


def notify_option(function: _F) -> _F:
    """``--notify``: before anything is done it is known where that leads."""
    return click.option(
        "--notify",
        "places",
        multiple=True,
        envvar="MODBISECT_NOTIFY",
        show_envvar=True,
        callback=_places,
        metavar="TO",
        help="Tell what comes of it there, too: a URL of Apprise's (slack://, mailto://, json:// ...), grafana://, or "
        "env:NAME or file:PATH with one in it; may be repeated.",
    )(function)


@contextmanager
def errors_told(places: Iterable[Place], host: str) -> Iterator[None]:
    """Sends what ends a verb without a report, too."""
    try:
        yield
    except ModbisectError as error:
        lines = "\n".join(one_line(each) for each in (error.state, error.advice) if each)
        notify(places, Notice(one_line(f"{host}: {error.what}"), lines, Level.BAD, host))
        raise


def notify(places: Iterable[Place], notice: Notice, *, dry_run: bool = False) -> bool:
    """Send it; what does not arrive is told on standard error, and whether all did is returned."""
    places = tuple(places)
    if dry_run:
        for each in places:
            click.echo(f"would go to {each.name} ({notice.level.value}):")
            click.echo("".join(f"  {line}\n" for line in (notice.title, *notice.text.splitlines())), nl=False)
        return True
    failures = tuple(send(places, notice))
    for failure in failures:
        tell(f"modbisect: {failure}")
    return not failures
