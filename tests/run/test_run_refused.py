"""What stops a run before it begins: a clear message, exit 4 or 2, and a host on which nothing has changed."""

from __future__ import annotations

import getpass
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from guard.lab_target import Target
from probe.probe_site import running
from run.controller import QUICK, Controllers, Ended

pytestmark = pytest.mark.lab

SECRET = "Tr0ub4dor&3 ünd $(id)"
ADD_USER = """
useradd --create-home "$1" && install -d -m 700 -o "$1" -g "$1" "/home/$1/.ssh"
install -m 600 -o "$1" -g "$1" /home/ops/.ssh/authorized_keys "/home/$1/.ssh/authorized_keys"
"""


def refused(
    controllers: Controllers, *options: str, says: str, code: int = 4, variables: dict[str, object] | None = None
) -> Ended:
    """Run, and see it refused with the host untouched."""
    target = controllers.target
    before = target.untouched()
    ended = controllers.run(*options, variables=variables).ended()
    assert ended.code == code, ended.said
    assert says in ended.err
    assert "Traceback" not in ended.err
    assert ended.out == ""
    assert target.untouched() == before
    if code == 4:
        assert f"{target.host.name}: " in ended.err
        assert "\nto do: " in ended.err
        assert "state: nothing was changed" in ended.err
    return ended


@contextmanager
def changed(target: Target, script: str, back: str) -> Iterator[None]:
    target.sh(script)
    if "restart apache2" in script:
        target.settle()
    try:
        yield
    finally:
        target.sh(back)
        target.settle()


# --- reaching the host ----------------------------------------------------------------------------


def test_a_changed_host_key(controllers: Controllers, tmp_path: Path) -> None:
    host = controllers.target.host
    other = host.key.with_suffix(".pub").read_text()
    (tmp_path / "known").write_text(f"{host.address} {other}")
    variables = controllers.variables() | {"modbisect_known_hosts": str(tmp_path / "known")}
    ended = refused(controllers, says="is not the one in known_hosts", variables=variables)
    assert ended.err.count("SHA256:") == 2


def test_an_unknown_host_key(controllers: Controllers, tmp_path: Path) -> None:
    (tmp_path / "known").touch()
    variables = controllers.variables() | {"modbisect_known_hosts": str(tmp_path / "known")}
    ended = refused(controllers, says="is unknown", variables=variables)
    assert "SHA256:" in ended.err


def test_a_port_where_nobody_listens(controllers: Controllers) -> None:
    variables = controllers.variables() | {"ansible_port": 2}
    refused(controllers, says="port 2", variables=variables)


def test_a_user_that_is_not_there(controllers: Controllers) -> None:
    refused(controllers, says="user 'stranger'", variables=controllers.variables() | {"ansible_user": "stranger"})


