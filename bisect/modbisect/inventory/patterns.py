"""Ansible's host patterns and host ranges; names only, no hosts."""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase

from modbisect.errors import UsageError
from modbisect.playbook.text import did_you_mean, shown

MAX_RANGE = 10_000
MAX_NAME = 300

_RANGE = re.compile(r"\[([0-9]{1,9}|[A-Za-z]?):([0-9]{1,9}|[A-Za-z])(?::([1-9][0-9]{0,4}))?\]")


def matching(pattern: str, hosts: Collection[str], groups: Mapping[str, Collection[str]]) -> frozenset[str]:
    """The names of the hosts that ``pattern`` means.

    As in Ansible the order of its parts does not matter: first the plain ones are joined (all hosts
    when there is none), then cut with each ``&`` one, then each ``!`` one is taken away. Unlike
    Ansible's, every part must name something that is there: a misspelt ``!web3`` would leave web3 in.

    Raises:
        UsageError: A part names nothing that is there, or is of a kind that is not read here.
    """
    parts = [part.strip() for part in _split(pattern)]
    parts = [part for part in parts if part]
    if not parts:
        raise UsageError("no host was named", advice='name a host, a group, or "all"')
    plain = [part for part in parts if part[0] not in "!&"] or ["all"]
    names = frozenset().union(*(_members(part, hosts, groups) for part in plain))
    for part in parts:
        if part[0] == "&":
            names &= _members(part[1:], hosts, groups)
    for part in parts:
        if part[0] == "!":
            names -= _members(part[1:], hosts, groups)
    return names


def expand(name: str) -> Iterator[str]:
    """Every host name of a range: ``web[01:03]`` is web01, web02, web03; ``db-[a:c]`` and steps likewise.

    Raises:
        ValueError: The range is none, or is too large.
    """
    if len(name) > MAX_NAME:
        raise ValueError(f"{shown(name)} is longer than {MAX_NAME} characters")
    pieces = _RANGE.split(name)
    ranges = [_steps(*pieces[i : i + 3]) for i in range(1, len(pieces), 4)]
    count = 1
    for steps in ranges:
        count *= len(steps)
    if count > MAX_RANGE:
        raise ValueError(f"{shown(name)} is {count} hosts; at most {MAX_RANGE} are read")
    fixed = pieces[::4]
    for choice in itertools.product(*ranges):
        yield fixed[0] + "".join(itertools.chain(*zip(choice, fixed[1:], strict=True)))


def _split(pattern: str) -> list[str]:
    """At commas, and at colons where they belong to no IPv6 address."""
    parts = []
    for part in pattern.split(","):
        whole = re.fullmatch(r"\s*[!&]?[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\s*", part)
        parts += [part] if whole and "::" in part else part.split(":")
    return parts


def _members(part: str, hosts: Collection[str], groups: Mapping[str, Collection[str]]) -> frozenset[str]:
    if part.startswith("~") or "[" in part:
        kind = "a regular expression" if part.startswith("~") else "a subscript"
        raise UsageError(f"{shown(part)} is {kind}, which is not read here", advice="write the names, or use * and ?")
    if part in groups:
        return frozenset(groups[part])
    matching = {name for name in hosts if fnmatchcase(name, part)}
    matched = [group for group in groups if fnmatchcase(group, part)]
    if not matching and not matched:
        known = [*groups, *hosts]
        advice = did_you_mean(part, known).removeprefix("; ") or f"there are: {', '.join(known[:20])}"
        raise UsageError(f"no host or group matches {shown(part)}", advice=advice)
    return frozenset(matching.union(*(groups[group] for group in matched)))


def _steps(first: str, last: str, step: str | None) -> list[str]:
    """The values of one range, both ends included; leading zeros are kept."""
    by = int(step or 1)
    if last.isdigit():
        low, high = int(first or "0") if not first.isalpha() else -1, int(last)
        if low < 0 or low > high:
            raise ValueError(f'"[{first}:{last}]" is not a range from a smaller number to a larger one')
        padded = len(first) > 1 and first.startswith("0")
        if padded and len(first) != len(last):
            raise ValueError(f'"[{first}:{last}]" must have ends of one length')
        if high - low > MAX_RANGE * by:
            raise ValueError(f'"[{first}:{last}]" is more than {MAX_RANGE} hosts')
        return [str(number).zfill(len(first) if padded else 0) for number in range(low, high + 1, by)]
    letters = string.ascii_letters
    low, high = letters.find(first or "a"), letters.find(last)
    if low < 0 or low > high:
        raise ValueError(f'"[{first}:{last}]" is not a range from one letter to a later one')
    return list(letters[low : high + 1 : by])
