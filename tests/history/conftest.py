"""A real PostgreSQL for the tests that want one: its own process, data and socket, gone with the session."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

NOBODY = 65534
_COUNT = itertools.count()


def programs() -> Path | None:
    """Where PostgreSQL's programs are; MODBISECT_POSTGRESQL may name a folder with its package unpacked in it."""
    root = Path(os.environ.get("MODBISECT_POSTGRESQL", "/"))
    return next(iter(sorted(root.glob("usr/lib/postgresql/*/bin"), reverse=True)), None)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Path]:
    """The folder of its socket."""
    where = programs()
    if where is None:
        pytest.skip("no PostgreSQL here; MODBISECT_POSTGRESQL may name a folder with its package in it")
    pytest.importorskip("psycopg")
    folder = Path("/tmp") / f"modbisect-postgresql-{os.getpid()}"  # noqa: S108  # a socket's path must be short
    folder.mkdir(mode=0o700)
    as_nobody = {
        "user": NOBODY,
        "group": NOBODY,
        "extra_groups": [],
        "env": {"HOME": str(folder), "PATH": "/usr/bin:/bin"},
    }
    if os.getuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    else:
        as_nobody = {}
    data = folder / "data"
    make = [where / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-locale", "-E", "UTF8", "-N"]
    subprocess.run(make, check=True, capture_output=True, **as_nobody)
    control = [where / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    options = f"-c listen_addresses='' -k {folder}"
    subprocess.run([*control, "-o", options, "start"], check=True, stdout=subprocess.DEVNULL, **as_nobody)
    try:
        yield folder
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True, **as_nobody)
        shutil.rmtree(folder)


@pytest.fixture
def postgresql(postgresql_server: Path) -> str:
    """URL of an empty database."""
    import psycopg  # noqa: PLC0415

    name = f"history{next(_COUNT)}"
    with psycopg.connect(host=str(postgresql_server), user="postgres", dbname="postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    return f"postgresql+psycopg://postgres@/{name}?host={postgresql_server}"
