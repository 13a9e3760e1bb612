"""Inventories of every form, read by the real ansible-inventory; each test that calls it takes a second."""

from __future__ import annotations

import contextlib
import os
import select
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from inventory.test_inventory_beside import laid
from modbisect.errors import UsageError
from modbisect.inventory import Host, Inventory, load_inventory
from modbisect.inventory.ansible import ask_ansible
from modbisect.inventory.forms import Form
from modbisect.model import Role
from modbisect.run.access import password_of

SHIPPED = Path(__file__).parents[2] / "inventories"

PASSWORD = "open sesame"
FILE = """\
$ANSIBLE_VAULT;1.1;AES256
35396138366534626631343733313663643264373635333732323964663939323034383766613731
6535323534653433396233346139363062313262643461610a303935353934313632616565343838
66653236653166623739326666393832613761336431666433646361626433653438366138643565
3833356661323062330a646431353233373633323534353736663761386231346339313865333139
35323235636364373432343034326236336337613035623666666235383137383039616361383939
39613964633962336538666137653332393661313166373138313563353330326430386430386139
31646233633030396237623134323363306138333535636633376638636136303264656662346663
39616530343030613365
"""
"""It says: modbisect_role is staging, modbisect_base_url https://web.example.org/."""
ANN = """\
$ANSIBLE_VAULT;1.1;AES256
32323737656130613033313631636661613365303235366534323731373666376361303261316665
6633383132613164323437633963326638663839316237650a366365376261333832333132653439
64336361626630613163376439666333343639636631363631353635366435316238623436353431
3463616639313134340a303561306434643735326536356636656462316639346666646530653634
3735
"""
HUNTER2 = """\
$ANSIBLE_VAULT;1.1;AES256
66386235376436356331356430613264313462656337653063643364613335383861383434333762
3163386266303762613865663063346435333561313532610a326665666639363962626237383139
35363237316633646139633838383763623933623962336566316366343632646439393731373438
3534336364636237390a646561333831643737316438326438316536343661616436383134303330
3735
"""


@pytest.fixture(scope="module", autouse=True)
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where Ansible would log to, had it its way; and no settings but such as might be in the way."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("ANSIBLE_")]:
            patch.delenv(name)
        home = tmp_path_factory.mktemp("home")
        patch.setenv("HOME", str(home))
        patch.chdir(home)
        patch.setenv("ANSIBLE_LOG_PATH", str(home / "log"))
        patch.setenv("LC_ALL", "C")
        for name in ("DEBUG", "FORCE_COLOR", "INVENTORY_EXPORT"):
            patch.setenv(f"ANSIBLE_{name}", "1")
        yield home / "log"


@pytest.fixture
def password_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n")
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(path))
    return path


def program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def tagged(name: str, text: str) -> str:
    """A variable with a vaulted value."""
    return f"{name}: !vault |\n" + "".join(f"  {line}\n" for line in text.splitlines())


def refused(path: Path, **limits: float) -> UsageError:
    with pytest.raises(UsageError) as caught:
        _ = ask_ansible(path, Form.PROGRAM, **limits) if limits else load_inventory(path)
    return caught.value


# --- what is read ---------------------------------------------------------------------------------


def test_yaml_is_to_ansible_what_it_is_here(tmp_path: Path) -> None:
    files = {
        "group_vars/all.yml": "modbisect_tunnel: true\n",
        "group_vars/staging/site.yml": "modbisect_base_url: https://staging.example.org/\n",
        "host_vars/web-lab.yaml": "ansible_port: 2200\n",
    }
    path = laid(tmp_path, (SHIPPED / "example.yml").read_text(), files)

    def as_sets(inventory: Inventory) -> tuple[set[Host], dict[str, set[str]]]:
        return set(inventory.hosts), {name: set(members) for name, members in inventory.groups.items()}

    assert as_sets(ask_ansible(path, Form.YAML)) == as_sets(load_inventory(path))


