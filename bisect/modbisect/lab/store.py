"""What the lab keeps on the box: where, one record a host, the keys, and the lock around changes."""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

from modbisect import state
from modbisect.lab.errors import LabError, run

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
# Of the box and not of one lab: two labs (two state folders) share the box's networks.
_LOCK = Path("/run/lock/modbisect-lab.lock")


@dataclass(frozen=True, slots=True)
class Record:
    """A host as stored: its number in the lab's network, the tree under it, and the process of its last boot."""

    name: str
    index: int
    tree: str  # a folder of the cache
    process: tuple[int, int, str] | None = None  # pid, start in clock ticks, the box's boot id; None: off


def state_root() -> Path:
    """The lab's state folder (0700), made when missing."""
    return _private(state.folder() / "lab")


def cache_root() -> Path:
    """The folder (0700) of the built trees, made when missing."""
    return _private(platformdirs.user_cache_path("modbisect") / "lab")


def lab_id() -> str:
    """Short and of this state folder only: keeps the labs of one box apart in interface and cgroup names."""
    return hashlib.sha256(str(state_root()).encode()).hexdigest()[:4]


def checked(name: str) -> str:
    """The name itself; LabError when it is not a fit host name."""
    if not _NAME.fullmatch(name):
        raise LabError(f"{name!r} is no host name for the lab: a-z first, then a-z, 0-9 and -, 31 at most")
    return name


def home(name: str) -> Path:
    """The folder of one host: its record, its disk and its console log."""
    return state_root() / "hosts" / checked(name)


def disk(name: str) -> Path:
    """What the host has written: the upper layer over the shared tree. It outlives kill and boot."""
    return home(name) / "upper"


@contextmanager
def lock() -> Iterator[None]:
    """One change to any lab of this box at a time; held for moments, never while a host boots."""
    with _LOCK.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def records() -> tuple[Record, ...]:
    """Every stored host, by name."""
    paths = sorted((state_root() / "hosts").glob("*/host.json"))
    return tuple(entry for path in paths if (entry := _parse(path)) is not None)


def record(name: str) -> Record:
    """The stored host; LabError when there is none of that name."""
    entry = _parse(home(name) / "host.json")
    if entry is None:
        raise LabError(f"the lab has no host {name!r}; its hosts: {', '.join(r.name for r in records()) or 'none'}")
    return entry


def save(entry: Record) -> None:
    """Store the record, whole or not at all."""
    folder = _private(home(entry.name))
    part = folder / "host.json.part"
    part.write_text(json.dumps(asdict(entry)))
    part.chmod(0o600)
    part.replace(folder / "host.json")


def forget(name: str) -> None:
    """Remove the host's folder, disk included; the record goes first, so that no half host is ever seen."""
    (home(name) / "host.json").unlink()
    shutil.rmtree(home(name))


def key() -> Path:
    """The private ssh key that opens every host of the lab, generated on first use."""
    path = state_root() / "id_ed25519"
    if not path.is_file():
        new_key(path, "modbisect-lab")
    return path


def known_hosts() -> Path:
    """The lab's own known_hosts file."""
    return state_root() / "known_hosts"


def new_key(path: Path, comment: str) -> None:
    """A new ed25519 pair at `path` and `path`.pub."""
    part = path.with_name(path.name + ".part")
    for leftover in (part, part.with_name(part.name + ".pub")):
        leftover.unlink(missing_ok=True)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(part))
    part.with_name(part.name + ".pub").replace(path.with_name(path.name + ".pub"))
    part.replace(path)


def write_known_hosts(addresses: dict[str, str]) -> None:
    """Rewrite known_hosts for the hosts of `addresses` (name -> address): each key by address and by name."""
    lines = []
    for name, address in sorted(addresses.items()):
        public = disk(name) / "etc/ssh/ssh_host_ed25519_key.pub"
        if public.is_file():
            kind, value = public.read_text().split()[:2]
            lines.append(f"{address},{name} {kind} {value}\n")
    path = known_hosts()
    part = path.with_name("known_hosts.part")
    part.write_text("".join(lines))
    part.chmod(0o600)
    part.replace(path)


def _parse(path: Path) -> Record | None:
    try:
        data = json.loads(path.read_text())
        process = data["process"]
        return Record(data["name"], int(data["index"]), data["tree"], tuple(process) if process else None)
    except FileNotFoundError:
        return None  # also when another process takes the host down just now
    except (ValueError, KeyError, TypeError) as error:
        raise LabError(f"{path} is damaged ({error}): remove {path.parent} to forget that host") from None


def _private(path: Path) -> Path:
    if not path.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o700)
    return path
