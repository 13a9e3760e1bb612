"""For every test: a state folder of its own, and at the end a word on how many ran on real hosts."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

# Before numpy is loaded: the tests are what is spread over processors.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import settings

settings.register_profile("modbisect", deadline=None)  # no test depends on the speed of the machine
settings.load_profile("modbisect")
_MEMORY = Path("/dev/shm")  # noqa: S108  # a folder of its own in there
_ROOM = 6 << 30
"""Bytes: a host with the shop writes 93 MiB, and even all of a session's would have room."""
_LONG = ("scenes", "canary", "run", "guard", "practice", "docs")


def pytest_configure(config: pytest.Config) -> None:
    """What hosts write, and what is kept of runs, lies in memory where there is room: the guard syncs all the time."""
    if "PYTEST_XDIST_WORKER" in os.environ or not _MEMORY.is_dir() or shutil.disk_usage(_MEMORY).free < _ROOM:
        return
    state = tempfile.mkdtemp(prefix="modbisect-tests-", dir=_MEMORY)
    os.environ["XDG_STATE_HOME"] = os.environ["MODBISECT_TESTS_LAB"] = state  # the workers' as well
    config.add_cleanup(lambda: _remove_the_lab(state))


def _remove_the_lab(state: str) -> None:
    from modbisect import lab  # noqa: PLC0415  # numpy is loaded by now, or never

    if lab.hosts():  # those that others began with, and what killed tests have left
        lab.down(None)
    shutil.rmtree(state, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    real = [report for report in terminalreporter.getreports("passed") if "lab" in report.keywords]
    terminalreporter.write_line(f"{len(real)} tests ran on real lab hosts")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each worker begins with its share of what takes long, and others take what is left of the rest off its end.

    Every second one has its share the other way round, so that whole runs meet what mostly waits, and not each other.
    """
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    long = [path for folder in _LONG for path in files if path.parent.name == folder]
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    rest = [item for path in files if path not in long for item in files[path]]
    size = -(-len(items) // workers)
    items.clear()
    for worker in range(workers):
        share = [item for path in long[worker::workers][:: -1 if worker % 2 else 1] for item in files[path]]
        left = max(0, size - len(share)) if worker + 1 < workers else len(rest)
        items += share + rest[:left]
        del rest[:left]
