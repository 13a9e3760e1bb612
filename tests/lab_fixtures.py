"""Real lab hosts for any test that wants them; import `lab_host` in the folder's conftest.py."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence

import pytest

from modbisect import lab

LabHostFactory = Callable[..., lab.LabHost]


@pytest.fixture(scope="session")
def lab_host() -> Iterator[LabHostFactory]:
    """A function that boots a new host with the named setups planted: `lab_host(setup=("shop",))`."""
    if os.geteuid() != 0 or shutil.which("mmdebstrap") is None:
        pytest.skip("lab hosts need root and mmdebstrap")
    lab.build_tree(print)
    names: list[str] = []

    def new(setup: Sequence[str] = ()) -> lab.LabHost:
        name = f"t{os.getpid()}-{len(names)}"
        host = lab.up(name, [lab.SETUPS / f"{script}.sh" for script in setup])
        names.append(name)
        return host

    try:
        yield new
    finally:
        for host in lab.hosts():
            if host.name in names:
                lab.down(host.name)
