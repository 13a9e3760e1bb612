"""Every command of the tutorial is one that there is, with options that it takes; it is not run here."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from modbisect.cli import cli

PAGE = Path(__file__).parents[2] / "docs/tutorial.md"


def commands() -> Iterator[str]:
    for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL):
        written = re.sub(r"<<'END'\n.*?\nEND\n", "\n", block, flags=re.DOTALL)
        for line in written.splitlines():
            yield from re.findall(r"(?:^|[;(]\s*|\bdo )(modbisect [^>;)]*)", line)


@pytest.mark.parametrize("line", list(commands()))
def test_it_is_one_that_there_is(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group):
        name, below, words = command.resolve_command(context, command_words(command, words))
        assert below is not None, name
        command, context = below, click.Context(below, parent=context)
    command.make_parser(context).parse_args(args=words)


def command_words(group: click.Group, words: list[str]) -> list[str]:
    """As a group that has a verb of its own for the others takes them."""
    return words if group.get_command(click.Context(group), words[0]) else ["check", *words]


def test_there_are_many() -> None:
    assert len(list(commands())) > 25
