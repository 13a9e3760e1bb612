"""What is slow and where, as a command line says it: a playbook and a host, or a host and a URL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import click

from modbisect.cli.common import one_host, playbook_of
from modbisect.cli.streams import tell
from modbisect.errors import UsageError
from modbisect.inventory import Host
from modbisect.model import Role, Upload
from modbisect.playbook import (
    Page,
    Playbook,
    check_url,
    config_file,
    load_listing,
    parse_playbook,
    parse_size,
    playbook_text,
    read_recorded,
)
from modbisect.playbook.text import shown

_F = TypeVar("_F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Asking:
    """What is slow and where, as a command line says it."""

    playbook: Playbook
    host: Host
    path: Path | None
    """The playbook's file; None where the command line itself says what is slow."""
    role: Role | None = None
    """What the command line says the host is."""


def as_url(value: str) -> str:
    """What a person wrote for a page.

    Raises:
        click.BadParameter: it is none.
    """
    try:
        return check_url(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _url(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    del ctx, param
    return None if value is None else as_url(value)


def _upload(ctx: click.Context, param: click.Parameter, value: str | None) -> Upload | None:
    del ctx, param
    return None if value is None else as_upload(value)


def as_upload(value: str) -> Upload:
    """What a person wrote for a form's field and a size.

    Raises:
        click.BadParameter: it is none.
    """
    field, colon, size = value.rpartition(":")
    if not colon or not field.isprintable() or not field.strip():
        raise click.BadParameter(f"{value!r} is not FIELD:SIZE, as file:20MiB")
    try:
        return Upload(field, parse_size(size))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


url_option = click.option(
    "-u", "--url", callback=_url, metavar="URL", help="What is slow: a path on the host's site, or a whole URL."
)
upload_option = click.option(
    "--upload", callback=_upload, metavar="FIELD:SIZE", help="What is slow is an upload there, as file:20MiB."
)
role_option = click.option(
    "--role",
    type=click.Choice([Role.STAGING.value, Role.EXPERIMENTAL.value]),
    help="What HOST is, where it is in no inventory: on production nothing is switched.",
)


kinds_option = click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A file that declares a list of parts of the application; may be repeated.",
)


recorded_option = click.option(
    "--from",
    "recorded",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A HAR file or an access log with times: its slowest page is --url.",
)


def asking_options(function: _F) -> _F:
    """``--url`` or ``--from``, ``--upload``, ``--role``, ``--kind``: no playbook and no inventory are needed then."""
    return url_option(recorded_option(upload_option(role_option(kinds_option(function)))))


def recorded_pages(recorded: Path, url: str | None) -> tuple[Page, ...]:
    """The pages of a HAR file or an access log that may be asked again, the slowest first.

    Raises:
        UsageError: there is none, or ``url`` is given as well.
    """
    if url:
        raise UsageError("--from says what is slow, and --url does", advice="leave one of them out")
    if not (pages := read_recorded(recorded)):
        raise UsageError(
            f"{recorded} has no page that may be asked again: a GET without a query that was answered well",
            advice="say what is slow with --url",
        )
    return pages


def _slowest(recorded: Path, url: str | None) -> str:
    page = recorded_pages(recorded, url)[0]
    if page.time is None:
        raise UsageError(
            f"{recorded} does not tell how long its pages took",
            advice="let 'modbisect scan HOST --from FILE' ask the most frequent again, or say what is slow with --url",
        )
    tell(
        f"modbisect: {page.path} was the slowest of {recorded.name} ({page.requests} times asked for), and is asked now"
    )
    return page.path


def asking(
    first: Path,
    host: str | None,
    inventory: Path | None,
    *,
    url: str | None,
    upload: Upload | None,
    role: str | None,
    recorded: Path | None = None,
    kinds: tuple[Path, ...] = (),
    into: str | None = None,
) -> Asking:
    """What ``PLAYBOOK [HOST]`` means, or ``HOST --url URL``, or ``HOST --from FILE``.

    Raises:
        UsageError: it is neither, or means no single host.
    """
    url = _slowest(recorded, url) if recorded else url
    if url is None:
        if upload:
            raise UsageError("--upload says what is sent, not where", advice="give --url as well")
        if host is None and not first.exists():
            raise UsageError(
                f"{shown(str(first))} is no playbook that is there",
                advice=f"name one; where {first.name} is a host, say what is slow on it with --url",
            )
        book = playbook_of(first)
    elif host is not None:
        raise UsageError(
            "there is a playbook, and a --url in its place",
            advice=f"write 'modbisect run {host} --url ...', or leave the URL out",
        )
    else:
        book = parse_playbook(playbook_text(url, upload=upload), "--url")
    book = replace(book, listings=(*book.listings, *map(load_listing, kinds)))
    if into:
        book = looking_into(book, into)
    target = with_role(one_host(str(first) if url else host, book, inventory), role, inventory)
    return Asking(book, target, None if url else first, Role(role) if role else None)


def looking_into(playbook: Playbook, *paths: str) -> Playbook:
    """The same about the lines of files.

    Raises:
        UsageError: one is no path.
    """
    try:
        into = tuple(config_file(path) for path in paths)
    except ValueError as error:
        raise UsageError(str(error), advice="name the file with its whole path on the host") from None
    return replace(playbook, select=replace(playbook.select, into=into))


def with_role(host: Host, role: str | None, inventory: Path | None) -> Host:
    """A host that is in no inventory, with what a person says it is.

    Raises:
        UsageError: an inventory says it.
    """
    if role and inventory is not None:
        raise UsageError(
            "the inventory says what the host is", advice="leave --role out, or write modbisect_role there"
        )
    return replace(host, role=Role(role)) if role else host
