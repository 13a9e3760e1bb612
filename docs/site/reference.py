"""The pages of the reference, made of what the source says: nothing of them is written by hand."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from modbisect import inventory, playbook, report
from modbisect.cli import cli
from modbisect.errors import Exit

COMMANDS = "reference/commands.md"
EXAMPLE = Path(__file__).parents[2] / "tests/report/golden/found-single.json"
_LONG = 200
_TOO_LONG = ("json", "html")
"""Formats of which no example is shown."""
_LEXERS = {"junit": "xml", "markdown": "markdown"}
_COLUMNS, _LINES = 80, 14
"""Of an example."""
_CODE = re.compile(r"'(modbisect [^']+)'|(?<![\w`-])(--?[a-z][a-z-]*)(?![\w`])")
_MARKUP = re.compile(r"([\\`*_<>|\[\]#])")
_ENDS = re.compile(r"\n\n(?:Args|Raises|Returns):")

Schema = Mapping[str, Any]
Places = dict[str, list[str]]


def pages() -> dict[str, str]:
    """Every page by its place on the site."""
    return {
        COMMANDS: "\n\n".join(_commands()) + "\n",
        "reference/playbook.md": "\n\n".join(_fields("The playbook", "playbook", playbook.json_schema())) + "\n",
        "reference/inventory.md": "\n\n".join(_fields("The inventory", "inventory", inventory.json_schema())) + "\n",
        "reference/formats.md": "\n\n".join(_formats()) + "\n",
        "reference/exit-codes.md": "\n\n".join(_exit_codes()) + "\n",
    }


def anchor(command: str) -> str:
    """Of a command's heading, as ``modbisect guard install``."""
    return command.replace(" ", "-")


# --- commands ---------------------------------------------------------------------------------------


def _commands() -> Iterator[str]:
    """What ``--help`` says, a heading for each command."""
    yield "# Commands { #modbisect }"
    yield "What `--help` and the manual pages say, on one page."
    context = click.Context(cli, info_name="modbisect")
    every = list(_below(cli, context))
    rows = [
        f"| [`{inner.command_path}`](#{anchor(inner.command_path)}) | {_prose(command.get_short_help_str(_LONG))} |"
        for command, inner in every
        if inner.parent is context
    ]
    yield "\n".join(["| command | what it does |", "| --- | --- |", *rows])
    yield "Which exit code means what, [exit codes](exit-codes.md) says."
    for command, inner in every:
        yield from _command(command, inner)


