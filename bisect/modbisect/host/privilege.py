"""Root on the host: sudo that never prompts by surprise, its password never in an argv or environment."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from modbisect.errors import Refused
from modbisect.host.helper import GUARD, HELPER, digest
from modbisect.host.link import DEFAULT_CAP, Link, Result, Stream


@dataclass(frozen=True, slots=True)
class Privilege:
    """How to become root."""

    prefix: tuple[str, ...]
    password: bytes = b""
    """Goes first on standard input when sudo asks for it."""
    helper: bool = False
    """The host's owner has installed the helper: nothing but its verbs is run as root."""


def find_privilege(link: Link, *, password: Callable[[], str] | None = None, helper: bool = True) -> Privilege:
    """Find out how to run commands as root, without changing anything.

    Args:
        link: the host.
        password: asks for sudo's; None where nobody can be asked.
        helper: whether the installed helper is used where there is one.

    Raises:
        Refused: sudo is missing, wants a password that nobody gave, or denies the right; or the host's helper is of
            another version.
    """
    if link.execute(["id", "-u"]).out.strip() == b"0":
        return Privilege(())
    installed = helper and _has_helper(link)
    probe, answer = ([HELPER, "status"], b"state ") if installed else (["id", "-u"], b"0")
    unattended = ("sudo", "-n", "--")
    tried = link.execute([*unattended, *probe])
    if tried.status == 0 and tried.out.startswith(answer):
        return Privilege(unattended, helper=installed)
    complaint = tried.complaint.splitlines()[0] if tried.complaint else f"sudo ended with {tried.status}"
    if password is not None and tried.status != 127:  # noqa: PLR2004  # the shell's "not found"
        # -k: a cached credential would leave the password line for the command to read.
        asking = Privilege(("sudo", "-k", "-S", "-p", "", "--"), password().encode() + b"\n", installed)
        tried = link.execute([*asking.prefix, *probe], stdin=asking.password)
        if tried.status == 0 and tried.out.startswith(answer):
            return asking
        complaint = "sudo does not accept the password, or denies the right"
    raise Refused(
        f"no root rights: {complaint}",
        host=link.name,
        state="nothing was changed",
        advice=f"let this user run {HELPER} by sudo, as 'modbisect sudoers' prints it"
        if installed
        else "allow sudo for this user, or give its password by modbisect_become_password or --ask-become-pass",
    )


def _has_helper(link: Link) -> bool:
    """Whether our very helper is installed; anybody may read it.

    Raises:
        Refused: it is another one.
    """
    done = link.execute(["sha256sum", "--", HELPER])
    if done.status != 0:
        return False
    if done.text.split()[:1] == [digest()]:
        return True
    raise Refused(
        f"{HELPER} on the host is of another version than this modbisect",
        host=link.name,
        state="nothing was changed",
        advice=f"'modbisect guard install {link.name}' brings this one; 'modbisect guard remove {link.name}' does "
        "without; both need full sudo",
    )


class RootLink:
    """A link whose commands run as root; with a helper, only its verbs do."""

    def __init__(self, link: Link, privilege: Privilege) -> None:
        self.link = link
        self.name = link.name
        self._privilege = privilege
        self.helper = HELPER if privilege.helper else ""
        """The path of the installed helper; empty where everything is brought along."""

    @property
    def guard(self) -> tuple[str, ...]:
        """What to call for the guard's verbs; where it lies nothing needs to be executable (``noexec``)."""
        return (self.helper,) if self.helper else ("/bin/sh", GUARD)

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

    def script(
        self, verb: str, text: str, *, data: str = "", deadline: float = 60.0, cap: int = 4 * DEFAULT_CAP
    ) -> Result:
        """Run a shell script that only reads; it travels on standard input and is stored nowhere.

        ``data`` is the script's standard input; it travels behind the script as a quoted here-document, since a
        shell reads its own script in blocks and would swallow what follows. An installed helper has the script
        already, as its ``verb``.
        """
        if self.helper:
            return self.execute([self.helper, verb], stdin=f"{data}\n".encode(), deadline=deadline, cap=cap)
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
