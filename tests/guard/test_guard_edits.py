"""Files of the host that are edited for a trial: by the rules, never by halves, and put back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from few import few
from guard.lab_target import GUARD, Target, wait_until
from guard.test_guard_cut_short import Killer, killer
from guard.test_guard_verbs import DEVIATIONS, DIFFERS, PHP, RUN, SPEC, USAGE, apply, request
from lab_fixtures import LabHostFactory, lab_host

__all__ = ["killer", "lab_host"]

MAIN = "/etc/apache2/apache2.conf"
UNREAD = "/etc/apache2/magic"
INI = "/etc/php/8.2/apache2/php.ini"
MORE = "/etc/apache2/mods-available/deflate.conf"
PLAIN = f"{PHP}/99-plain.ini"
RULES = "\n".join(
    (
        f"cut\ttest\t{MAIN}\t(KeepAlive|Timeout|HostnameLookups|LogFormat) .*",
        f"word\ttest\t{MAIN}\t(KeepAlive|HostnameLookups) .*",
        f"word\ttest\t{UNREAD}\t(KeepAlive|HostnameLookups|LogLevel) .*",
        f"word\ttest\t{INI}\t[a-z_.]+ = .*",
        f"cut\ttest\t{PHP}/[0-9a-z-]+[.]ini\t[a-z_.]+ *= *.*",
        f"tail\ttest\t{MAIN}\t(KeepAlive|Timeout) .*",
        f"aside\ttest\t{PHP}/[0-9a-z-]+[.]ini",
        "aside\ttest\t/etc/apache2/mods-available/[a-z]+[.]conf",
    )
)
FILES = f"file {MAIN}\nfile {INI}\nfile {MORE}\n"
UNSAFE = 77

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def shared(lab_host: LabHostFactory) -> Target:
    """Folders that lie on the host's own layer: the first write to one of the tree below would change its size."""
    target = Target(lab_host(setup=("shop", "lean")))
    target.sh("for d in apache2 php; do cp -a /etc/$d /etc/new && rm -rf /etc/$d && mv /etc/new /etc/$d; done")
    return target


@pytest.fixture
def edited(target: Target) -> Iterator[Target]:
    """A host whose guard knows some rules for edits, with a plain file among the links of PHP."""
    target.sh(
        """cp -a /etc/php /root/php; cp -a /etc/apache2 /root/apache2
        printf 'precision = 12\\nserialize_precision = 12\\n' >"$1"
        awk -v more="$2" '{print} /END_OF_rules.$/ {print more}' "$3" >"$3.more"; chmod 700 "$3.more"
        mv "$3.more" "$3\"""",
        PLAIN,
        RULES,
        GUARD,
    )
    yield target
    target.guard("rescue", "force")
    wait_until(lambda: target.state() == "NONE", 60, target.state)
    target.sh(
        "for d in php apache2; do rm -rf /etc/$d; mv /root/$d /etc/$d; done\n"
        "systemctl reset-failed apache2; systemctl restart apache2"
    )


def hold(target: Target, spec: str = SPEC + FILES) -> None:
    for verb, stdin in ((("snap", RUN), spec), (("arm", RUN, "600"), "")):
        status, said = target.guard(*verb, stdin=stdin)
        assert status == 0, said


def number(target: Target, path: str, line: str) -> int:
    return int(target.sh('grep -nxF -m 1 -e "$2" -- "$1"', path, line).partition(":")[0])


