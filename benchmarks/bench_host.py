"""The lab host of a benchmark: booted for it, with a connection of an operator, and taken down again."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from modbisect import lab
from modbisect.errors import ModbisectError
from modbisect.host import ssh
from modbisect.host.privilege import RootLink, find_privilege
from modbisect.host.sshconfig import SshSettings


def rounds(description: str | None, *, usually: int) -> int:
    """How often each thing is measured: the benchmark's one argument."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=usually, help=f"times that each is measured ({usually})")
    return int(parser.parse_args().rounds)


@contextmanager
def shop(more: Sequence[str] = ()) -> Iterator[tuple[lab.LabHost, RootLink]]:
    """A host with the shop's site, and more setups behind it.

    Raises:
        SystemExit: what modbisect or the lab cannot do, in one sentence.
    """
    name = f"bench-{os.getpid()}"
    try:
        host = lab.up(name, [lab.SETUPS / f"{setup}.sh" for setup in ("shop", *more)])
        try:
            settings = SshSettings(
                hostname=host.address,
                port=22,
                user="ops",
                identity_files=(str(host.key),),
                known_hosts=(str(host.known_hosts),),
            )
            with closing(ssh.connect(host.name, settings)) as link:
                yield host, RootLink(link, find_privilege(link))
        finally:
            lab.down(name)
    except (ModbisectError, lab.LabError) as error:
        raise SystemExit(str(error)) from error


def inside(host: lab.LabHost, script: str, *argv: str, data: bytes | None = None) -> str:
    """Run a script as root on the lab host, past the network."""
    done = lab.execute(host.name, ["bash", "-c", script, "bash", *argv], input=data)
    if done.returncode != 0:
        raise SystemExit(f"{script} failed on {host.name}: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode()
