"""The hardened mode: one installed command under sudo, whose every call is named, and nothing else as root."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from guard.controller_side import held, logged_in, settings
from guard.lab_target import Target, wait_until
from guard.test_guard_verbs import MODS, OTHER, RUN
from modbisect import lab
from modbisect.cli import cli
from modbisect.errors import Fenced, Refused, UsageError
from modbisect.host import ssh
from modbisect.host.guard import Guard
from modbisect.host.helper import HELPER, digest
from modbisect.host.install import install, remove, sudoers
from modbisect.host.privilege import find_privilege
from modbisect.host.survey import config_tests, sample, survey
from modbisect.kinds import Step, discover, plan
from modbisect.model import Configuration

USER = "limited"
ADD_USER = """
useradd --create-home "$1" && install -d -m 700 -o "$1" -g "$1" "/home/$1/.ssh"
install -m 600 -o "$1" -g "$1" /home/ops/.ssh/authorized_keys "/home/$1/.ssh/authorized_keys"
"""

pytestmark = pytest.mark.lab


@pytest.fixture
def hardened(target: Target) -> Iterator[Target]:
    """The helper is installed, and a user has no other right than its calls."""
    target.call("sh", "-c", "id limited || " + ADD_USER, "sh", USER)
    rules = CliRunner().invoke(cli, ["sudoers", "--user", USER]).output
    with logged_in(target, helper=False) as root:
        install(root)
        assert root.execute(["tee", "/etc/sudoers.d/modbisect"], stdin=rules.encode()).status == 0
        assert root.execute(["chmod", "0440", "/etc/sudoers.d/modbisect"]).status == 0
        root.execute(["rm", "-rf", "/var/lib/modbisect"])  # what the fixture below has brought
    status, said = target.call("visudo", "-c")
    assert (status, "/etc/sudoers.d/modbisect: parsed OK" in said) == (0, True), said
    yield target
    target.sh("rm -f /etc/sudoers.d/modbisect")
    with logged_in(target, helper=False) as root:
        if root.execute(["test", "-e", "/var/lib/modbisect/cur"]).status == 0:
            root.execute([HELPER, "rescue", "force"])
        remove(root)


def test_a_whole_run_with_no_more_rights_than_the_helpers(hardened: Target) -> None:
    before = hardened.kept()
    with logged_in(hardened, USER) as root:
        assert root.helper == HELPER
        assert root.execute(["id", "-u"]).status == 1, "another command runs as root"
        facts = survey(root)
        assert (facts.configtest_ok, facts.guard_state) == (True, "NONE")
        flipped = Configuration(frozenset({"apache-module:asis"}))
        tests = config_tests(root, {"apache-module:asis": plan(facts, discover(facts), flipped)})
        assert tests["apache-module:asis"].ok
        assert sample(root).memory is not None
        guard = Guard(root, RUN)
        held(guard)
        with guard.heartbeat(60, print):
            applied = guard.apply([Step(f"{MODS}/asis.load", "absent")], reap=False)
            assert (applied.verdict, "mod_asis.so" in applied.loaded) == ("ok", False)
            assert guard.sample().memory is not None
            assert guard.status().state == "ARMED"
            assert guard.restore()
        guard.disarm()
        assert guard.status().state == "NONE"
    assert (hardened.kept(), hardened.traces()) == (before, "")


def test_a_killed_controller_costs_nothing_either(hardened: Target) -> None:
    before = hardened.kept()
    gone = threading.Event()
    with logged_in(hardened, USER) as root:
        guard = Guard(root, RUN)
        held(guard)
        heartbeat = guard.heartbeat(60, lambda _: gone.set()).__enter__()
        guard.apply([Step(f"{MODS}/asis.load", "absent")], reap=False)
        heartbeat._link.close()
        wait_until(lambda: hardened.state() == "NONE", 20, hardened.state)
        with pytest.raises(Fenced):
            guard.apply([], reap=False)
        with pytest.raises(Fenced):
            guard.restore()
        assert guard.status().rolled_back == RUN
        heartbeat.stop()
    assert (hardened.kept(), hardened.traces()) == (before, "")


def test_the_verbs_that_install_and_remove_it(target: Target, tmp_path: Path) -> None:
    before = target.files("/usr/local", "/etc")
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(lab.inventory())
    for verb, there in (("install", 0), ("install", 0), ("remove", 1), ("remove", 1)):
        done = CliRunner().invoke(cli, ["guard", verb, target.host.name, "-i", str(inventory)])
        assert done.exit_code == 0, done.output
        assert HELPER in done.output
        assert target.call("test", "-x", HELPER)[0] == there
    changed = {line.split("\t")[0] for line in target.files("/usr/local", "/etc") ^ before}
    assert changed == {"/usr/local/sbin"}, "more than a folder's time is another"


def test_the_other_way_in_sees_the_same_guard(hardened: Target) -> None:
    """A run of the one mode holds the host against the other, and each can put back what the other has left."""
    with logged_in(hardened, USER) as root, logged_in(hardened, helper=False) as full:
        held(Guard(root, RUN))
        with pytest.raises(Refused, match="held: somebody@controller"):
            held(Guard(full, OTHER))
        assert Guard(full, OTHER).status().run == RUN
        assert Guard(full, OTHER).rescue(force=True) == "restored"
        held(Guard(full, OTHER))
        with pytest.raises(Refused, match="held: somebody@controller"):
            held(Guard(root, RUN))
        assert Guard(root, "").rescue(force=True) == "restored"
        for verb in (install, remove):
            held(Guard(full, OTHER))
            with pytest.raises(Refused, match="a run is open"):
                verb(full)
            Guard(full, "").rescue(force=True)


OTHER_CALLS: tuple[tuple[str, ...], ...] = (
    ("/bin/sh", "-c", "id"),
    ("id",),
    (HELPER,),
    (HELPER, "tick"),
    (HELPER, "boot"),
    (HELPER, "snap", RUN),
    (HELPER, "apply", RUN),
    (HELPER, "status", "x"),
    (HELPER, "status", ""),
    (HELPER, "restore", "../../etc"),
    (HELPER, "restore", f"{RUN}\nid"),
    (HELPER, "restore", f"{RUN} more"),
    (HELPER, "restore", RUN, "more"),
    (HELPER, "restore", RUN.upper()),
    (HELPER, "hold", RUN, "0"),
    (HELPER, "hold", RUN, "10000"),
    (HELPER, "hold", RUN, "1,0"),
    (HELPER, "rescue", "please"),
    (HELPER, "confirm"),
    (HELPER, "bounded", "tick"),
    (HELPER, "cure", RUN, "0"),
    ("PATH=/home/limited", HELPER, "status"),
    ("-u", "www-data", HELPER, "status"),
    (f"{HELPER}/../modbisect-guard", "status"),
)


def test_sudo_denies_every_other_call(hardened: Target) -> None:
    link = ssh.connect(hardened.host.name, settings(hardened, USER))
    try:
        for argv in OTHER_CALLS:
            done = link.execute(["sudo", "-n", *argv])
            assert done.status == 1, (argv, done.text)
            assert "sudo:" in done.complaint, (argv, done.complaint)
            assert hardened.state() == "NONE", argv
    finally:
        link.close()


def test_the_limited_user_learns_nothing_by_it(hardened: Target) -> None:
    """What is tested on a copy, or linked, is only what the host has to choose from."""
    link = ssh.connect(hardened.host.name, settings(hardened, USER))
    lines = (
        f"a\t{MODS}/x.load=/etc/shadow",
        f"b\t{MODS}/../../../../etc/hostname",
        f"c\t{MODS}/x.load=../mods-available/../../shadow",
        "d\t/etc/passwd",
        "e;id\t" + f"{MODS}/asis.load",
        f"f\t{MODS}/asis.load",
    )
    try:
        done = link.execute(["sudo", "-n", HELPER, "scratch"], stdin="".join(f"{line}\n" for line in lines).encode())
    finally:
        link.close()
    assert [line.split("\t")[0] for line in done.text.splitlines()] == ["f"], done.text


def test_a_helper_of_another_version_is_refused_and_brought_up_to_date(hardened: Target) -> None:
    hardened.sh(f"echo '# older' >>{HELPER}")
    for user in (USER, "ops"):
        link = ssh.connect(hardened.host.name, settings(hardened, user))
        with pytest.raises(Refused, match="of another version") as caught:
            find_privilege(link)
        link.close()
        assert "modbisect guard install" in caught.value.advice
    with logged_in(hardened, helper=False) as root:
        assert install(root) == digest()
    with logged_in(hardened, USER) as root:
        assert root.helper


def test_a_helper_without_its_sudoers_file_says_what_is_missing(hardened: Target) -> None:
    hardened.sh("rm /etc/sudoers.d/modbisect")
    link = ssh.connect(hardened.host.name, settings(hardened, USER))
    with pytest.raises(Refused, match="no root rights") as caught:
        find_privilege(link)
    link.close()
    assert "modbisect sudoers" in caught.value.advice


@pytest.mark.parametrize(
    ("plant", "back"),
    [
        ("chmod g+w /usr/local/sbin", "chmod g-w /usr/local/sbin"),
        ("chown ops /usr/local", "chown root /usr/local"),
        (
            "mv /usr/local/sbin /root/sbin; ln -s /root/sbin /usr/local/sbin",
            "rm /usr/local/sbin; mv /root/sbin /usr/local/sbin",
        ),
    ],
    ids=["writable by a group", "somebody's", "a link"],
)
def test_where_others_could_replace_it_nothing_is_installed(target: Target, plant: str, back: str) -> None:
    target.sh(plant)
    try:
        with logged_in(target, helper=False) as root, pytest.raises(Refused, match="written by others"):
            install(root)
        assert target.call("test", "-e", HELPER)[0] == 1
    finally:
        target.sh(back)


def test_a_link_in_its_place_is_replaced_not_followed(target: Target) -> None:
    target.sh(f"echo mine >/root/mine; ln -s /root/mine {HELPER}")
    with logged_in(target, helper=False) as root:
        install(root)
        assert target.sh(f"cat /root/mine; stat -c '%F %u %a' {HELPER}") == "mine\nregular file 0 755\n"
        remove(root)
    assert target.sh("rm /root/mine; ls -A /usr/local/sbin") == ""


@pytest.mark.parametrize("user", ["", "ALL", "a b", "a\nb ALL=(ALL) ALL", "x,y", "#0", "%", "-u", "a=b"])
def test_sudoers_takes_no_name_that_says_more(user: str) -> None:
    with pytest.raises(UsageError):
        sudoers(user)


def test_a_cure_is_kept_for_good_only_by_those_whom_sudoers_lets() -> None:
    assert "^confirm$" not in sudoers(USER)
    assert "^confirm$" in sudoers(USER, lasting=True)