def test_a_key_that_the_host_does_not_know(controllers: Controllers, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    variables = controllers.variables() | {"ansible_ssh_private_key_file": str(key)}
    refused(controllers, says="accepts no key of user 'ops'", variables=variables)


def test_a_key_that_is_not_there(controllers: Controllers, tmp_path: Path) -> None:
    variables = controllers.variables() | {"ansible_ssh_private_key_file": str(tmp_path / "none")}
    refused(controllers, says=f"the key {tmp_path / 'none'} is not there", code=2, variables=variables)


# --- what is asked --------------------------------------------------------------------------------


def test_a_playbook_with_a_typo(controllers: Controllers) -> None:
    controllers.playbook = QUICK.replace("symptom:", "symptoms:")
    ended = refused(controllers, says='did you mean "symptom"?', code=2)
    assert "quick.yml:8:1: " in ended.err


def test_a_playbook_with_a_secret_for_another_server(controllers: Controllers, tmp_path: Path) -> None:
    secret = tmp_path / "id_rsa"
    secret.write_text(SECRET)
    with running() as other:
        auth = f"{{scheme: bearer, secret: 'file:{secret}'}}"
        collect = f"\n  collect: {{get: '{other.url('/?')}', auth: {auth}}}\nsymptom:"
        controllers.playbook = QUICK.replace("\nsymptom:", collect)
        ended = refused(controllers, says=f"probe collect would send its secret to {other.url('')}")
        assert f'modbisect_secret_origins: ["{other.url("")}"]' in ended.err
        before = controllers.target.untouched()
        planned = controllers.start("plan", "PLAYBOOK", "HOST").ended()
        probed = controllers.start("probe", "PLAYBOOK", "HOST").ended()
        assert (planned.code, probed.code) == (4, 4), planned.said + probed.said
        assert "would be refused: probe collect would send its secret" in planned.out
        assert controllers.target.untouched() == before
        assert other.asked == []


def test_a_page_that_is_not_there(controllers: Controllers) -> None:
    controllers.playbook = QUICK.replace("get: /", "get: /no-such-page")
    refused(controllers, says="gets no correct answer from the site as found: status 404, not 200")


# --- rights ---------------------------------------------------------------------------------------


def test_a_user_without_sudo(target: Target, controllers: Controllers) -> None:
    target.sh(ADD_USER, "guest")
    refused(controllers, says="no root rights", variables=controllers.variables() | {"ansible_user": "guest"})


def test_a_host_without_sudo(target: Target, controllers: Controllers) -> None:
    with changed(target, "mv /usr/bin/sudo /usr/bin/sudo.away", "mv /usr/bin/sudo.away /usr/bin/sudo"):
        refused(controllers, says="no root rights: ")


@pytest.fixture(scope="module")
def with_password(target: Target) -> str:
    """A user whose sudo asks for a password."""
    script = ADD_USER + 'printf "%s:%s\\n" "$1" "$2" | chpasswd && echo "$1 ALL=(ALL:ALL) ALL" >"/etc/sudoers.d/$1"'
    target.sh(script, "typist", SECRET)
    return "typist"


def test_a_sudo_password_that_nobody_gave(controllers: Controllers, with_password: str) -> None:
    variables = controllers.variables() | {"ansible_user": with_password}
    refused(controllers, says="password is required", variables=variables)


def test_a_wrong_sudo_password(controllers: Controllers, with_password: str) -> None:
    controllers.env["LAB_SUDO"] = "wrong"
    variables = controllers.variables() | {
        "ansible_user": with_password,
        "modbisect_become_password": "env:LAB_SUDO",
    }
    refused(controllers, says="does not accept the password", variables=variables)


def test_a_sudo_password_that_is_not_set(controllers: Controllers, with_password: str) -> None:
    variables = controllers.variables() | {
        "ansible_user": with_password,
        "modbisect_become_password": "env:LAB_SUDO_UNSET",
    }
    refused(controllers, says='"env:LAB_SUDO_UNSET" is empty or not set', code=2, variables=variables)


def test_the_right_sudo_password_runs_and_is_nowhere_to_be_read(
    target: Target, controllers: Controllers, with_password: str
) -> None:
    gold = target.kept()
    controllers.env["LAB_SUDO"] = SECRET
    controller = controllers.run(
        variables=controllers.variables() | {"ansible_user": with_password, "modbisect_become_password": "env:LAB_SUDO"}
    )
    controller.wait_line("trial   2")
    assert SECRET not in target.sh("cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' ' '; :")
    controller.send(signal.SIGINT)
    ended = controller.ended()
    assert ended.code == 130, ended.said
    assert (target.state(), target.traces(), target.kept()) == ("NONE", "", gold)
    assert SECRET not in ended.said
    written = [path for path in controllers.folder.rglob("*") if path.is_file()]
    assert any(path.name == "journal.jsonl" for path in written)
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]


# --- the state of the host ------------------------------------------------------------------------


def test_a_production_host(target: Target, controllers: Controllers) -> None:
    variables = controllers.variables()
    for role in ({}, {"modbisect_role": "production"}):
        rest = {name: value for name, value in variables.items() if name != "modbisect_role"}
        refused(controllers, says="production host", variables=rest | role)
    with changed(target, "mkdir /etc/modbisect; echo production >/etc/modbisect/role", "rm -r /etc/modbisect"):
        refused(controllers, says="production host", variables=variables | {"modbisect_role": "experimental"})


def test_a_stopped_host(target: Target, controllers: Controllers) -> None:
    with changed(target, "mkdir /etc/modbisect; touch /etc/modbisect/stop", "rm -r /etc/modbisect"):
        refused(controllers, says="/etc/modbisect/stop")


def test_a_configuration_that_fails_its_test(target: Target, controllers: Controllers) -> None:
    broken = "/etc/apache2/conf-enabled/broken.conf"
    with changed(target, f"echo NoSuchDirective on >{broken}", f"rm {broken}"):
        ended = refused(controllers, says="fails its own test as found")
    assert f"Syntax error on line 1 of {broken}: Invalid command" in ended.err
    assert "NoSuchDirective" not in ended.err


