"""For every test: a state folder of its own, and at the end a word on how many ran on real hosts."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    real = [report for report in terminalreporter.getreports("passed") if "lab" in report.keywords]
    terminalreporter.write_line(f"{len(real)} tests ran on real lab hosts")
