"""Inventory files to hosts."""

from __future__ import annotations

from pathlib import Path

from yaml import MappingNode

from modbisect.inventory.beside import Beside
from modbisect.inventory.schema import HostVars
from modbisect.inventory.tree import MAX_BYTES, Tree
from modbisect.inventory.values import Host, Inventory
from modbisect.playbook.nodes import Document
from modbisect.playbook.validation import validate


def load_inventory(path: Path | str) -> Inventory:
    """The inventory in a YAML file of Ansible's format, with the ``group_vars`` and ``host_vars`` beside it.

    Raises:
        UsageError: The file cannot be read, or is wrong; then one line ``file:line:column: problem`` each.
    """
    path = Path(path)
    return _inventory(Document.read(path, MAX_BYTES), Beside(path.parent))


def parse_inventory(text: str, name: str = "inventory") -> Inventory:
    """The inventory in a text; ``name`` stands for the file's in messages.

    Raises:
        UsageError: As ``load_inventory``.
    """
    return _inventory(Document(name, text))


def _inventory(document: Document, beside: Beside | None = None) -> Inventory:
    tree = Tree(document, beside)
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
