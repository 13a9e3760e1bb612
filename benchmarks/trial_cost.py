"""What one trial costs beside the server's own restart: modbisect, ssh commands and Ansible on one lab host.

Each way switches one Apache module off and on again, tests the configuration and restarts the server. Own cost is
wall time less the server's restart, timed on the host, and less the probe's requests. Needs root on Debian for the
lab, and ``ansible-playbook`` with community.general (the ``ansible`` package; extra ``bench``) beside this Python or
on the PATH: without it the rows of Ansible are left out.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Literal

from bench_host import inside, rounds, shop

from modbisect import kinds, lab
from modbisect.host.guard import Applied, Guard, Sample
from modbisect.host.privilege import RootLink
from modbisect.host.survey import survey
from modbisect.kinds import Step
from modbisect.model import AS_FOUND, Ask, Configuration, Expect, Probe
from modbisect.playbook import Playbook, TrialOptions
from modbisect.probe import ProbeProcess, Window, WindowResult
from modbisect.run.conduct import new_run
from modbisect.run.site import Site
from modbisect.run.trial import Trials

MODULE = "status"
OFF = Configuration(frozenset({f"apache-module:{MODULE}"}))
LEASE_SECONDS = 30
AIM_SECONDS = 0.060
AIM_RATIO = 15
RESTARTS = "/run/bench-restarts"

# First on the PATH of sudo, and not on that of the guard, which times its restart itself.
TIMED_SYSTEMCTL = f"""#!/bin/bash
[ "$1" = restart ] || exec /usr/bin/systemctl "$@"
began=$EPOCHREALTIME
/usr/bin/systemctl "$@"
code=$?
echo "$began $EPOCHREALTIME" >>{RESTARTS}
exit $code
"""

PLAY = f"""
- hosts: all
  gather_facts: false
  become: true
  tasks:
    - community.general.apache2_module: {{name: {MODULE}, state: "{{{{ state }}}}"}}
    - ansible.builtin.command: apache2ctl -t
    - ansible.builtin.service: {{name: apache2, state: restarted}}
"""


@dataclass(frozen=True, slots=True)
class Toggle:
    """One module switched. Seconds."""

    wall: float
    restart: float
    """The server's own."""
    probing: float = 0.0
    """The probe's requests."""
    phases: tuple[tuple[str, float], ...] = ()
    """Where the rest went, as far as it is known."""

    @property
    def own(self) -> float:
        """What the tool itself took."""
        return self.wall - self.restart - self.probing


State = Literal["on", "off"]
Switch = Callable[[State], Toggle]


@dataclass(slots=True)
class Way:
    """One way to switch a module."""

    name: str
    switch: Switch
    toggles: list[Toggle] = field(default_factory=list)

    @property
    def own(self) -> float:
        """Median own cost."""
        return median(toggle.own for toggle in self.toggles)


# --- modbisect -----------------------------------------------------------------------------------


class TimedGuard(Guard):
    """The guard, and how long it was asked."""

    applied: tuple[float, Applied]
    sampled: float

    def apply(
        self, steps: Sequence[Step], *, reap: bool, resting: Sequence[str] = (), deadline: float = 120.0
    ) -> Applied:
        """See `Guard.apply`."""
        began = time.perf_counter()
        applied = super().apply(steps, reap=reap, resting=resting, deadline=deadline)
        self.applied = time.perf_counter() - began, applied
        return applied

    def sample(self) -> Sample:
        """See `Guard.sample`."""
        began = time.perf_counter()
        try:
            return super().sample()
        finally:
            self.sampled = time.perf_counter() - began


class TimedProbe(ProbeProcess):
    """The probe, and how long it was asked."""

    asked: float

    def measure(self, window: Window, deadline: float) -> WindowResult:
        """See `ProbeProcess.measure`."""
        began = time.perf_counter()
        try:
            return super().measure(window, deadline)
        finally:
            self.asked = time.perf_counter() - began


