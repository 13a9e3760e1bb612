"""Real lab hosts for any test that wants them; import the fixture in the folder's conftest.py."""

import fcntl
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from modbisect import lab, state

LabHostFactory = Callable[..., lab.LabHost]
_NUMBERS = itertools.count()
"""One for all folders: each has a fixture of its own, and names must not meet."""
_OFTEN = (("shop", "lean"), ("shop",))
"""What most hosts begin with, set up once for all workers where the lab is theirs alone."""


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
        common = next((each for each in _OFTEN if tuple(setup[: len(each)]) == each), ())
        if packages or not common or not {"PYTEST_XDIST_WORKER", "MODBISECT_TESTS_LAB"} <= os.environ.keys():
            host = lab.up(name, _scripts(setup), packages=packages)
        else:
            host = lab.up(name, _scripts(setup[len(common) :]), like=_set_up(common))
        names.append(name)
        return host

    try:
        yield new
    finally:
        for host in lab.hosts():
            if host.name in names:
                lab.down(host.name)


@cache
def _set_up(setup: tuple[str, ...]) -> str:
    """A host that is off, for others to begin with a copy of its disk: the first worker that asks for it makes it."""
    name = "-".join(("t", *setup))
    state.make(state.folder())
    with (state.folder() / "hosts-set-up.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if name not in [host.name for host in lab.hosts()]:
            lab.up(name, _scripts(setup))
            lab.off(name)
    return name


def _scripts(setup: Sequence[str]) -> list[Path]:
    return [lab.SETUPS / f"{script}.sh" for script in setup]


def let_the_middleware_wait(host: str) -> None:
    """It takes the time and not the processor, which all workers share: what a test does not need to be as it is."""
    waits = "s/foreach (SIGNATURES as $signature)/usleep(700); foreach ([] as $signature)/"
    done = lab.execute(host, ["sed", "-i", waits, "/opt/uploadguard/prepend.php"])
    assert done.returncode == 0, done.stderr
