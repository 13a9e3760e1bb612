"""What others on the host do beside a run: each a context that takes it away again."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sight import Dirty, wait
from trial import Trial

_LIBRARY, _NEWER = "/usr/lib/x86_64-linux-gnu/libxml2.so.2", "libxml2.so.2.9.99"
_NAMES = (
    *("php8.2-fpm.pid", "php9.9-fpm.pid", "php-fpm.pid", "apache2.pid"),
    *("modbisect", ".modbisect", "modbisect.lock", "lock", "lease", "guard"),
)
_PHP_NAMES = _NAMES[:3]
_OWN_FOLDERS = """
find /run /tmp /var /dev/shm /run/lock /home /srv -xdev -type d '(' ! -user root -o -perm -0002 ')' \
  -printf '%u\t%g\t%p\t%T@\n' | awk -F '\t' '!seen[$3]++'"""
_PLANTS = {
    "fifo": "mkfifo {path}",
    "pid of init": "echo 1 >{path}",
    "pid of sshd": "cat /run/sshd.pid >{path}",
    "pid of a bystander": "echo $bystander >{path}",
    "own pid": "echo $$ >{path}",
    "no pid": "printf '1 2\\n-1\\n$(reboot)\\n' >{path}",
    "link to a secret": "ln -s /etc/shadow {path}",
    "link to a fifo": "mkfifo {path}.fifo; ln -s {path}.fifo {path}",
    "endless": "ln -s /dev/zero {path}",
    "huge": "truncate -s 8G {path}",
    "folder": "mkdir {path}",
}
_FOREVER = "sleep 987654"
_AS = "setpriv --reuid {} --regid {} --clear-groups"
_BYSTANDER = f"{_AS.format('www-data', 'www-data')} setsid sh -c '{_FOREVER}; :' >/dev/null 2>&1 &"
_AWAY = """
cd "$1" && found=$2 && began=$3 && ended=$4 && shift 4 && time=$(stat -c %.9Y .) || exit
! expr "$time" '>=' "$began" '&' "$time" '<=' "$ended" >/dev/null || time=$found
for name; do rm -rf "$name" "$name.fifo"; done && touch -d "@$time" ."""
"""A folder that somebody has given another time behind the plants keeps that.

It is the plants' from the moment they began: the run that goes on beside gives it another for an instant, then theirs.
"""
_TICK_NANOSECONDS = 10_000_000
"""How far the time of a file may be behind the clock."""
_VERB_SECONDS = 15
"""No verb may take longer for what others have planted; the slowest restarts the server."""


@contextmanager
def planted(trial: Trial) -> Iterator[None]:
    """In every folder that is not root's own, as its owner, and where all may write as www-data."""
    sight, dice = trial.sight, trial.dice
    sight.sh(_BYSTANDER)
    if not wait(lambda: {line.split()[0] for line in sight.processes(_FOREVER).values()} == {"sh", "sleep"}, 5):
        raise Dirty("no bystander")
    bystanders = sight.processes(_FOREVER)
    parent = next(pid for pid, line in bystanders.items() if line.startswith("sh "))
    folders = [line.split("\t") for line in sight.sh(_OWN_FOLDERS).splitlines()]
    folders.sort(key=lambda one: one[2] != "/run/php")  # read by every command, so it comes first
    script = [f"export bystander={parent}"]
    for owner, group, folder, _ in folders:
        who = ("www-data", "www-data") if owner == "root" else (owner, group)
        chosen = _PHP_NAMES if folder == "/run/php" else dice.sample(_NAMES, dice.randint(1, 3))
        lines = [
            f"[ -e {path} ] || [ -L {path} ] || {{ {_PLANTS[dice.choice(list(_PLANTS))].format(path=path)}; }}"
            for path in (shlex.quote(f"{folder}/{name}") for name in chosen)
        ]
        script.append(f"{_AS.format(*who)} sh -c {shlex.quote(chr(10).join(lines))}")
    began = time.time_ns() - _TICK_NANOSECONDS
    sight.call("sh", "-c", "\n".join(script))  # a folder may have gone meanwhile
    between = _seconds(str(began)), _seconds(str(time.time_ns()))
    try:
        trial.ask("status", seconds=_VERB_SECONDS)
        if trial.chance(0.25):
            trial.ask("rescue", "force", seconds=_VERB_SECONDS)
        yield
        if sight.processes(_FOREVER) != bystanders:
            raise Dirty("a bystander was killed whose pid somebody had planted")
    finally:
        as_found = trial.found.times()
        for _, _, folder, now in folders:
            # The time before the plants may be one that the run gave it, and takes back before theirs is read.
            found = _seconds(as_found[folder]) if folder in as_found else now
            names = (name for name in _NAMES if f"{folder}/{name}" not in sight.ground.pids)
            sight.call("sh", "-c", _AWAY, "sh", folder, found, *between, *names)
        sight.call("kill", *map(str, bystanders))


@contextmanager
def other_times(trial: Trial) -> Iterator[None]:
    """A path of the write set gets another time, and now and then the folder that its links lead to another owner.

    The content stays, and nobody restarts the server for that again and again.
    """
    sight, found = trial.sight, trial.found.rows()
    path = trial.dice.choice([one for one in sorted(found) if one.startswith(sight.ground.switched)])
    there = trial.dice.choice(sight.ground.homes or ("/root",))
    turn = trial.dice.choice(("true", 'chmod 0775 "$1"', 'chown www-data "$1"', 'chgrp www-data "$1"'))
    sight.call("touch", "-hc", path)
    sight.sh(turn, there)
    try:
        yield
        _content_is_right(trial, path)
    finally:
        sight.call("touch", "-hcd", f"@{_seconds(found[path][4])}", path)
        sight.sh('chmod 0755 "$1"; chown root:root "$1"', there)


def _seconds(nanoseconds: str) -> str:
    return f"{nanoseconds[:-9]}.{nanoseconds[-9:]}"


def _content_is_right(trial: Trial, but: str) -> None:
    """All of the write set is as found, but for one path's time."""
    for path, row in trial.found.rows().items():
        now = trial.sight.row(path)
        same = now == row or (path in (but, but.rpartition("/")[0]) and now[:4] + now[5:] == row[:4] + row[5:])
        if path.startswith(trial.sight.ground.switched) and not same:
            raise Dirty(f"somebody changed a time of {but}, and so {path} is not as found: {now}")


@contextmanager
def upgraded_library(trial: Trial) -> Iterator[None]:
    """A library that the server has mapped gets another file name, as by an upgrade of its package."""
    sight = trial.sight
    sight.sh('cp -aL "$1" "${1%/*}/$2" && ln -sfn "$2" "$1.new" && mv -T "$1.new" "$1"', _LIBRARY, _NEWER)
    try:
        yield
    finally:
        sight.sh('ln -sfn "$(cd "${1%/*}" && ls libxml2.so.2.9.1?)" "$1" && rm -f "${1%/*}/$2"', _LIBRARY, _NEWER)
        if any(_NEWER in one for one in sight.modules()):
            sight.sh('systemctl reset-failed "$1"; systemctl restart "$1"', sight.ground.unit)
