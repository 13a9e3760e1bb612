"""``modbisect completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from modbisect.errors import UsageError

_SHELLS = ("bash", "zsh", "fish")


@click.command("completion", epilog='In ~/.bashrc: eval "$(modbisect completion bash)"')
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete verbs and options: put it in the file that the shell reads when it starts."""
    found = get_completion_class(shell)
    if found is None:
        raise UsageError(f"click knows no completion for {shell}", advice="install another version of click")
    click.echo(found(ctx.find_root().command, {}, "modbisect", "_MODBISECT_COMPLETE").source())
