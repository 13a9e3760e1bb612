from pathlib import Path

import pytest

from cli.conftest import command
from guard.lab_target import Target
from lab_fixtures import LabHostFactory, lab_host
from run.controller import Controllers

__all__ = ["command", "lab_host"]


@pytest.fixture(scope="module")
def target(lab_host: LabHostFactory) -> Target:
    return Target(lab_host(setup=("shop", "lean")))


@pytest.fixture
def controllers(target: Target, tmp_path: Path) -> Controllers:
    """Starts real `modbisect` processes against the module's host."""
    return Controllers(target, tmp_path)
