"""One trial: a host as it was, a fault, the wait until all of it is put back, and everything held against before."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from controller import STEPS, Controller, Plan, request
from ground import Ground
from result import SLACK_SECONDS, Result
from sight import CURRENT, RUN, Dirty, Sight, wait

from modbisect import lab
from modbisect.errors import Exit
from modbisect.host.guard import Code
from modbisect.host.helper import GUARD, script

_LINGER_SECONDS = 10
"""A restore that was asked for is kept this long for whoever asked, should he not end the run himself."""
_PATIENCE_SECONDS = 40
_STABLE_SECONDS = 1.5
"""So long the same server runs behind a trial in which nobody but the guard restarts it."""
_MOST_RESTARTS = 3
"""The restart of a restore, and two for what a restart may cure."""
HELPER = "/root/guard"
"""Another place for the guard's script, as for an installed helper."""
GUARD_CODES = set(Code) - {Code.TOO_LONG}
_JOURNAL_LINE = re.compile(r"\d+ \d+ [ -~]+")
_NO_SCRIPT = {2: "cannot open", 126: "", 127: ""}
"""What a shell, or what starts one, ends with and says where there is no script."""
_BY = {"restored at boot": "boot", "rescue": "a person", "taken over": "next run"}


@dataclass(frozen=True, slots=True)
class Found:
    """A host as it was before all trials."""

    files: frozenset[tuple[str, ...]]
    modules: frozenset[str]

    def times(self) -> dict[str, str]:
        """Each path's time, ns."""
        return {path: row[4] for path, row in self.rows().items()}

    def rows(self) -> dict[str, tuple[str, ...]]:
        """All of each path, as `Sight.row` has it."""
        return {row[0]: row for row in self.files if len(row) > 4}  # noqa: PLR2004

    @classmethod
    def on(cls, sight: Sight) -> Found:
        """The host as it is now."""
        return cls(sight.files(), sight.modules())


