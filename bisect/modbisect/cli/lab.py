"""``modbisect lab``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from modbisect import lab
from modbisect.cli.streams import tell
from modbisect.errors import UsageError
from modbisect.playbook.text import shown


@click.group("lab")
def command() -> None:
    """Real throw-away hosts on this box: systemd, sshd, Apache, PHP, MariaDB. Needs root on Debian."""


@command.command("up")
@click.argument("name")
@click.option(
    "--setup",
    "setups",
    multiple=True,
    help="A script run inside, or one by name of those that 'modbisect lab setups' lists; may be repeated, and is run "
    "in that order.",
)
@click.option(
    "--install", "packages", multiple=True, help="A Debian package for it, with all that it needs; may be repeated."
)
@click.option("--suite", help=f"The Debian release it is of: {', '.join(lab.SUITES)}; else the box's own.")
def up(name: str, setups: tuple[str, ...], packages: tuple[str, ...], suite: str | None) -> None:
    """Make a host and start it: without a --setup it serves no more than Debian's first page.

    For the first host of a release a Debian tree is built, in a minute or two. 'modbisect lab inventory > lab.yml'
    writes what the other verbs need to reach it, as in 'modbisect scan NAME -i lab.yml'.
    """
    host = lab.up(name, [_script(text) for text in setups], packages=packages, suite=suite, progress=tell)
    click.echo(f"{host.name} is up at {host.address}")
    tell(f"to reach it: modbisect lab inventory > lab.yml; then say -i lab.yml, as in modbisect scan {name} -i lab.yml")


@command.command("setups")
def planted() -> None:
    """What comes along for 'lab up --setup': a shop, and what makes it slow."""
    for name, remark in lab.plantings().items():
        click.echo(click.wrap_text(remark, 100, f"{name:<18} ", " " * 19))


@command.command("exec", context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("argv", nargs=-1, required=True, type=click.UNPROCESSED)
def execute(name: str, argv: tuple[str, ...]) -> int:
    """Run a command on a host, as root."""
    done = lab.execute(name, argv, timeout=3600)
    sys.stdout.buffer.write(done.stdout)
    sys.stderr.buffer.write(done.stderr)
    return done.returncode


@command.command("kill")
@click.argument("name")
def kill(name: str) -> None:
    """Pull a host's plug: everything in it ends at once, its disk stays."""
    lab.kill(name)


@command.command("boot")
@click.argument("name")
def boot(name: str) -> None:
    """Start a host that was killed, from the same disk."""
    host = lab.boot(name)
    click.echo(f"{host.name} is up at {host.address}")


@command.command("list")
def listed() -> None:
    """The hosts of this lab."""
    if not lab.hosts():
        tell("there is no lab host: 'modbisect lab up NAME' makes one")
    for host in lab.hosts():
        click.echo(f"{host.name:<16} {host.state:<8} {host.address}")


@command.command("inventory")
def inventory() -> None:
    """An inventory of the running hosts, for -i of the other verbs."""
    click.echo(lab.inventory(), nl=False)


@command.command("down")
@click.argument("name", required=False)
def down(name: str | None) -> None:
    """End a host, or all, and remove their disks."""
    lab.down(name)


def _script(text: str) -> Path:
    """The file that is meant.

    Raises:
        UsageError: there is none.
    """
    ours, given = lab.SETUPS / f"{text}.sh", Path(text)
    if "/" not in text and ours.is_file():
        return ours
    if not given.is_file():
        raise UsageError(
            f"{shown(text)} is neither a script nor the name of a setup that comes along",
            advice="'modbisect lab setups' lists those",
        )
    return given
