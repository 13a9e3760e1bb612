"""The whole program, struck: `modbisect run` from its command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import damage
from sight import Dirty, wait
from strikes import STRIKES, passes
from trial import Trial

from modbisect import lab
from modbisect.errors import Exit, UsageError
from modbisect.run import journal

_LEASE = 5
_LONGEST = 300
_PLAYBOOK = """
version: 1
name: struck
probes:
  front:
    get: /
    expect: {status: 200, contains: %s}
symptom: {probe: front}
components:
  include: %s
trial: {requests: 2, warm_up: 0}
strategy: %s
"""


def whole_run_killed(trial: Trial) -> None:
    """SIGKILL at a drawn moment."""
    process = _started(trial)
    _moment(trial, process)
    process.kill()
    process.wait()
    trial.struck()
    _journal(trial, process.returncode)


def whole_run_interrupted(trial: Trial) -> None:
    """Asked to end: it puts the host back itself."""
    process = _started(trial)
    _moment(trial, process)
    process.send_signal(trial.dice.choice((signal.SIGINT, signal.SIGTERM, signal.SIGHUP)))
    _await(process)
    trial.struck()
    trial.by = "controller"
    _journal(trial, process.returncode)


def whole_run_loses_the_network(trial: Trial) -> None:
    """Silence both ways for about a lease."""
    process = _started(trial)
    _moment(trial, process)
    with damage.silence(trial.host):
        time.sleep(_LEASE + trial.dice.uniform(-1, 1.5))
    trial.struck()
    _await(process)
    if process.returncode in (Exit.OK, Exit.FOUND, Exit.CLEARED):
        trial.struck()  # it has kept its host, and went on to its end
    _journal(trial, process.returncode)


def whole_run_loses_the_host(trial: Trial) -> None:
    """The host loses its power, and is switched on again: put back before the server starts."""
    process = _started(trial)
    _moment(trial, process)
    held = trial.sight.state() not in ("NONE", "SNAP")
    trial.cut()
    trial.reboot()
    trial.struck()
    if held:
        trial.by = "boot"
        if (left := trial.sight.state()) != "NONE":
            raise Dirty(f"state {left} although the host has booted")
    _await(process)
    trial.struck()
    _journal(trial, process.returncode)


def whole_run_struck(trial: Trial) -> None:
    """One of `STRIKES` at a drawn moment, each in its turn; the program is killed then, or lives on."""
    strike = STRIKES[trial.seed % len(STRIKES)]
    trial.by_itself = True
    process = _started(trial)
    _moment(trial, process)
    trial.step += f", {strike.what}"
    with strike.on(trial):
        if trial.chance(0.5):
            process.kill()
        elif strike.judge is not passes:
            _await(process)
        trial.struck()
        strike.judge(trial)
    _await(process)
    trial.struck()
    _journal(trial, process.returncode)


def _await(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_LONGEST)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise Dirty("the run does not end") from None


def _started(trial: Trial) -> subprocess.Popen[bytes]:
    trial.plan = replace(trial.plan, lease=_LEASE)
    trial.whole_journal = False  # the stand-in's journal is what that is compared with
    playbook, inventory = trial.folder / "playbook.yml", trial.folder / "inventory.yml"
    ground = trial.sight.ground
    playbook.write_text(_PLAYBOOK % (ground.page.decode(), json.dumps(ground.components), ground.strategy))
    inventory.write_text(lab.inventory())
    argv = ["run", str(playbook), trial.sight.name, "-i", str(inventory), "--lease", str(_LEASE), "--seed", "1"]
    with (trial.folder / "said").open("wb") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "modbisect", *argv],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env={**os.environ, "XDG_STATE_HOME": str(trial.folder / "state")},
        )


def _moment(trial: Trial, process: subprocess.Popen[bytes]) -> None:
    """Behind a drawn line of its progress."""
    wanted, pause = trial.dice.randint(1, 24), trial.dice.uniform(0, 0.5)

    def said() -> list[str]:
        text = (trial.folder / "said").read_text(errors="replace")
        return [line for line in text.splitlines() if line.strip()]

    wait(lambda: len(said()) >= wanted or process.poll() is not None, _LONGEST)
    time.sleep(pause)
    trial.step = said()[-1].split()[0] if said() else "-"
    trial.struck()


def _journal(trial: Trial, code: int) -> None:
    said = (trial.folder / "said").read_text()
    over = "restored:   verified" in said  # its answer is given; a signal finds a process that ends anyway
    if code not in {*Exit, -9, *([-1, -2, -15] if over else [])} - {Exit.USAGE}:
        raise Dirty(f"modbisect ended with {code}: {said[-2000:]}")
    try:
        events = list(journal.read("last", trial.folder / "state" / "modbisect" / "runs"))
    except UsageError as error:
        if "no run" in error.what or "damaged" not in error.what:
            return  # struck before it had one
        raise Dirty(f"its journal: {error}") from error
    if not events:
        raise Dirty("its journal is empty")
