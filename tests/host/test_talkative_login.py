"""An account whose start-up files print text: none of it is taken for an answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_fixtures import LabHostFactory
from modbisect import lab
from modbisect.host import ssh
from modbisect.host.guard import Guard
from modbisect.host.link import Result
from modbisect.host.privilege import RootLink, find_privilege
from modbisect.host.sshconfig import SshSettings
from modbisect.run.conduct import new_run

pytestmark = pytest.mark.lab

TALK = "echo Welcome to web1; echo 0; printf 'beware: ' >&2; printf 'no end of line'"


@pytest.fixture(scope="module", params=["bash", "dash"])
def link(lab_host: LabHostFactory, request: pytest.FixtureRequest) -> Iterator[ssh.SshLink]:
    """Bash reads ~/.bashrc for every command of ssh; what sshd itself runs first talks to any shell's user."""
    host = lab_host(setup=("shop",))
    where = ".bashrc" if request.param == "bash" else ".ssh/rc"
    script = f"usermod -s /bin/{request.param} ops; printf '%s\\n' \"$1\" >~ops/{where}; chown ops: ~ops/{where}"
    lab.execute(host.name, ["sh", "-c", script.replace("~ops", "/home/ops"), "sh", TALK])
    settings = SshSettings(host.address, 22, "ops", (str(host.key),), (str(host.known_hosts),), identities_only=True)
    link = ssh.connect(host.name, settings)
    yield link
    link.close()


def test_a_commands_own_output_is_told_apart(link: ssh.SshLink) -> None:
    assert link.execute(["sh", "-c", "echo out; echo err >&2; exit 3"]) == Result(3, b"out\n", b"err\n")


def test_a_conversation_begins_with_the_commands_own_words(link: ssh.SshLink) -> None:
    stream = link.stream(["cat"])
    assert [stream.ask("one", 10), stream.ask("two", 10)] == ["one", "two"]
    stream.close()


def test_root_is_found_and_a_host_is_held(link: ssh.SshLink) -> None:
    privilege = find_privilege(link)
    assert privilege.prefix == ("sudo", "-n", "--")
    guard = Guard(RootLink(link, privilege), new_run())
    guard.hold("test", ["/etc/apache2/mods-enabled"], ["apache2.service"], 60)
    with guard.heartbeat(60, lambda _: None):
        guard.restore()
        guard.disarm()
    assert guard.status().state == "NONE"
