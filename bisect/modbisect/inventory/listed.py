"""What ``ansible-inventory --list`` prints as an inventory of modbisect's. Pure, but for what decrypts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import get_args

from pydantic import ValidationError

from modbisect.errors import UsageError
from modbisect.harmless import CONTROL
from modbisect.inventory.address import check_address
from modbisect.inventory.schema import TEMPLATE, HostVars, ignored, is_template, wrong_name
from modbisect.inventory.tree import ALL, GROUP_NAME, MAX_HOSTS, PRIORITY, UNGROUPED
from modbisect.inventory.values import Host, Inventory
from modbisect.playbook.text import shown
from modbisect.playbook.validation import wrong_values

MAX_VAULTED = 20
"""Vaulted values that are decrypted, each in a process of its own."""

_META = "_meta"
_VAULT = "__ansible_vault"
_UNSAFE = "__ansible_unsafe"
"""Text that Ansible would not render is in a mapping with this key."""
_PASSWORD = "modbisect_become_password"  # noqa: S105  # a variable's name
_NO_SECRET = (
    f"{_PASSWORD}: a secret must not stand there in clear; name an environment variable "
    '("env:NAME") or a file by its whole path ("file:/PATH"), or encrypt the value by itself (!vault)'
)
_QUIET = frozenset({PRIORITY, "ansible_local"})
"""What Ansible itself reads, or adds."""

_TRUE = frozenset({"y", "yes", "on", "1", "true", "t"})
_FALSE = frozenset({"n", "no", "off", "0", "false", "f"})
"""Words for yes and no, as Ansible takes them: an INI file and a program may have nothing but text."""


def read_listing(listing: str, decrypt: Callable[[str], str]) -> Inventory:
    """The inventory of a listing.

    Hosts and groups whose names could not be written in a pattern are left out, and told. A host with a variable that
    is wrong, or that modbisect must not ignore, is among ``Inventory.refused``.

    Args:
        listing: JSON.
        decrypt: turns what ansible-vault has encrypted into text.

    Raises:
        UsageError: it is no such listing, or a value cannot be decrypted.
    """
    own, children, variables = _parsed(listing)
    notes: dict[str, str] = {}
    members = {group: _below(group, own, children) for group in own}
    members[ALL] |= dict.fromkeys(variables)
    for name in list(members[ALL]):
        try:
            check_address(name)
        except ValueError as error:
            notes[name] = f"a host is left out: {error}"
    names = [name for name in members[ALL] if name not in notes]
    if len(names) > MAX_HOSTS:
        raise UsageError(f"more than {MAX_HOSTS} hosts", advice="split the inventory")
    reader = _Reader(decrypt)
    hosts = [reader.host(name, variables.get(name, {})) for name in names]
    groups: dict[str, tuple[str, ...]] = {}
    for group, inside in members.items():
        if GROUP_NAME.fullmatch(group):
            groups[group] = tuple(name for name in inside if name not in notes)
        else:
            notes[group] = f"a group is left out: {shown(group)} is no name of one"
    return Inventory(
        tuple(host for host in hosts if host), groups, (*notes.values(), *reader.ignored.values()), reader.refused
    )


def _parsed(listing: str) -> tuple[dict[str, list[str]], dict[str, list[str]], dict[str, dict[str, object]]]:
    """Each group's own hosts, its child groups, and the variables of each host.

    Raises:
        UsageError: it is no listing.
    """
    try:
        groups = json.loads(listing, object_hook=lambda read: read.get(_UNSAFE, read) if len(read) == 1 else read)
        meta = groups.pop(_META, {})
        variables = {str(name): dict(of) for name, of in meta.get("hostvars", {}).items()}
        own = {str(name): [str(host) for host in of.get("hosts", [])] for name, of in groups.items()}
        children = {str(name): [str(child) for child in of.get("children", [])] for name, of in groups.items()}
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            "what ansible-inventory has printed is no inventory", advice="look at what 'ansible-inventory --list' says"
        ) from error
    for name in (ALL, UNGROUPED, *(child for names in list(children.values()) for child in names)):
        own.setdefault(name, [])  # a group without hosts is only named as a child
    return own, children, variables


def _below(group: str, own: Mapping[str, Iterable[str]], children: Mapping[str, Iterable[str]]) -> dict[str, None]:
    """The hosts of a group, those of its children included, in the order of the listing."""
    found: dict[str, None] = {}
    waiting, seen = [group], {group}
    while waiting:
        name = waiting.pop()
        found |= dict.fromkeys(own[name])
        fresh = [child for child in dict.fromkeys(children.get(name, ())) if child not in seen]
        seen.update(fresh)
        waiting += reversed(fresh)
    return found


@dataclass(slots=True)
class _Reader:
    """Variables to hosts, and what is noticed on the way."""

    decrypt: Callable[[str], str]
    ignored: dict[str, str] = field(default_factory=dict)
    refused: dict[str, tuple[str, ...]] = field(default_factory=dict)
    plain: dict[str, str] = field(default_factory=dict)
    """What was decrypted, by what it was made of."""

    def host(self, name: str, variables: Mapping[str, object]) -> Host | None:
        """The host of that name; None where it is refused."""
        problems = [wrong for variable in variables if (wrong := wrong_name(variable))]
        for variable in variables:
            if variable not in HostVars.model_fields and variable not in self.ignored and variable not in _QUIET:
                said = ignored(variable)
                if said and not wrong_name(variable):
                    self.ignored[variable] = f"{said} (host {name})"
        read = {variable: variables[variable] for variable in HostVars.model_fields if variable in variables}
        vaulted = {variable: text for variable, value in read.items() if (text := _encrypted(value))}
        password = vaulted.pop(_PASSWORD, None)
        if password is not None:
            del read[_PASSWORD]
        read |= {variable: self._decrypted(text) for variable, text in vaulted.items()}
        read = {variable: _typed(variable, value) for variable, value in read.items()}
        problems += (f"{variable}: {wrong}" for variable, value in read.items() if (wrong := _wrong(value)))
        values = None
        try:
            values = HostVars.model_validate(read)
        except ValidationError as invalid:
            told = {problem.partition(":")[0] for problem in problems}
            problems += (text for key, text in _invalid(invalid, vaulted) if key not in told)
        if problems or values is None:
            self.refused[name] = tuple(problems)
            return None
        host = values.value(name)
        return host if password is None else replace(host, become_password=password)

    def _decrypted(self, text: str) -> str:
        if text not in self.plain:
            if len(self.plain) == MAX_VAULTED:
                raise UsageError(
                    f"more than {MAX_VAULTED} values are encrypted one by one",
                    advice="encrypt the file that they stand in as a whole",
                )
            self.plain[text] = self.decrypt(text)
        return self.plain[text]


def _invalid(invalid: ValidationError, vaulted: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What is wrong with which variable; nothing that was encrypted is told, and no secret."""
    for key, text in wrong_values(invalid):
        if key == _PASSWORD:
            yield key, _NO_SECRET
        elif key in vaulted:
            yield key, f"{key}: what is encrypted there is no value for it"
        else:
            yield key, text


def _wrong(value: object) -> str:
    if value is None:
        return "has no value; leave it out, or give it one"
    if isinstance(value, list):
        return next((wrong for item in value if (wrong := _wrong(item))), "")
    if isinstance(value, str) and is_template(value):
        return TEMPLATE
    return "holds a control character" if isinstance(value, str) and CONTROL.search(value) else ""


def _typed(variable: str, value: object) -> object:
    """A value that stands as text for a number or a truth as that."""
    annotation = HostVars.model_fields[variable].annotation
    text = str(value).lower() if isinstance(value, str | int) else ""
    if _is(annotation, bool) and text in _TRUE | _FALSE:
        return text in _TRUE
    if _is(annotation, int) and isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        return int(value)
    return value


def _encrypted(value: object) -> str:
    """What ansible-vault has made of a value; empty where it stands in clear."""
    text = value.get(_VAULT) if isinstance(value, dict) else None
    return text if isinstance(text, str) else ""


def _is(annotation: object, kind: type) -> bool:
    return annotation is kind or any(_is(part, kind) for part in get_args(annotation))
