"""Bad and hostile files and arguments: one clear error each, and no shell. `pytest -s` prints the table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.hostile import RUN_ONE, Commands, check
from modbisect.run.journal import runs_folder

HOME = "probes: {home: {get: /}}\n"
LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join(['*' + old] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
NOWHERE = "127.0.0.1:1"
"""Nobody listens there."""

PLAYBOOKS: list[tuple[str, str | bytes, str]] = [
    ("empty", "", "is empty"),
    ("a list", "- probes\n", "must be a mapping"),
    ("two documents", HOME + "---\n" + HOME, ""),
    ("aliases that unfold to 9^8", LAUGHS, ""),
    ("an alias of itself", "a: &a [*a]\n", ""),
    ("3000 brackets deep", "a: " + "[" * 3000, ""),
    ("10 MB", HOME + "# " + "x" * 10_000_000, ""),
    ("binary", bytes(range(256)) * 40, ""),
    ("UTF-16", HOME.encode("utf-16"), ""),
    ("not UTF-8", b"name: caf\xe9\n" + HOME.encode(), ""),
    ("a tab for a space", "probes:\n\thome: {get: /}\n", "tab"),
    ("a key twice", HOME + HOME, "twice"),
    ("an unknown key", HOME + "symptoms: {}\n", 'did you mean "symptom"?'),
    ("a list where a mapping belongs", "probes: [home]\n", "must be a mapping"),
    ("not a number", HOME + "symptom: {ratio: .nan}\n", ""),
    ("infinity", HOME + "symptom: {ratio: .inf}\n", ""),
    ("negative requests", HOME + "trial: {requests: -1}\n", ""),
    ("a number of 5000 digits", HOME + f"trial: {{requests: {'9' * 5000}}}\n", ""),
    (
        "a file larger than the disk",
        "probes: {home: {post: /, file: {field: f, size: 999999999GiB}}}\n",
        "at most 4GiB",
    ),
    ("a time without end", "probes: {home: {get: /, timeout: 999999999999h}}\n", "at most 720h"),
    ("a raw escape sequence", b"name: \x1b[2Jgone\n" + HOME.encode(), ""),
    ("an escape sequence, escaped", 'name: "\\e]0;owned\\a"\n' + HOME, ""),
    ("text that runs backwards", 'name: "\\u202Egnp.exe"\n' + HOME, ""),
    ("a Python object", f'name: !!python/object/apply:os.system ["{RUN_ONE}"]\n' + HOME, ""),
    ("a shell in a pattern", HOME + f'components: {{include: "$({RUN_ONE})"}}\n', "no kind"),
    ("a shell in a kind", HOME + f'components: {{include: "`{RUN_ONE}`:x"}}\n', "matches no kind"),
    ("a header with a line break", 'probes: {home: {get: /, headers: {X-A: "a\\r\\nX-B: b"}}}\n', "one line"),
    ("a header name with a colon", 'probes: {home: {get: /, headers: {"X-A: b": c}}}\n', "HTTP allows"),
    ("a cookie name with a line break", 'probes: {home: {get: /, cookies: {"a\\nb": c}}}\n', "HTTP allows"),
    ("a header with NUL", 'probes: {home: {get: /, headers: {X-A: "a\\0b"}}}\n', ""),
    ("a password in a URL", 'probes: {home: {get: "http://bob:pw@web1/"}}\n', "must not hold a user"),
    ("a URL of a file", "probes: {home: {get: file:///etc/passwd}}\n", "must begin with"),
    ("a URL with a line break", 'probes: {home: {get: "/a\\nb"}}\n', "ASCII without spaces"),
    ("a path that is a host", "probes: {home: {get: //evil.example}}\n", 'begin with one "/"'),
    ("a broken regular expression", 'probes: {home: {get: /, expect: {matches: "("}}}\n', "regular expression"),
    (
        "a secret in the file",
        "probes: {home: {get: /, auth: {user: a, secret: hunter2}}}\n",
        "must not stand in a file",
    ),
    ("a secret that is not set", "probes: {home: {get: /, auth: {user: a, secret: env:NO_SUCH}}}\n", "not set"),
    ("a secret without end", "probes: {home: {get: /, auth: {user: a, secret: file:/dev/zero}}}\n", "larger than"),
    ("a window that is none", HOME + "window: always\n", "no maintenance window"),
    ("a zone out of the tree", HOME + 'window: "22:00-06:00 ../../etc/passwd"\n', "no maintenance window"),
]


@pytest.mark.parametrize(("what", "text", "says"), PLAYBOOKS, ids=[what for what, _, _ in PLAYBOOKS])
def test_a_playbook(command: Commands, what: str, text: str | bytes, says: str) -> None:
    Path("book.yml").write_bytes(text if isinstance(text, bytes) else text.encode())
    check(f"playbook: {what}", command("probe", "book.yml", NOWHERE), 2, says)


@pytest.mark.parametrize("path", ["none.yml", "/dev/zero", "/", "/dev/null", "no\x1b[2J.yml", f"$({RUN_ONE})"])
def test_a_file_that_is_no_playbook(command: Commands, path: str) -> None:
    check(f"playbook: {path}", command("run", path, "web1"), 2)


def test_a_shell_in_the_name_of_a_pattern_reaches_the_connection_only(command: Commands) -> None:
    Path("book.yml").write_text(HOME + f'components: {{include: ["php-module:$({RUN_ONE})", "*:;{RUN_ONE};"]}}\n')
    check("playbook: a shell behind a kind", command("run", "book.yml", NOWHERE), 4, "port 1")


def vars_of(text: str) -> str:
    return f"all: {{hosts: {{web1: {{{text}}}}}}}\n"


def hours_away() -> str:
    now = datetime.now(UTC)
    return f"{now + timedelta(hours=2):%H:%M}-{now + timedelta(hours=3):%H:%M} UTC"


INVENTORIES: list[tuple[str, str, int, str]] = [
    ("an option of ssh as a name", f'all: {{hosts: {{"-oProxyCommand={RUN_ONE}": {{}}}}}}\n', 2, "no host name"),
    ("a line break in a name", 'all: {hosts: {"web1\\nweb2": {}}}\n', 2, "no host name"),
    ("a space in a name", 'all: {hosts: {"web 1": {}}}\n', 2, "no host name"),
    ("a shell in a name", f'all: {{hosts: {{"$({RUN_ONE})": {{}}}}}}\n', 2, "no host name"),
    ("a name of 5000 letters", f"all: {{hosts: {{{'w' * 5000}: {{}}}}}}\n", 2, ""),
    ("a range of 10^8 hosts", 'all: {hosts: {"web[1:99999999]": {}}}\n', 2, ""),
    ("groups in a circle", "a: {children: {b: {children: {a: }}}}\n", 2, "circle"),
    ("a plugin that is not there", f"plugin: no.such.plugin;{RUN_ONE}\n", 2, "unknown plugin"),
    ("a shell in an INI file", f"[web]\nweb1 ansible_host='10.0.0.1;{RUN_ONE}'\n", 2, "no host name"),
    ("a shell in an address", vars_of(f'ansible_host: "10.0.0.1;{RUN_ONE}"'), 2, "no host name"),
    ("an option as a user", vars_of(f'ansible_user: "-oProxyCommand={RUN_ONE}"'), 2, "no user name"),
    ("a port out of range", vars_of("ansible_port: 70000"), 2, "65535"),
    ("options of ssh", vars_of(f'ansible_ssh_common_args: "-oProxyCommand={RUN_ONE}"'), 2, "not read here"),
    ("a template", vars_of(f"ansible_host: \"{{{{ lookup('pipe', '{RUN_ONE}') }}}}\""), 2, "not rendered"),
    ("a vaulted value that is none", vars_of("ansible_user: !vault x"), 2, "none is set"),
    ("an unknown role", vars_of("modbisect_role: prod"), 2, '"production"'),
    ("another scheme as a site", vars_of('modbisect_base_url: "javascript:alert(1)"'), 2, "not the URL of a site"),
    ("a password in clear", vars_of("modbisect_become_password: hunter2"), 2, "must not stand in a file"),
    ("a key that is not there", vars_of("ansible_ssh_private_key_file: /no/such/key"), 2, "is not there"),
    ("a window that is closed", vars_of(f'modbisect_window: "{hours_away()}"'), 4, "it opens at 20"),
]


@pytest.mark.parametrize(("what", "text", "code", "says"), INVENTORIES, ids=[case[0] for case in INVENTORIES])
def test_an_inventory(command: Commands, what: str, text: str, code: int, says: str) -> None:
    Path("book.yml").write_text(HOME)
    Path("hosts.yml").write_text(text)
    check(f"inventory: {what}", command("run", "book.yml", "web1", "-i", "hosts.yml"), code, says)


HOSTS = [
    f"-oProxyCommand={RUN_ONE}",
    f"web1;{RUN_ONE}",
    f"$({RUN_ONE})",
    "web 1",
    "web1\n",
    f"-l{RUN_ONE}@web1",
    f"x -oProxyCommand={RUN_ONE}@web1",
    "web1:99999",
    "web1:0",
    "[::1",
    "../../etc/passwd",
    "\x1b[2Jweb1",
    "w" * 5000,
    "",
]


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_on_the_command_line(command: Commands, host: str) -> None:
    Path("book.yml").write_text(HOME)
    check(f"host: {host}", command("run", "book.yml", "--", host), 2)


OPTIONS = [
    ("--lease", "1"),
    ("--seed", "x"),
    ("-o", "pdf=x"),
    ("-o", "json=/no/such/folder/x"),
    ("-i", "/dev/zero"),
    ("-i", "/no/such/file"),
    ("-l", "~("),
    ("--no-restore",),
]


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_options(command: Commands, options: tuple[str, ...]) -> None:
    Path("book.yml").write_text(HOME)
    check(f"option: {' '.join(options)}", command("run", "book.yml", "web1", *options), 2)


@pytest.mark.parametrize("run", ["../../../etc", f"$({RUN_ONE})", "\x1b[2J", "*", "f" * 5000, "last"])
@pytest.mark.parametrize("verb", ["report", "resume"])
def test_a_run_that_there_is_not(command: Commands, verb: str, run: str) -> None:
    if run != "last":
        folder = runs_folder() / ("a" * 32)
        folder.mkdir(parents=True)
        (folder / "journal.jsonl").touch()
    check(f"{verb}: {run}", command(verb, "--", run), 2)


BEGAN = (
    '{"at":"x","type":"began","run":"%s","host":"h","playbook":"p","started":"","version":"0","seed":1}\n' % ("a" * 32)
).encode()
JOURNALS: list[tuple[str, bytes]] = [
    ("empty", b""),
    ("cut short in its first line", BEGAN[:40]),
    ("cut short in its second line", BEGAN + BEGAN[:40]),
    ("damaged in the middle", BEGAN + BEGAN[:40] + b"\n" + BEGAN),
    ("binary", bytes(range(256)) * 100),
    ("of another program", b'{"level": "info", "msg": "hello"}\n' * 3),
    ("a list a line", b"[]\n[]\n"),
    ("null", b"null\n"),
    ("an event that is none", b'{"type": "owned"}\n'),
    ("100,000 brackets deep", b"[" * 100_000 + b"\n"),
    ("a line of 20 MB", b'{"type": "stage", "what": "' + b"x" * 20_000_000 + b'"}\n'),
    ("a number of 5000 digits", b'{"type": "began", "seed": ' + b"9" * 5000 + b"}\n"),
    ("steering a terminal", BEGAN.replace(b'"h"', b'"\\u001b]0;owned\\u0007\\u202e"')),
]


@pytest.mark.parametrize("verb", ["report", "resume"])
@pytest.mark.parametrize(("what", "data"), JOURNALS, ids=[what for what, _ in JOURNALS])
def test_a_journal(command: Commands, verb: str, what: str, data: bytes) -> None:
    path = runs_folder() / ("a" * 32) / "journal.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    check(f"journal, {verb}: {what}", command(verb, "last"), 2)
    assert path.read_bytes() == data
