"""What people have reported in public, rebuilt on real hosts: named as on the host of anybody, with file and line."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks" / "culprits"))

from run import played
from scenes import Planted, reported

pytestmark = [pytest.mark.lab, pytest.mark.reported]


@pytest.mark.parametrize("case", list(reported()), ids=lambda case: case.name)
def test_it_is_named_and_the_host_is_as_found(case: Planted) -> None:
    if os.geteuid() != 0:
        pytest.skip("lab hosts need root")
    row = played(case, 0, "auto", 1, look=True, own=False)
    assert row.right, f"{row.outcome}: {row.said}: {row.named}, in {row.lines}"
    assert row.restored
    assert row.compared
    assert not row.wrong
