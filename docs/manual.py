"""Writes the manual pages in `man/`, one a verb, from what ``--help`` says."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import click
from click_man.man import ManPage

from modbisect.cli import cli

HERE = Path(__file__).parent / "man"
_LONG = 120


def pages() -> dict[str, str]:
    """Every page by the name of its file."""
    return dict(_pages(cli, click.Context(cli, info_name="modbisect")))


def _pages(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    path = context.command_path.replace(" ", "-")
    page = ManPage(context.command_path)
    page.date, page.version = "", "modbisect"
    page.short_help = _plain(command.get_short_help_str(_LONG))
    page.synopsis = " ".join(command.collect_usage_pieces(context))
    page.description = _plain(cleandoc(command.help or ""))
    records = [each.get_help_record(context) for each in command.params if isinstance(each, click.Option)]
    page.options = [(option, _plain(said)) for option, said in filter(None, records)]
    inner: list[tuple[str, str]] = []
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is None:
                raise LookupError(name)
            page.commands.append((name, _plain(below.get_short_help_str(_LONG))))
            inner += _pages(below, click.Context(below, info_name=name, parent=context))
    text = str(page).replace(f'.TH "{context.command_path.upper()}"', f'.TH "{path.upper()}"', 1)
    yield f"{path}.1", text
    yield from inner


def _plain(words: str) -> str:
    """As roff takes it for text: a line that begins with a dot or a quote is none of its requests."""
    lines = words.replace("\\", "\\e").replace("-", "\\-").replace("\b\n", "").splitlines()
    return "\n".join(f"\\&{line}" if line[:1] in (".", "'") else line for line in lines)


if __name__ == "__main__":
    for old in HERE.glob("*.1"):
        old.unlink()
    for name, text in pages().items():
        (HERE / name).write_text(text, encoding="utf-8")
