"""Inventories to hosts: whose variable wins, what the variables mean, what is ignored."""

from __future__ import annotations

from pathlib import Path

import pytest

from modbisect.errors import UsageError
from modbisect.inventory import Host, Inventory, load_inventory, parse_inventory
from modbisect.model import Role

SHIPPED = Path(__file__).parents[2] / "inventories"


def host(inventory: Inventory, name: str) -> Host:
    return next(host for host in inventory.hosts if host.name == name)


def test_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ops")
    inventory = load_inventory(SHIPPED / "example.yml")
    assert inventory.warnings == ()
    assert inventory.groups["production"] == tuple(f"web{n}.example.org" for n in ("01", "02", "03"))
    assert host(inventory, "web02.example.org") == Host(
        name="web02.example.org",
        address="web02.example.org",
        user="ops",
        role=Role.PRODUCTION,
        base_url="https://www.example.org/",
        secret_origins=("https://sso.example.org",),
    )
    assert host(inventory, "web-staging") == Host(
        name="web-staging",
        address="staging.example.org",
        port=2222,
        user="ops",
        become_password="env:STAGING_SUDO",
        role=Role.STAGING,
        base_url="http://staging.example.org/",
    )
    assert host(inventory, "web-lab") == Host(
        name="web-lab",
        address="192.0.2.10",
        user="ops",
        known_hosts="/home/ops/.ssh/known_hosts.lab",
        role=Role.EXPERIMENTAL,
        base_url="http://127.0.0.1:8080/",
        tunnel=True,
    )


def test_local() -> None:
    assert load_inventory(SHIPPED / "local.yml").hosts == (
        Host(
            name="localhost",
            address="localhost",
            connection="local",
            role=Role.EXPERIMENTAL,
            base_url="http://localhost/",
        ),
    )


def test_a_host_without_variables_is_production() -> None:
    assert parse_inventory("web: {hosts: {web1: }}").hosts == (
        Host("web1", "web1", role=Role.PRODUCTION, base_url="http://web1/"),
    )


@pytest.mark.parametrize(
    ("text", "user"),
    [
        # a child over its parent, wherever they stand
        ("all: {vars: {ansible_user: a}, children: {web: {vars: {ansible_user: w}, hosts: {h: }}}}", "w"),
        ("all: {hosts: {h: }, vars: {ansible_user: a}}", "a"),
        ("web: {hosts: {h: }, vars: {ansible_user: w}}\nall: {vars: {ansible_user: a}}", "w"),
        # the host over all
        ("all: {vars: {ansible_user: a}, hosts: {h: {ansible_user: h}}}", "h"),
        ("web: {hosts: {h: }, vars: {ansible_user: w}}\nall: {hosts: {h: {ansible_user: h}}}", "h"),
        # of two groups of one depth, the later name
        ("b: {hosts: {h: }, vars: {ansible_user: b}}\na: {hosts: {h: }, vars: {ansible_user: a}}", "b"),
        # unless the other says that it matters more
        (
            """
            b: {hosts: {h: }, vars: {ansible_user: b}}
            a: {hosts: {h: }, vars: {ansible_user: a, ansible_group_priority: 2}}
            """,
            "a",
        ),
        # the deeper group, although its name comes first; depth is the longest way down
        (
            "z: {hosts: {h: }, vars: {ansible_user: z}}\nb: {children: {a: {hosts: {h: }, vars: {ansible_user: a}}}}",
            "a",
        ),
        (
            """
            a: {hosts: {h: }, vars: {ansible_user: a}}
            c: {children: {a: }}
            d: {children: {c: }}
            b: {children: {y: {hosts: {h: }, vars: {ansible_user: y}}}}
            """,
            "a",
        ),
        # a group written in two places is one
        ("web: {hosts: {h: }}\nall: {children: {web: {vars: {ansible_user: w}}}}", "w"),
        # a host written in two places is one; the later place wins
        ("b: {hosts: {h: {ansible_user: first}}}\na: {hosts: {h: {ansible_user: second}}}", "second"),
        ("ungrouped: {vars: {ansible_user: u}, hosts: {h: }}", "u"),
    ],
)
def test_precedence_is_ansible_s(text: str, user: str) -> None:
    assert host(parse_inventory(text), "h").user == user