@dataclass(slots=True)
class Trial:
    """What a fault has in its hands. Everything random comes from ``dice``."""

    seed: int
    dice: Random
    host: lab.LabHost
    sight: Sight
    found: Found
    folder: Path
    """For what the trial writes on the box."""
    plan: Plan = field(init=False)
    undo: ExitStack = field(default_factory=ExitStack)
    controllers: list[Controller] = field(default_factory=list)
    killed: set[int] = field(default_factory=set)
    step: str = ""
    injection: str = ""
    cuts: int = 0
    since: float = 0.0
    by: str = ""
    restored: float = 0.0
    disk: str = ""
    """A folder that is a small filesystem of its own."""
    may_stay: str = ""
    """A folder that the guard cannot remove, since a disk is mounted there; it must be empty."""
    whole_journal: bool = True
    """False where the fault may keep the guard from writing its journal."""
    by_itself: bool = False
    """Nobody asks for a restore: the guard goes on by itself, and restarts the server a few times at most."""
    servers: set[str] = field(default_factory=set)
    """Those that have run since a restore was due."""

    def __post_init__(self) -> None:
        self.plan = Plan.drawn(self.dice)

    # --- what faults do --------------------------------------------------------------------------

    def start(self, plan: Plan | None = None) -> Controller:
        """Start a controller."""
        self.plan = plan or self.plan
        self.controllers.append(Controller(self.host, self.plan))
        return self.controllers[-1]

    def moment(self, controller: Controller, *steps: str, within: float = 1.0) -> None:
        """Wait for a drawn moment in a drawn step: any, or one of these."""
        name = self.dice.choice(steps or tuple(STEPS))
        count = self.dice.randint(1, len(self.plan.configurations)) if name in ("apply", "measure") else 1
        pause = self.dice.uniform(0, STEPS[name]) * within
        self.step = name if controller.until(name, count) else "behind the end"
        time.sleep(pause)  # not to wait for anything: the moment itself is drawn
        self.struck()

    def chance(self, of: float) -> bool:
        """A throw of the dice."""
        return self.dice.random() < of

    def struck(self) -> None:
        """From now on a restore is possible, and due."""
        self.since, self.restored, self.servers = time.monotonic(), 0.0, set()

    def kill(self, controller: Controller) -> None:
        """SIGKILL."""
        controller.send(signal.SIGKILL)
        self.killed.add(controller.pid)

    def install(self, at: str = GUARD) -> None:
        """Bring the guard's script to the host, as a run does, or to another place."""
        path = self.sight.path(at)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_bytes(script())
        path.chmod(0o700)

    def call(self, verb: str) -> tuple[list[str], bytes]:
        """A verb of the guard as this trial's run calls it: its words, and its standard input."""
        more = {"hold": [self.plan.run, "600"], "tick": [], "boot": [], "rescue": ["force"]}.get(verb, [self.plan.run])
        stdin = {"hold": self.sight.ground.spec.encode(), "apply": request(self.plan.configurations[-1])}.get(verb, b"")
        return [GUARD, verb, *more], stdin

    def brought(self, *verbs: str) -> None:
        """Bring the host to where these verbs bring it, without a controller; the lease is long."""
        self.install()
        for verb in verbs:
            argv, stdin = self.call(verb)
            status, said = self.sight.call(*argv, stdin=stdin)
            if status not in (0, 20, 21):
                raise Dirty(f"{verb} before the fault ended with {status}: {said}")

    def expire(self) -> None:
        """The lease is over: what the end of a heartbeat does at once."""
        lease = self.sight.path("/run/modbisect/lease")
        if lease.exists():
            lease.write_text("none 0\n")
        self.struck()

    def ask(self, *words: str, seconds: float) -> None:
        """A verb of the guard that a person calls; it has to end, within that time."""
        status, said = self.sight.guard(*words, timeout=seconds)
        gone = status in _NO_SCRIPT and _NO_SCRIPT[status] in said  # with its run
        if status not in GUARD_CODES and not gone:
            raise Dirty(f"{words} ended with {status}: {said}")

    def hasten(self) -> int:
        """The wait until the guard's next try is over, where it has written one down; how many waits that were.

        What it has lost it must find by itself.
        """
        up = int(float(Path("/proc/uptime").read_text().split()[0]))
        ended = 0
        for path in (self.sight.path(f"{folder}/retry") for folder in (RUN, CURRENT)):
            with suppress(OSError, ValueError, IndexError), path.open("r+b", buffering=0) as file:
                word = file.read(100).split()[0]
                if up < int(word) <= up + 61:
                    file.seek(0)
                    file.write(b"%0*d" % (len(word), up))
                    ended += 1
        return ended

    def count_servers(self) -> None:
        """Look which server runs.

        Raises:
            Dirty: there have been too many since a restore was due.
        """
        self.servers.add(self.sight.server())
        if len(self.servers - {""}) > 1 + _MOST_RESTARTS:
            raise Dirty(f"the server is restarted again and again: {sorted(self.servers)}")

    def cut(self) -> None:
        """The host loses its power."""
        lab.kill(self.sight.name)
        self.cuts += 1

    def reboot(self) -> None:
        """Switch a host on again whose power was cut."""
        self.host = lab.boot(self.sight.name)
        self.sight = Sight.of(self.sight.name, self.sight.ground)

    # --- what comes behind every fault -----------------------------------------------------------

    def settle(self) -> tuple[float, float]:
        """Wait until the host is put back, help as a person would; the seconds it took, and until it was clean.

        Raises:
            Dirty: it is not, or not as found.
        """
        self.calm()
        codes = [(one, one.ended()) for one in self.controllers]
        clean = time.monotonic()
        for controller, code in codes:
            if code not in set(Exit) and not (controller.pid in self.killed and code == -signal.SIGKILL):
                raise Dirty(f"the controller ended with {code}: {controller.journal}")
        self._whole()
        self._journals(codes)
        if self.by_itself:
            server = self.sight.server()
            if wait(lambda: self.sight.server() != server, _STABLE_SECONDS):
                raise Dirty("the server is restarted although the run has ended")
        return self.restored - self.since, clean - self.since

    def calm(self) -> None:
        """Wait until no trace of a run and no controller is there."""
        until = time.monotonic() + _PATIENCE_SECONDS
        asked, alone = 0.0, 0
        while True:
            running = self.sight.processes()  # asked first: whoever has left something does no more
            left = [one for one in self.sight.traces() if one != self.may_stay or self._holds(one)]
            alive = self._alive()
            if not left and not running and not alive:
                self.restored = self.restored or time.monotonic()
                return
            state = self.sight.state()
            if state not in ("NONE", "SNAP", "RESTORED"):
                self.restored = 0.0
            else:
                self.restored = self.restored or time.monotonic()
            if time.monotonic() > until:
                reason = self.sight.text(f"{CURRENT}/reason").strip()
                raise Dirty(f"not put back: {state} {reason}; {left}; {running}; {[one.journal for one in alive]}")
            if state == "FAILED" and time.monotonic() > asked + 1:
                asked = time.monotonic()
                self._again()
            elif state == "RESTORED" and not alive and self.seed % 8:
                self.forget()
            elif state in ("NONE", "SNAP", "RESTORED") and not running and not alive and not self.sight.watches():
                alone += 1
                if alone == 5:  # nor does anybody come  # noqa: PLR2004
                    self._next_run(until)
            time.sleep(0.03)

    def _alive(self) -> list[Controller]:
        alive = [one for one in self.controllers if one.alive()]
        if self.by_itself and not alive:
            self.count_servers()
        return alive

    def _again(self) -> None:
        """End the wait until the guard's next try."""
        if self.by_itself:
            self.hasten()
        else:
            self.sight.guard("rescue")
            self.by = "a person"

    def forget(self) -> None:
        """Nobody will end the run that was restored: the guard waits for that, and mostly the bench has no time to."""
        lease = self.sight.path("/run/modbisect/lease")
        with suppress(FileNotFoundError):
            lease.write_text("none 0\n")

    def _holds(self, folder: str) -> bool:
        """Whether something is in it; it may go at any moment."""
        try:
            return any(self.sight.path(folder).iterdir())
        except FileNotFoundError:
            return False

    def _next_run(self, until: float) -> None:
        """Nothing was changed, and nobody watches: what is left lies there until somebody comes. A minute later."""
        self.by = "next run"
        for path in self.sight.path("/var/lib/modbisect").glob("new.*"):
            path.touch()
            self.sight.sh('touch -d "2 minutes ago" "$1"', f"/var/lib/modbisect/{path.name}")
        if self.sight.path(CURRENT).exists():
            self.expire()
        run = f"{self.dice.getrandbits(128):032x}"
        while True:
            self.install()
            status, said = self.sight.guard("snap", run, stdin=self.sight.ground.spec.encode())
            if status == 0:
                break
            if time.monotonic() > until:
                raise Dirty(f"the next run does not get the host: {status}: {said}")
        status, said = self.sight.guard("disarm", run)
        if status != 0:
            raise Dirty(f"the next run does not end: {status}: {said}")

    def _whole(self) -> None:
        if other := self.sight.files() ^ self.found.files:
            raise Dirty(f"files differ: {sorted(other)[:6]}")
        if not wait(lambda: self.sight.modules() == self.found.modules, 5):
            raise Dirty(f"live modules differ: {sorted(self.sight.modules() ^ self.found.modules)[:6]}")
        if not wait(lambda: self.sight.ground.page in self.sight.page(), 5):
            raise Dirty(f"the site answers {self.sight.page()!r}")
        if units := self.sight.sh("systemctl list-units --no-legend 'modbisect*'"):
            raise Dirty(f"units are left: {units}")

    def _journals(self, codes: list[tuple[Controller, int]]) -> None:
        """Both tell the same story."""
        lines = self.sight.text("/run/modbisect/last").splitlines()
        words = dict(line.partition(" ")[::2] for line in lines)
        ended = [controller for controller, code in codes if code == Exit.OK]
        if any(controller.plan.run == words.get("rolled-back") for controller in ended):
            raise Dirty("the controller says restored, and the guard that it rolled back")
        if ended and not self.by:
            self.by = "controller"
        if "rolled-back" in words and self.by != "next run":
            self.by = _BY.get(words.get("because", ""), "guard")
        if not self.whole_journal or words.get("rolled-back") != self.plan.run:
            return
        journal = self.sight.text("/run/modbisect/last-journal").splitlines()
        if bad := [line for line in journal if not _JOURNAL_LINE.fullmatch(line)]:
            raise Dirty(f"the guard's journal has {bad[0]!r}")
        did = sum(" verdict " in line for line in journal)
        for controller in self.controllers:
            if controller.plan.run == self.plan.run and not (
                controller.began("measure") <= did <= controller.began("apply")
            ):
                raise Dirty(f"journals differ: {journal}; {controller.journal}")


