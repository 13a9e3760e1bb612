"""Variables in files beside an inventory: found, ranked and criticised as those in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from modbisect.errors import UsageError
from modbisect.inventory import Host, load_inventory

TREE = "all: {children: {web: {hosts: {h: }}}}"


def laid(folder: Path, inventory: str, files: dict[str, str]) -> Path:
    """The inventory's path, with files beside it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "hosts.yml").write_text(inventory)
    return folder / "hosts.yml"


def host(path: Path) -> Host:
    (found,) = load_inventory(path).hosts
    return found


def user(name: str) -> str:
    return f"ansible_user: {name}\n"


@pytest.mark.parametrize(
    ("inventory", "files", "expected"),
    [
        (TREE, {"group_vars/all.yml": user("a")}, "a"),
        (TREE, {"group_vars/all": user("a"), "group_vars/web.yaml": user("w")}, "w"),
        (TREE, {"group_vars/web.json": '{"ansible_user": "w"}', "host_vars/h.yml": user("h")}, "h"),
        # a file wins over the inventory at its own level, and of all over a group's variables in the inventory
        ("web: {vars: {ansible_user: i}, hosts: {h: }}", {"group_vars/web.yml": user("w")}, "w"),
        ("web: {vars: {ansible_user: i}, hosts: {h: }}", {"group_vars/all.yml": user("a")}, "a"),
        ("web: {hosts: {h: {ansible_user: i}}}", {"group_vars/web.yml": user("w")}, "i"),
        ("web: {hosts: {h: {ansible_user: i}}}", {"host_vars/h": user("h")}, "h"),
        # a folder's files, in order, further folders included, hidden ones and backups not
        (TREE, {"group_vars/web/1.yml": user("one"), "group_vars/web/2": user("two")}, "two"),
        (TREE, {"group_vars/web/a/deep.yml": user("deep"), "group_vars/web/.b.yml": user("hidden")}, "deep"),
        (TREE, {"host_vars/h/a.yml": user("a"), "host_vars/h/b.yml~": user("b"), "host_vars/h/c.txt": "no"}, "a"),
        (TREE, {"group_vars/all.yml": "---\n# nothing yet\n", "group_vars/web.yml": user("w")}, "w"),
        (TREE, {"group_vars/ungrouped.yml": user("u"), "group_vars/web.yml": user("w")}, "w"),
    ],
)
def test_precedence_is_ansible_s(tmp_path: Path, inventory: str, files: dict[str, str], expected: str) -> None:
    assert host(laid(tmp_path, inventory, files)).user == expected


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"group_vars/web.yml": "a: 1\nmodbisect_rolle: staging\n"}, "group_vars/web.yml:2:1: unknown variable"),
        ({"host_vars/h.yml": "modbisect_role: stagging\n"}, "host_vars/h.yml:1:17: modbisect_role: must be"),
        ({"host_vars/h.yml": "ansible_host: '{{ x }}'\n"}, "host_vars/h.yml:1:15: templates"),
        ({"host_vars/h.yml": "- a\n"}, "host_vars/h.yml:1:1: must be a plain mapping"),
        ({"host_vars/h.yml": "a: b: c\n"}, "host_vars/h.yml:1:5: is not YAML"),
        (
            {"group_vars/web.yml": "ansible_group_priority: 2\n"},
            "group_vars/web.yml:1:1: ansible_group_priority counts",
        ),
        ({"group_vars": "ansible_user: a"}, "group_vars: cannot be read: Not a directory"),
        ({"group_vars/web.yml": "", "group_vars/web/a.yml": ""}, "group_vars/web.yml: is not read, for there is"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(tmp_path: Path, files: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError) as refused:
        load_inventory(laid(tmp_path, TREE, files))
    assert str(refused.value).startswith(f"{tmp_path}/{says}")


def test_what_is_not_read_is_told(tmp_path: Path) -> None:
    files = {"group_vars/web.yml": "ansible_password: x\n", "host_vars/gone.yml": "", "group_vars/wbe/a.yml": ""}
    assert load_inventory(laid(tmp_path, TREE, files)).warnings == (
        f"{tmp_path}/group_vars/web.yml:1:1: ansible_password is ignored; modbisect logs in with a key or an agent",
        f"{tmp_path}/group_vars/wbe: is ignored; there is no group of this name",
        f"{tmp_path}/host_vars/gone.yml: is ignored; there is no host of this name",
    )
