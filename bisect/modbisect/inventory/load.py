"""Inventory files to hosts."""

from __future__ import annotations

from pathlib import Path

from yaml import MappingNode

from modbisect.inventory.schema import HostVars
from modbisect.inventory.tree import Tree
from modbisect.inventory.values import Host, Inventory
from modbisect.playbook.nodes import Document
from modbisect.playbook.validation import validate

MAX_BYTES = 1 << 20


def load_inventory(path: Path | str) -> Inventory:
    """The inventory in a YAML file of Ansible's format.

    Raises:
        UsageError: The file cannot be read, or is wrong; then one line ``file:line:column: problem`` each.
    """
    return _inventory(Document.read(Path(path), MAX_BYTES))


def parse_inventory(text: str, name: str = "inventory") -> Inventory:
    """The inventory in a text; ``name`` stands for the file's in messages.

    Raises:
        UsageError: As ``load_inventory``.
    """
    return _inventory(Document(name, text))


def _inventory(document: Document) -> Inventory:
    tree = Tree(document)
    hosts: list[Host] = []
    for name, (key, _) in tree.hosts.items():
        pairs = list(tree.variables(name).values())
        node = MappingNode("tag:yaml.org,2002:map", pairs, key.start_mark, key.end_mark)
        variables = validate(document, HostVars, node)
        if variables:
            hosts.append(variables.value(name))
    document.raise_problems()
    order = {name: place for place, name in enumerate(tree.hosts)}
    groups = {name: tuple(sorted(members, key=order.__getitem__)) for name, members in tree.members.items()}
    return Inventory(tuple(hosts), groups, tuple(tree.ignored.values()))
