"""The watch outlives what ends sessions, and where there is no systemd cron stands in for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from guard.controller_side import held, logged_in
from guard.lab_target import GUARD, Target, wait_until
from guard.test_guard_verbs import DEVIATIONS, HELD, MODS, RUN, SPEC, apply, hold
from modbisect import lab
from modbisect.errors import ModbisectError
from modbisect.host.guard import Guard
from modbisect.kinds import Look, Step

LOGIND = "/run/systemd/logind.conf.d"
CRON = """
cp /bin/sh /root/cron
# As cron does it, only more often: each line with an environment of its own.
/root/cron -c '
  entries() { sed -n "s/^$1 root //p" /etc/cron.d/modbisect 2>/dev/null; }
  run() { entries "$1" | while read -r line; do env -i SHELL=/bin/sh PATH=/usr/bin:/bin /bin/sh -c "$line"; done; }
  run @reboot
  while :; do [ -e /root/no-minute ] || run "[*] [*] [*] [*] [*]"; sleep 0.3; done
' </dev/null >/dev/null 2>&1 &
echo $! >/run/crond.pid
"""
HIDE = """
cp -a /etc/apache2/envvars /root/envvars
echo 'export APACHE_STARTED_BY_SYSTEMD=true # what apache2ctl asks, beside the program of process 1' >>/root/envvars
setsid unshare -m sh -c 'mount -t tmpfs none /run/systemd && mount --bind /root/envvars /etc/apache2/envvars &&
  echo $$ >/root/hidden && exec sleep 100000' </dev/null >/dev/null 2>&1 &
while [ ! -s /root/hidden ]; do sleep 0.05; done
cat /root/hidden; rm /root/hidden
"""
LOOP = "pgrep -f '^sh -c trap : HUP'"
TICK = "pgrep -f 'modbisect/guard tick$'"

pytestmark = pytest.mark.lab


# --- sessions -------------------------------------------------------------------------------------


@pytest.fixture
def strict(target: Target) -> Iterator[Target]:
    """Whatever a user has left behind is killed when he logs out."""
    target.sh(f"mkdir {LOGIND}; printf '[Login]\\nKillUserProcesses=yes\\n' >{LOGIND}/kill.conf")
    target.sh("systemctl restart systemd-logind")
    yield target
    target.sh(f"rm -r {LOGIND}; systemctl restart systemd-logind")


@pytest.mark.parametrize("end", ["kill-session", "terminate-user"])
def test_the_end_of_the_session_is_not_the_end_of_the_watch(strict: Target, end: str) -> None:
    before = strict.kept()
    lost: list[ModbisectError] = []
    with logged_in(strict) as root:
        guard = Guard(root, RUN)
        held(guard, lease=9)
        heartbeat = guard.heartbeat(9, lost.append).__enter__()
        guard.apply([Step(f"{MODS}/asis.load", "absent")], reap=False)
        sessions = [line.split()[0] for line in strict.sh("loginctl list-sessions --no-legend").splitlines()]
        assert sessions, "no session to end"
        for one in sessions if end == "kill-session" else ["ops"]:
            strict.call("loginctl", end, one)
        assert strict.sh("systemctl is-active modbisect-guard.timer") == "active\n"
        wait_until(lambda: not strict.traces(), 30, strict.traces)
        wait_until(lambda: bool(lost), 60, "the controller was not told")
        heartbeat.__exit__()
    assert (strict.kept(), strict.traces()) == (before, "")


# --- without systemd ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plain(Target):
    """A host on which the guard sees no systemd; the rest of the host is as it was."""

    pid: str = ""

    def guard(self, *argv: str, stdin: str = "") -> tuple[int, str]:
        return self.call("nsenter", "-t", self.pid, "-m", GUARD, *argv, stdin=stdin)

    def inside(self, script: str) -> str:
        return self.sh('exec nsenter -t "$1" -m sh -c "$2"', self.pid, script)

    def cron(self) -> None:
        self.inside(CRON)

    def kill_loop(self) -> None:
        """With the tick that it may just have begun, which would still leave its mark."""
        self.sh(f"kill $({LOOP})")
        wait_until(lambda: self.call("sh", "-c", TICK)[0] != 0, 20, "a tick goes on")

    def no_cron(self) -> None:
        self.sh(
            "[ ! -e /run/crond.pid ] || kill $(cat /run/crond.pid); rm -f /run/crond.pid /root/cron /root/no-minute"
        )


@pytest.fixture
def plain(target: Target) -> Iterator[Plain]:
    target.sh("systemctl stop apache2.service")
    pid = target.sh(HIDE).strip()
    host = Plain(target.host, pid=pid)
    host.inside("apache2ctl start")
    host.settle()
    yield host
    if host.state() != "NONE":
        host.guard("rescue", "force")
    wait_until(lambda: host.state() == "NONE", 60, host.state)
    host.no_cron()
    host.inside("apache2ctl stop")
    wait_until(lambda: host.call("pgrep", "-x", "apache2")[0] != 0, 60, "apache does not end")
    host.sh("kill $1; rm /root/envvars; systemctl start apache2.service", pid)
    host.settle()


def test_a_run_without_systemd(plain: Plain) -> None:
    before, server = plain.kept(), plain.generation()
    plain.cron()
    hold(plain)
    assert plain.sh("cat /etc/cron.d/modbisect").count(GUARD) == 2
    assert plain.sh("stat -c %a:%u /etc/cron.d/modbisect") == "600:0\n"
    assert apply(plain, *DEVIATIONS)[0] == 0
    assert plain.generation() != server
    assert "mod_asis.so" not in "".join(plain.modules())
    status, said = plain.guard("restore", RUN)
    assert (status, "loaded same" in said) == (0, True), said
    assert plain.guard("disarm", RUN) == (0, "")
    wait_until(lambda: plain.call("sh", "-c", LOOP)[0] != 0, 5, "the loop goes on")
    assert (plain.kept(), plain.traces()) == (before, "")


def test_a_look_without_systemd(plain: Plain) -> None:
    """The servers' processes are found all the same."""
    plain.install_guard()
    visit = "while curl -s --local-port 20000-20900 -o /dev/null http://localhost/report; do :; done"
    plain.sh('systemd-run -q --collect --unit=visits sh -c "$1"', visit)
    status, said = plain.guard("look", stdin="3 20000 20900\n")
    plain.call("systemctl", "stop", "visits")
    plain.sh("rm -rf /var/lib/modbisect")
    assert status == 0, said
    seen = Look.read(said)
    assert seen.busy > 0
    assert any(frame.file == "/var/www/shop/shop.php" for moment in seen.moments for frame in moment.frames)


