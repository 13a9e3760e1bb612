"""Inventories that Ansible's own programs read.

They are run with what the user's environment and ``ansible.cfg`` tell them, with an end in time and in bytes, and never
through a shell. What they print may hold secrets: it goes into no file, and none of it into a message but what they say
on standard error.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from modbisect.errors import UsageError
from modbisect.host.link import Deadline
from modbisect.host.local import pump
from modbisect.inventory.forms import Form, form_of
from modbisect.inventory.listed import read_listing
from modbisect.inventory.said import Said, read_said
from modbisect.inventory.values import Inventory
from modbisect.playbook.text import clean

SECONDS = 120.0
"""How long a program may take; one that asks a cloud for its hosts takes a while."""
_CAP = 64 << 20

_SETTINGS = {
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",  # else no more than a warning, and hosts are missing
    "ANSIBLE_VERBOSITY": "3",  # tells by which plugin a source was read
    "ANSIBLE_VERBOSE_TO_STDERR": "1",
    "ANSIBLE_DEBUG": "0",
    "ANSIBLE_DEPRECATION_WARNINGS": "0",
    "ANSIBLE_INVENTORY_EXPORT": "0",  # every host with the variables of its groups
    "ANSIBLE_INJECT_FACT_VARS": "0",  # what a cache knows of hosts is no part of an inventory
    "ANSIBLE_LOG_PATH": os.devnull,  # what is decrypted would be in the log
}
_PASSWORD_FILE = "set ANSIBLE_VAULT_PASSWORD_FILE to the file that has it, or vault_password_file in ansible.cfg"  # noqa: S105


def ask_ansible(path: Path, form: Form, *, where: str = "", seconds: float = SECONDS) -> Inventory:
    """The inventory that ``ansible-inventory`` finds at ``path``.

    A program at ``path``, or in a folder there, is run for it, as the user's who has named it.

    Args:
        path: a file or folder.
        form: what it is.
        where: a better place to name, where Ansible is not there to read it.
        seconds: how long it may take.

    Raises:
        UsageError: it cannot be read, or Ansible is not there.
    """
    name = clean(str(path), limit=500)
    if form is Form.PROGRAM and not os.access(path, os.X_OK):
        raise UsageError(
            f"{name}: is a program to judge by its first line, and may not be executed",
            advice=f"chmod +x {shlex.quote(name)}",
        )
    program = _program("ansible-inventory", f"{where or name}: is {form.value}")
    ended = _run([program, "-i", str(path.absolute()), "--list"], seconds=seconds)
    if ended is None:
        raise UsageError(
            f"{name}: ansible-inventory was stopped: it had not ended within {seconds:g} s and {_CAP >> 20} MiB",
            advice=f"see what {_look(name)} waits for",
        )
    status, out, err = ended
    said = read_said(err)
    if status != 0:
        raise _unread(name, where or name, said, err)
    for source, plugin in said.read_by.items():
        if plugin.rpartition(".")[2] == "ini" and _is_script(Path(source)):
            raise UsageError(
                f"{clean(source, limit=500)}: is a program that has failed or may not be executed, and Ansible has "
                "read its text as an INI file",
                advice="run it with --list, and see what it says",
            )
    try:
        inventory = read_listing(out, lambda text: decrypted(text, seconds=seconds))
    except UsageError as error:
        raise UsageError(f"{name}: {error.what}", advice=error.advice) from error
    notes = tuple(f"ansible-inventory: {note}" for note in (*said.notes, *said.errors))
    if not inventory.hosts and not inventory.refused:
        raise UsageError(
            "\n".join((f"{name}: ansible-inventory finds no host there", *notes)), advice=f"look at {_look(name)}"
        )
    return Inventory(inventory.hosts, inventory.groups, (*notes, *inventory.warnings), inventory.refused)


def decrypted(text: str, *, seconds: float = SECONDS) -> str:
    """The value that ``ansible-vault`` has made ``text`` of, without the end of its line.

    Raises:
        UsageError: there is no password for it, or no ansible-vault.
    """
    what = "a value that is encrypted by ansible-vault"
    ended = _run([_program("ansible-vault", what), "decrypt", "--output=-"], stdin=text, seconds=seconds)
    if ended is None:
        raise UsageError(f"{what} was not decrypted within {seconds:g} s", advice="see what gives its password")
    status, out, err = ended
    plain = out.removesuffix("\n").removesuffix("\r")
    if status == 0 and plain:
        return plain
    if status == 0:
        raise UsageError(f"{what} is empty", advice="encrypt what is meant")
    raise _vault_error(what, err) or UsageError(
        f"{what} cannot be decrypted: {_why(read_said(err))}", advice="mend it until ansible-vault decrypts it"
    )


def _program(name: str, what: str) -> str:
    """The path of one of Ansible's programs: of those beside this Python, else in PATH.

    Raises:
        UsageError: there is none.
    """
    beside = Path(sys.executable).parent / name
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which(name)
    if not found:
        raise UsageError(
            f"{what}, which only {name} reads, and that is neither beside this Python nor in PATH",
            advice="pip install 'modbisect[ansible]'",
        )
    return found


def _run(argv: Sequence[str], *, seconds: float, stdin: str = "") -> tuple[int, str, str] | None:
    """Status, output and complaints of a program; None where it did not end: then it is killed, with its children."""
    environment = {**os.environ, **_SETTINGS}
    if environment.get("LC_ALL") in {"C", "POSIX"}:
        environment["LC_ALL"] = "C.UTF-8"  # with less, Ansible does nothing
    try:
        started = subprocess.Popen(
            argv,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # no terminal, so that nothing waits for what nobody types
        )
    except OSError as error:
        raise UsageError(f"{argv[0]} cannot be started: {error.strerror}", advice="install ansible-core anew") from None
    outcome = None
    with started as process:
        try:
            outcome = pump(process, stdin.encode(), Deadline(seconds), _CAP)
        finally:
            if outcome is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
    if outcome is None:
        return None
    out, err = (part.decode("utf-8", "replace") for part in outcome)
    return process.returncode, out, err


def _unread(name: str, where: str, said: Said, err: str) -> UsageError:
    """What to say of an inventory that Ansible does not read."""
    if vault := _vault_error(f"{clean(said.source, limit=500) or where}: what is encrypted there or beside it", err):
        return vault
    advice = f"mend it until {_look(name)} reads it"
    if not said.source:
        return UsageError(f"{name}: ansible-inventory fails: {_why(said)}", advice=advice)
    form = form_of(Path(said.source))
    plugin = {Form.INI: "ini", Form.PROGRAM: "script", Form.YAML: "yaml"}.get(form, "")
    why = said.failures.get(plugin) or next(iter(said.failures.values()), "there is none")
    if form is Form.VAULT:
        why = "what is wrong is not told, for that may quote what is encrypted"
    source = clean(said.source, limit=500)
    return UsageError(f"{source}: is {form.value}, and Ansible gets no inventory from it: {why}", advice=advice)


def _look(name: str) -> str:
    return f"'ansible-inventory -i {shlex.quote(name)} --list'"


def _why(said: Said) -> str:
    return said.errors[-1] if said.errors else "it does not say why"


def _vault_error(what: str, err: str) -> UsageError | None:
    """The error of a missing or wrong password, where it is that."""
    if "Decryption failed" in err:
        return UsageError(f"{what} is not decrypted by any password that Ansible was given", advice=_PASSWORD_FILE)
    if "no vault secrets found" in err or "Vault password" in err or "vault password prompt" in err:
        return UsageError(f"{what} needs a password of ansible-vault, and none is set", advice=_PASSWORD_FILE)
    return None


def _is_script(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return False
