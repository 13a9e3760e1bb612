"""``modbisect lab``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from modbisect import lab
from modbisect.cli.streams import tell


@click.group("lab")
def command() -> None:
    """Real throw-away hosts on this box: systemd, sshd, Apache, PHP, MariaDB. Needs root on Debian."""


@command.command("up")
@click.argument("name")
@click.option("--setup", "setups", multiple=True, help="A script run inside, or the name of one that comes along.")
@click.option("--install", "packages", multiple=True, help="A Debian package for it, with all that it needs.")
@click.option("--suite", help=f"The Debian release it is of: {', '.join(lab.SUITES)}; else the box's own.")
def up(name: str, setups: tuple[str, ...], packages: tuple[str, ...], suite: str | None) -> None:
    """Make a host and start it."""
    host = lab.up(name, [_script(text) for text in setups], packages=packages, suite=suite, progress=tell)
    click.echo(f"{host.name} is up at {host.address}")


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
    for host in lab.hosts():
        click.echo(f"{host.name:<16} {host.state:<8} {host.address}")


@command.command("inventory")
def inventory() -> None:
    """An inventory of the running hosts."""
    click.echo(lab.inventory(), nl=False)


@command.command("down")
@click.argument("name", required=False)
def down(name: str | None) -> None:
    """End a host, or all, and remove their disks."""
    lab.down(name)


def _script(text: str) -> Path:
    ours = lab.SETUPS / f"{text}.sh"
    return ours if "/" not in text and ours.is_file() else Path(text)