@contextmanager
def modbisect_way(root: RootLink, address: str) -> Iterator[Switch]:
    """Real trials, with the host held: what a run does once (hold, restore) is not in their time."""
    facts = survey(root)
    components = kinds.discover(facts)
    probe = Probe("front", f"http://{address}/", expect=Expect(status=frozenset({200})))
    playbook = Playbook("benchmark", probes=(probe,), trial=TrialOptions(requests=1, warm_up=0))
    guard = TimedGuard(root, new_run())
    guard.hold("benchmark", kinds.write_set(facts), kinds.units(facts), LEASE_SECONDS)
    with guard.heartbeat(LEASE_SECONDS, print) as heartbeat, TimedProbe() as probes:
        trials = Trials(guard, Site(playbook, probes, root), facts, components)

        def switch(state: State) -> Toggle:
            ask = Ask(AS_FOUND if state == "on" else OFF, requests=1, cap=5.0, why="benchmark", left=0)
            began = time.perf_counter()
            seen = trials.run(ask)
            wall = time.perf_counter() - began
            if seen.broken or seen.cold is None:
                raise SystemExit(f"the trial failed: {seen.broken}")
            asked, applied = guard.applied
            inside = applied.change_seconds + applied.test_seconds + applied.restart_seconds
            probing = seen.cold.seconds + sum(request.seconds for request in seen.requests)
            phases = (
                ("configuration test", applied.test_seconds),
                ("change: read, check, plan, carry out", applied.change_seconds),
                ("link, lock, verification of the new process", asked - inside),
                ("sample of memory and processor", guard.sampled),
                ("probe process around its requests", probes.asked - probing),
                ("planning and judging, on the controller", wall - asked - probes.asked - guard.sampled),
            )
            return Toggle(wall, applied.restart_seconds, probing, phases)

        try:
            # Once a run: opens the conversation, notes what will be touched.
            switch("off")
            switch("on")
            yield switch
        finally:
            heartbeat.stop()
            guard.restore()
            guard.disarm()


# --- the others ----------------------------------------------------------------------------------


def timed(host: lab.LabHost, commands: Sequence[Sequence[str]], environment: dict[str, str]) -> Toggle:
    """Run commands one after the other; the restart among them is timed on the host."""
    # systemd refuses the sixth restart within 10 s; the guard sees to that by itself.
    inside(host, f": >{RESTARTS}; systemctl reset-failed apache2")
    began = time.perf_counter()
    for command in commands:
        done = subprocess.run(command, capture_output=True, check=False, env=environment, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).decode(errors="replace").strip()[-2000:]
            raise SystemExit(f"{' '.join(command)} failed:\n{said}")
    wall = time.perf_counter() - began
    first, last = inside(host, f"cat {RESTARTS}").split()
    return Toggle(wall, float(last) - float(first))


def ssh_way(host: lab.LabHost, *options: str) -> Switch:
    """What a person scripts: three commands."""
    known = ["-o", f"UserKnownHostsFile={host.known_hosts}", "-o", "BatchMode=yes", "-i", str(host.key)]
    login = ["ssh", "-F", "none", *known, *options, f"ops@{host.address}", "sudo", "-n"]

    def switch(state: State) -> Toggle:
        tool = "a2enmod" if state == "on" else "a2dismod"
        commands = [[tool, "-q", MODULE], ["apache2ctl", "-t"], ["systemctl", "restart", "apache2"]]
        return timed(host, [[*login, *command] for command in commands], dict(os.environ))

    return switch


def ansible_way(host: lab.LabHost, program: str, folder: Path, **settings: str) -> Switch:
    """One playbook run: its module for Apache's modules, the configuration test, a restart."""
    (folder / "play.yml").write_text(PLAY)
    (folder / "ansible.cfg").write_text("")  # nobody's own settings
    variables = {
        "ansible_host": host.address,
        "ansible_user": "ops",
        "ansible_ssh_private_key_file": str(host.key),
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={host.known_hosts}",
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    (folder / "inventory.yml").write_text(json.dumps({"all": {"hosts": {host.name: variables}}}))
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder / "home"),
        **settings,
    }

    def switch(state: State) -> Toggle:
        wanted = "present" if state == "on" else "absent"
        argv = [program, "-i", str(folder / "inventory.yml"), "-e", f"state={wanted}", str(folder / "play.yml")]
        return timed(host, [argv], environment)

    return switch