def test_each_shape_from_snapshot_to_disarm(edited: Target) -> None:
    before, lines = edited.kept(), edited.sh(f"cat {MAIN}").splitlines()
    hold(edited)
    keep, timeout = (number(edited, MAIN, line) for line in ("KeepAlive On", "Timeout 300"))
    tag = number(edited, INI, "short_open_tag = Off")
    wanted = (f"cut\t{MAIN}\t{keep},{timeout}", f"word\t{INI}\t{tag}", f"aside\t{MORE}", f"cut\t{PLAIN}\t2")
    status, said = apply(edited, *wanted, *DEVIATIONS)
    assert status == 0, said
    assert edited.sh(f"cat {MAIN}").splitlines() == [
        line for at, line in enumerate(lines, 1) if at not in (keep, timeout)
    ]
    assert edited.sh(f"sed -n {tag}p {INI}; cat {PLAIN}") == "short_open_tag = On\nprecision = 12\n"
    assert edited.sh(f"stat -c '%a %U' {MAIN}; ls {MORE} 2>&1; :").startswith("644 root\nls: ")
    status, said = apply(edited, f"word\t{MAIN}\t{keep}", f"aside\t{PLAIN}")
    assert status == 0, said
    assert edited.sh(f"sed -n {keep}p {MAIN}; sed -n {tag}p {INI}") == "KeepAlive Off\nshort_open_tag = Off\n"
    assert "All items" in edited.page()
    status, said = apply(edited, f"cut\t{PLAIN}\t1,2", f"word\t{MAIN}\t{keep}")
    assert status == 0, said
    assert edited.sh(f"cat {PLAIN}; stat -c '%s %a' {PLAIN}; sed -n {keep}p {MAIN}") == "0 644\nKeepAlive Off\n"
    assert apply(edited)[0] == 0
    assert edited.guard("restore", RUN)[0] == 0
    assert edited.guard("disarm", RUN) == (0, "")
    assert (edited.kept(), edited.traces()) == (before, "")


def test_a_host_of_files_alone(edited: Target) -> None:
    """An Apache of its own place, without PHP, has no folder of links, and none for a drop-in."""
    before = edited.kept()
    hold(edited, f"owner somebody@controller process 1\nfile {MAIN}\nunit apache2.service\n")
    keep = number(edited, MAIN, "KeepAlive On")
    assert apply(edited, f"cut\t{MAIN}\t{keep}")[0] == 0
    assert "KeepAlive On" not in edited.sh(f"cat {MAIN}")
    assert apply(edited, *DEVIATIONS)[0] == USAGE
    assert edited.guard("restore", RUN)[0] == 0
    assert edited.guard("disarm", RUN) == (0, "")
    assert (edited.kept(), edited.traces()) == (before, "")


def test_all_that_stands_behind_a_line(edited: Target) -> None:
    before = edited.sh(f"cat {MAIN}").splitlines()
    edited.sh(f"printf 'KeepAlive On\\nTimeout 7\\n# the last\\n' >>{MAIN}")
    longer = edited.sh(f"cat {MAIN}").splitlines()
    hold(edited)
    behind = len(before) + 1
    for lines in (f"\t{len(longer)}", f"\t{behind},{behind + 1}", "\t0", "", "\t99999"):
        status, said = apply(edited, f"tail\t{MAIN}{lines}")
        assert status == USAGE, (lines, said, edited.sh(f"tail -n 5 {MAIN}"))
        assert edited.sh(f"cat {MAIN}").splitlines() == longer
    status, said = apply(edited, f"tail\t{MAIN}\t{behind}")
    assert status == 0, said
    assert edited.sh(f"cat {MAIN}").splitlines() == longer[:behind]
    assert edited.guard("restore", RUN)[0] == 0
    assert edited.sh(f"cat {MAIN}").splitlines() == longer


