"""The lab's hosts: up, kill, boot, down, and commands inside them."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from modbisect.lab import network, processes, store
from modbisect.lab.errors import LabError, run
from modbisect.lab.install import fetch, install
from modbisect.lab.ready import wait_ready
from modbisect.lab.tree import build_tree

_OPS = 1000
_SCRIPT_TIMEOUT = 300.0
_OFF_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class LabHost:
    """One host of the lab, as it was when asked for."""

    name: str
    address: str
    state: Literal["running", "off"]
    pid: int | None  # of its systemd, as the box sees it; None when off
    disk: Path  # what the host has written, kept over kill and boot
    key: Path  # private ssh key of the user `ops`
    known_hosts: Path


def up(
    name: str,
    setup: Sequence[Path] = (),
    *,
    packages: Sequence[str] = (),
    suite: str | None = None,
    like: str | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> LabHost:
    """A new host, booted, with the Debian `packages` installed and each script of `setup` run inside as root (sh).

    In that order. It is of the Debian release `suite`, or the box's own, and begins with a copy of what the host `like`
    has written, which is off. LabError when the name is taken, the archive has no such package, the host does not come
    up within a minute, or a script fails (its output is in the message); the host is taken down again then.
    """
    scripts = [(path, _script(path)) for path in setup]
    tree = build_tree(progress, suite)
    files = fetch(packages, tree, progress, suite) if packages else ()
    with store.lock():
        entry = _new(name, tree.name)
        try:
            if like is not None:
                _like(like, tree.name)
            _make_disk(name, like)
            _start(entry)
        except BaseException:
            _remove(entry)
            raise
    try:
        host = _host(store.record(name))
        wait_ready(host.address, name, execute)
        if files:
            progress(f"installing {len(files)} packages")
            install(name, files, execute)
        for path, script in scripts:
            _run_script(name, path, script)
    except BaseException:
        down(name)
        raise
    return host


def off(name: str) -> None:
    """Switch a host off as a person would: its services end first. LabError when it is not running, or stays up."""
    process = store.record(name).process
    execute(name, ["systemctl", "poweroff"])
    deadline = time.monotonic() + _OFF_TIMEOUT
    while processes.alive(process):
        if time.monotonic() > deadline:
            raise LabError(f"host {name} has not ended its services within {_OFF_TIMEOUT:g} s; 'kill' cuts its power")
        time.sleep(0.05)
    with store.lock():
        _stop(store.record(name))


def kill(name: str) -> None:
    """Cut the host's power: SIGKILL all of it at once. LabError when it is not running.

    Its disk stays, with everything written to it; unlike with a real cut, also what was not synced yet.
    """
    with store.lock():
        _pid(name)
        _stop(store.record(name))


def boot(name: str) -> LabHost:
    """Switch a killed host on again, with the same disk and address. LabError when it is running."""
    with store.lock():
        entry = store.record(name)
        if processes.alive(entry.process):
            raise LabError(f"host {name} is running already: kill it first to boot it again")
        _stop(entry)
        _start(entry)
    host = _host(store.record(name))
    wait_ready(host.address, name, execute)
    return host


def down(name: str | None) -> None:
    """Remove a host for good, disk included; None: all of them, and the lab's network."""
    with store.lock():
        for entry in store.records() if name is None else (store.record(name),):
            _remove(entry)


def hosts() -> tuple[LabHost, ...]:
    """Every host of the lab, running or off, by name."""
    return tuple(_host(entry) for entry in store.records())


