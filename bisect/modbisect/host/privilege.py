"""Root on the host: sudo that never prompts by surprise, its password never in an argv or environment."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from modbisect.errors import Refused
from modbisect.host.link import DEFAULT_CAP, Link, Result, Stream


@dataclass(frozen=True, slots=True)
class Privilege:
    """How to become root."""

    prefix: tuple[str, ...]
    password: bytes = b""
    """Goes first on standard input when sudo asks for it."""


def find_privilege(link: Link, *, password: Callable[[], str] | None = None) -> Privilege:
    """Find out how to run commands as root, without changing anything.

    Raises:
        Refused: sudo is missing, wants a password that nobody gave, or denies the right.
    """
    if link.execute(["id", "-u"]).out.strip() == b"0":
        return Privilege(())
    unattended = ("sudo", "-n", "--")
    tried = link.execute([*unattended, "id", "-u"])
    if tried.status == 0 and tried.out.strip() == b"0":
        return Privilege(unattended)
    complaint = tried.complaint.splitlines()[0] if tried.complaint else f"sudo ended with {tried.status}"
    if password is not None and tried.status != 127:  # noqa: PLR2004  # the shell's "not found"
        # -k: a cached credential would leave the password line for the command to read.
        asking = Privilege(("sudo", "-k", "-S", "-p", "", "--"), password().encode() + b"\n")
        tried = link.execute([*asking.prefix, "id", "-u"], stdin=asking.password)
        if tried.status == 0 and tried.out.strip() == b"0":
            return asking
        complaint = "sudo does not accept the password, or denies the right"
    raise Refused(
        f"no root rights: {complaint}",
        host=link.name,
        state="nothing was changed",
        advice="allow sudo for this user, or give its password by modbisect_become_password or --ask-become-pass",
    )


class RootLink:
    """A link whose commands run as root."""

    def __init__(self, link: Link, privilege: Privilege) -> None:
        self.link = link
        self.name = link.name
        self._privilege = privilege

    def execute(
        self, argv: Sequence[str], *, stdin: bytes = b"", deadline: float = 30.0, cap: int = DEFAULT_CAP
    ) -> Result:
        """See `Link.execute`."""
        return self.link.execute(
            [*self._privilege.prefix, *argv],
            stdin=self._privilege.password + stdin,
            deadline=deadline,
            cap=cap,
        )

    def script(self, text: str, *, data: str = "", deadline: float = 60.0, cap: int = 4 * DEFAULT_CAP) -> Result:
        """Run a shell script that only reads; it travels on standard input and is stored nowhere.

        ``data`` is the script's standard input; it travels behind the script as a quoted here-document, since a
        shell reads its own script in blocks and would swallow what follows.
        """
        end = secrets.token_hex(12)
        whole = f"main() {{\n{text}\n}}\nmain <<'{end}'\n{data}\n{end}\n"
        return self.execute(["/bin/sh", "-s"], stdin=whole.encode(), deadline=deadline, cap=cap)

    def stream(self, argv: Sequence[str]) -> Stream:
        """See `Link.stream`."""
        stream = self.link.stream([*self._privilege.prefix, *argv])
        if self._privilege.password:
            return _WithPassword(stream, self._privilege.password.decode().rstrip("\n"))
        return stream

    def sibling(self) -> RootLink:
        """See `Link.sibling`."""
        return RootLink(self.link.sibling(), self._privilege)

    def close(self) -> None:
        """See `Link.close`."""
        self.link.close()


class _WithPassword:
    def __init__(self, stream: Stream, password: str) -> None:
        self._stream = stream
        self._first = password + "\n"

    def ask(self, line: str, deadline: float) -> str:
        first, self._first = self._first, ""
        return self._stream.ask(first + line, deadline)

    def close(self) -> None:
        self._stream.close()
