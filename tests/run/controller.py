"""A real `modbisect` process against a lab host: started, watched by what it prints, struck by a signal."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from guard.lab_target import Target, wait_until
from warm import Process

LEASE = 5
QUICK = """
version: 1
name: quick
probes:
  front:
    get: /
    expect: {status: 200, contains: All items}
symptom: {probe: front}
components:
  include: ["apache-module:s*", "apache-conf:*", "php-module:[a-g]*"]
trial: {requests: 2, warm_up: 0}
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


class Controller:
    """One process; its output goes to files, so that it never waits for a reader."""

    def __init__(self, words: Sequence[str], env: dict[str, str], folder: Path) -> None:
        self._out, self._err = folder / "out", folder / "err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = Process(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env)

    def lines(self) -> list[str]:
        """What it has said on standard error so far."""
        return self._err.read_text(errors="replace").split("\n")[:-1]

    def wait_lines(self, count: int) -> bool:
        """Wait for that many lines; False when it ended before."""
        wait_until(lambda: len(self.lines()) >= count or self.process.poll() is not None, 120, f"{count} lines")
        return self.process.poll() is None

    def wait_line(self, beginning: str) -> None:
        """Wait for a line that begins so."""

        def seen() -> bool:
            assert self.process.poll() is None, self.ended().said
            return any(line.startswith(beginning) for line in self.lines())

        wait_until(seen, 60, f"a line {beginning!r}")

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process alone, as a terminal or an operator's kill does."""
        self.process.send_signal(number)

    def vanish(self) -> None:
        """SIGKILL the process and its children at once: the controller loses its power."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def ended(self, seconds: float = 120) -> Ended:
        """Wait for its end."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.vanish()
            raise AssertionError("\n".join(self.lines())) from None
        return Ended(code, self._out.read_text(errors="replace"), self._err.read_text(errors="replace"))


@dataclass(slots=True)
class Controllers:
    """Starts processes with a playbook, an inventory and a state folder of their own."""

    target: Target
    folder: Path
    playbook: str = QUICK
    started: int = 0
    env: dict[str, str] = field(default_factory=dict)

    def variables(self) -> dict[str, object]:
        """The host's variables in the inventory; change the copy to break something."""
        host = self.target.host
        return {
            "ansible_host": host.address,
            "ansible_user": "ops",
            "ansible_ssh_private_key_file": str(host.key),
            "modbisect_role": "staging",
            "modbisect_known_hosts": str(host.known_hosts),
        }

    def start(self, *argv: str, variables: dict[str, object] | None = None) -> Controller:
        """Start a verb; ``PLAYBOOK`` and ``HOST`` in its arguments are filled in."""
        folder = self.folder / str(self.started)
        folder.mkdir()
        self.started += 1
        playbook, inventory = folder / "quick.yml", folder / "inventory.yml"
        playbook.write_text(self.playbook)
        hosts = {self.target.host.name: variables or self.variables()}
        inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
        fill = {"PLAYBOOK": str(playbook), "HOST": self.target.host.name}
        words = [fill.get(word, word) for word in argv]
        env = {**os.environ, "XDG_STATE_HOME": str(self.folder / "state"), **self.env}
        return Controller([*words, "--inventory", str(inventory)], env, folder)

    def run(self, *options: str, variables: dict[str, object] | None = None) -> Controller:
        """Start `modbisect run`."""
        return self.start("run", "PLAYBOOK", "HOST", "--lease", str(LEASE), "--no-look", *options, variables=variables)

    def begun(self, *options: str) -> Ended:
        """A run that is interrupted behind its first trial: how long a search takes is the machine's affair."""
        controller = self.run(*options)
        controller.wait_line("trial   1")
        controller.send(signal.SIGINT)
        ended = controller.ended()
        assert ended.code == 130, ended.said
        assert "restored    verified" in ended.err, ended.said
        return ended