def test_an_ini_file(tmp_path: Path) -> None:
    path = laid(
        tmp_path,
        "",
        {
            "group_vars/web.yml": "modbisect_base_url: https://www.example.org/\n",
            "host_vars/db1.yml": "ansible_user: ann\n",
            "hosts": """\
lone

[web]
web[01:03].example.org ansible_port=2222 modbisect_tunnel=true

[web:vars]
modbisect_role=staging

[db]
db1 modbisect_tunnel=yes

[prod:children]
web
db
""",
        },
    ).with_name("hosts")
    inventory = load_inventory(path)
    assert inventory.warnings == ()
    webs = inventory.select("prod:!db")
    assert [web.name for web in webs] == [f"web0{n}.example.org" for n in (1, 2, 3)]
    for web in webs:
        assert (web.port, web.tunnel, web.role) == (2222, True, Role.STAGING)
        assert web.base_url == "https://www.example.org/"
    (db1,) = inventory.select("db")
    assert (db1.user, db1.tunnel, db1.role) == ("ann", True, Role.PRODUCTION)
    assert [host.name for host in inventory.select("ungrouped")] == ["lone"]


def test_a_folder_of_several_sources(tmp_path: Path) -> None:
    (tmp_path / "10-hosts").write_text("[web]\nweb1 tier=staging\nweb2 tier=production\n")
    program(
        tmp_path / "20-more.sh",
        '#!/bin/sh\necho "{\\"db\\": {\\"hosts\\": [\\"db1\\"]}, \\"_meta\\": {\\"hostvars\\": {}}}"\n',
    )
    (tmp_path / "30-roles.yml").write_text(
        "plugin: constructed\n"
        "strict: false\n"
        "keyed_groups: [{key: tier, prefix: '', separator: ''}]\n"
        "compose: {modbisect_role: tier, ansible_port: '2000 + 22'}\n"
    )
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "db.yml").write_text("modbisect_role: experimental\n")
    inventory = load_inventory(tmp_path)
    assert {host.name: (host.role.value, host.port) for host in inventory.hosts} == {
        "web1": ("staging", 2022),
        "web2": ("production", 2022),
        "db1": ("experimental", 2022),
    }
    assert [host.name for host in inventory.select("web:&staging")] == ["web1"]


def test_a_program(tmp_path: Path) -> None:
    path = program(
        tmp_path / "cmdb.py",
        f"""#!{sys.executable}
import json, sys
assert sys.argv[1:] == ["--list"]
sys.stderr.write("it was asked\\n")
variables = {{"ansible_host": "10.0.0.1", "ansible_port": "2222", "modbisect_tunnel": True}}
print(json.dumps({{"web": {{"hosts": ["web1"], "vars": {{"modbisect_role": "staging"}}}},
                  "_meta": {{"hostvars": {{"web1": variables}}}}}}))
""",
    )
    inventory = load_inventory(path)
    assert inventory.hosts == (
        Host("web1", "10.0.0.1", 2222, role=Role.STAGING, base_url="http://10.0.0.1/", tunnel=True),
    )
    assert inventory.warnings == ("ansible-inventory: it was asked",)


# --- what is encrypted ----------------------------------------------------------------------------


@pytest.mark.usefixtures("password_file")
def test_an_encrypted_file_and_encrypted_values(tmp_path: Path, log: Path) -> None:
    host_vars = tagged("ansible_user", ANN) + tagged("modbisect_become_password", HUNTER2)
    tree = "web: {hosts: {web1: }}"
    path = laid(tmp_path, tree, {"group_vars/web.yml": FILE, "host_vars/web1.yml": host_vars})
    (host,) = load_inventory(path).hosts
    assert (host.user, host.role, host.base_url) == ("ann", Role.STAGING, "https://web.example.org/")
    assert "hunter2" not in repr(host)
    password = password_of(host, None)
    assert password
    assert password() == "hunter2"
    assert not log.exists()


