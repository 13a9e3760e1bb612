"""What people have reported in public, rebuilt on real hosts: named as on the host of anybody, with file and line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CULPRITS = Path(__file__).parents[2] / "benchmarks" / "culprits"
LONGEST = 1800

pytestmark = [pytest.mark.lab, pytest.mark.reported]


@pytest.mark.parametrize("case", sorted(case.name for case in (CULPRITS / "reported").iterdir()))
def test_it_is_named_and_the_host_is_as_found(case: str, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("lab hosts need root")
    rows = tmp_path / "rows.jsonl"
    words = ("--hosts", "planted", "--only", case, "--innocent", "0", "--json", str(rows))
    bench = [sys.executable, str(CULPRITS / "run.py"), *words]
    done = subprocess.run(bench, capture_output=True, text=True, timeout=LONGEST, check=False)
    assert rows.exists(), done.stderr
    (row,) = map(json.loads, rows.read_text().splitlines())
    assert row["right"], f"{row['outcome']}: {row['said']}: {row['named']}, in {row['lines']}"
    assert row["restored"]
    assert row["compared"]
    assert done.returncode == 0, done.stdout