def _below(group: click.Group, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            raise LookupError(name)
        inner = click.Context(command, info_name=name, parent=context)
        yield command, inner
        if isinstance(command, click.Group):
            yield from _below(command, inner)


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    yield f"{'#' * (context.command_path.count(' ') + 1)} {context.command_path}"
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"```text\n{usage}\n```"
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        literal = paragraph.removeprefix("\b\n")
        yield _prose(paragraph) if literal == paragraph else f"```text\n{literal}\n```"
    for option in command.params:
        if isinstance(option, click.Option) and (record := option.get_help_record(context)):
            also = f" (Or by the environment: `{option.envvar}`.)" if option.envvar else ""
            yield f"`{record[0]}`\n:   {_prose(record[1])}{also}"


# --- fields of YAML files ---------------------------------------------------------------------------


def _fields(title: str, what: str, schema: Schema) -> Iterator[str]:
    """A JSON Schema in words: a heading for each place in the file, a term for each field."""
    yield f"# {title}"
    yield _prose(schema["description"])
    yield f"`modbisect schema {what}` prints the same as JSON Schema, for an editor that checks as one types."
    places = _places(schema)
    if "properties" in schema:
        yield from _model(schema, schema, places)
    else:
        yield f"The file has {_kind(schema, places)}."
    for name, where in places.items():
        yield f"## {' and '.join(f'`{place}`' for place in where)} {{ #{name.lower()} }}"
        model = schema["$defs"][name]
        yield _prose(model["description"])
        yield from _model(model, schema, places)


def _places(schema: Schema) -> Places:
    """Where in the file each model stands, as ``symptom.until``; in the order in which a reader meets them."""
    found: Places = {}

    def walk(model: Schema, above: str) -> None:
        for name, place in _referred(model, above):
            known = name in found
            found.setdefault(name, []).append(place)
            if not known:
                walk(schema["$defs"][name], f"{place}.")

    walk(schema, "")
    return found


def _referred(model: Schema, above: str) -> Iterator[tuple[str, str]]:
    """Models that the fields of one are made of, each with its place."""
    if ref := _ref(model.get("additionalProperties")):
        yield ref, f"{above}NAME"
    for field, value in model.get("properties", {}).items():
        if ref := _ref(value):
            yield ref, f"{above}{field}"
        elif ref := _ref(value.get("additionalProperties")):
            yield ref, f"{above}{field}.NAME"


def _ref(value: object) -> str:
    """The model that a schema refers to, or it or nothing; empty where it is of its own."""
    if not isinstance(value, dict):
        return ""
    refs = [each["$ref"] for each in (value, *value.get("anyOf", ())) if "$ref" in each]
    return refs[0].rpartition("/")[2] if refs else ""


def _model(model: Schema, schema: Schema, places: Places) -> Iterator[str]:
    for name, value in model.get("properties", {}).items():
        said = _kind(value, places)
        if name in model.get("required", ()):
            said += "; has to be there"
        elif "const" not in value and value.get("default") not in (None, [], {}, ""):
            said += f"; `{_yaml(value['default'])}` unless said"
        words = value.get("description") or schema["$defs"].get(_ref(value), {}).get("description", "")
        yield f"`{name}`: {said}\n:   {_prose(words)}"


def _kind(value: Schema, places: Places) -> str:
    """What may stand there, in words."""
    if ref := _ref(value):
        return f"[`{places[ref][0]}`](#{ref.lower()})"
    if "const" in value:
        return f"always `{_yaml(value['const'])}`"
    if "enum" in value:
        return "one of " + ", ".join(f"`{_yaml(each)}`" for each in value["enum"])
    if "anyOf" in value:
        return f"{_kind(value['anyOf'][0], places)}, or a list of such"
    return _typed(value, places)


def _typed(value: Schema, places: Places) -> str:
    types = value.get("type", "object")
    match types if isinstance(types, str) else types[0]:
        case "boolean":
            return "`true` or `false`"
        case "integer":
            return f"a whole number{_bounds(value)}"
        case "number":
            return f"a number{_bounds(value)}"
        case "object":
            inner = value.get("additionalProperties")
            return f"names, each with {_kind(inner, places)}" if isinstance(inner, dict) else "fields"
        case _:
            examples = ", ".join(f"`{each}`" for each in value.get("examples", ()))
            return f"text, as {examples}" if examples else "text"


def _bounds(value: Schema) -> str:
    words = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to"}
    return "".join(f" {word} {value[key]:,}" for key, word in words.items() if key in value)


def _yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value).replace("'", '"')


# --- what comes out ---------------------------------------------------------------------------------


def _formats() -> Iterator[str]:
    yield "# Formats of a report"
    yield (
        "`modbisect report RUN -f FORMAT` prints a run's report in any of these, from its journal; `-o FORMAT=FILE` of "
        "`run`, `resume` and `incident` writes it as well. `modbisect schema report` prints the JSON Schema of `json`."
    )
    example = report.from_json(EXAMPLE.read_bytes())
    for name, written in report.FORMATS.items():
        yield f"## {name}"
        yield _prose(_ENDS.split(inspect.cleandoc(written.__doc__ or ""))[0])
        if name not in _TOO_LONG:
            said = report.text(example, columns=_COLUMNS) if name == "text" else _begin(written(example))
            yield f"````{_LEXERS.get(name, 'text')}\n{said.rstrip()}\n````"


def _begin(said: str) -> str:
    lines = said.splitlines()
    return "\n".join([*lines[:_LINES], "..."] if len(lines) > _LINES else lines)


def _exit_codes() -> Iterator[str]:
    yield "# Exit codes"
    meanings = _attributes(Exit)
    rows = [f"| {code.value} | {_prose(meanings[code.name])} |" for code in Exit]
    yield "\n".join(["| code | what it means |", "| --- | --- |", *rows])
    yield "With `--nagios`, `modbisect canary` has the [exit codes of a Nagios plugin](../canary.md#what-watches-it)."


def _attributes(described: type) -> dict[str, str]:
    """The docstring below each name that a class body binds."""
    [body] = ast.parse(inspect.getsource(described)).body
    if not isinstance(body, ast.ClassDef):
        raise TypeError(described)
    said = {}
    for named, below in zip(body.body, body.body[1:], strict=False):
        match named, below:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=str(words))):
                said[name] = " ".join(words.split())
    return said


def _prose(words: str) -> str:
    """Plain text as Markdown; commands and options as code."""
    words = words.replace("``", "'")  # a docstring's own code
    return "".join(
        f"`{part.strip(chr(39))}`" if number % 2 else _MARKUP.sub(r"\\\1", part)
        for number, part in enumerate(_parts(words))
    )


def _parts(words: str) -> Iterator[str]:
    """By turns: text, code, text."""
    at = 0
    for match in _CODE.finditer(words):
        yield words[at : match.start()]
        yield match.group()
        at = match.end()
    yield words[at:]
