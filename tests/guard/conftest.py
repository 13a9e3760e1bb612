from collections.abc import Iterator

import pytest

from guard.lab_target import Target, wait_until
from lab_fixtures import LabHostFactory, lab_host, lasting_host

__all__ = ["lab_host", "lasting_host"]


@pytest.fixture(scope="session")
def shared(lasting_host: LabHostFactory) -> Target:
    return Target(lasting_host(setup=("shop", "lean")))


@pytest.fixture
def target(shared: Target) -> Iterator[Target]:
    """The worker's host with the guard's script on it; it must be left with no run open."""
    shared.sh("mkdir -p /etc/modbisect && echo 'on apache-module:brotli' >/etc/modbisect/allow")
    before = shared.kept()
    shared.install_guard()
    yield shared
    if shared.state() != "NONE":
        shared.guard("rescue", "force")
    wait_until(lambda: shared.state() == "NONE", 60, shared.state)
    shared.call("rm", "-rf", "/var/lib/modbisect", "/run/modbisect/last", "/run/modbisect/last-journal")
    assert (shared.kept(), shared.traces()) == (before, "")