def test_ungrouped_are_those_in_no_other_group() -> None:
    inventory = parse_inventory("all: {hosts: {a: , b: }, children: {web: {hosts: {b: }}}}")
    assert inventory.groups == {"all": ("a", "b"), "ungrouped": ("a",), "web": ("b",)}


def test_variables_of_other_tools_are_left_alone() -> None:
    inventory = parse_inventory(
        """
all:
  vars:
    http_port: 010
    backup_at: 2:30
    db_password: !vault |
      $ANSIBLE_VAULT;1.1;AES256
    url: "http://{{ inventory_hostname }}/"
    nothing:
  hosts: {web1: }
"""
    )
    assert inventory.warnings == ()
    assert len(inventory.hosts) == 1


def test_ignored_ansible_variables_are_told_once_each() -> None:
    inventory = parse_inventory(
        """
all:
  vars: {ansible_python_interpreter: /usr/bin/python3, ansible_hots: 10.0.0.1}
  hosts:
    web1: {ansible_python_interpreter: "{{ x }}", ansible_become_password: hunter2}
""",
        "i.yml",
    )
    assert inventory.warnings == (
        "i.yml:3:10: ansible_python_interpreter is ignored",
        'i.yml:3:56: ansible_hots is ignored; did you mean "ansible_host"?',
        "i.yml:5:51: ansible_become_password is ignored; use modbisect_become_password",
    )


@pytest.mark.parametrize(
    ("variables", "base_url"),
    [
        ("{}", "http://web1/"),
        ("{ansible_host: 10.0.0.1}", "http://10.0.0.1/"),
        ('{ansible_host: "fe80::1"}', "http://[fe80::1]/"),
        ("{modbisect_base_url: 'https://example.org:8443/shop'}", "https://example.org:8443/shop"),
    ],
)
def test_base_url(variables: str, base_url: str) -> None:
    assert host(parse_inventory(f"all: {{hosts: {{web1: {variables}}}}}"), "web1").base_url == base_url


def test_paths_in_the_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ops")
    text = "all: {hosts: {a: {ansible_ssh_private_key_file: ~/.ssh/id_ed25519}}}"
    assert host(parse_inventory(text), "a").key_file == "/home/ops/.ssh/id_ed25519"


def test_too_many_hosts() -> None:
    text = "all:\n  hosts:\n    a[1:6000]:\n    b[1:6000]:\n"
    with pytest.raises(UsageError, match=r"i\.yml:4:5: more than 10000 hosts"):
        parse_inventory(text, "i.yml")


def test_the_longest_way_down_is_found_in_a_lattice() -> None:
    """Sixty diamonds, one on the other: 2**60 ways, one pass."""
    text = "".join(f"g{n}: {{children: {{a{n}: , b{n}: }}}}\n" for n in range(60))
    text += "".join(f"{side}{n}: {{children: {{g{n + 1}: }}}}\n" for n in range(60) for side in "ab")
    inventory = parse_inventory(f"{text}g60: {{hosts: {{h: }}}}\n")
    assert inventory.groups["g0"] == ("h",)


def test_a_hypervisor_is_a_host_of_the_inventory_or_an_address() -> None:
    inventory = parse_inventory(
        "all:\n"
        "  hosts:\n"
        "    web1: {modbisect_hypervisor: dom0, modbisect_domain: vm 17}\n"
        "    web2: {modbisect_hypervisor: 10.0.0.9}\n"
        "    web3: {}\n"
        "    dom0: {ansible_host: 10.0.0.1, ansible_user: ops, modbisect_hypervisor: dom0}\n"
    )
    web1, web2, web3, dom0 = inventory.select("all")
    assert (web1.hypervisor, web1.domain) == ("dom0", "vm 17")
    assert web1.beneath
    assert (web1.beneath.host.address, web1.beneath.host.user) == ("10.0.0.1", "ops")
    assert [guest.name for guest in web1.beneath.guests] == ["web1", "web3"]
    assert web2.beneath
    assert web2.beneath.host == Host("10.0.0.9", "10.0.0.9")
    assert (web3.beneath, dom0.beneath) == (None, None)


@pytest.mark.parametrize(
    "said", ["modbisect_hypervisor: dom0; id", "modbisect_hypervisor: -oProxyCommand=id", 'modbisect_domain: "a\\nb"']
)
def test_what_may_name_a_hypervisor(said: str) -> None:
    with pytest.raises(UsageError, match="modbisect_"):
        parse_inventory(f"all: {{hosts: {{web1: {{{said}}}}}}}")
