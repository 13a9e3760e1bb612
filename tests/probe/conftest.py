from collections.abc import Iterator

import pytest
from probe_site import Site, running

from modbisect.probe.upload import Files


@pytest.fixture
def site() -> Iterator[Site]:
    with running() as site:
        yield site


@pytest.fixture
def files() -> Iterator[Files]:
    with Files() as files:
        yield files