def test_a_server_that_is_down(target: Target, controllers: Controllers) -> None:
    with changed(target, "systemctl stop apache2", "systemctl start apache2"):
        refused(controllers, says="Apache is not running")


def test_a_package_manager_at_work(target: Target, controllers: Controllers) -> None:
    hold = "import fcntl, time; f = open('/var/lib/dpkg/lock-frontend', 'w'); fcntl.lockf(f, fcntl.LOCK_EX); "
    hold += "open('/run/held', 'w'); time.sleep(600)"
    start = f'rm -f /run/held; systemd-run --quiet --unit=apt-of-mine python3 -c "{hold}"; '
    with changed(target, start + "until [ -e /run/held ]; do sleep 0.02; done", "systemctl stop apt-of-mine"):
        refused(controllers, says="a package manager is at work: /var/lib/dpkg/lock-frontend")


def test_a_configuration_edited_since_the_start(target: Target, controllers: Controllers) -> None:
    file = "/etc/apache2/conf-available/charset.conf"
    edit = f"cp -a {file} /root/kept; echo '# tomorrow' >>{file}; touch -d '+1 minute' {file}"
    with changed(target, edit, f"cp -a /root/kept {file}"):
        refused(controllers, says=f"configuration changed since the server started: {file}")


def test_a_module_enabled_but_not_loaded(target: Target, controllers: Controllers) -> None:
    # Its time is old, as when a package or a tool that keeps times has brought it.
    link = "/etc/apache2/mods-enabled/asis.load"
    enable = f"mv {link} /root/asis.load && systemctl restart apache2 && mv /root/asis.load {link}"
    with changed(target, enable, "systemctl restart apache2"):
        refused(controllers, says="not what the files say: not loaded: mod_asis.so")


def test_a_module_loaded_but_no_longer_enabled(target: Target, controllers: Controllers) -> None:
    link = "/etc/apache2/mods-enabled/asis.load"
    with changed(target, f"mv {link} /root/asis.load", f"mv /root/asis.load {link}"):
        refused(controllers, says="not what the files say: still loaded: mod_asis.so")


def test_drift_that_was_accepted_is_in_effect_afterwards(target: Target, controllers: Controllers) -> None:
    """The files are as found; the server has read them."""
    link = "/etc/apache2/mods-enabled/asis.load"
    with changed(target, f"mv {link} /root/asis.load", f"mv /root/asis.load {link} && systemctl restart apache2"):
        files, modules = target.files("/etc"), target.modules()
        controllers.begun("--accept-drift")
        assert (target.traces(), target.files("/etc")) == ("", files)
        assert modules - target.modules() == {"/usr/lib/apache2/modules/mod_asis.so"}


def test_a_host_on_which_somebody_is_at_work(target: Target, controllers: Controllers) -> None:
    gold = target.kept()
    # It is still at work when three others have been asked, however long they take: a signal ends it.
    controllers.playbook = controllers.playbook.replace("requests: 2,", "requests: 5000,")
    first = controllers.run()
    first.wait_line("trial   1")
    second = controllers.run().ended()
    assert second.code == 4, second.said
    who = f"{getpass.getuser()}@{os.uname().nodename} process {first.process.pid} since "
    assert f"held by another run: {who}" in second.err
    status = controllers.start("status", "HOST").ended()
    assert f"process {first.process.pid}" in status.out
    assert "is at work" in status.out
    taken = controllers.start("restore", "HOST").ended()
    assert taken.code == 4, taken.said
    assert "still at work" in taken.err
    first.send(signal.SIGINT)
    assert first.ended().code == 130
    assert (target.state(), target.traces(), target.kept()) == ("NONE", "", gold)


def test_taking_the_host_by_force_restores_it_and_ends_the_first_run(target: Target, controllers: Controllers) -> None:
    gold = target.kept()
    first = controllers.run()
    first.wait_line("trial   1")
    taken = controllers.start("restore", "HOST", "--force").ended()
    assert (taken.code, "restored" in taken.out) == (0, True), taken.said
    assert (target.state(), target.traces(), target.kept()) == ("NONE", "", gold)
    ended = first.ended()
    assert ended.code == 3, ended.said
    assert "rolled back" in ended.out
    assert target.kept() == gold
