"""``modbisect demo``."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from modbisect import lab
from modbisect.cli.performing import perform
from modbisect.cli.run import on_terminal
from modbisect.cli.streams import tell
from modbisect.errors import Exit
from modbisect.inventory import Host, parse_inventory
from modbisect.lab.scenes import PRACTICED, SCENES, Scene
from modbisect.model import Outcome
from modbisect.playbook import Playbook, load_playbook
from modbisect.run.options import Options


@click.command("demo")
@click.option("--scene", type=click.Choice(list(SCENES)), default="upload", show_default=True)
@click.option("--practice", is_flag=True, help="On a simulated host inside this process: no root, no Debian needed.")
@click.option("--seed", type=int, default=1, show_default=True)
def command(scene: str, *, practice: bool, seed: int) -> int:
    """Watch it find what makes a site slow, on a real host made for it and removed afterwards.

    Exit 0 when it finds what was planted, nothing else, and the host is restored.
    """
    if practice:
        return _practice(seed)
    chosen = SCENES[scene]
    tell(chosen.story)
    with _stage(chosen) as (host, playbook):
        return _perform(host, playbook, chosen.culprit, Options(seed=seed, open_security=True))


@contextmanager
def _stage(scene: Scene) -> Iterator[tuple[Host, Playbook]]:
    lab.build_tree(tell)
    name = f"demo-{os.getpid()}"
    made = lab.up(name, [lab.SETUPS / f"{setup}.sh" for setup in scene.setups])
    try:
        tell(f"{name} is up at {made.address}: real systemd, sshd, Apache, PHP and MariaDB in a namespace of this box")
        (host,) = parse_inventory(lab.inventory()).select(name)
        yield host, load_playbook(lab.SETUPS / scene.playbook)
    finally:
        lab.down(name)


def _practice(seed: int) -> int:
    from modbisect.lab.practice import practice as practice_host  # noqa: PLC0415  # only for this option

    tell("A PRACTICE host: SSH and the site are real, its components are simulated.")
    with tempfile.TemporaryDirectory() as folder, practice_host(Path(folder)) as made:
        # It simulates no processes that could be seen at work.
        return _perform(made.host, made.playbook, PRACTICED, Options(seed=seed, open_security=True, look_seconds=0))


def _perform(host: Host, playbook: Playbook, culprit: frozenset[str], options: Options) -> int:
    report, code = perform(host, playbook, options, quiet=False)
    click.echo(on_terminal(report))
    accused = {frozenset(finding.components) for finding in report.findings}
    outcome = Outcome.FOUND if culprit else Outcome.NONE
    as_planted = report.outcome is outcome and accused == ({culprit} if culprit else set())
    if as_planted and report.restored.verified:
        return Exit.OK
    tell("this is not what was planted")
    return code or Exit.FOUND
