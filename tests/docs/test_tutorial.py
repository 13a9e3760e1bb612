"""The tutorial's commands: each `modbisect` in it is one by click's own parser, each file in it one that is read.

Nothing is run. Values are looked at where an option has a choice of them, and no further.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from modbisect.cli import cli
from modbisect.playbook import parse_playbook

PAGE = (Path(__file__).parents[2] / "docs/tutorial.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
HERE_DOCUMENT = re.compile(r"^cat > (\S+) <<'END'\n(.*?)^END\n", re.MULTILINE | re.DOTALL)
FILES = {name: text for block in BLOCKS for name, text in HERE_DOCUMENT.findall(block)}
OPERATORS = frozenset({"|", "||", "&", "&&", ";", ">", "<", "(", ")"})
IN_FRONT = frozenset({"do", "then", "if", "!"})


def commands(blocks: list[str]) -> Iterator[tuple[str, ...]]:
    """The words of every `modbisect`, as a shell would have them."""
    for block in blocks:
        for line in HERE_DOCUMENT.sub("", block).replace("\\\n", " ").splitlines():
            words: list[str] = []
            lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
            lexer.whitespace_split = True
            for word in [*lexer, ";"]:
                if word not in OPERATORS:
                    words += [] if word in IN_FRONT and not words else [word]
                    continue
                if words[:1] == ["modbisect"]:
                    yield tuple(words[1:])
                words = []
    yield from (tuple(shlex.split(inner)) for inner in re.findall(r'"\$\(modbisect ([^)]*)\)"', "".join(blocks)))


def check(words: tuple[str, ...]) -> None:
    """One verb, options that it has, and as many words as it takes.

    Raises:
        click.UsageError: it is none.
    """
    command: click.Command = cli
    context, rest = click.Context(cli, info_name="modbisect"), list(words)
    while isinstance(command, click.Group):
        if command.name == "canary" and rest[0] not in command.commands:  # as that group itself does
            rest.insert(0, "check")
        _, below, rest = command.resolve_command(context, rest)
        assert below is not None
        command, context = below, click.Context(below, info_name=below.name, parent=context)
    given, more, _ = command.make_parser(context).parse_args(rest)
    if more:
        raise click.UsageError(f"{more} too many", context)
    for param in command.params:
        value = given.get(str(param.name))
        missing = value is None or param.value_is_missing(value)
        if param.required and missing:
            raise click.MissingParameter(ctx=context, param=param)
        if isinstance(param.type, click.Choice) and not missing:
            param.type.convert(value, param, context)


COMMANDS = list(dict.fromkeys(commands(BLOCKS)))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_is_one(words: tuple[str, ...]) -> None:
    check(words)


def test_none_is_overlooked() -> None:
    written = "".join(HERE_DOCUMENT.sub("", block) for block in BLOCKS)
    assert len(list(commands(BLOCKS))) == len(re.findall(r"\bmodbisect (?=[a-z])", written))
    assert {words[0] for words in COMMANDS} >= {"demo", "lab", "run", "init", "plan", "canary", "notify", "incident"}


@pytest.mark.parametrize(
    "line",
    [
        "runn shop",
        "run shop --ur /x",
        "run shop --url",
        "run",
        "report last -f pdf",
        "lab up",
        "lab setup",
        "plan a b c",
        "canary install book.yml --every",
    ],
)
def test_what_is_no_command_fails(line: str) -> None:
    with pytest.raises(click.UsageError):
        check(tuple(line.split()))


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".yml")])
def test_a_playbook_is_one(name: str) -> None:
    assert parse_playbook(FILES[name], name).symptom is not None


def test_the_receiver_is_python() -> None:
    compile(FILES["receiver.py"], "receiver.py", "exec")
