"""A function a verb; the only place that puts the parts together."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys

import click
from click.shell_completion import shell_complete

from modbisect.cli.ending import end
from modbisect.cli.streams import prepare
from modbisect.errors import Exit

_VERBS = {  # name: module, one line of help
    "run": ("run", "Find what makes a site slow, prove it, leave the host as found."),
    "incident": ("incident", "The runbook's step: an answer within a budget, as Markdown; no questions asked."),
    "resume": ("resume", "Go on with a run that was cut short; nothing is measured twice."),
    "plan": ("plan", "Say what a run would do, and what it would cost; touch nothing."),
    "init": ("init", "Begin with a host: look at it, and write an inventory and a playbook for it."),
    "doctor": ("doctor", "Say what a host has and lacks for a run, and how to mend that."),
    "scan": ("scan", "List a host's components and their states; touch nothing."),
    "look": ("look", "Say what a slow request is doing on a host; touch nothing."),
    "hypervisor": ("hypervisor", "Look at a host from the machine on which it is a virtual one; touch nothing."),
    "probe": ("probe", "Measure a playbook's probes now; touch nothing."),
    "canary": ("canary", "Measure, compare with earlier measurements, speak when slower."),
    "history": ("history", "What canaries have measured: list, show, trend, compare, accept."),
    "status": ("status", "Tell what a host's guard is doing."),
    "keep": ("keep", "Make the cure last that a run with --keep-cure has left on a host."),
    "restore": ("restore", "Put a host back that a run has left switched."),
    "guard": ("guard", "Install the guard on a host, for runs without full sudo; or remove it."),
    "sudoers": ("sudoers", "Print the sudoers file that such runs need."),
    "notify": ("notify", "Send a run's verdict to Slack, by mail, to a webhook; or see whether that arrives."),
    "report": ("report", "Print a run's report from its journal."),
    "runs": ("runs", "List the runs that are kept, and what came of them."),
    "schema": ("schema", "Print the JSON Schema of playbooks, inventories or reports."),
    "completion": ("completion", "Print what makes bash, zsh or fish complete verbs and options."),
    "lab": ("lab", "Real throw-away hosts on this box, to try it on."),
    "demo": ("demo", "Watch it find the upload middleware that makes a real site slow."),
}


class _Verbs(click.Group):
    """Imports a verb's module only when it is called, so that --help is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _VERBS:
            return None
        module = importlib.import_module(f"modbisect.cli.{_VERBS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Verbs"):
            formatter.write_dl([(name, text) for name, (_, text) in _VERBS.items()])


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: FBT001  # click's signature
    del param
    if value:
        from importlib.metadata import version  # noqa: PLC0415  # only for this option

        names = ("fabric", "paramiko", "pycurl")
        click.echo(
            f"modbisect {version('modbisect')} (Python {sys.version.split()[0]}, "
            + ", ".join(f"{name} {version(name)}" for name in names)
            + ")"
        )
        ctx.exit()


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, callback=_version, expose_value=False, is_eager=True, help="Print versions.")
def cli() -> None:
    """Find the Apache or PHP component that makes a site slow.

    Exit codes: 0 nothing slow; 1 culprit or regression found; 2 usage; 3 inconclusive; 4 refused or unreachable,
    nothing changed; 5 restore not verified, a person must look; 6 slow, and the cause is not among what can be
    switched; 70 something unforeseen; 74 the answer could not be
    written; 130 or 143 interrupted and restored.
    """


def main() -> None:
    """Entry point of the command; no exception leaves it, for Python's own exit code would mean a culprit."""
    prepare()
    try:
        code = _called(sys.argv[1:])
        sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001  # see above
        code = Exit.UNFORESEEN
        with contextlib.suppress(BaseException):  # an error that cannot even be told is one all the same
            code = end(error)
    sys.exit(code)


def _called(arguments: list[str]) -> int:
    if instruction := os.environ.get("_MODBISECT_COMPLETE"):
        return shell_complete(cli, {}, "modbisect", "_MODBISECT_COMPLETE", instruction)
    try:
        with cli.make_context("modbisect", arguments) as context:
            code = cli.invoke(context)
    except click.exceptions.Exit as wanted:  # --help and --version
        code = wanted.exit_code
    return code if isinstance(code, int) else Exit.OK