def test_what_is_encrypted_and_not_read_needs_no_password(tmp_path: Path) -> None:
    path = laid(tmp_path, "web: {hosts: {web1: }}", {"group_vars/web.yml": tagged("db_password", HUNTER2)})
    assert load_inventory(path).warnings == ()


def test_no_password(tmp_path: Path) -> None:
    error = refused(laid(tmp_path, "web: {hosts: {web1: }}", {"group_vars/web.yml": FILE}))
    assert error.what.startswith(f"{tmp_path}/group_vars/web.yml:1:1: what is encrypted there")
    assert "none is set" in error.what
    assert "ANSIBLE_VAULT_PASSWORD_FILE" in error.advice


def test_a_wrong_password(tmp_path: Path, password_file: Path) -> None:
    password_file.write_text("open barley\n")
    (tmp_path / "hosts").write_text(FILE)
    error = refused(tmp_path / "hosts")
    assert "is not decrypted by any password" in error.what
    assert "ANSIBLE_VAULT_PASSWORD_FILE" in error.advice
    assert "barley" not in str(error)


# --- what is wrong --------------------------------------------------------------------------------


def test_an_ini_file_with_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("[web]\nweb1 ansible_host\n")
    error = refused(tmp_path / "hosts")
    assert error.what.startswith(f"{tmp_path}/hosts: is an INI file, and Ansible gets no inventory from it: ")
    assert "Expected key=value" in error.what


def test_a_program_that_fails(tmp_path: Path) -> None:
    path = program(tmp_path / "cmdb.sh", "#!/bin/sh\necho the database is away >&2\nexit 3\n")
    error = refused(path)
    assert error.what.startswith(f"{path}: is a program, and Ansible gets no inventory from it: ")
    assert "the database is away" in error.what


def test_a_program_that_prints_nonsense_and_whose_text_is_an_ini_file(tmp_path: Path) -> None:
    """To Ansible it is an inventory of one host, "date"."""
    program(tmp_path / "cmdb.sh", "#!/bin/sh\ndate\n")
    (tmp_path / "hosts").write_text("[web]\nweb1\n")
    error = refused(tmp_path)
    assert error.what.startswith(f"{tmp_path}/cmdb.sh: is a program that has failed")


def test_a_program_that_hangs(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    path = program(tmp_path / "cmdb.sh", f"#!/bin/sh\necho $$ >{pid}.new\nmv {pid}.new {pid}\nexec sleep 1000\n")
    error = refused(path, seconds=3)
    assert f"{path}: ansible-inventory was stopped: it had not ended within 3 s" in error.what
    if pid.exists():  # a busy machine may not have come so far
        with contextlib.suppress(ProcessLookupError), os.fdopen(os.pidfd_open(int(pid.read_text()))) as ends:
            assert select.select([ends], [], [], 60)[0], "it is still there"


def test_a_program_that_may_not_be_executed(tmp_path: Path) -> None:
    (tmp_path / "cmdb.py").write_text("#!/usr/bin/env python3\nimport json\n")
    error = refused(tmp_path / "cmdb.py")
    assert "may not be executed" in error.what
    assert error.advice == f"chmod +x {tmp_path}/cmdb.py"


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [
        ("hosts", "[web]\nweb1\n", "hosts: is an INI file"),
        ("hosts.yml", "plugin: constructed\n", "hosts.yml: is the configuration of a plugin"),
        ("hosts.yml", FILE, "hosts.yml: is encrypted by ansible-vault"),
        ("hosts.yml", f"web: {{hosts: {{web1: {{ansible_user: !vault '{ANN}'}}}}}}", "hosts.yml:1:36: is encrypted"),
        ("folder/hosts", "[web]\nweb1\n", "folder: is a folder"),
    ],
)
def test_without_ansible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, form: str) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", "")
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    error = refused(tmp_path / "folder" if "/" in name else path)
    assert error.what.startswith(f"{tmp_path}/{form}")
    assert error.what.endswith(
        ", which only ansible-inventory reads, and that is neither beside this Python nor in PATH"
    )
    assert error.advice == "pip install 'modbisect[ansible]'"