def test_what_root_allows_by_patterns(edited: Target) -> None:
    folders = "/srv/allowed/a /srv/allowed/b"
    edited.sh(f"mkdir -p {folders} /etc/modbisect; for d in {folders}; do printf 'one\\ntwo\\n' >$d/parts; done")
    edited.sh("cp -p /etc/modbisect/allow /root/allow; systemd-run -q --unit=beside sleep 1000")
    edited.sh(f"cp -p {GUARD} /root/guard")
    spec = f"{SPEC}file /srv/allowed/a/parts\n"
    for allowed, more in (
        ("", ""),
        ("list /srv/*", ""),
        ("cut /srv/*/b/parts", ""),
        ("list /srv/*/*/parts", "unit beside.service\n"),
        ("list /srv/*/*/parts\nunit besideXservice", "unit beside.service\n"),
        ("list /srv/*/*/parts", "file /srv/allowed/a/../b/parts\n"),
    ):
        edited.sh("printf '%s\\n' \"$1\" >/etc/modbisect/allow", allowed)
        assert edited.call("/root/guard", "snap", RUN, stdin=spec + more)[0] == USAGE, (allowed, more)
    edited.sh("printf '%s\\n' 'list /srv/*/*/parts' 'unit beside.service' >/etc/modbisect/allow")
    edited.sh("mkdir -pm 700 ${1%/*}; mv /root/guard $1", GUARD)
    hold(edited, f"{spec}unit beside.service\n")
    old = edited.sh("systemctl show -p MainPID --value beside")
    assert apply(edited, "aside\t/srv/allowed/a/parts")[0] == USAGE
    status, said = apply(edited, "cut\t/srv/allowed/a/parts\t1")
    assert status == 0, said
    assert edited.sh("cat /srv/allowed/a/parts") == "two\n"
    assert edited.sh("systemctl show -p MainPID --value beside") != old
    assert edited.guard("restore", RUN)[0] == 0
    assert edited.sh("cat /srv/allowed/*/parts") == "one\ntwo\n" * 2
    edited.sh("mv /root/allow /etc/modbisect/allow")


def test_one_word_is_turned_into_its_opposite(edited: Target) -> None:
    words = {
        "KeepAlive On": "KeepAlive Off",
        "HostnameLookups off ": "HostnameLookups on ",
        'LogLevel "no"': 'LogLevel "yes"',
        "KeepAlive 1;": "KeepAlive 0;",
        "KeepAlive TRUE": "KeepAlive FALSE",
        "KeepAlive 10": "",
        "KeepAlive option": "",
        "KeepAlive 0.1": "",
        "LogLevel warn": "",
        "Timeout 1": "",
        "KeepAlive On \\": "",
        "KeepAlive Off": "",  # it goes on the line before
    }
    edited.sh(f'for line; do printf "%s\\n" "$line"; done >{UNREAD}', *words)
    hold(edited, f"{SPEC}file {UNREAD}\n")
    for at, (line, turned) in enumerate(words.items(), 1):
        status, said = apply(edited, f"word\t{UNREAD}\t{at}")
        assert status == (0 if turned else USAGE), (line, said)
        if turned:
            now = edited.sh(f"cat {UNREAD}").splitlines()
            assert now == [turned if each == line else each for each in words]


def test_what_no_rule_allows_is_refused(edited: Target) -> None:
    before, server = edited.files("/etc/apache2", "/etc/php"), edited.generation()
    denied = "\tRequire all denied"
    hold(edited)
    for line in (
        f"cut\t{MAIN}\t1",  # a remark: by no rule
        f"cut\t{MAIN}\t{number(edited, MAIN, '<Directory />')}",
        f"cut\t{MAIN}\t{number(edited, MAIN, denied)}",
        f"cut\t{MAIN}\t{number(edited, MAIN, 'IncludeOptional conf-enabled/*.conf')}",
        f"cut\t{MAIN}\t99999",
        f"cut\t{MAIN}\t0",
        f"cut\t{MAIN}\t",
        f"cut\t{MAIN}\t1-9",
        f"cut\t{MAIN}\t1\t2",
        f"cut\t{INI}\t1",
        f"aside\t{MAIN}",
        f"aside\t{MORE}\tx",
        f"absent\t{MAIN}",
        f"file\t{INI}\tQQ==",
        f"link\t{MAIN}\t/etc/shadow",
        "aside\t/etc/apache2/mods-available/dir.conf",  # not of the write set
        f"aside\t{PHP}/../php.ini",
        f"aside\t{PHP}/10-opcache.ini",  # a link
        "word\t/etc/shadow\t1",
    ):
        status, said = apply(edited, line)
        assert status == USAGE, (line, said)
    twice = [f"cut\t{MAIN}\t{number(edited, MAIN, line)}" for line in ("KeepAlive On", "Timeout 300")]
    assert apply(edited, *twice)[0] == USAGE, "of two edits of one file only one would be made"
    assert (edited.files("/etc/apache2", "/etc/php"), edited.generation()) == (before, server)


