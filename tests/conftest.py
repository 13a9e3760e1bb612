"""For every test: a state folder of its own, and at the end a word on how many ran on real hosts."""

from __future__ import annotations

import os

# Before numpy is loaded: the tests are what is spread over processors.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import settings

settings.register_profile("modbisect", deadline=None)  # no test depends on the speed of the machine
settings.load_profile("modbisect")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    real = [report for report in terminalreporter.getreports("passed") if "lab" in report.keywords]
    terminalreporter.write_line(f"{len(real)} tests ran on real lab hosts")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole runs first: with several workers, all would wait for the last of them at the end."""
    items.sort(key=lambda item: item.path.parent.name not in ("scenes", "canary"))
