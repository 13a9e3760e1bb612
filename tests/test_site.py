"""What the pages say of the source is so; that their links hold, `make site` sees."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest

import modbisect
from modbisect import inventory, playbook, report
from modbisect.cli import cli
from modbisect.errors import Exit
from modbisect.kinds import KINDS

ROOT = Path(__file__).parents[1]
PACKAGE = Path(modbisect.__file__).parent
STATISTICS = (ROOT / "docs/statistics.md").read_text()


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/site/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CHECK = loaded("check")
PAGES: dict[str, str] = loaded("reference").pages()


def first_column(text: str, heading: str) -> list[str]:
    """Of the table with this head."""
    rows = text.partition(f"| {heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [row.split("|")[1].strip() for row in rows]


def every(command: click.Command | None, path: str) -> Iterator[tuple[str, click.Command]]:
    """A command and those below it, each with all of its words."""
    assert command is not None
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from every(command.get_command(context, name), f"{path} {name}")


def test_the_reference_has_every_command_and_option() -> None:
    text = PAGES["reference/commands.md"]
    for path, command in [*every(cli, "modbisect")][1:]:
        section = text.partition(f"# {path}\n")[2].partition("\n## ")[0]
        for option in (option for each in command.params if isinstance(each, click.Option) for option in each.opts):
            assert re.search(rf"^`.*{option}\b", section, re.MULTILINE), f"{path} {option}"


@pytest.mark.parametrize(
    ("page", "schema"),
    [("reference/playbook.md", playbook.json_schema()), ("reference/inventory.md", inventory.json_schema())],
)
def test_the_reference_has_every_field_with_its_words(page: str, schema: dict[str, Any]) -> None:
    models = [schema, *schema["$defs"].values()]
    for field in (field for model in models for field in model.get("properties", ())):
        assert re.search(rf"^`{field}`: .+\n:   \S", PAGES[page], re.MULTILINE), field


def test_exit_codes_are_those_of_the_source_wherever_they_stand() -> None:
    codes = [code.value for code in Exit]
    said = first_column(PAGES["reference/exit-codes.md"], "code")
    in_brief = ", ".join(first_column((ROOT / "README.md").read_text(), "exit code"))
    assert [int(each) for each in said] == [int(each) for each in in_brief.split(", ")] == codes


def test_every_format_is_said_in_words() -> None:
    text = re.sub(r"^(`{4}).*?^\1$", "", PAGES["reference/formats.md"], flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"^## (\w+)\n\n\S", text, re.MULTILINE) == [*report.FORMATS]


def test_the_table_of_kinds_has_them_all() -> None:
    named = [name for cell in first_column((ROOT / "docs/kinds.md").read_text(), "kind") for name in cell.split(", ")]
    assert sorted(named) == sorted(f"`{kind.name}`" for kind in KINDS)


def test_the_readme_has_every_verb() -> None:
    named = ", ".join(first_column((ROOT / "README.md").read_text(), "verb")).replace("`", "").split(", ")
    assert sorted(named) == sorted(cli.list_commands(click.Context(cli)))


FIGURES = re.findall(r"^\| ([\d.]+) \| .* \| `(\w+)` \| `([\w/]+)\.py` \|$", STATISTICS, re.MULTILINE)


@pytest.mark.parametrize(("figure", "name", "file"), FIGURES, ids=str)
def test_a_figure_of_the_statistics_is_that_of_the_source(figure: str, name: str, file: str) -> None:
    module = importlib.import_module(f"modbisect.{file.replace('/', '.')}")
    assert float(figure) == getattr(module, name)


def test_the_statistics_are_as_they_are_told() -> None:
    posterior = importlib.import_module("modbisect.search.bayesian.posterior")
    told = [float(share) for share in re.findall(r"^\| .* \| ([\d.]+) % \|$", STATISTICS, re.MULTILINE)]
    four = posterior._PRIOR["four"] * 100
    assert sorted(told) == pytest.approx(sorted(each * 100 for each in posterior._PRIOR.values() if each * 100 != four))
    assert (posterior.LUCK[0], posterior.LUCK[-1], len(posterior.LUCK)) == (0.05, 0.42, 5)
    assert len(FIGURES) == len(first_column(STATISTICS, "figure"))


def test_files_and_tests_that_the_statistics_name_are_there() -> None:
    files = re.findall(r"`((?:\w+/)+\w+\.py)`", STATISTICS)
    assert files
    assert not [file for file in files if not (PACKAGE / file).is_file()]
    paths = [path for folder in ("search", "judging") for path in (ROOT / "tests" / folder).glob("*.py")]
    tests = "".join(path.read_text() for path in paths)
    assert not [name for name in re.findall(r"`(test_\w+)`", STATISTICS) if f"def {name}(" not in tests]


# --- the check of the built site -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ('<a href="other.html#there">', ""),
        ('<a href="https://example.org/">', ""),
        ('<img src="picture.svg" style="color: red">', ""),
        ('<a href="missing.html">', "missing.html leads nowhere"),
        ('<a href="other.html#missing">', "other.html#missing leads nowhere"),
        ('<a href="#missing">', "#missing leads nowhere"),
        ('<img src="missing.svg">', "missing.svg leads nowhere"),
        ('<script src="//cdn.example.org/x.js"></script>', "loads //cdn.example.org/x.js"),
        ('<link rel="preconnect stylesheet" href="https://fonts.example.org">', "loads https://fonts.example.org"),
        ('<img srcset="https://example.org/x.png 2x">', "loads https://example.org/x.png"),
        ('<p style="background: url(https://example.org/x.png)">', "loads https://example.org/x.png"),
        ("<style>@import 'https://example.org/x.css';</style>", "loads https://example.org/x.css"),
    ],
)
def test_the_check_sees_what_leads_nowhere_and_what_is_loaded(tmp_path: Path, body: str, wrong: str) -> None:
    (tmp_path / "page.html").write_text(body)
    (tmp_path / "other.html").write_text('<h1 id="there"></h1>')
    (tmp_path / "picture.svg").write_text("<svg/>")
    assert [*CHECK.wrong(tmp_path)] == ([f"{tmp_path}/page.html: {wrong}"] if wrong else [])


def test_the_check_reads_stylesheets(tmp_path: Path) -> None:
    (tmp_path / "site.css").write_text("p {background: url(https://example.org/x.png)}")
    assert [*CHECK.wrong(tmp_path)] == [f"{tmp_path}/site.css: loads https://example.org/x.png"]
