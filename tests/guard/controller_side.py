"""The controller's side of the guard, over real SSH to a lab host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from guard.lab_target import Target
from modbisect.host import ssh
from modbisect.host.guard import Guard
from modbisect.host.privilege import RootLink, find_privilege
from modbisect.host.sshconfig import SshSettings

WRITE_SET = ("mods-enabled", "conf-enabled", "sites-enabled")
FOLDERS = (*(f"/etc/apache2/{name}" for name in WRITE_SET), "/etc/php/8.2/apache2/conf.d")
UNITS = ("apache2.service",)


def settings(target: Target, user: str = "ops") -> SshSettings:
    host = target.host
    return SshSettings(host.address, 22, user, (str(host.key),), (str(host.known_hosts),), identities_only=True)


@contextmanager
def logged_in(target: Target, user: str = "ops", *, helper: bool = True) -> Iterator[RootLink]:
    """A link with root rights, as a run has one."""
    link = ssh.connect(target.host.name, settings(target, user))
    try:
        yield RootLink(link, find_privilege(link, helper=helper))
    finally:
        link.close()


def held(guard: Guard, lease: int = 60) -> None:
    guard.hold("somebody@controller process 1", FOLDERS, UNITS, lease)
