"""``modbisect doctor``."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from textwrap import wrap

import click

from modbisect.cli.asking import role_option, with_role
from modbisect.cli.common import become_option, inventory_option, json_option, one_host, password_prompt, playbook_of
from modbisect.errors import Exit
from modbisect.harmless import one_line
from modbisect.run.doctor import Health, Look, examine

_SHOWN = {Health.OK: "ok", Health.WARN: "note", Health.BAD: "BAD"}
_WIDE = 100


@click.command("doctor")
@click.argument("host")
@role_option
@inventory_option
@become_option
@json_option
@click.option("-p", "--playbook", type=click.Path(path_type=Path), help="Look as a run with this playbook would.")
def command(
    host: str, inventory: Path | None, playbook: Path | None, *, role: str | None, ask_become: bool, as_json: bool
) -> int:
    """Say what a host has and lacks for a run, and how to mend that. Reads only; the site is sent no request.

    Exit 0 where a run could begin, or nothing but the host's role is in its way; 4 where something else is.
    """
    book = playbook_of(playbook) if playbook else None
    target = with_role(one_host(host, book, inventory), role, inventory)
    looks: list[Look] = []
    for look in examine(target, password_prompt(ask_become), book):
        looks.append(look)
        if not as_json:
            _show(look)
    bad = [look for look in looks if look.health is Health.BAD]
    if as_json:
        document = {"schema": 1, "host": target.name, "ready": not bad, "looks": [asdict(look) for look in looks]}
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo(_verdict(target.name, looks, bad))
    return Exit.REFUSED if bad else Exit.OK


def _show(look: Look) -> None:
    columns = min(_WIDE, shutil.get_terminal_size().columns) if sys.stdout.isatty() else _WIDE
    for number, line in enumerate(_folded(look.said, columns - 18) or [""]):
        head = "" if number else f"{_SHOWN[look.health]:<5}{look.what}"
        click.echo(f"{head:18}{line}".rstrip())
    if look.mend:
        for number, line in enumerate(
            wrap(one_line(look.mend), columns - 24, break_long_words=False, break_on_hyphens=False)
        ):
            click.echo(f"{'':18}{'to do: ' if not number else '       '}{line}")


def _folded(words: str, columns: int) -> list[str]:
    return wrap(one_line(words), columns, break_long_words=False, break_on_hyphens=False)


def _verdict(host: str, looks: Sequence[Look], bad: Sequence[Look]) -> str:
    if bad:
        return f"{host}: no run can begin: {', '.join(dict.fromkeys(look.what for look in bad))}"
    notes = [look.what for look in looks if look.health is Health.WARN]
    can = "nothing but its role keeps a run away" if "role" in notes else "a run can begin"
    return f"{host}: {can}" + (f"; read what is said of {', '.join(dict.fromkeys(notes))}" if notes else "")
