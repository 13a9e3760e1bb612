"""Whoever logs in is told that the host is held, and above all that it could not be put back."""

from __future__ import annotations

import time
from collections.abc import Iterator

import paramiko
import pytest

from guard.lab_target import Target, wait_until
from guard.test_guard_verbs import CONF, DEVIATIONS, DIFFERS, RUN, apply, hold
from modbisect import lab

MINE = f"{CONF}/mine.conf"
HELD_WORDS = f"modbisect is switching components of this host's web server: run {RUN} of somebody@controller"
FAILED_WORDS = f"modbisect could NOT put this host back as it was found: edited by somebody else: {MINE}"

pytestmark = pytest.mark.lab


@pytest.fixture
def greeting(target: Target) -> Iterator[Target]:
    """As Debian has it: the lab's own hosts do without."""
    line = "session optional pam_motd.so motd=/run/motd.dynamic\nsession optional pam_motd.so noupdate\n"
    target.sh(f"cp -a /etc/pam.d/sshd /root/pam; printf '{line}' >>/etc/pam.d/sshd")
    yield target
    target.sh("cp -a /root/pam /etc/pam.d/sshd; rm /root/pam")


def seen_at_login(target: Target) -> str:
    """What a person sees until the shell's prompt."""
    client = paramiko.SSHClient()
    client.load_host_keys(str(target.host.known_hosts))
    client.connect(target.host.address, username="ops", key_filename=str(target.host.key), look_for_keys=False)
    try:
        shell = client.invoke_shell()
        shell.settimeout(10)
        seen, until = "", time.monotonic() + 10
        while not seen.rstrip().endswith("$") and time.monotonic() < until:
            seen += shell.recv(65536).decode()
        return seen
    finally:
        client.close()


def test_a_held_host_says_so_until_it_is_let_go(greeting: Target) -> None:
    before = greeting.files("/etc", "/var/lib/apache2")
    assert "modbisect" not in seen_at_login(greeting).replace("modbisect-lab", "")
    hold(greeting)
    assert HELD_WORDS in seen_at_login(greeting)
    assert greeting.guard("restore", RUN)[0] == 0
    assert greeting.guard("disarm", RUN)[0] == 0
    assert "modbisect is" not in seen_at_login(greeting)
    assert (greeting.files("/etc", "/var/lib/apache2"), greeting.traces()) == (before, "")


def test_a_failed_restore_says_so_also_after_a_reboot_until_it_is_cured(greeting: Target) -> None:
    before = greeting.kept()
    hold(greeting)
    assert apply(greeting, *DEVIATIONS)[0] == 0
    greeting.sh(f"echo '# mine' >{MINE}")
    assert greeting.guard("restore", RUN)[0] == DIFFERS
    said = seen_at_login(greeting)
    assert FAILED_WORDS in said
    assert HELD_WORDS not in said, "both notes are shown"
    greeting.sh("sync")
    lab.kill(greeting.host.name)
    # Before anything of ours runs again, the note is on the disk.
    assert FAILED_WORDS in (greeting.host.disk / "etc/motd.d/modbisect").read_text()
    lab.boot(greeting.host.name)
    assert FAILED_WORDS in seen_at_login(greeting)
    greeting.sh(f"rm {MINE}")
    wait_until(lambda: not greeting.traces(), 20, greeting.traces)
    assert "modbisect could" not in seen_at_login(greeting)
    assert greeting.kept() == before


def test_folders_that_are_there_already_stay_with_what_others_say(greeting: Target) -> None:
    greeting.sh("mkdir -p /run/motd.d /etc/motd.d; echo theirs >/etc/motd.d/10-theirs")
    before = greeting.files("/etc")
    hold(greeting)
    assert "theirs" in seen_at_login(greeting)
    assert HELD_WORDS in seen_at_login(greeting)
    greeting.guard("restore", RUN)
    greeting.guard("disarm", RUN)
    assert greeting.files("/etc") == before
    assert greeting.sh("ls /etc/motd.d /run/motd.d; rm -r /etc/motd.d /run/motd.d").split() == [
        "/etc/motd.d:",
        "10-theirs",
        "/run/motd.d:",
    ]


def test_a_planted_folder_is_not_written_to(target: Target) -> None:
    target.sh("install -d -o ops /home/ops/plant; ln -s /home/ops/plant /run/motd.d")
    hold(target)
    assert target.sh("ls -A /home/ops/plant") == ""
    target.sh("rm /run/motd.d; rmdir /home/ops/plant")
    target.guard("restore", RUN)
    target.guard("disarm", RUN)


def test_further_tries_come_ever_later_and_each_is_in_the_log(target: Target) -> None:
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    target.sh(f"echo '# mine' >{MINE}")
    waits = []
    for _ in range(5):
        assert target.guard("rescue", "force")[0] == DIFFERS
        waits.append(int(target.sh("cut -d ' ' -f 2 /run/modbisect/retry")))
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) in ((10, 60), (20, 60))
    log = target.sh("journalctl -q -p crit -t modbisect -o cat")
    assert f"restore failed, next try in 60 s: edited by somebody else: {MINE}" in log
    target.sh(f"rm {MINE}")
    target.guard("rescue", "force")  # the next try by itself may be a minute away
    wait_until(lambda: not target.traces(), 60, target.traces)
