"""What is broken on a host, each as a context that takes it away again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from random import Random

from controller import CONF, MODS, PHP
from sight import Dirty, Sight, wait

from modbisect import lab
from modbisect.lab import store

BASE = "/var/lib/modbisect"
FOLDERS = (MODS, PHP, CONF, BASE)
"""Where a run writes, and so each may be a disk of its own."""
_NO_ROOM = "exec 2>/dev/null; cd $1 && "
_FILL = {
    "blocks": f"{_NO_ROOM} head -c 100M /dev/zero >.full; :",
    "inodes": f"{_NO_ROOM} i=0; while true >.full$i; do i=$((i + 1)); done; :",
}
_TIME_KEPT = 'time=$(stat -c %y "$1"); ( {} ); touch -d "$time" "$1"'
_MORE = {"blocks": "head -c 1M /dev/zero >>/run/fill/.full", "inodes": "i=$((i + 1)); true >/run/fill/more$i"}
_FILL_AGAIN = 'setsid sh -c "while [ -d /run/fill ]; do { $1 || sleep 0.01; } 2>/dev/null; done" >/dev/null 2>&1 &'
"""What somebody gives back is taken at once."""
_EDITS = (
    (CONF, f"echo '# mine' >{CONF}/mine.conf", f"{CONF}/mine.conf", f"rm -f {CONF}/mine.conf"),
    (MODS, f"mv {MODS}/filter.load /root/found", f"{MODS}/filter.load", f"mv -T /root/found {MODS}/filter.load"),
    (
        MODS,
        f"mv {MODS}/setenvif.load /root/found; ln -s ../mods-available/env.load {MODS}/setenvif.load",
        f"{MODS}/setenvif.load",
        f"mv -fT /root/found {MODS}/setenvif.load",
    ),
)


@contextmanager
def silence(host: lab.LabHost) -> Iterator[None]:
    """No packet in either direction, and no word about it."""
    cable = f"mbl{store.lab_id()}.{store.record(host.name).index}"
    _port(cable, "disabled")
    try:
        yield
    finally:
        if Path("/sys/class/net", cable).exists():  # a host without power has none
            _port(cable, "forwarding")


def _port(cable: str, state: str) -> None:
    number = {"disabled": "0", "forwarding": "3"}[state]
    subprocess.run(["bridge", "link", "set", "dev", cable, "state", number], check=True, capture_output=True)  # noqa: S607


def answers(address: str, port: int) -> bool:
    """Whether a server there says something."""
    try:
        with socket.create_connection((address, port), timeout=2) as connection:
            return bool(connection.recv(1))
    except OSError:
        return False


@contextmanager
def no_sudo(sight: Sight) -> Iterator[None]:
    """The user's right to become root is gone."""
    sight.sh(
        "install -m 440 /dev/null /root/nobody && for f in /etc/sudoers.d/*; do mount --bind /root/nobody $f; done"
    )
    try:
        yield
    finally:
        sight.sh("for f in /etc/sudoers.d/*; do umount -l $f; done; rm /root/nobody")


@contextmanager
def small_disk(sight: Sight, folder: str) -> Iterator[None]:
    """A filesystem of its own, with little room, for one folder."""
    sight.sh(
        'd=$1; mkdir -p -m 700 "$d"; cp -a "$d" /root/aside &&'
        'mount -t tmpfs -o "mode=$(stat -c %a "$d"),$2" small "$d" &&'
        'cp -a /root/aside/. "$d/" && rm -rf /root/aside',
        folder,
        "size=2m,nr_inodes=600",
    )
    try:
        yield
    finally:
        sight.sh('umount -l "$1"; [ "$1" != /var/lib/modbisect ] || rmdir "$1"', folder)


def fill(sight: Sight, folder: str, what: str) -> None:
    """Take all blocks or inodes of a folder's filesystem.

    What fills it is nobody's edit: the folder keeps its time, which a host already put back is held against.
    """
    sight.sh(_TIME_KEPT.format(_FILL[what]), folder)


def clear(sight: Sight, folder: str) -> None:
    """Give back what `fill` took."""
    sight.sh(_TIME_KEPT.format('rm -f "$1"/.full*'), folder)


@contextmanager
def read_only(sight: Sight, folder: str) -> Iterator[None]:
    """A folder that takes no more writes."""
    sight.sh('mount --bind "$1" "$1"', folder)
    try:
        # A tick may have come in between, and whoever has a file open there for writing is let go first.
        if not wait(lambda: sight.call("mount", "-o", "remount,bind,ro", folder)[0] == 0, 10):
            raise Dirty(f"{folder} cannot be made read-only")
        yield
    finally:
        sight.sh('umount -l "$1"', folder)


