"""The guard's script called directly on a real host: what it refuses, whom it obeys, what it puts back."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import modbisect
from guard.lab_target import NO_WATCH, Target, wait_until
from modbisect import lab
from modbisect.host.guard import Code
from modbisect.host.helper import parts, script
from modbisect.kinds.php_ini import _KNOWN, flipped_lines

MODS = "/etc/apache2/mods-enabled"
CONF = "/etc/apache2/conf-enabled"
PHP = "/etc/php/8.2/apache2/conf.d"
DROP_IN = f"{PHP}/zzzz-modbisect.ini"
SETTING = 'realpath_cache_size = "4096k"\n'
RUN, OTHER = "a" * 32, "b" * 32
SPEC = f"""owner somebody@controller process 1
dir {MODS}
dir {CONF}
dir /etc/apache2/sites-enabled
dir {PHP}
unit apache2.service
"""
DEVIATIONS = (
    f"absent\t{MODS}/asis.load",
    f"link\t{MODS}/brotli.load\t../mods-available/brotli.load",
    f"file\t{DROP_IN}\t{base64.b64encode(SETTING.encode()).decode()}",
)
USAGE, HELD, FENCED, DIFFERS = Code.USAGE, Code.HELD, Code.FENCED, Code.DIFFERS

pytestmark = pytest.mark.lab


def request(*lines: str) -> str:
    return "".join(f"{line}\n" for line in (*lines, "end"))


def hold(target: Target, run: str = RUN, lease: int = 600, spec: str = SPEC) -> None:
    for verb, stdin in ((("snap", run), spec), (("arm", run, str(lease)), "")):
        status, said = target.guard(*verb, stdin=stdin)
        assert status == 0, said


def apply(target: Target, *lines: str, run: str = RUN) -> tuple[int, str]:
    return target.guard("apply", run, stdin=request(*lines))


def write_set(target: Target) -> frozenset[str]:
    return target.files(MODS, CONF, PHP)


# --- the way it should go -------------------------------------------------------------------------


def test_a_run_from_snapshot_to_disarm(target: Target) -> None:
    before, server = target.kept(), target.generation()
    hold(target)
    assert target.state() == "ARMED"
    assert apply(target, *DEVIATIONS)[0] == 0
    assert target.generation() != server
    assert "mod_asis.so" not in "".join(target.modules())
    paths = target.sh(f"cat {DROP_IN}; readlink {MODS}/brotli.load; ls {MODS}/asis.load 2>&1; :")
    assert paths.startswith(f"{SETTING}../mods-available/brotli.load\n")
    assert "No such file" in paths
    assert apply(target, *DEVIATIONS[:1])[0] == 0
    assert target.sh(f"ls {DROP_IN} {MODS}/brotli.load 2>/dev/null; :") == ""
    status, said = target.guard("restore", RUN)
    assert (status, "loaded same" in said) == (0, True), said
    assert target.guard("disarm", RUN) == (0, "")
    assert (target.kept(), target.traces()) == (before, "")


def test_a_rescue_takes_a_live_run_only_by_force(target: Target) -> None:
    before = target.kept()
    assert target.guard("rescue") == (0, "nothing to restore\n")
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    status, said = target.guard("rescue")
    assert (status, "somebody@controller process 1" in said) == (HELD, True), said
    with ThreadPoolExecutor(4) as pool:
        answers = {
            text for status, text in pool.map(lambda _: target.guard("rescue", "force"), range(4)) if status == 0
        }
    assert answers <= {"restored\n", "nothing to restore\n"}
    assert (target.kept(), target.traces()) == (before, "")


def test_a_configuration_that_fails_its_test_leaves_the_server_running(target: Target) -> None:
    hold(target)
    server = target.generation()
    status, said = apply(target, f"absent\t{MODS}/mpm_prefork.load")
    assert (status, "verdict configtest" in said) == (20, True), said
    assert target.generation() == server
    assert "All items" in target.page()


def test_a_server_that_does_not_start_is_told_soon_and_restored(target: Target) -> None:
    before = target.kept()
    hold(target)
    status, said = apply(target, f"absent\t{MODS}/slotmem_shm.load")
    assert (status, "verdict restart" in said) == (21, True), said
    assert "slotmem" in said
    assert target.guard("restore", RUN)[0] == 0
    assert target.guard("disarm", RUN)[0] == 0
    assert target.kept() == before
    assert "All items" in target.page()


def test_more_restarts_than_systemd_allows_do_not_take_the_site_down(target: Target) -> None:
    hold(target)
    for _ in range(8):
        assert apply(target)[0] == 0
    assert "All items" in target.page()


# --- somebody else's work -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "path", "back"),
    [
        (f"echo '# mine' >{CONF}/mine.conf", f"{CONF}/mine.conf", f"rm {CONF}/mine.conf"),
        (f"echo '# mine' >{MODS}/asis.load", f"{MODS}/asis.load", f"rm {MODS}/asis.load"),
        (
            f"cp -a {MODS}/actions.load /root/found; ln -sfT ../mods-available/dir.load {MODS}/actions.load",
            f"{MODS}/actions.load",
            f"cp -aT /root/found {MODS}/actions.load",
        ),
        (
            f"cp -a {MODS}/actions.load /root/found; rm {MODS}/actions.load",
            f"{MODS}/actions.load",
            f"cp -aT /root/found {MODS}/actions.load",
        ),
    ],
    ids=["a new file", "a file where this run has removed a link", "a link turned elsewhere", "a link removed"],
)
def test_a_foreign_edit_is_left_alone_and_all_else_put_back(target: Target, edit: str, path: str, back: str) -> None:
    before, found = target.kept(), write_set(target)
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    target.sh(edit)
    look = f'stat -c "%F %Y %N" {path} 2>&1; cat {path} 2>&1; :'
    edited = target.sh(look)
    status, said = target.guard("restore", RUN)
    assert status == DIFFERS, said
    assert f"edited by somebody else: {path}" in said
    wait_until(lambda: target.state() == "FAILED", 60, target.state)  # the watch may be at its next try
    assert f"reason edited by somebody else: {path}" in target.guard("status")[1]
    assert target.sh(look) == edited
    assert {line.split("\t")[0] for line in write_set(target) ^ found if "\t" in line} <= {path}
    assert target.guard("disarm", RUN)[0] == FENCED
    server = target.generation()
    assert target.guard("rescue")[0] == DIFFERS
    assert target.generation() == server, "each further try restarts the server"
    target.sh(back)
    target.guard("rescue")  # or the watch, whichever comes first
    wait_until(lambda: not target.traces(), 60, target.traces)
    assert target.kept() == before


def test_the_watch_goes_on_trying_where_a_restore_has_failed(target: Target) -> None:
    before = target.kept()
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    target.sh(f"echo '# mine' >{CONF}/mine.conf")
    assert target.guard("restore", RUN)[0] == DIFFERS
    target.sh(f"rm {CONF}/mine.conf")
    wait_until(lambda: not target.traces(), 60, target.traces)
    assert target.kept() == before


def test_a_foreign_edit_found_at_boot_is_left_alone_and_watched(target: Target) -> None:
    before = target.kept()
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    target.sh(f"echo '# mine' >{CONF}/mine.conf; sync")
    lab.kill(target.host.name)
    lab.boot(target.host.name)
    assert target.state() == "FAILED"
    assert "mine" in target.sh(f"cat {CONF}/mine.conf")
    assert target.sh(f"ls {MODS}/brotli.load {DROP_IN} 2>/dev/null; :") == ""
    assert "All items" in target.page()
    target.sh(f"rm {CONF}/mine.conf")
    wait_until(lambda: not target.traces(), 20, target.traces)
    assert target.kept() == before


# --- what it refuses ------------------------------------------------------------------------------


BAD_REQUESTS: tuple[tuple[str, ...], ...] = (
    ("absent\t/etc/passwd",),
    (f"absent\t{MODS}/../../passwd",),
    (f"absent\t{MODS}/..",),
    (f"absent\t{MODS}/",),
    (f"absent\t{MODS}",),
    (f"absent\t{MODS}/asis.load/x",),
    (f"absent\t{MODS}/-rf",),
    (f"absent\t{MODS}/.hidden",),
    (f"absent\t{MODS}/*.load",),
    (f"absent\t{MODS}/$(touch /root/canary).load",),
    (f"absent\t{MODS}/a b.load",),
    (f"absent\t{MODS}/asis.load;touch /root/canary",),
    (f"absent\t{MODS}/asis.load\textra",),
    (f"link\t{MODS}/new.load",),
    (f"link\t{MODS}/new.load\t`touch /root/canary`",),
    (f"link\t{MODS}/new.load\t",),
    (f"link\t{MODS}/asis.load\t/etc/shadow",),
    (f"link\t{MODS}/asis.load\t../mods-available/../../shadow",),
    (f"link\t{MODS}/asis.load\t../mods-available/dir.load",),
    (f"link\t{PHP}/20-opcache.ini\t/etc/php/7.4/mods-available/opcache.ini",),
    (f"link\t{PHP}/20-opcache.ini\t/home/ops/opcache.ini",),
    (f"file\t{DROP_IN}\tnot base64!",),
    (f"file\t{DROP_IN}\t{base64.b64encode(b'extension=/home/ops/evil.so').decode()}",),
    (f"file\t{DROP_IN}\t{base64.b64encode(SETTING.encode() + b'auto_prepend_file=/etc/shadow').decode()}",),
    (f"file\t{DROP_IN}\t{base64.b64encode(bytes(3)).decode()}",),
    (f"file\t{DROP_IN}\tA",),
    (f"file\t{PHP}/99-mine.ini\t{base64.b64encode(SETTING.encode()).decode()}",),
    (f"file\t{MODS}/zzzz-modbisect.ini\t{base64.b64encode(SETTING.encode()).decode()}",),
    (f"file\t{DROP_IN}\t{'A' * 65536}",),
    ("mount\t/dev/sda",),
    ("absent",),
    ("absent\t",),
    (f"absent\t{MODS}/asis.load", "absent\t/etc/shadow"),
    ("end", f"absent\t{MODS}/asis.load"),
)


def test_a_bad_request_changes_nothing(target: Target) -> None:
    hold(target)
    before, server = target.files("/etc"), target.generation()
    for lines in BAD_REQUESTS:
        status, said = apply(target, *lines)
        assert status == USAGE, (lines, said)
        assert (target.files("/etc"), target.generation()) == (before, server), lines
        assert target.sh("ls /root/canary 2>/dev/null; :") == "", lines


def test_a_request_that_was_cut_short_changes_nothing(target: Target) -> None:
    hold(target)
    before = target.files("/etc")
    whole = request(*DEVIATIONS)
    for end in (len(whole) - 5, len(whole) // 2, 1, 0):
        assert target.guard("apply", RUN, stdin=whole[:end])[0] == USAGE
    assert target.files("/etc") == before


@pytest.mark.parametrize(
    "spec",
    [
        "dir /etc",
        "dir /",
        "dir /etc/apache2/mods-available",
        f"dir {MODS}/../../..",
        "dir /etc/php/../../root/conf.d",
        f"dir {MODS} /etc",
        "dir",
        "unit ssh.service",
        "unit apache2.service ssh.service",
        "unit -H@evil",
        "owner $(touch /root/canary)",
        "owner a\x1b[31m",
        "anything else",
    ],
)
def test_a_bad_line_in_a_snapshot_request_holds_nothing(target: Target, spec: str) -> None:
    status, said = target.guard("snap", RUN, stdin=f"{SPEC}{spec}\n")
    assert (status, target.state()) == (USAGE, "NONE"), said
    assert target.sh("ls /root/canary 2>/dev/null; :") == ""


@pytest.mark.parametrize("without", ["owner", "dir", "unit"])
def test_a_snapshot_request_that_lacks_something_holds_nothing(target: Target, without: str) -> None:
    spec = "".join(line for line in SPEC.splitlines(keepends=True) if not line.startswith(without))
    assert target.guard("snap", RUN, stdin=spec)[0] == USAGE
    assert target.guard("snap", RUN)[0] in (USAGE, 127)
    assert target.state() == "NONE"


ODD_ARGUMENTS: tuple[tuple[str, ...], ...] = (
    (),
    ("shell",),
    ("do", RUN, "id"),
    ("manifest", "/etc/passwd"),
    ("drop",),
    ("snap",),
    ("snap", "../../etc"),
    ("snap", "UPPER"),
    ("snap", "a b"),
    ("snap", "a\nb"),
    ("snap", RUN, "more"),
    ("snap", ""),
    ("restore", ""),
    ("disarm", RUN[1:]),
    ("restore", RUN + "a"),
    ("arm", RUN, "09"),
    ("hold", RUN),
    ("hold", RUN, "0"),
    ("watch", RUN),
    ("survey", "/etc/shadow"),
    ("arm", RUN),
    ("arm", RUN, "x"),
    ("arm", RUN, "-1"),
    ("arm", RUN, "99999"),
    ("arm", RUN, "1;id"),
    ("tick", RUN),
    ("status", RUN),
    ("rescue", "please"),
)


def test_an_unknown_verb_or_odd_argument_is_refused(target: Target) -> None:
    before = target.untouched()
    for argv in ODD_ARGUMENTS:
        status, said = target.guard(*argv)
        assert status == USAGE, (argv, said)
        assert said.startswith("modbisect-guard: "), (argv, said)
        assert target.untouched() == before, argv


def test_an_unsafe_folder_is_refused(target: Target) -> None:
    target.sh("chmod 755 /var/lib/modbisect")
    assert target.guard("snap", RUN, stdin=SPEC)[0] == 77
    target.sh("chmod 700 /var/lib/modbisect; chown ops /var/lib/modbisect")
    assert target.guard("snap", RUN, stdin=SPEC)[0] == 77
    target.sh("chown root /var/lib/modbisect; mv /var/lib/modbisect /root/away; ln -s /root/away /var/lib/modbisect")
    assert target.guard("snap", RUN, stdin=SPEC)[0] == 77
    target.sh("rm /var/lib/modbisect; mv /root/away /var/lib/modbisect")
    assert target.state() == "NONE"


def test_a_name_with_control_characters_in_the_write_set_is_refused(target: Target) -> None:
    hostile = f"{CONF}/a\nb.conf"
    times = target.sh(f"stat -c %y {CONF}").strip()
    target.sh('ln -s ../conf-available/charset.conf "$1"', hostile)
    assert target.guard("snap", RUN, stdin=SPEC)[0] == 77
    target.sh('rm "$1"; touch -d "$2" "${1%/*}"', hostile, times)
    assert target.state() == "NONE"


# --- whom it obeys --------------------------------------------------------------------------------


def test_a_command_that_comes_after_the_rollback_changes_nothing(target: Target) -> None:
    before, found = target.kept(), write_set(target)
    hold(target, lease=1)
    assert apply(target, *DEVIATIONS)[0] in (0, FENCED)
    wait_until(lambda: not target.traces(), 60, target.traces)
    assert target.kept() == before
    assert f"rolled-back {RUN}" in target.sh("cat /run/modbisect/last")
    target.install_guard()  # the rollback has taken it away; at its worst another run has brought it again
    server = target.generation()
    for argv in (("apply", RUN), ("restore", RUN), ("arm", RUN, "9"), ("keep", RUN, "9"), ("disarm", RUN)):
        assert target.guard(*argv, stdin=request(*DEVIATIONS))[0] == FENCED
    hold(target, OTHER)
    assert apply(target, *DEVIATIONS, run=RUN)[0] == FENCED
    assert (write_set(target), target.generation()) == (found, server)


def test_a_command_that_comes_after_the_restore_changes_nothing(target: Target) -> None:
    before = target.kept()
    hold(target)
    assert target.guard("restore", RUN)[0] == 0
    assert apply(target, *DEVIATIONS)[0] == FENCED
    assert target.guard("keep", RUN, "9", stdin="beat\n")[0] == FENCED
    assert target.guard("disarm", RUN)[0] == 0
    assert target.kept() == before


def test_without_a_live_watch_nothing_is_changed(target: Target) -> None:
    hold(target)
    target.sh(f"{NO_WATCH}; echo 0 >/run/modbisect/alive")
    before, server = target.files("/etc"), target.generation()
    status, said = apply(target, *DEVIATIONS)
    assert (status, "watch is not alive" in said) == (HELD, True), said
    assert (target.files("/etc"), target.generation()) == (before, server)


def test_a_watch_that_is_only_late_is_waited_for(target: Target) -> None:
    """As behind a pause of the whole machine: a while ago is now."""
    hold(target)
    target.sh("echo 0 >/run/modbisect/alive")
    assert apply(target, *DEVIATIONS)[0] == 0


def test_a_lease_of_another_boot_does_not_count(target: Target) -> None:
    hold(target)
    target.sh(f"{NO_WATCH}; echo 'another-boot 99999999' >/run/modbisect/lease")
    assert apply(target, *DEVIATIONS)[0] == FENCED


def test_the_end_of_the_heartbeat_restores_at_once(target: Target) -> None:
    before = target.kept()
    hold(target, lease=600)
    assert apply(target, *DEVIATIONS)[0] == 0
    assert target.guard("keep", RUN, "600", stdin="beat\nbeat\n") == (0, "ok\nok\n")
    wait_until(lambda: not target.traces(), 60, target.traces)
    assert target.kept() == before


def test_a_snapshot_that_was_never_armed_expires(target: Target) -> None:
    assert target.guard("snap", RUN, stdin=SPEC)[0] == 0
    status, said = target.guard("snap", OTHER, stdin=SPEC)
    assert (status, "somebody@controller process 1" in said) == (HELD, True), said
    target.sh("sed -i 's/ .*/ 0/' /run/modbisect/lease")  # as a minute later
    assert target.guard("snap", OTHER, stdin=SPEC)[0] == 0
    assert target.guard("arm", RUN, "9")[0] == FENCED
    assert target.guard("disarm", OTHER)[0] == 0


def test_a_controller_that_dies_while_the_host_is_taken_leaves_it_watched(target: Target) -> None:
    """The watch is there before the first word is said, which nobody may hear."""
    before = target.kept()
    deaf = 'mkfifo /root/deaf; (exec </root/deaf) & "$1" hold "$2" 3 >/root/deaf; rm /root/deaf'
    target.call("sh", "-c", deaf, "sh", "/var/lib/modbisect/guard", RUN, stdin=SPEC)
    assert target.state() == "ARMED"
    wait_until(lambda: not target.traces(), 60, target.traces)
    assert target.kept() == before


def test_a_snapshot_that_has_expired_holds_nobody_off(target: Target) -> None:
    assert target.guard("snap", RUN, stdin=SPEC)[0] == 0
    assert "state SNAP\nowner somebody" in target.guard("survey")[1]
    target.sh("sed -i 's/ .*/ 0/' /run/modbisect/lease")
    assert "@@ guard\n@@ " in target.guard("survey")[1]


def test_of_many_that_come_at_once_one_gets_the_host(target: Target) -> None:
    runs = [f"{number:032x}" for number in range(8)]
    with ThreadPoolExecutor(len(runs)) as pool:
        answers = list(pool.map(lambda run: target.guard("snap", run, stdin=SPEC), runs))
    winners = [run for run, (status, _) in zip(runs, answers, strict=True) if status == 0]
    assert len(winners) == 1, answers
    assert {status for status, _ in answers} == {0, HELD}
    assert target.guard("arm", winners[0], "60")[0] == 0
    assert target.sh("cat /var/lib/modbisect/cur/run").strip() == winners[0]


def test_two_ticks_at_once_restore_once(target: Target) -> None:
    before = target.kept()
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    target.sh("echo 'none 0' >/run/modbisect/lease")
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: target.guard("tick"), range(3)))
    wait_until(lambda: not target.traces(), 60, target.traces)
    assert target.kept() == before


# --- the script -----------------------------------------------------------------------------------


def shellcheck(text: str) -> tuple[int, str]:
    assert shutil.which("shellcheck"), "apt-get install shellcheck"
    argv = ["/usr/bin/shellcheck", "-S", "warning", "-s", "sh", "-"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, input=text)
    return done.returncode, done.stdout


@pytest.mark.parametrize("path", sorted(Path(modbisect.__file__).parent.glob("host/*.sh")), ids=lambda path: path.name)
def test_shellcheck_has_nothing_to_say(path: Path) -> None:
    assert shellcheck(path.read_text()) == (0, "")


def test_shellcheck_has_nothing_to_say_of_the_guard_as_it_travels() -> None:
    assert shellcheck(script().decode()) == (0, "")


def test_the_script_runs_with_no_environment_of_its_caller(tmp_path: Path) -> None:
    """PATH and locale are its own: nothing the caller exports picks its programs."""
    (tmp_path / "guard").write_bytes(script())
    assert b"PATH=/usr/sbin:/usr/bin:/sbin:/bin" in script()
    env = {**os.environ, "PATH": "/nowhere", "LC_ALL": "tr_TR.UTF-8", "served": "yes", "locked": "yes", "cur": "/"}
    argv = ["/bin/sh", tmp_path / "guard", "no-verb"]
    done = subprocess.run(argv, capture_output=True, text=True, env=env, check=False)
    assert (done.returncode, done.stderr) == (USAGE, "modbisect-guard: usage: see the head of this file\n")


def test_every_setting_that_a_plan_writes_is_one_the_guard_takes() -> None:
    """And at its one value: an ini file can name any code to run."""
    patterns = re.findall(r"^allowed\t(.*)$", script().decode(), re.MULTILINE)
    for name in _KNOWN:
        for line in flipped_lines(name):
            assert any(re.fullmatch(pattern, line) for pattern in patterns), line


def test_the_survey_looks_for_every_setting_that_is_known() -> None:
    listed = re.search(r"^known='([^']*)'$", "\n".join(parts("survey")), re.MULTILINE)
    assert listed
    assert listed[1].split() == list(_KNOWN)
