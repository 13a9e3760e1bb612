"""Xen's ``xl``: its words to a census. Pure."""

from __future__ import annotations

import math
import re

from modbisect.harmless import one_line
from modbisect.host.hypervisor.values import TENTH, Census, Domain, Nonsense, count, domain_name, pairs

INFO = ("info",)
LIST = ("list", "-v")

_ROW = re.compile(
    r"(?P<name>.*\S) +(?P<id>\d{1,6}) +(?P<mib>\d{1,12}) +(?P<cpus>\d{1,6}) +[r-][b-](?P<paused>[p-])(?P<off>[s-])"
    r"[^ ](?P<dying>[d-]) +(?P<seconds>\d{1,12}\.\d) +(?P<uuid>[0-9a-f-]{36})(?: .*)?"
)
"""A name may have blanks in it; all that follows cannot be part of one."""
_LONGEST_ROW = 1000
_DIGITS = 24
"""Binary ones: xl tells times in single precision, so that after 97 days of processor time it counts whole seconds."""


def read(info: str, listed: str, at: float) -> Census:
    """The census in ``xl info`` and ``xl list -v``.

    Raises:
        Nonsense: there is none.
    """
    told = pairs(info)
    lines = (line.rstrip() for line in listed.split("\n") if len(line) < _LONGEST_ROW)
    rows = [match for line in lines if (match := _ROW.fullmatch(line))]
    if not rows:
        raise Nonsense("'xl list -v' names no domain")
    return Census(
        one_line(f"Xen {told.get('xen_version', '')}", limit=40),
        count(told.get("nr_cpus", "")),
        count(told.get("total_memory", "")) << 20,
        tuple(map(_domain, rows)),
        at,
    )


def _domain(row: re.Match[str]) -> Domain:
    seconds = float(row["seconds"])
    off, paused = row["off"] == "s" or row["dying"] == "d", row["paused"] == "p"
    return Domain(
        domain_name(row["name"]),
        row["uuid"],
        "off" if off else "paused" if paused else "running",
        int(row["cpus"]),
        int(row["mib"]) << 20,
        seconds,
        max(TENTH, math.ldexp(1.0, math.frexp(seconds)[1] - _DIGITS)),
    )
