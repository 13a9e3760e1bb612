"""Real lab hosts for any test that wants them; import the fixture in the folder's conftest.py."""

import itertools
import os
from collections.abc import Callable, Iterator, Sequence

import pytest

from modbisect import lab

LabHostFactory = Callable[..., lab.LabHost]
_NUMBERS = itertools.count()
"""One for all folders: each has a fixture of its own, and names must not meet."""


@pytest.fixture(scope="module")
def lab_host() -> Iterator[LabHostFactory]:
    """A function that boots a new host with the named setups planted: `lab_host(setup=("shop",))`."""
    yield from _hosts()


@pytest.fixture(scope="session")
def lasting_host() -> Iterator[LabHostFactory]:
    """As `lab_host`, of hosts that stay until the last test: for many modules that leave theirs as it was."""
    yield from _hosts()


def _hosts() -> Iterator[LabHostFactory]:
    if os.geteuid() != 0:
        pytest.skip("lab hosts need root")
    lab.build_tree(print)
    names: list[str] = []

    def new(setup: Sequence[str] = (), packages: Sequence[str] = ()) -> lab.LabHost:
        name = f"t{os.getpid()}-{next(_NUMBERS)}"
        host = lab.up(name, [lab.SETUPS / f"{script}.sh" for script in setup], packages=packages)
        names.append(name)
        return host

    try:
        yield new
    finally:
        for host in lab.hosts():
            if host.name in names:
                lab.down(host.name)


def let_the_middleware_wait(host: str) -> None:
    """It takes the time and not the processor, which all workers share: what a test does not need to be as it is."""
    waits = "s/foreach (SIGNATURES as $signature)/usleep(700); foreach ([] as $signature)/"
    done = lab.execute(host, ["sed", "-i", waits, "/opt/uploadguard/prepend.php"])
    assert done.returncode == 0, done.stderr