def execute(
    name: str,
    argv: Sequence[str],
    *,
    input: bytes | None = None,  # noqa: A002 - as subprocess.run has it
    timeout: float = 120,
) -> subprocess.CompletedProcess[bytes]:
    """Run a command as root inside a running host; its output and exit status, whatever that is.

    LabError when the host is not running or the command takes over `timeout` seconds (it is killed then).
    """
    enter = ["nsenter", "-t", str(_pid(name)), "-m", "-p", "-n", "-u", "-i", "-C"]
    clean = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"]
    # With no input there is nothing to inherit either: a command that reads must not eat the caller's stdin.
    source = subprocess.DEVNULL if input is None else subprocess.PIPE
    command = [*enter, *clean, *argv]
    with subprocess.Popen(
        command, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as child:
        try:
            out, err = child.communicate(input, timeout=timeout)
        except BaseException as error:
            # nsenter waits for a child of its own: the group is both, and what they started.
            os.killpg(child.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise LabError(f"on {name}: {' '.join(argv)} took over {timeout:g} s and was ended") from None
            raise
    return subprocess.CompletedProcess(list(argv), child.returncode, out, err)


def inventory() -> str:
    """The running hosts as an Ansible inventory (YAML text)."""
    running = [host for host in hosts() if host.state == "running"]
    if not running:
        return "all:\n  hosts: {}\n"
    lines = ["all:", "  hosts:"]
    for host in running:
        lines += [
            f"    {host.name}:",
            f"      ansible_host: {host.address}",
            "      ansible_user: ops",
            f"      ansible_ssh_private_key_file: {json.dumps(str(host.key))}",
            "      modbisect_role: staging",
            f"      modbisect_known_hosts: {json.dumps(str(host.known_hosts))}",
        ]
    return "\n".join(lines) + "\n"


def _host(entry: store.Record) -> LabHost:
    pid = entry.process[0] if entry.process is not None and processes.alive(entry.process) else None
    return LabHost(
        name=entry.name,
        address=network.address(entry.index),
        state="off" if pid is None else "running",
        pid=pid,
        disk=store.disk(entry.name),
        key=store.key(),
        known_hosts=store.known_hosts(),
    )


def _pid(name: str) -> int:
    process = store.record(name).process
    if process is None or not processes.alive(process):
        raise LabError(f"host {name} is switched off: boot it first")
    return process[0]


def _new(name: str, tree: str) -> store.Record:
    entries = {entry.name: entry for entry in store.records()}
    if name in entries:
        state = "is running already" if processes.alive(entries[name].process) else "is there, switched off: boot it"
        raise LabError(f"host {name} {state}; or take it down first")
    taken = {entry.index for entry in entries.values()}
    free = [index for index in range(network.FIRST, network.LAST + 1) if index not in taken]
    if not free:
        raise LabError("the lab's network is full: take some hosts down")
    network.subnet()
    entry = store.Record(store.checked(name), free[0], tree)
    store.save(entry)
    return entry


def _like(name: str, tree: str) -> None:
    entry = store.record(name)
    if processes.alive(entry.process):
        raise LabError(f"host {name} is running: only the disk of one that is off can be copied")
    if entry.tree != tree:
        raise LabError(f"host {name} is of another Debian tree: what it has written fits no other")


def _start(entry: store.Record) -> None:
    tree = store.cache_root() / entry.tree
    if not tree.is_dir():
        raise LabError(f"the tree under host {entry.name} is gone from the cache ({tree}): take the host down")
    space = network.connect(entry.name, entry.index)
    _write_names(entry)
    _write_known_hosts()
    store.save(replace(entry, process=processes.start(entry.name, tree, space)))


def _stop(entry: store.Record) -> None:
    processes.stop(entry.name, entry.process)
    network.disconnect(entry.name, entry.index)
    store.save(replace(entry, process=None))


def _remove(entry: store.Record) -> None:
    """The host and, with the last one, what the lab has on the box beside its files."""
    _stop(entry)
    store.forget(entry.name)
    _write_known_hosts()
    if not store.records():
        network.remove()
        processes.remove_cgroup()


def _make_disk(name: str, like: str | None) -> None:
    """What is the host's own from its first boot: ssh keys, the lab's key for ops, the machine id."""
    disk = store.disk(name)
    if disk.exists():  # of a host whose removal was cut short
        shutil.rmtree(disk)
    if like is None:
        disk.mkdir()
        disk.chmod(0o755)
    else:
        # With devices for what was removed, and attributes for what was made anew.
        run("cp", "-a", "--", str(store.disk(like)), str(disk))
    ssh = disk / "etc/ssh"
    ssh.mkdir(parents=True, exist_ok=True)
    store.new_key(ssh / "ssh_host_ed25519_key", name)
    (disk / "etc/machine-id").write_text(secrets.token_hex(16) + "\n")
    ops = disk / "home/ops"
    (ops / ".ssh").mkdir(parents=True, mode=0o700, exist_ok=True)
    shutil.copyfile(store.key().with_suffix(".pub"), ops / ".ssh/authorized_keys")
    for path in (ops, ops / ".ssh", ops / ".ssh/authorized_keys"):
        os.chown(path, _OPS, _OPS)


def _write_names(entry: store.Record) -> None:
    disk = store.disk(entry.name)
    address = network.address(entry.index)
    (disk / "etc/hostname").write_text(f"{entry.name}\n")
    # The long name first: Apache asks for it at its start.
    (disk / "etc/hosts").write_text(f"127.0.0.1 localhost\n{address} {entry.name}.lab {entry.name}\n")


def _write_known_hosts() -> None:
    store.write_known_hosts({entry.name: network.address(entry.index) for entry in store.records()})


def _script(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LabError(f"cannot read the setup script: {error}") from None


def _run_script(name: str, path: Path, script: bytes) -> None:
    inside = "/run/modbisect-setup.sh"
    execute(name, ["sh", "-c", f"cat > {inside}"], input=script)
    done = execute(name, ["sh", inside], timeout=_SCRIPT_TIMEOUT)
    if done.returncode != 0:
        output = (done.stdout + done.stderr).decode(errors="replace")
        raise LabError(f"setup {path.name} failed ({done.returncode}) on {name}:\n{output.strip()[-4000:]}")
