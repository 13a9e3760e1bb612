"""A stand-in for the controller: real SSH, the real client of the guard, its own journal; forked, so it begins at once.

It says on a pipe what it is about to do, so that a fault can strike it there.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from ground import spec

from modbisect import lab
from modbisect.errors import Exit, ModbisectError
from modbisect.host import helper, ssh
from modbisect.host.guard import Guard
from modbisect.host.privilege import RootLink, find_privilege
from modbisect.host.sshconfig import SshSettings
from modbisect.kinds import Step, guard_rules
from modbisect.kinds.rules import EditRule

MODS, CONF = "/etc/apache2/mods-enabled", "/etc/apache2/conf-enabled"
PHP = "/etc/php/8.2/apache2/conf.d"
FOLDERS = (MODS, CONF, "/etc/apache2/sites-enabled", PHP)
UNITS = ("apache2.service",)
MAIN, PLAIN, HTACCESS, CONFIG = (
    *("/etc/apache2/apache2.conf", f"{CONF}/plain.conf"),
    *("/srv/site/.htaccess", "/srv/site/config.php"),
)
FILES = (MAIN, HTACCESS, CONFIG)
"""Beside the folders: one is root's, two are their user's."""
SPEC = spec(UNITS[0], FOLDERS, FILES)
STEPS = {"connect": 0.3, "hold": 0.6, "beat": 0.2, "apply": 0.8, "measure": 0.3, "restore": 0.8, "disarm": 0.3}
"""What the controller does, and about how many seconds each takes: a moment within it is drawn from these."""
NO_START = Step(f"{MODS}/slotmem_shm.load", "absent")
NO_TEST = Step(f"{MODS}/mpm_prefork.load", "absent")
_POOL = (
    *(Step(f"{MODS}/{name}", "absent") for name in ("asis.load", "actions.load", "env.load", "expires.load")),
    *(Step(f"{MODS}/{name}", "absent") for name in ("headers.load", "status.load", "cgi.load")),
    *(Step(f"{MODS}/{name}.load", "link", f"../mods-available/{name}.load") for name in ("brotli", "rewrite", "sed")),
    *(Step(f"{PHP}/{name}.ini", "absent") for name in ("20-calendar", "20-exif", "10-opcache", "20-apcu")),
    Step(f"{CONF}/charset.conf", "absent"),
    Step(f"{PHP}/20-iconv.ini", "link", "/etc/php/8.2/mods-available/iconv.ini"),
    Step(f"{PHP}/zzzz-modbisect.ini", "file", 'realpath_cache_size = "4096k"\n'),
    *(Step(MAIN, "cut", "2"), Step(MAIN, "cut", "2,3"), Step(MAIN, "word", "2")),
    *(Step(PLAIN, "cut", "1,3"), Step(PLAIN, "word", "3"), Step(PLAIN, "aside")),
    *(Step(HTACCESS, "cut", "2"), Step(HTACCESS, "word", "3"), Step(HTACCESS, "aside"), Step(CONFIG, "aside")),
    *(Step(PLAIN, "tail", "1"), Step(HTACCESS, "tail", "2"), Step(CONFIG, "tail", "2")),
)
_NO_KIND_YET = "".join(
    f"{EditRule(shape, 'bench', path, pattern).line()}\n"
    for shape, pattern, paths in (
        ("word", "[A-Za-z]+ (On|Off)", (MAIN, PLAIN, HTACCESS)),
        ("tail", ".*", (PLAIN, HTACCESS, CONFIG)),
    )
    for path in paths
)
"""Root may allow the other shapes of an edit on the host; these come from the rules of a kind."""
helper.guard_rules = lambda: guard_rules() + _NO_KIND_YET


@dataclass(frozen=True, slots=True)
class Plan:
    """What the controller shall do."""

    run: str
    lease: int
    configurations: tuple[tuple[Step, ...], ...]
    idle: float = 0.0
    """Seconds that it measures after each configuration."""

    @classmethod
    def drawn(cls, dice: Random, *, lease: int | None = None, idle: float = 0.0) -> Plan:
        """Any plan."""
        wanted = tuple(some_steps(dice) for _ in range(dice.randint(1, 2)))
        return cls(f"{dice.getrandbits(128):032x}", lease or dice.randint(2, 4), wanted, idle)


def some_steps(dice: Random) -> tuple[Step, ...]:
    """A configuration: one to five deviations."""
    return tuple({step.path: step for step in dice.sample(_POOL, dice.randint(1, 5))}.values())


def request(steps: tuple[Step, ...]) -> bytes:
    """The configuration as the guard reads it."""
    return "".join(f"{line}\n" for line in (*(step.line() for step in steps), "end")).encode()


def play(host: lab.LabHost, plan: Plan, say: Callable[[str], None]) -> int:
    """A whole run; its exit code."""
    lost: list[ModbisectError] = []
    try:
        say("connect")
        link = ssh.connect(
            host.name,
            SshSettings(host.address, 22, "ops", (str(host.key),), (str(host.known_hosts),), identities_only=True),
        )
        guard = Guard(RootLink(link, find_privilege(link)), plan.run)
        say("hold")
        guard.hold(f"bench process {os.getpid()}", FOLDERS, UNITS, plan.lease, FILES)
        say("beat")
        with guard.heartbeat(plan.lease, lost.append) as heartbeat:
            for steps in plan.configurations:
                say("apply")
                verdict = guard.apply(steps, reap=False).verdict
                say(f"measure {verdict}")
                time.sleep(plan.idle)
                if lost:
                    raise lost[0]
            heartbeat.stop()
            say("restore")
            guard.restore()
            say("disarm")
            guard.disarm()
        say("end")
    except ModbisectError as error:
        say(f"error {error.what}")
        return error.exit
    return Exit.OK


class Controller:
    """The process; what it has said so far is its journal."""

    def __init__(self, host: lab.LabHost, plan: Plan) -> None:
        self.plan = plan
        self.journal: list[str] = []
        self._reader, writer = os.pipe()
        self._part = b""
        self._code: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            code = 70  # an error that is none of ours

            def say(what: str) -> None:
                os.write(writer, json.dumps(what).encode() + b"\n")

            try:
                os.close(self._reader)
                os.setsid()
                quiet = os.open(os.devnull, os.O_RDWR)
                for number in (0, 1, 2):
                    os.dup2(quiet, number)
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                code = play(host, plan, say)
            except BaseException:  # noqa: BLE001  # whatever it is, it is told
                say(f"crash {traceback.format_exc()}")
            finally:
                os._exit(code)
        os.close(writer)

    def listen(self, seconds: float) -> bool:
        """Take in what it says, for at most that long; False at its end."""
        if not select.select([self._reader], [], [], seconds)[0]:
            return True
        data = os.read(self._reader, 65536)
        *whole, self._part = (self._part + data).split(b"\n")
        self.journal += [json.loads(line) for line in whole]
        return bool(data)

    def until(self, step: str, count: int = 1, seconds: float = 30) -> bool:
        """Wait until it begins a step for the ``count``-th time; False when it ends before."""
        end = time.monotonic() + seconds
        while self.began(step) < count:
            if time.monotonic() > end or not self.listen(0.2):
                return self.began(step) >= count
        return True

    def began(self, step: str) -> int:
        """How often it has begun a step."""
        return sum(line.split()[0] == step for line in self.journal)

    def send(self, number: signal.Signals) -> None:
        """A signal to all of it."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def alive(self) -> bool:
        """Whether it still runs."""
        if self._code is None:
            pid, how = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                while self.listen(0):
                    if not select.select([self._reader], [], [], 0)[0]:
                        break
                os.close(self._reader)
                self._code = os.waitstatus_to_exitcode(how)
        return self._code is None

    def ended(self, seconds: float = 60) -> int:
        """Wait for its end; its exit code, negative for a signal. Killed when it does not end."""
        until = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > until:
                self.send(signal.SIGKILL)
            self.listen(0.02)
        return -signal.SIGKILL if self._code is None else self._code


@dataclass(frozen=True, slots=True)
class Past:
    """A controller that has ended already."""

    plan: Plan
    journal: list[str]
    code: int
    pid: int = 0

    def alive(self) -> bool:
        """Never."""
        return False

    def ended(self) -> int:
        """Its exit code."""
        return self.code

    def began(self, step: str) -> int:
        """See `Controller.began`."""
        return sum(line.split()[0] == step for line in self.journal)
