"""The manual pages say what ``--help`` says; `python docs/manual.py` writes them anew."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(path.name for path in (DOCS / "man").glob("*.1"))


def written() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("manual", DOCS / "manual.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    pages: dict[str, str] = module.pages()
    return pages


def test_they_are_those_of_this_command_line() -> None:
    assert {name: (DOCS / "man" / name).read_text() for name in PAGES} == written(), "run: python docs/manual.py"


GROFF = shutil.which("groff")


@pytest.mark.skipif(GROFF is None, reason="no groff here to read them")
@pytest.mark.parametrize("name", PAGES)
def test_roff_has_nothing_to_say_against_them(name: str) -> None:
    done = subprocess.run(
        [str(GROFF), "-man", "-Tutf8", "-ww", "-z", str(DOCS / "man" / name)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