def test_a_file_that_is_not_roots_own_is_not_held(edited: Target) -> None:
    edited.sh(f"cp -p {GUARD} /root/guard")
    for plant, path, code in (
        (":", "/etc/shadow", USAGE),
        (":", "/etc/apache2/../shadow", USAGE),
        (":", "/etc/apache2/mods-available", USAGE),
        ("rm $1 && ln -s /etc/shadow $1", MORE, UNSAFE),
        ("rm $1 && mkdir $1", MORE, UNSAFE),
        ("rm -r $1 && mkfifo $1", MORE, UNSAFE),
        ("rm $1 && echo >$1 && chown ops $1", MORE, UNSAFE),
        ("chown root $1 && chmod o+w $1", MORE, UNSAFE),
        ("chmod 644 $1 && chown ops ${1%/*}", MORE, UNSAFE),
    ):
        edited.sh(plant, path)
        status, said = edited.call("/root/guard", "snap", RUN, stdin=f"{SPEC}file {path}\n")
        assert (status, edited.state()) == (code, "NONE"), (plant, said)
    edited.sh("rm /root/guard; chown root ${1%/*}", MORE)


def test_root_allows_more_on_the_host_itself(edited: Target) -> None:
    envvars = "/etc/apache2/envvars"
    spec = f"{SPEC}file {envvars}\n"
    edited.sh(f"cp -p {GUARD} /root/guard")
    for prepare in (":", f"echo 'cut {envvars} # because' >/etc/modbisect/allow; chown ops /etc/modbisect/allow"):
        edited.sh(f"{prepare}; mkdir -p ${{1%/*}}; chmod 700 ${{1%/*}}; cp -p /root/guard $1", GUARD)
        assert edited.guard("snap", RUN, stdin=spec)[0] == USAGE
    edited.sh("chown root /etc/modbisect/allow; mkdir -m 700 ${1%/*}; mv /root/guard $1", GUARD)
    hold(edited, spec)
    assert apply(edited, f"aside\t{envvars}")[0] == USAGE
    assert apply(edited, f"cut\t{envvars}\t{number(edited, envvars, 'export LANG')}")[0] == 0
    assert edited.sh(f"grep -cx 'export LANG' {envvars}; :") == "0\n"


def test_somebodys_edit_of_it_meanwhile_is_left_alone(edited: Target) -> None:
    before = edited.kept()
    hold(edited)
    keep = number(edited, MAIN, "KeepAlive On")
    assert apply(edited, f"cut\t{MAIN}\t{keep}")[0] == 0
    edited.sh(f"cp -a {MAIN} /root/cut; echo '# mine' >>{MAIN}")
    for line in (f"cut\t{MAIN}\t{keep + 1}", f"aside\t{MORE}"):
        status, said = apply(edited, line)
        assert (status, f"edited by somebody else meanwhile: {MAIN}" in said) == (DIFFERS, True), said
    status, said = edited.guard("restore", RUN)
    assert (status, f"edited by somebody else: {MAIN}" in said) == (DIFFERS, True), said
    assert edited.sh(f"tail -n 1 {MAIN}") == "# mine\n"
    edited.sh(f"cp -aT /root/cut {MAIN}; rm /root/cut")
    assert edited.guard("rescue", "force") == (0, "restored\n")
    assert edited.kept() == before


def test_a_file_of_several_names_keeps_them(edited: Target) -> None:
    edited.sh(f"ln {MAIN} /etc/apache2/other-name")
    before = edited.sh(f"stat -c '%i %h' {MAIN} /etc/apache2/other-name")
    hold(edited)
    assert apply(edited, f"cut\t{MAIN}\t{number(edited, MAIN, 'KeepAlive On')}")[0] == 0
    assert edited.guard("rescue", "force")[0] == 0
    wait_until(lambda: not edited.traces(), 30, edited.traces)
    assert edited.sh(f"stat -c '%i %h' {MAIN} /etc/apache2/other-name") == before


