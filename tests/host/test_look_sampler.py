"""Parts of the sampler, called alone: what no lab host shows at will."""

from __future__ import annotations

import subprocess

from modbisect.host import helper


def said(call: str) -> str:
    """What a call prints that stands in the place of the look itself."""
    program = helper.sampler().removesuffix("look();\n") + call
    words = ["/usr/bin/perl", "-", "1", "1", "2"]
    done = subprocess.run(words, input=program, capture_output=True, text=True, timeout=20, check=True)
    return done.stdout


def test_a_lock_that_the_process_itself_has_is_nobody_s_else() -> None:
    take = "open my $file, '+>', undef; flock $file, 2;"
    assert said(f"{take} print '<', lock_holder($$, fileno $file), '>';") == "<>"


def test_a_line_of_python_is_found_by_its_table() -> None:
    """Two instructions a line: no column, one line on, no columns and five lines back, nothing."""
    entries = ("0x80 | 13 << 3", "0", "0x81 | 11 << 3", "0", "0", "0x80 | 13 << 3", "11", "0x80 | 15 << 3")
    table = f"pack('C*', {', '.join(entries)})"
    call = f"print join ' ', map {{ python_line(40, {table}, $_) }} 0, 2, 4, 6, 8, 99;"
    assert said(call) == "40 41 41 36 36 0"
