"""What `ansible-inventory --list` prints, as an inventory; the listings are recorded, or made as Ansible makes them."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbisect.errors import UsageError
from modbisect.inventory.listed import MAX_VAULTED, read_listing
from modbisect.inventory.values import Inventory
from modbisect.model import Role

LISTING = """
{
    "_meta": {
        "hostvars": {
            "db1": {"ansible_user": "ann"},
            "web01": {"ansible_port": 2222, "modbisect_role": "staging", "modbisect_tunnel": "true"},
            "web02": {"ansible_port": "22", "modbisect_role": "staging", "modbisect_tunnel": "yes"}
        },
        "profile": "inventory_legacy"
    },
    "all": {"children": ["ungrouped", "prod", "old"]},
    "db": {"hosts": ["db1"]},
    "prod": {"children": ["web", "db"]},
    "ungrouped": {"hosts": ["lone"]},
    "web": {"hosts": ["web01", "web02"]}
}
"""


def never(text: str) -> str:
    raise AssertionError(text)


def of_variables(variables: Mapping[str, object]) -> Inventory:
    """That of one host."""
    listing = {
        "_meta": {"hostvars": {"h": variables}},
        "all": {"children": ["ungrouped"]},
        "ungrouped": {"hosts": ["h"]},
    }
    return read_listing(json.dumps(listing), lambda text: {"1": "ops", "2": "2222", "3": "; id"}[text])


def vaulted(text: str) -> dict[str, str]:
    return {"__ansible_vault": text}


def test_groups_and_hosts() -> None:
    inventory = read_listing(LISTING, never)
    assert [host.name for host in inventory.hosts] == ["lone", "web01", "web02", "db1"]
    assert inventory.groups == {
        "all": ("lone", "web01", "web02", "db1"),
        "prod": ("web01", "web02", "db1"),
        "web": ("web01", "web02"),
        "db": ("db1",),
        "ungrouped": ("lone",),
        "old": (),
    }
    lone, web01, web02, db1 = inventory.hosts
    assert (lone.role, web01.role) == (Role.PRODUCTION, Role.STAGING)
    assert (web01.port, web02.port, db1.port) == (2222, 22, None)
    assert (web01.tunnel, web02.tunnel, db1.tunnel) == (True, True, False)
    assert db1.user == "ann"
    assert [host.name for host in inventory.select("prod:!db", "*2")] == ["web02"]


@pytest.mark.parametrize("yes", [True, "true", "True", "yes", "on", "1", 1])
def test_words_for_yes(yes: object) -> None:
    (host,) = of_variables({"modbisect_tunnel": yes, "ansible_become": yes}).hosts
    assert host.tunnel is True


@pytest.mark.parametrize("no", [False, "false", "no", "0", 0])
def test_words_for_no(no: object) -> None:
    (host,) = of_variables({"modbisect_tunnel": no}).hosts
    assert host.tunnel is False


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"ansible_port": "ssh"}, 'ansible_port: must be a whole number, not "ssh"'),
        ({"ansible_port": True}, "ansible_port: must be a whole number, not true"),
        ({"ansible_port": 70000}, "ansible_port: must be less than or equal to 65535"),
        ({"ansible_user": 1000}, "ansible_user: must be text, not 1000"),
        ({"ansible_user": None}, "ansible_user: has no value; leave it out, or give it one"),
        ({"ansible_user": "-l root"}, 'ansible_user: "-l root" is no user name'),
        ({"ansible_host": "{{ x }}"}, "ansible_host: templates ({{ }}) are not rendered here: write the value out"),
        ({"ansible_host": "a\x1b[2J"}, "ansible_host: holds a control character"),
        ({"ansible_connection": "winrm"}, 'ansible_connection: must be "ssh" or "local", not "winrm"'),
        ({"modbisect_tunnel": "maybe"}, 'modbisect_tunnel: must be true or false, not "maybe"'),
        ({"modbisect_rolle": "x"}, 'unknown variable "modbisect_rolle"; did you mean "modbisect_role"?'),
        ({"ansible_ssh_host": "x"}, "ansible_ssh_host is not read here; this is the old name; write ansible_host"),
        ({"ansible_user": {"a": "b"}}, "ansible_user: must be text, not a mapping"),
        ({"modbisect_secret_origins": ["x", None]}, "modbisect_secret_origins: has no value"),
        ({"ansible_user": vaulted("3")}, "ansible_user: what is encrypted there is no value for it"),
    ],
)
def test_what_is_wrong_with_a_host_is_told_who_chooses_it(variables: dict[str, object], says: str) -> None:
    inventory = of_variables(variables)
    assert inventory.hosts == ()
    (problem,) = inventory.refused["h"]
    assert problem.startswith(says)
    with pytest.raises(UsageError) as refused:
        inventory.select("all")
    assert refused.value.what == f"h: {problem}"


def test_who_chooses_others_is_not_kept_by_it() -> None:
    listing = json.loads(LISTING)
    for name in ("db1", "web02"):
        listing["_meta"]["hostvars"][name]["ansible_connection"] = "winrm"
    inventory = read_listing(json.dumps(listing), never)
    assert [host.name for host in inventory.select("web", "!web02")] == ["web01"]
    with pytest.raises(UsageError) as refused:
        inventory.select("prod")
    assert refused.value.what == 'web02, db1: ansible_connection: must be "ssh" or "local", not "winrm"'


@pytest.mark.parametrize("secret", ["hunter2", "{{ hunter2 }}", 123456, ["hunter2"], "\x1bhunter2"])
def test_a_password_in_clear_is_refused_and_never_told(secret: object) -> None:
    (problem,) = of_variables({"modbisect_become_password": secret}).refused["h"]
    assert problem.startswith("modbisect_become_password: ")
    assert "hunter2" not in problem
    assert "123456" not in problem


def test_a_vaulted_password_stays_as_it_is_and_other_vaulted_values_are_decrypted() -> None:
    encrypted = {"modbisect_become_password": vaulted("$ANSIBLE_VAULT;x"), "other_password": vaulted("y")}
    (host,) = of_variables({**encrypted, "ansible_user": vaulted("1"), "ansible_port": vaulted("2")}).hosts
    assert (host.become_password, host.user, host.port) == ("$ANSIBLE_VAULT;x", "ops", 2222)


def test_values_are_decrypted_once_each_and_not_without_end() -> None:
    asked: list[str] = []

    def decrypt(text: str) -> str:
        asked.append(text)
        return "ops"

    def listing(values: int) -> str:
        variables = {f"h{n}": {"ansible_user": vaulted(f"{n % values}")} for n in range(100)}
        return json.dumps({"_meta": {"hostvars": variables}, "all": {}})

    assert len(read_listing(listing(MAX_VAULTED), decrypt).hosts) == 100
    assert len(asked) == MAX_VAULTED
    with pytest.raises(UsageError, match="encrypted one by one"):
        read_listing(listing(MAX_VAULTED + 1), decrypt)


def test_what_ansible_will_not_render_is_plain_text() -> None:
    (host,) = of_variables(
        {
            "ansible_user": {"__ansible_unsafe": "ops"},
            "modbisect_secret_origins": [{"__ansible_unsafe": "https://a.test"}],
        }
    ).hosts
    assert (host.user, host.secret_origins) == ("ops", ("https://a.test",))


def test_what_is_ignored_is_told_once() -> None:
    listing = {
        "_meta": {
            "hostvars": {
                "a": {"ansible_password": "hunter2", "http_port": 80, "ansible_local": {}},
                "b": {"ansible_password": "hunter2", "ansible_hots": "x", "ansible_group_priority": 2},
            }
        },
        "all": {"children": ["web"]},
        "web": {"hosts": ["a", "b", "my host"]},
        "a b": {"hosts": ["a"]},
    }
    assert read_listing(json.dumps(listing), never).warnings == (
        'a host is left out: "my host" is no host name or address; use letters, digits, "_", "." and "-"',
        'a group is left out: "a b" is no name of one',
        "ansible_password is ignored; modbisect logs in with a key or an agent (host a)",
        'ansible_hots is ignored; did you mean "ansible_host"? (host b)',
    )


@pytest.mark.parametrize(
    "listing",
    [
        *("", "nonsense", "[]", "null", '{"all": []}', '{"all": {"hosts": 1}}', '{"_meta": []}', "[" * 100_000),
        '{"_meta": {"hostvars": {"h": 1}}, "all": {}}',
    ],
)
def test_no_listing(listing: str) -> None:
    with pytest.raises(UsageError, match="no inventory"):
        read_listing(listing, never)


def test_too_many_hosts() -> None:
    with pytest.raises(UsageError, match="more than 10000 hosts"):
        read_listing(json.dumps({"all": {"hosts": [f"h{n}" for n in range(10_001)]}}), never)


VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.lists(st.text(max_size=5), max_size=2)


@given(st.dictionaries(st.text(max_size=9), st.dictionaries(st.sampled_from(["hosts", "children", "vars"]), VALUES)))
def test_any_document_is_an_inventory_or_refused(listing: dict[str, object]) -> None:
    try:
        inventory = read_listing(json.dumps(listing), never)
    except UsageError:
        return
    assert all(host.name in inventory.groups["all"] for host in inventory.hosts)
