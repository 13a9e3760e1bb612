"""Inventories to hosts."""

from __future__ import annotations

from pathlib import Path

from yaml import MappingNode

from modbisect.inventory.ansible import ask_ansible
from modbisect.inventory.beside import Beside
from modbisect.inventory.forms import Form, form_of
from modbisect.inventory.schema import VAULTED_VALUE, HostVars
from modbisect.inventory.tree import MAX_BYTES, Tree
from modbisect.inventory.values import Host, Inventory
from modbisect.playbook.nodes import Document, place
from modbisect.playbook.validation import validate


def load_inventory(path: Path | str) -> Inventory:
    """The inventory at ``path``, with the ``group_vars`` and ``host_vars`` beside it.

    YAML is read here, unless it needs a password of ansible-vault; any other form is what Ansible's programs say it is.

    Raises:
        UsageError: It cannot be read, or is wrong; of YAML then one line ``file:line:column: problem`` each.
    """
    path = Path(path)
    form = form_of(path)
    if form is not Form.YAML:
        return ask_ansible(path, form)
    document = Document.read(path, MAX_BYTES)
    tree = Tree(document, Beside(path.parent))
    if not tree.vaulted:
        return _inventory(document, tree)
    document.raise_problems()
    return ask_ansible(path, Form.VAULT, where="{}:{}:{}".format(*place(tree.vaulted[0])))


def parse_inventory(text: str, name: str = "inventory") -> Inventory:
    """The inventory in a text; ``name`` stands for the file's in messages.

    Raises:
        UsageError: As ``load_inventory``.
    """
    document = Document(name, text)
    tree = Tree(document)
    for node in tree.vaulted:
        document.add(node, VAULTED_VALUE)
    return _inventory(document, tree)


def _inventory(document: Document, tree: Tree) -> Inventory:
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
