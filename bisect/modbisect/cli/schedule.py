"""``modbisect canary install`` and ``remove``."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from modbisect import state
from modbisect.cli.common import (
    HOST,
    PLAYBOOK,
    default_history,
    history_option,
    hosts_of,
    inventory_option,
    limit_of,
    playbook_of,
)
from modbisect.cli.streams import tell
from modbisect.errors import Exit, Refused, UsageError
from modbisect.playbook import parse_seconds
from modbisect.schedule import MINE, Schedule, cron_job, cron_line, divides, name_of, units

_SYSTEM = Path("/etc/systemd/system")
_FILES = "/etc/modbisect"
"""In a container."""
_CLAIM = "modbisect-history"
_PATIENCE = 4000


def _minutes(ctx: click.Context, param: click.Parameter, value: str) -> int:
    del ctx, param
    try:
        seconds = parse_seconds(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if seconds % 60 or not divides(int(seconds // 60)):
        raise click.BadParameter(f"{value!r} does not come at the same times each day: say 5m, 10m, 15m, 1h, 6h ...")
    return int(seconds // 60)


@click.command("install")
@PLAYBOOK
@HOST
@inventory_option
@history_option
@click.option("--every", "minutes", callback=_minutes, default="10m", show_default=True, metavar="TIME")
@click.option("--go-on", is_flag=True, help="As of 'canary check'.")
@click.option(
    "--notify", "references", multiple=True, metavar="REF", help="As of 'canary check': env:NAME or file:PATH only."
)
@click.option("--metrics", type=click.Path(path_type=Path, dir_okay=False), help="As of 'canary check'.")
@click.option(
    "--environment",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A file of NAME=VALUE lines with what env:NAME refers to, and MODBISECT_HISTORY if that has a password.",
)
@click.option("--name", help="Of the units; made of the playbook's and the host's unless given.")
@click.option(
    "--user", help="Who checks, where root installs it: whose key and history are used. By default who called sudo."
)
@click.option(
    "--as",
    "form",
    type=click.Choice(["systemd", "cron", "kubernetes"]),
    default="systemd",
    show_default=True,
    help="systemd: put there and begun; cron and kubernetes: printed.",
)
@click.option("--image", default="modbisect", show_default=True, help="Kubernetes: an image with modbisect in it.")
@click.option("--print", "printed", is_flag=True, help="Print the units, and put nothing anywhere.")
def install(
    playbook: Path,
    host: str | None,
    inventory: Path | None,
    *,
    url: str | None,
    minutes: int,
    go_on: bool,
    references: tuple[str, ...],
    metrics: Path | None,
    environment: Path | None,
    name: str | None,
    user: str | None,
    form: str,
    image: str,
    printed: bool,
) -> int:
    """Check a playbook at fixed times: by a timer of systemd's, which is begun at once, with a first check.

    As root it is a timer of the system; else one of the user's own, which 'loginctl enable-linger' keeps going when
    nobody is logged in. Installing it again puts the new one in the place of the old.
    """
    book = playbook_of(playbook)
    hosts = hosts_of(host, book, inventory)
    if wrong := [each for each in references if not each.startswith(("env:", "file:"))]:
        raise UsageError(
            f"{len(wrong)} of --notify would stand in a file that all may read",
            advice="put the URL into a file, and say env:NAME with --environment FILE, or file:/PATH",
        )
    if url and "@" in url.partition("://")[2].partition("/")[0]:
        raise UsageError(
            "the history's URL has a password, and would stand in a file that all may read",
            advice="put MODBISECT_HISTORY=URL into a file that only its user may read, and say --environment FILE",
        )
    name = name_of("modbisect-canary", *([name] if name else [book.name, host or hosts[0].name]))
    user = user or (os.environ.get("SUDO_USER", "") if os.geteuid() == 0 else "")
    told = [*(["--go-on"] if go_on else []), *(f"--notify={each}" for each in references)]
    told += [f"--limit={limit}"] if (limit := limit_of()) else []
    if form == "kubernetes":
        if inventory and not inventory.is_file():
            raise UsageError(f"{inventory} is no file, and a ConfigMap holds files", advice="write a YAML file of it")
        files = {"playbook.yml": playbook.read_text()} | ({"inventory.yml": inventory.read_text()} if inventory else {})
        words = ["modbisect", "canary", "check", f"{_FILES}/playbook.yml", *([host] if host else [])]
        words += [*([f"--inventory={_FILES}/inventory.yml"] if inventory else []), *told]
        words += [f"--history={url}"] if url else []
        claim = "" if url else _CLAIM
        schedule = Schedule(name, tuple(words), minutes)
        click.echo(cron_job(schedule, files, image=image, folder=_FILES, keys="modbisect-ssh", claim=claim), nl=False)
        return Exit.OK
    words = [_program(), "canary", "check", str(playbook.resolve()), *([host] if host else [])]
    words += [*([f"--inventory={inventory.absolute()}"] if inventory else []), *told]
    words += [*([f"--metrics={metrics.resolve()}"] if metrics else [])]
    # A file of variables may have it; and another user's folder is his own.
    words += [f"--history={url or default_history()}"] if url or not (environment or user) else []
    writes = [f"{_home(user)}/.local/state" if user else str(state.folder())]
    writes += [str(metrics.resolve().parent)] if metrics else []
    variables = str(environment.resolve()) if environment else ""
    schedule = Schedule(name, tuple(words), minutes, user, tuple(writes), variables)
    if form == "cron":
        click.echo(cron_line(schedule), nl=False)
        return Exit.OK
    of_user = os.geteuid() != 0
    texts = units(schedule, of_user=of_user)
    if printed:
        click.echo("\n".join(f"# {file}\n{text}" for file, text in texts.items()), nl=False)
        return Exit.OK
    return _put(texts, name)


def _home(user: str) -> str:
    try:
        return pwd.getpwnam(user).pw_dir
    except KeyError:
        raise UsageError(f"there is no user {user!r} on this machine", advice="name one with --user") from None


def _program() -> str:
    """This very modbisect, whatever PATH a service has."""
    beside = Path(sys.executable).with_name("modbisect")
    return str(beside) if beside.exists() else shutil.which("modbisect") or "modbisect"


def _folder() -> Path:
    if os.geteuid() == 0:
        return _SYSTEM
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd/user"


def _put(texts: dict[str, str], name: str) -> int:
    """Write units, enable the timer, check once."""
    folder = _folder()
    for file in texts:
        if _is_not_mine(folder / file):
            raise Refused(f"{folder / file} is not of modbisect's making", advice="give another --name")
    _systemctl("daemon-reload")  # where no systemd answers, nothing is left behind
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in texts.items():
            half = folder / f".{file}.new"
            half.write_text(text, encoding="utf-8")
            half.replace(folder / file)
    except OSError as error:
        raise Refused(f"{folder} cannot be written: {error.strerror}", advice="see --print, and --as cron") from None
    _systemctl("daemon-reload")
    _systemctl("enable", "--now", f"{name}.timer")
    click.echo(f"{folder / name}.timer is set: 'modbisect canary remove {name}' takes it away")
    tell(f"{name}: the first check")
    first = _systemctl("start", f"{name}.service", check=False)
    whose = [] if os.geteuid() == 0 else ["--user"]
    journal = " ".join(["journalctl", *whose, "-u", name])
    if first:
        click.echo(f"the first check has failed, or found something slow: {journal}")
        return Exit.FOUND
    click.echo("the first check was well; 'modbisect history list' has what is measured")
    return Exit.OK


def _is_not_mine(path: Path) -> bool:
    return path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(MINE)


def _systemctl(*arguments: str, check: bool = True) -> int:
    """Its exit status.

    Raises:
        Refused: there is no systemd, or it did not do that.
    """
    whose = [] if os.geteuid() == 0 else ["--user"]
    try:
        done = subprocess.run(
            ["systemctl", *whose, *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Refused(f"systemctl cannot be run: {error}", advice=_advice(arguments)) from None
    if check and done.returncode:
        raise Refused(
            f"systemctl {' '.join(arguments)}: {done.stderr.strip() or done.returncode}",
            advice=_advice(arguments),
        )
    return done.returncode


def _advice(arguments: Sequence[str]) -> str:
    if arguments[0] in {"disable", "stop"}:
        return f"where systemd does not run, the units do nothing: delete them from {_folder()}"
    return "'--as cron' prints a line for crontab; '--print' the units"


@click.command("remove")
@click.argument("name")
def remove(name: str) -> None:
    """Take away a timer that 'canary install' has set; what was measured stays."""
    folder = _folder()
    name = name.removesuffix(".timer").removesuffix(".service")
    files = [folder / f"{name}.timer", folder / f"{name}.service"]
    if not any(path.exists() for path in files) or any(map(_is_not_mine, files)):
        there = sorted(path.stem for path in folder.glob("*.timer") if not _is_not_mine(path))
        raise UsageError(f"{name} is no timer of modbisect's", advice=f"there is: {', '.join(there) or 'none'}")
    _systemctl("disable", "--now", f"{name}.timer")
    _systemctl("stop", f"{name}.service")
    for path in files:
        path.unlink(missing_ok=True)
    _systemctl("daemon-reload")
    click.echo(f"{name} is gone")
