"""What a person is told to do where no connection comes about."""

from __future__ import annotations

import pytest

from modbisect.errors import Unreachable
from modbisect.host import ssh
from modbisect.host.sshconfig import SshSettings


def test_a_name_that_nothing_knows_may_be_one_of_an_inventory() -> None:
    with pytest.raises(Unreachable, match=r"cannot connect to web1\.invalid port 22") as caught:
        ssh.connect("web1", SshSettings("web1.invalid", 22, "ops"))
    assert caught.value.advice == "name it as DNS or ~/.ssh/config does, or give the inventory that has it with -i"


@pytest.mark.parametrize(
    ("settings", "command"),
    [
        (SshSettings("10.0.0.7", 22, "ops"), "ssh ops@10.0.0.7"),
        (SshSettings("web1", 2222, ""), "ssh -p 2222 web1"),
    ],
)
def test_the_command_to_connect_by_hand_has_the_user_and_the_port(settings: SshSettings, command: str) -> None:
    assert ssh._by_hand(settings) == command
