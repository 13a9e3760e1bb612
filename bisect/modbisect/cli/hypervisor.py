"""``modbisect hypervisor``."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import click

from modbisect.cli.common import become_option, inventory_option, json_option, one_host, password_prompt
from modbisect.cli.streams import tell
from modbisect.errors import Exit, ModbisectError, UsageError
from modbisect.host.survey import facts_of
from modbisect.report.figures import seconds as took
from modbisect.report.figures import size
from modbisect.run.access import opened
from modbisect.run.domains import Identity, Seen, machine_of, neighbours, processors, sentences, used
from modbisect.run.hypervisor import watching

_NOBODY = "-"


@click.command("hypervisor")
@click.argument("host")
@inventory_option
@become_option
@json_option
@click.option("-s", "--seconds", type=click.IntRange(1, 60), default=5, show_default=True, help="How long to look.")
def command(host: str, inventory: Path | None, *, ask_become: bool, as_json: bool, seconds: int) -> int:
    """Look at a host from the machine on which it is a virtual one, which modbisect_hypervisor in the inventory names.

    Says whether the host is the domain that it is taken for, and what every domain there uses of the processors. Reads
    only. Exit 4 where the host is another machine than that domain, or its hypervisor does not answer.
    """
    target = one_host(host, None, inventory)
    if (beneath := target.beneath) is None:
        raise UsageError(
            f"nobody has said on which machine {target.name} is a virtual one",
            advice="write modbisect_hypervisor: HOST for it in the inventory, and give that with -i",
        )
    ask = password_prompt(ask_become)
    with ExitStack() as stack:
        root, facts = None, None
        try:
            root = stack.enter_context(opened(target, ask))
            facts = facts_of(root)
        except UsageError:
            raise
        except ModbisectError as error:  # all the more is to be seen from below
            tell(f"{target.name}: {error.what}; looking from {target.hypervisor} alone")
        seen = stack.enter_context(watching(target, beneath, root)).after(facts, seconds)
    click.echo(json.dumps(_document(seen), indent=2) if as_json else _text(seen))
    return Exit.REFUSED if seen.census is None or seen.place.identity is Identity.ANOTHER else Exit.OK


def _text(seen: Seen) -> str:
    first, *more = sentences(seen)
    lines = [f"{seen.host.name}: {first}", *more]
    if census := seen.census:
        lines += ["", f"{machine_of(seen)}:", "", *_table(seen), ""]
        if seen.seconds:
            stolen = "" if seen.steal is None else f", and took {seen.steal:.0%} of {seen.host.name}'s processor time"
            lines.append(f"They used {used(seen):.1f} of its {census.cpus} CPUs in {took(seen.seconds)}{stolen}.")
    return "\n".join([*lines, "Nothing was changed."])


def _table(seen: Seen) -> list[str]:
    head = ("domain", "host", "role", "state", "CPUs used", "it has", "memory")
    rows = [head]
    for use in seen.uses:
        domain, there = use.domain, seen.resident(use.domain)
        rows.append(
            (
                domain.name,
                there.name if there else _NOBODY,
                there.role.value if there else _NOBODY,
                domain.state,
                processors(use) if domain.state == "running" and seen.seconds else _NOBODY,
                str(domain.cpus),
                size(domain.memory),
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    sides = "<<<<>>>"
    return [
        "  ".join(f"{cell:{side}{wide}}" for cell, side, wide in zip(row, sides, widths, strict=True)).rstrip()
        for row in rows
    ]


def _document(seen: Seen) -> dict[str, object]:
    census = seen.census
    return {
        "schema": "modbisect-hypervisor/1",
        "host": seen.host.name,
        "hypervisor": seen.machine,
        "identity": seen.place.identity.value,
        "domain": seen.place.domain.name if seen.place.domain else None,
        "said": list(sentences(seen)),
        "software": census.software if census else None,
        "cpus": census.cpus if census else None,
        "memory_bytes": census.memory if census else None,
        "seconds": seen.seconds,
        "steal": seen.steal,
        "cpus_used": used(seen) if seen.seconds else None,
        "domains": [
            {
                "name": use.domain.name,
                "uuid": use.domain.uuid,
                "state": use.domain.state,
                "host": there.name if (there := seen.resident(use.domain)) else None,
                "role": there.role.value if there else None,
                "cpus": use.domain.cpus,
                "memory_bytes": use.domain.memory,
                "cpus_used": use.cpus,
                "cpus_used_within": use.within if use.cpus is not None else None,
            }
            for use in seen.uses
        ],
        "neighbours": [use.domain.name for use in neighbours(seen)],
    }