def test_owner_and_rights_stay(edited: Target) -> None:
    edited.sh(f"chgrp ops {MAIN} && chmod 640 {MAIN}")
    before = edited.kept()
    hold(edited)
    assert apply(edited, f"cut\t{MAIN}\t{number(edited, MAIN, 'KeepAlive On')}")[0] == 0
    assert edited.sh(f"stat -c '%a %U %G' {MAIN}") == "640 root ops\n"
    assert edited.guard("restore", RUN)[0] == 0
    assert edited.guard("disarm", RUN)[0] == 0
    assert edited.kept() == before


@pytest.mark.parametrize(
    ("program", "word", "call"),
    few(
        [
            *(("/usr/bin/cp", "cur/halves", call) for call in (1, 2, 3)),
            *(("/usr/bin/mv", "cur/halves", call) for call in (1, 2, 3)),
            ("/usr/bin/stat", "./etc/apache2/apache2.conf", 1),
            *(("/usr/bin/find", "-exec sha256sum -- {} +", call) for call in (1, 2)),
            ("/usr/bin/rm", "deflate.conf", 1),
            ("/usr/bin/awk", "-v into=", 1),
            ("/usr/bin/sha256sum", "apache2.conf", 1),
        ],
        3,
    ),
)
def test_whatever_ends_an_edit_it_comes_back(
    edited: Target, killer: Killer, program: str, word: str, call: int
) -> None:
    before = edited.kept()
    hold(edited)
    keep, tag = number(edited, MAIN, "KeepAlive On"), number(edited, INI, "short_open_tag = Off")
    killer.take(program, f'"{word}"', call)
    edited.guard("apply", RUN, stdin=request(f"cut\t{MAIN}\t{keep}", f"word\t{INI}\t{tag}", f"aside\t{MORE}"))
    edited.guard("apply", RUN, stdin=request(f"word\t{MAIN}\t{keep}"))
    assert killer.struck()
    killer.release()
    status, said = edited.guard("rescue", "force")
    assert (status, said) == (0, "restored\n")
    wait_until(lambda: not edited.traces(), 30, edited.traces)
    assert edited.kept() == before


def test_what_could_not_be_put_back_is_not_edited(edited: Target) -> None:
    """Its copy is damaged: taken away, the file would be gone for good."""
    hold(edited)
    before = edited.files("/etc/apache2", "/etc/php")
    for path, line in ((MORE, f"aside\t{MORE}"), (MAIN, f"cut\t{MAIN}\t{number(edited, MAIN, 'KeepAlive On')}")):
        copy = f"/var/lib/modbisect/cur/snap{path}"
        edited.sh("cp -a $1 /root/copy; echo '# spoiled' >>$1", copy)
        status, said = apply(edited, line)
        assert (status, f"copy of the snapshot is damaged: {path}" in said) == (73, True), said
        assert edited.files("/etc/apache2", "/etc/php") == before
        edited.sh("cp -aT /root/copy $1", copy)


def test_the_watch_puts_an_edit_back_by_itself(edited: Target) -> None:
    before = edited.kept()
    hold(edited)
    assert apply(edited, f"cut\t{MAIN}\t{number(edited, MAIN, 'KeepAlive On')}", f"aside\t{PLAIN}")[0] == 0
    edited.sh("echo none 0 >/run/modbisect/lease")
    wait_until(lambda: not edited.traces(), 60, edited.traces)
    assert edited.kept() == before


def test_a_cure_that_edits_a_file_is_a_persons(edited: Target) -> None:
    hold(edited)
    assert apply(edited, f"cut\t{MAIN}\t{number(edited, MAIN, 'KeepAlive On')}")[0] == 0
    status, said = edited.guard("cure", RUN, "60")
    assert (status, "for a person to keep" in said) == (USAGE, True), said
