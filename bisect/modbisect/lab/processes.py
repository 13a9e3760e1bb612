"""Starting and ending the processes of one host: its systemd, its cgroup, its namespaces."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from pathlib import Path

from modbisect.lab import store
from modbisect.lab.errors import LabError

_SCRIPT = Path(__file__).parent / "boot.sh"
_START_DEADLINE = 20.0
_KILL_DEADLINE = 20.0
_REAP_DEADLINE = 2.0

Process = tuple[int, int, str]


def start(name: str, tree: Path, space: Path) -> Process:
    """Start the host's systemd over `tree` in the network namespace `space`; it outlives this process.

    LabError with the console's last lines when a namespace or a mount fails.
    """
    cgroup, home = _cgroup(name), store.home(name)
    try:
        (cgroup / "host").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LabError(f"cannot make a cgroup for host {name} ({error}): the lab needs a writable v2 tree") from None
    for part in ("root", "upper", "work"):
        (home / part).mkdir(exist_ok=True)
    reader, writer = os.pipe()
    try:
        with (home / "console.log").open("wb") as console:
            # setsid --fork: no child of this process, nor of its terminal, is left behind.
            command = ["setsid", "--fork", "sh", str(_SCRIPT), "box"]
            arguments = [str(cgroup), str(space), str(tree), str(home), name]
            try:
                subprocess.run(command + arguments, stdin=subprocess.DEVNULL, stdout=writer, stderr=console, check=True)
            finally:
                os.close(writer)
        ready, _, _ = select.select([reader], [], [], _START_DEADLINE)
        line = os.read(reader, 32).strip() if ready else b""
    finally:
        os.close(reader)
    identity = _identity(int(line)) if line else None
    if identity is None:
        raise LabError(f"host {name} did not start; its console says:\n{console_tail(name)}")
    return identity


def alive(process: Process | None) -> bool:
    """Whether that very process still runs: neither ended, nor its pid used again, nor the box rebooted since."""
    return process is not None and _identity(process[0]) == process


def stop(name: str, process: Process | None) -> None:
    """SIGKILL everything of the host at once and wait until all of it is gone. Fine when nothing runs."""
    if process is not None:
        _kill(process)
    cgroup = _cgroup(name)
    started = time.monotonic()
    while alive(process) or _populated(cgroup):
        elapsed = time.monotonic() - started
        if elapsed > _KILL_DEADLINE:
            raise LabError(f"processes of host {name} did not end; look at {cgroup}/cgroup.procs")
        # With its systemd all of a host ends; the parent outside then reaps it and ends too, if it is let.
        if process is None or elapsed > _REAP_DEADLINE:
            _kill_cgroup(cgroup)
        time.sleep(0.01)
    for folder, _, _ in os.walk(cgroup, topdown=False):
        Path(folder).rmdir()


def remove_cgroup() -> None:
    """Remove the lab's own cgroup, and in it what hosts have left that were never taken down; what lives stays."""
    for folder, _, _ in os.walk(_cgroup("x").parent, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()


def console_tail(name: str) -> str:
    """The last lines that the host's start wrote."""
    path = store.home(name) / "console.log"
    return "\n".join(path.read_text(errors="replace").splitlines()[-15:]) if path.is_file() else ""


def _identity(pid: int) -> Process | None:
    """The process's identity for as long as it lives; a zombie counts as ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return None if fields[0] in "ZX" else (pid, int(fields[19]), boot)


def _kill(process: Process) -> None:
    """SIGKILL through a pidfd, so that a pid used again is never hit."""
    try:
        handle = os.pidfd_open(process[0])
    except ProcessLookupError:
        return
    try:
        if alive(process):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)


def _kill_cgroup(cgroup: Path) -> None:
    """Whatever of the host is outside its pid namespace: the waiting parent of its systemd."""
    kill = cgroup / "cgroup.kill"
    if kill.exists():
        kill.write_text("1")
        return
    for members in cgroup.rglob("cgroup.procs"):
        for pid in members.read_text().split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                continue


def _populated(cgroup: Path) -> bool:
    events = cgroup / "cgroup.events"
    return events.exists() and "populated 1" in events.read_text()


def _cgroup(name: str) -> Path:
    """The host's cgroup: in the v2 tree, wherever this box has it (with v1 beside it or alone)."""
    for line in Path("/proc/mounts").read_text().splitlines():
        _, where, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(where) / f"modbisect-{store.lab_id()}" / name
    raise LabError("this box has no cgroup v2 tree mounted: mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified")
