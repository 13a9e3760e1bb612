"""Debian packages for one host of the lab: fetched on the box, which reaches the archive, installed inside."""

from __future__ import annotations

import fcntl
import io
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from modbisect.lab import store
from modbisect.lab.errors import LabError, require, run
from modbisect.lab.sources import debian_sources

_LISTS_AGE = 86_400.0  # s; older package lists are fetched anew
_FETCH_TIMEOUT = 600.0
_INSTALL_TIMEOUT = 600.0
_INSIDE = "/var/cache/modbisect-packages"


class Execute(Protocol):
    """Runs a command inside a host, as `hosts.execute` does."""

    def __call__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        input: bytes | None,  # noqa: A002 - as subprocess.run has it
        timeout: float,
    ) -> subprocess.CompletedProcess[bytes]:
        """Its output and exit status, whatever that is."""


def fetch(
    packages: Sequence[str], tree: Path, progress: Callable[[str], None], suite: str | None = None
) -> tuple[Path, ...]:
    """The files of `packages` and of all they need beside what `tree` has, without what they only recommend.

    Of the Debian release `suite`, or the box's own.
    They stay in the cache. LabError when the archive has no such package, or is out of reach.
    """
    require([("apt-get", "apt")])
    for package in packages:
        if package.startswith("-"):
            raise LabError(f"{package!r} is no name of a Debian package")
    with _own_apt(tree, suite) as (apt, archives):
        _update(apt, archives.parent / "updated", progress)
        wanted = [*apt, "-y", "--no-install-recommends"]
        progress(f"fetching {', '.join(packages)}")
        run(*wanted, "--download-only", "install", "--", *packages, timeout=_FETCH_TIMEOUT)
        # With everything in the cache there is no address left to print, unless the cache is looked away from.
        listed = run(*wanted, "-qq", "--print-uris", "-o", f"Dir::Cache::archives={archives.parent / 'none'}",
                     "install", "--", *packages)  # fmt: skip
        return tuple(archives / line.split()[1] for line in listed.splitlines() if line.startswith("'"))


def install(name: str, files: Sequence[Path], execute: Execute) -> None:
    """Install the package files inside the running host; LabError with the last lines of apt when it fails."""
    execute(name, ["mkdir", "-p", _INSIDE], input=None, timeout=60)
    for file in files:
        done = execute(name, ["tar", "-x", "-C", _INSIDE], input=_tar(file), timeout=_INSTALL_TIMEOUT)
        if done.returncode != 0:
            raise LabError(f"cannot bring {file.name} to {name}: {done.stderr.decode(errors='replace').strip()}")
    script = f"""export DEBIAN_FRONTEND=noninteractive
apt-get -y --no-install-recommends -o Dpkg::Options::=--force-confold install {_INSIDE}/*.deb 2>&1
status=$?
rm -rf {_INSIDE}
exit $status"""
    done = execute(name, ["sh", "-c", script], input=None, timeout=_INSTALL_TIMEOUT)
    if done.returncode != 0:
        output = done.stdout.decode(errors="replace").strip()
        raise LabError(f"installing the packages failed on {name}:\n{output[-4000:]}")


@contextmanager
def _own_apt(tree: Path, suite: str | None) -> Iterator[tuple[list[str], Path]]:
    """An apt-get that knows the lab's sources and what the tree has, and nothing of the box; where its files go."""
    suite, sources = debian_sources(suite)
    home = store.cache_root() / f"apt-{suite}"
    archives = home / "archives"
    for folder in (archives / "partial", home / "lists/partial", home / "none/partial"):
        folder.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        (home / "sources.list").write_text("".join(f"{line}\n" for line in sources))
        options = {
            "Dir::Etc::sourcelist": home / "sources.list",
            "Dir::Etc::sourceparts": "-",
            "Dir::State::lists": home / "lists",
            "Dir::State::status": tree / "var/lib/dpkg/status",
            "Dir::State::extended_states": home / "extended_states",
            "Dir::Cache::archives": archives,
            "Dir::Cache::pkgcache": "",
            "Dir::Cache::srcpkgcache": "",
            "Debug::NoLocking": "1",
            "APT::Sandbox::User": "root",
        }
        yield ["apt-get", *(part for key, value in options.items() for part in ("-o", f"{key}={value}"))], archives


def _update(apt: list[str], stamp: Path, progress: Callable[[str], None]) -> None:
    if not stamp.exists() or time.time() - stamp.stat().st_mtime > _LISTS_AGE:
        progress("fetching the lists of Debian's packages")
        run(*apt, "update", timeout=_FETCH_TIMEOUT)
        stamp.touch()


def _tar(file: Path) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.add(file, arcname=file.name)
    return stream.getvalue()