def dice_of(name: str, seed: int) -> Random:
    """All that is random in one trial of a fault."""
    return Random(f"{name}:{seed}")  # noqa: S311  # moments, not secrets


def played(
    name: str, act: Callable[[Trial], None], seed: int, *, host: lab.LabHost, ground: Ground, found: Found, folder: Path
) -> Result:
    """One trial, from its seed alone."""
    began = time.monotonic()
    trial = Trial(seed, dice_of(name, seed), host, Sight.of(host.name, ground), found, folder)
    for file in ("last", "last-journal"):
        trial.sight.path(f"/run/modbisect/{file}").unlink(missing_ok=True)
    failure, seconds, clean = "", 0.0, 0.0
    try:
        with trial.undo:
            act(trial)
        seconds, clean = trial.settle()
        if seconds > trial.plan.lease + SLACK_SECONDS:
            failure = f"put back only after {seconds:.1f} s, with a lease of {trial.plan.lease} s"
        if clean > trial.plan.lease + SLACK_SECONDS + _LINGER_SECONDS:
            failure = f"put back after {seconds:.1f} s, but traces until {clean:.1f} s"
    except (Dirty, lab.LabError, OSError) as error:
        failure = f"{type(error).__name__}: {error}"
    finally:
        for controller in trial.controllers:
            if controller.alive():
                controller.send(signal.SIGKILL)
                controller.send(signal.SIGCONT)
            with suppress(OSError):
                controller.ended()
    took = time.monotonic() - began
    by = trial.by or "nobody"
    return Result(
        name, seed, trial.step, by, trial.plan.lease, seconds, clean, took, trial.injection, trial.cuts, failure
    )