# --- the comparison ------------------------------------------------------------------------------


def measure(host: lab.LabHost, root: RootLink, times: int, folder: Path) -> list[Way]:
    """Every way off and on in every round, in an order that turns from round to round."""
    inside(host, "cat >/usr/local/sbin/systemctl; chmod 755 /usr/local/sbin/systemctl", data=TIMED_SYSTEMCTL.encode())
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    ansible = shutil.which("ansible-playbook", path=path)
    shared = ["-o", f"ControlPath={folder}/%C", "-o", "ControlMaster=auto", "-o", "ControlPersist=60"]
    own = Way("modbisect", lambda _: Toggle(0, 0))
    others = [
        Way("ssh, one shared connection (ControlMaster)", ssh_way(host, *shared)),
        Way("ssh, a connection for each command", ssh_way(host)),
    ]
    if ansible:
        others += [
            Way("Ansible, with pipelining", ansible_way(host, ansible, folder, ANSIBLE_PIPELINING="True")),
            Way("Ansible, as installed", ansible_way(host, ansible, folder)),
        ]
    for way in others:  # opens what is kept open, fills caches
        way.switch("off")
        way.switch("on")
    for turn in range(times):
        order = [own, *others]
        for way in order[turn % len(order) :] + order[: turn % len(order)]:
            with modbisect_way(root, host.address) if way is own else _plain(way) as switch:
                way.toggles += [switch("off"), switch("on")]
        print(f"round {turn + 1} of {times}", file=sys.stderr)
    return [own, *others]


@contextmanager
def _plain(way: Way) -> Iterator[Switch]:
    yield way.switch


def show(ways: Sequence[Way]) -> None:
    """The table."""
    own = ways[0]
    count = len(own.toggles)
    print(f"One trial: module {MODULE} switched, configuration tested, Apache restarted; medians of {count} each, ms.")
    print("Own cost is wall time less the server's restart (timed on the host) and the probe's requests.")
    print(f"\n{'':<46}{'own cost':>9}{'least':>8}{'ratio':>8}{'wall':>8}{'restart':>9}")
    for way in ways:
        wall = median(toggle.wall for toggle in way.toggles)
        restart = median(toggle.restart for toggle in way.toggles)
        least = min(toggle.own for toggle in way.toggles)
        ratio = f"{way.own / own.own:.1f}x"
        print(
            f"{way.name:<46}{way.own * 1e3:>9.0f}{least * 1e3:>8.0f}{ratio:>8}{wall * 1e3:>8.0f}{restart * 1e3:>9.0f}"
        )
    print("\nWhere modbisect's own cost goes; only the first two are in what the others do, too:")
    for place, (name, _) in enumerate(own.toggles[0].phases):
        print(f"  {name:<44}{median(toggle.phases[place][1] for toggle in own.toggles) * 1e3:>9.1f}")
    print("modbisect's restart lasts until the new server process is there; the others do not wait for it.")
    words = {True: "met", False: "missed"}
    ansible = [way.own for way in ways if way.name.startswith("Ansible")]
    print(f"\naim: under {AIM_SECONDS * 1e3:.0f} ms: {words[own.own < AIM_SECONDS]}")
    if ansible:
        print(f"aim: at least {AIM_RATIO} times less than Ansible: {words[min(ansible) >= AIM_RATIO * own.own]}")
    else:
        print("Ansible is not installed: pip install 'modbisect[bench]'")


def main() -> None:
    """Boot a host, compare, take it down again."""
    times = rounds(__doc__, usually=6)
    with shop() as (host, root), tempfile.TemporaryDirectory(prefix="mb-", dir="/tmp") as folder:  # short for a socket
        show(measure(host, root, times, Path(folder)))


if __name__ == "__main__":
    main()