@contextmanager
def _replaced(sight: Sight, program: str, by: str) -> Iterator[None]:
    """A script in a program's place; for the script, the program itself is /root/really."""
    sight.sh(
        'cp -a "$1" /root/really && printf "#!/bin/sh\\n%s\\n" "$2" >/root/instead && '
        'chmod 755 /root/instead && mount --bind /root/instead "$1"',
        program,
        by,
    )
    try:
        yield
    finally:
        sight.sh('umount -l "$1"; rm -f /root/instead /root/really', program)


def other_date(sight: Sight, day: str) -> AbstractContextManager[None]:
    """The command that tells the date tells another one."""
    return _replaced(sight, "/usr/bin/date", f'exec /root/really -d "{day}" "$@"')


def no_stopping(sight: Sight) -> AbstractContextManager[None]:
    """Systemctl cannot stop anything."""
    return _replaced(sight, "/usr/bin/systemctl", '[ "$1" != stop ] && exec /root/really "$@"; exit 1')


def no_watch(sight: Sight) -> AbstractContextManager[None]:
    """Systemd is told to start something, and does not."""
    return _replaced(sight, "/usr/bin/systemd-run", "exit 0")


def no_folder(sight: Sight, name: str) -> AbstractContextManager[None]:
    """Folders of that name cannot be made."""
    return _replaced(sight, "/usr/bin/mkdir", f'case "$*" in */{name}) exit 1 ;; esac; exec /root/really "$@"')


@contextmanager
def stop_file(sight: Sight) -> Iterator[None]:
    """Nobody may run modbisect on this host."""
    path = sight.path("/etc/modbisect/stop")
    path.write_text("the bench\n")
    try:
        yield
    finally:
        path.unlink()


@contextmanager
def edited(sight: Sight, dice: Random, mtimes: dict[str, str]) -> Iterator[Callable[[], bool]]:
    """Somebody's edit; whether it is still as he left it."""
    folder, edit, path, back = dice.choice(_EDITS)
    sight.sh(edit)
    left = sight.row(path)
    try:
        yield lambda: sight.row(path) == left
    finally:
        # The folder's time is as found as well: where the run has ended, nobody else would see to that.
        nanoseconds = int(mtimes[folder])
        sight.sh(f'{back}; touch -d "@$1" "$2"', f"{nanoseconds // 10**9}.{nanoseconds % 10**9:09}", folder)


@contextmanager
def hanging_test(sight: Sight) -> Iterator[None]:
    """A part of the configuration that cannot be read until somebody writes it."""
    sight.sh("mkfifo /etc/fault-conf.d/slow.conf")
    try:
        yield
    finally:
        # Moved first, so that nobody comes to wait for it again; then whoever waits is let go.
        sight.sh("mv /etc/fault-conf.d/slow.conf /root/slow; timeout 0.3 sh -c ': >/root/slow'; rm /root/slow")


@contextmanager
def hanging_start(sight: Sight) -> Iterator[None]:
    """The server's start waits."""
    path = sight.path("/run/fault-hang")
    path.touch()
    try:
        yield
    finally:
        path.unlink()


def boot_for(name: str, seconds: float) -> None:
    """Switch a host on, and come back while it is still booting."""
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            lab.boot(name)
        os._exit(0)
    wait(lambda: any(host.name == name and host.state == "running" for host in lab.hosts()), 20)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


@contextmanager
def full_run(sight: Sight, what: str) -> Iterator[None]:
    """The filesystem of /run without a block or an inode."""
    limit, free = {"blocks": ("size", 64), "inodes": ("nr_inodes", 4)}[what]
    column, unit = {"blocks": ("used", "k"), "inodes": ("iused", "")}[what]
    before = sight.sh("df -k --output=$1 /run | tail -n 1", {"blocks": "size", "inodes": "itotal"}[what]).strip()
    sight.sh(
        "mkdir -m 700 /run/fill; used=$(df -k --output=$1 /run | tail -n 1) &&"
        'mount -o "remount,$2=$((used + $4))$3" /run',
        *(column, limit, unit, str(free)),
    )
    fill(sight, "/run/fill", what)
    sight.sh(_FILL_AGAIN, _MORE[what])
    try:
        yield
    finally:
        sight.sh('until rm -rf /run/fill; do :; done; mount -o "remount,$1=$2$3" /run', limit, before, unit)
