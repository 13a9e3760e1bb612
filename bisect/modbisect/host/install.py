"""The installed helper: the one command that a least-privilege sudoers file names."""

from __future__ import annotations

import re

from modbisect.errors import NotRestored, Refused, UsageError
from modbisect.host.helper import HELPER, digest, script
from modbisect.host.link import Result
from modbisect.host.privilege import RootLink

# Only root may write the folder and those above it, or somebody else could put his own script there.
_CHECK = """
umask 022
d=/usr/local/sbin
[ ! -e /var/lib/modbisect/cur ] || { echo "a run is open on this host" >&2; exit 75; }
bad=$(stat -c '%n %u %A' / /usr /usr/local "$d" | awk '$2 != 0 || $3 !~ /^d....[^w]..[^w]/ {print $1; exit}')
[ -z "$bad" ] || { echo "$bad can be written by others than root" >&2; exit 77; }
"""
_INSTALL = f"""{_CHECK}
[ -d "$d" ] || {{ echo "$d is missing" >&2; exit 77; }}
t=$(mktemp "$d/.modbisect.XXXXXX") || exit 73
trap 'rm -f "$t"' EXIT
trap 'exit 73' HUP INT TERM
cat >"$t" || exit 73
echo "$1  $t" | sha256sum -c --status || {{ echo "the helper arrived damaged" >&2; exit 73; }}
chown root:root "$t" && chmod 0755 "$t" && mv -fT "$t" {HELPER} && sync {HELPER} "$d"
"""
_REMOVE = f"{_CHECK}rm -f {HELPER} && sync /usr/local/sbin"
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}|%[a-z_][a-z0-9_-]{0,31}")
_RUN = "[0-9a-f]{32}"
_CALLS = (  # sudo's regular expressions: whole arguments, and a comma is escaped
    "^(status|survey|scratch|look|sample|rescue|rescue force|rescue accept)$",
    f"^(serve|restore|disarm) {_RUN}$",
    f"^(hold|keep) {_RUN} [1-9][0-9]{{0\\,3}}$",
    f"^cure {_RUN} [1-9][0-9]{{1\\,4}}$",
)
_LASTING = "^confirm$"


def install(root: RootLink) -> str:
    """Put the helper on the host, checked by its digest, where only root can change it; returns the digest.

    Args:
        root: with full rights; see `find_privilege`'s ``helper``.

    Raises:
        Refused: a run is open there, the folder is open to others, or there is no room; nothing was changed.
    """
    done = root.execute(["/bin/sh", "-c", _INSTALL, "install", digest()], stdin=script())
    _check(root, done, "the helper cannot be installed")
    return digest()


def remove(root: RootLink) -> None:
    """Take the helper away.

    Raises:
        Refused: a run is open there; nothing was changed.
    """
    _check(root, root.execute(["/bin/sh", "-c", _REMOVE, "remove"]), "the helper cannot be removed")
    if root.link.execute(["test", "-e", HELPER]).status == 0:
        raise NotRestored(f"{HELPER} is still there", host=root.name, advice="remove it by hand")


def sudoers(user: str, *, lasting: bool = False) -> str:
    """The sudoers file that lets a user run the helper's verbs as root, and nothing else (sudo 1.9.10 or later).

    Args:
        user: a name, or ``%group``.
        lasting: whether what the user does may stay as well: ``modbisect keep`` makes a cure last.

    Raises:
        UsageError: the user's name is unusual.
    """
    if not _USER.fullmatch(user):
        raise UsageError(
            f"{user!r} is no user's name that sudoers can take as it stands", advice="name one with --user"
        )
    calls = (*_CALLS, _LASTING) if lasting else _CALLS
    commands = ", \\\n    ".join(f"{HELPER} {call}" for call in calls)
    return (
        f"# {user} may let modbisect switch components of this host, and put them back; no other command is root's.\n"
        "# Store as /etc/sudoers.d/modbisect, mode 0440, and check with: visudo -c\n"
        f'Defaults:{user} env_reset, secure_path="/usr/sbin:/usr/bin:/sbin:/bin", !requiretty\n'
        f"Cmnd_Alias MODBISECT = \\\n    {commands}\n"
        f"{user} ALL=(root) NOPASSWD: MODBISECT\n"
    )


def _check(root: RootLink, done: Result, what: str) -> None:
    if done.status != 0:
        raise Refused(
            f"{what}: {done.complaint}",
            host=root.name,
            state="nothing was changed",
            advice="put that right, then try again",
        )
