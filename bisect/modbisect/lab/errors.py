"""The one error of the lab, and the one way it runs a command of the box."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

from modbisect.errors import Exit, ModbisectError


class LabError(ModbisectError):
    """The lab cannot do what was asked; the message says what happened and what to do."""

    exit = Exit.REFUSED


def run(*argv: str, timeout: float = 60) -> str:
    """The stdout of a command of the box; LabError, with its stderr, when it fails or takes over `timeout` s."""
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False
        )
    except FileNotFoundError:
        raise LabError(f"{argv[0]} is not installed on this box: install the Debian package of it") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"{' '.join(argv)} took over {timeout:g} s; see what this box is busy with") from None
    if done.returncode != 0:
        raise LabError(f"{' '.join(argv)} failed ({done.returncode}): {done.stderr.strip()}")
    return done.stdout


def require(tools: Sequence[tuple[str, str]]) -> None:
    """LabError naming the packages to install, when a (tool, Debian package) of the list is missing."""
    missing = sorted({package for tool, package in tools if shutil.which(tool) is None})
    if missing:
        raise LabError(f"the lab needs more on this box: apt-get install {' '.join(missing)}")
