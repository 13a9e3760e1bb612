"""An inventory file, and the files beside it, as groups and hosts, each with the nodes of its variables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TypeAlias

from yaml import MappingNode, Node, ScalarNode

from modbisect.inventory.address import check_address
from modbisect.inventory.beside import Beside
from modbisect.inventory.patterns import expand
from modbisect.inventory.schema import TEMPLATE, HostVars, ignored, is_template, wrong_name
from modbisect.playbook.nodes import Document, is_null, place
from modbisect.playbook.text import did_you_mean, shown

ALL = "all"
UNGROUPED = "ungrouped"
PRIORITY = "ansible_group_priority"
MAX_HOSTS = 10_000
MAX_BYTES = 1 << 20

Vars: TypeAlias = dict[str, tuple[Node, Node]]
"""The nodes of name and value, by name."""

GROUP_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,199}")
_SECTIONS = ("vars", "children", "hosts")


@dataclass(slots=True)
class Group:
    """A group while the file is read."""

    key: Node
    """Where its name stands first."""
    parents: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    """Its own ones."""
    vars: Vars = field(default_factory=dict)
    beside: Vars = field(default_factory=dict)
    """Those in files beside the inventory."""
    priority: int = 1
    """Among groups of one depth, the higher one wins."""


class Tree:
    """The groups and hosts of a document. What is wrong with them is noted there."""

    def __init__(self, document: Document, beside: Beside | None = None) -> None:
        """Read the whole document, and the files beside it.

        Raises:
            UsageError: The groups go round in a circle, so nothing can be said of them.
        """
        self.groups = {name: Group(document.root) for name in (ALL, UNGROUPED)}
        self.hosts: dict[str, tuple[Node, Vars]] = {}
        """Where each host's name stands first, and its own variables."""
        self.ignored: dict[str, str] = {}
        """A sentence for each variable that is not read."""
        self.vaulted: list[Node] = []
        """What would be read, and is encrypted by ansible-vault."""
        self._document = document
        self._hosts_read = 0
        for name, key, body in document.items(document.root):
            if name == "plugin":
                document.add(key, "this inventory is a program; save what ansible-inventory --list --yaml prints")
                document.raise_problems()
            self._read_group(name, key, body)
        self._hosts_beside: dict[str, Vars] = {}
        if beside:
            self._read_beside(beside)
        self._depths = self._order()
        self.members = self._members()

    def variables(self, host: str) -> Vars:
        """What holds for a host, as in Ansible: its own, then deeper groups', then by priority and name.

        Files beside the inventory win over what stands in it, of groups and of hosts, but no group over a host.
        """
        names = [name for name, members in self.members.items() if host in members]
        order = sorted(names, key=lambda name: (self._depths[name], self.groups[name].priority, name))
        merged: Vars = {}
        for name in order:
            merged |= self.groups[name].vars
        for name in order:
            merged |= self.groups[name].beside
        return merged | self.hosts[host][1] | self._hosts_beside.get(host, {})

    def _read_beside(self, beside: Beside) -> None:
        for name, group in self.groups.items():
            for path in beside.groups(name):
                group.beside |= self._read_file(path)
        for name in self.hosts:
            self._hosts_beside[name] = {}
            for path in beside.hosts(name):
                self._hosts_beside[name] |= self._read_file(path)
        self.ignored |= {said: said for said in beside.nobodys(self.groups, self.hosts)}

    def _read_file(self, path: Path) -> Vars:
        document = Document.read(path, MAX_BYTES, may_be_empty=True)
        document.raise_problems()
        root = document.root
        if isinstance(root, ScalarNode) and root.value.startswith("$ANSIBLE_VAULT"):
            self.vaulted.append(root)
            return {}
        files = self._read_vars(root)
        if PRIORITY in files:
            self._document.add(files.pop(PRIORITY)[0], f"{PRIORITY} counts only in the inventory itself")
        return files

    def _read_group(self, name: str, key: Node, body: Node) -> None:
        if not GROUP_NAME.fullmatch(name):
            self._document.add(key, f'{shown(name)} is no group name; use letters, digits, "_", "." and "-"')
            return
        group = self.groups.setdefault(name, Group(key))
        for section, section_key, content in self._document.items(body):
            if section == "vars":
                group.vars |= self._read_vars(content)
                group.priority = self._priority(group.vars.pop(PRIORITY, None), group.priority)
            elif section == "children":
                for child, child_key, child_body in self._document.items(content):
                    self._read_group(child, child_key, child_body)
                    if child in self.groups:
                        self.groups[child].parents.add(name)
            elif section == "hosts":
                self._read_hosts(group, content)
            else:
                near = did_you_mean(section, _SECTIONS)
                text = f"unknown key {shown(section)} in a group{near or '; it has hosts, children and vars'}"
                self._document.add(section_key, text)

    def _read_hosts(self, group: Group, content: Node) -> None:
        if not isinstance(content, MappingNode) and not is_null(content):
            self._document.add(content, 'must be a mapping: each host in a line of its own, with ":" behind it')
            return
        for pattern, key, body in self._document.items(content):
            own = self._read_vars(body)
            own.pop(PRIORITY, None)
            try:
                names = [check_address(name) for name in expand(pattern)]
            except ValueError as error:
                self._document.add(key, str(error))
                continue
            self._hosts_read += len(names)
            if self._hosts_read > MAX_HOSTS:
                self._document.add(key, f"more than {MAX_HOSTS} hosts; split the inventory")
                return
            for name in names:
                _, variables = self.hosts.setdefault(name, (key, {}))
                variables |= own
                group.hosts.add(name)

    def _read_vars(self, node: Node) -> Vars:
        """The variables that are read here; others belong to other tools."""
        merged: Vars = {}
        for name, key, value in self._document.items(node):
            if name in HostVars.model_fields or name == PRIORITY:
                if value.tag.startswith("!") and "vault" in value.tag:
                    self.vaulted.append(value)
                elif isinstance(value, ScalarNode) and is_template(value.value):
                    self._document.add(value, TEMPLATE)
                else:
                    merged[name] = (key, value)
            elif wrong := wrong_name(name):
                self._document.add(key, wrong)
            elif name not in self.ignored and (said := ignored(name)):
                file, line, column = place(key)
                self.ignored[name] = f"{file}:{line}:{column}: {said}"
        return merged

    def _priority(self, variable: tuple[Node, Node] | None, default: int) -> int:
        value = self._document.plain(variable[1]) if variable else default
        if isinstance(value, int):
            return value
        self._document.add(variable[1] if variable else self._document.root, f"{PRIORITY}: must be a whole number")
        return default

    def _order(self) -> dict[str, int]:
        """The groups, parents first, with their depth: the longest way down from ``all``."""
        for name, group in self.groups.items():
            if name != ALL and not group.parents:
                group.parents.add(ALL)
        depths: dict[str, int] = {}
        try:
            parents = {name: group.parents for name, group in self.groups.items()}
            for name in TopologicalSorter(parents).static_order():
                depths[name] = 1 + max((depths[parent] for parent in parents[name]), default=-1)
        except CycleError as error:
            circle: list[str] = error.args[1]
            self._document.add(self.groups[circle[0]].key, f"groups in a circle: {' > '.join(circle)}")
            self._document.raise_problems()
        return depths

    def _members(self) -> dict[str, frozenset[str]]:
        """The hosts of each group, those of its children included; ``ungrouped`` has those in no other."""
        members = {name: set(group.hosts) for name, group in self.groups.items()}
        for name in reversed(self._depths):
            for parent in self.groups[name].parents:
                members[parent] |= members[name]
        grouped = set().union(*(hosts for name, hosts in members.items() if name not in {ALL, UNGROUPED}))
        members[UNGROUPED] = members[ALL] - grouped
        return {name: frozenset(hosts) for name, hosts in members.items()}