def test_without_cron_nothing_would_restore_after_a_reboot_so_nothing_is_held(plain: Plain) -> None:
    before = plain.kept()
    status, said = plain.guard("hold", RUN, "60", stdin=SPEC)
    assert (status, "neither systemd nor cron runs here" in said) == (73, True), said
    assert (plain.kept(), plain.traces()) == (before, "")
    plain.sh("echo $$ >/run/crond.pid")  # of somebody else by now
    plain.install_guard()
    assert plain.guard("hold", RUN, "60", stdin=SPEC)[0] == 73
    plain.sh("rm /run/crond.pid")
    assert (plain.kept(), plain.traces()) == (before, "")


def test_silence_restores_without_systemd(plain: Plain) -> None:
    before = plain.kept()
    plain.cron()
    hold(plain, lease=3)
    assert apply(plain, *DEVIATIONS)[0] == 0
    wait_until(lambda: not plain.traces(), 20, plain.traces)
    assert plain.kept() == before


def test_a_killed_loop_stops_changes_until_cron_starts_it_anew(plain: Plain) -> None:
    before = plain.kept()
    plain.cron()
    plain.sh("touch /root/no-minute")
    hold(plain)
    assert apply(plain, *DEVIATIONS)[0] == 0
    plain.kill_loop()
    plain.sh("echo 0 >/run/modbisect/alive")
    status, said = apply(plain, *DEVIATIONS[:1])
    assert (status, "the watch is not alive" in said) == (HELD, True), said
    plain.sh("rm /root/no-minute")
    wait_until(lambda: plain.call("sh", "-c", LOOP)[0] == 0, 60, "cron does not start the loop")
    assert apply(plain, *DEVIATIONS[:1])[0] == 0
    plain.sh("echo none 0 >/run/modbisect/lease")
    wait_until(lambda: not plain.traces(), 20, plain.traces)
    assert plain.kept() == before


def test_a_reboot_restores_by_cron(plain: Plain) -> None:
    before = plain.kept()
    plain.cron()
    hold(plain)
    assert apply(plain, *DEVIATIONS)[0] == 0
    plain.no_cron()
    # What a reboot takes away; the server comes up with what it finds, before cron does.
    plain.kill_loop()
    plain.sh("rm -rf /run/modbisect /run/motd.d")
    server = plain.generation()
    plain.cron()
    wait_until(lambda: not plain.traces(), 20, plain.traces)
    assert plain.generation() != server
    assert plain.kept() == before
    assert "because restored at boot" in plain.sh("cat /run/modbisect/last")


def test_the_labs_hosts_are_whole_again(target: Target) -> None:
    assert target.sh("systemctl is-active apache2.service") == "active\n"
    assert "All items" in target.page()
    assert lab.hosts()
