"""What is told of a query that the database is at: its words, and no value."""

from __future__ import annotations

import subprocess

import pytest

from modbisect.host.helper import _read


def wording(query: str) -> str:
    program = "".join(_read(part, "pl") for part in ("host/look/base", "host/look/database"))
    done = subprocess.run(
        ["/usr/bin/perl", "-e", program + "print wording($ARGV[0]);", "--", query],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    return done.stdout


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("SELECT * FROM items WHERE id = 12 AND name = 'swordfish'", "SELECT * FROM items WHERE id = ? AND name = ?"),
        ("SELECT 'it''s' , 'a\\'b', \"c\"", "SELECT ? , ?, ?"),
        ("UPDATE t SET a = 'cut off in the mid", "UPDATE t SET a = ?"),
        ("SELECT a FROM t1 WHERE b IN (1, 22,'x')", "SELECT a FROM t1 WHERE b IN (?, ...)"),
        ("SELECT /* user swordfish */  1.5e3,0xDEADBEEF", "SELECT ?,?"),
        ("SELECT 1 /* cut off, swordfish", "SELECT ? "),
        ("SELECT '\x1b[31m', `na|me`", "SELECT ?, `na?me`"),
        ("x" * 900, "x" * 160),
    ],
)
def test_a_query_without_its_values(query: str, told: str) -> None:
    assert wording(query) == told
