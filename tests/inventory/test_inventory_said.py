"""What Ansible says on standard error. A case is a file: what a version of it wrote, a line of ``=``, the values.

``UPDATE_GOLDEN=1 pytest ...`` writes the values anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbisect.harmless import CONTROL
from modbisect.inventory.said import Said, read_said

CASES = sorted((Path(__file__).parent / "said").glob("*.txt"))
RULE = "========\n"


def lines(said: Said) -> Iterator[str]:
    yield from (f"read by {plugin}: {source}" for source, plugin in said.read_by.items())
    yield from (f"not read: {said.source}",) if said.source else ()
    yield from (f"{plugin}: {failure}" for plugin, failure in said.failures.items())
    yield from (f"note: {note}" for note in said.notes)
    yield from (f"error: {error}" for error in said.errors)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_what_it_means(case: Path) -> None:
    text, _, expected = case.read_text().partition(RULE)
    said = "".join(f"{line}\n" for line in lines(read_said(text)))
    if os.environ.get("UPDATE_GOLDEN"):
        case.write_text(f"{text}{RULE}{said}")
    else:
        assert said == expected


def test_there_are_cases() -> None:
    assert len(CASES) > 10


def test_no_line_that_ansible_quotes_is_told() -> None:
    quoted = [case for case in CASES if "hunter2" in case.read_text() or "a rather long token" in case.read_text()]
    assert len(quoted) > 2
    for case in quoted:
        told = "\n".join(lines(read_said(case.read_text())))
        assert "hunter2" not in told
        assert "token" not in told


@given(st.lists(st.sampled_from(["[WARNING]: ", "[ERROR]: ", "ERROR! ", "Parsed ", "\n", "\x1b[31m", "\x00", "a b"])))
def test_whatever_it_says_is_bounded_and_harmless(parts: list[str]) -> None:
    for line in lines(read_said("".join(parts) * 50)):
        assert not CONTROL.search(line)
        assert len(line) < 500
