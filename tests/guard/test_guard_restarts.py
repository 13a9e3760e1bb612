"""The server is not restarted for ever, nor for what a restart does not change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from guard.lab_target import Target, wait_until
from guard.test_guard_verbs import CONF, DEVIATIONS, DIFFERS, MODS, RUN, SPEC, apply, hold

LIBRARY = "/usr/lib/x86_64-linux-gnu/libxml2.so.2"
COUNT_STARTS = """
mkdir -p /run/systemd/system/apache2.service.d
printf '[Service]\nExecStartPre=/bin/sh -c "echo x >>/root/starts"\n' >/run/systemd/system/apache2.service.d/count.conf
systemctl daemon-reload
"""
# An application's own server, which loads a module of Python's only when somebody asks for it.
APPLICATION = r"""
cat >/root/lazy.py <<'PY'
import signal
signal.signal(signal.SIGUSR1, lambda *_: __import__("_sqlite3"))
while True:
    signal.pause()
PY
printf '[Service]\nExecStart=/usr/bin/python3 /root/lazy.py\n' >/run/systemd/system/lazy.service
systemctl daemon-reload; systemctl start lazy
"""
LOADS = """
pid=$(systemctl show -P MainPID lazy)
until grep -q 'SigCgt:.*[2367abef]..$' /proc/$pid/status; do sleep 0.05; done
kill -USR1 $pid
until grep -q _sqlite3 /proc/$pid/maps; do sleep 0.05; done"""
# One that systemd calls up long before it listens.
LATE = r"""
cat >/root/late.py <<'PY'
import http.server
import socket
import time
picked = socket.create_server(("127.0.0.1", 0))
time.sleep(0.7)
http.server.HTTPServer(("127.0.0.1", 8009), http.server.SimpleHTTPRequestHandler).serve_forever()
PY
printf '[Service]\nWorkingDirectory=/srv\nExecStart=/usr/bin/python3 /root/late.py\n' >/run/systemd/system/late.service
systemctl daemon-reload; systemctl start late
echo 'unit late.service' >>/etc/modbisect/allow
until curl -fsS -o /dev/null http://127.0.0.1:8009/; do sleep 0.1; done
"""
LATE_NO_MORE = "systemctl stop late; rm -f /run/systemd/system/late.service /root/late.py; systemctl daemon-reload"
ANSWERS = "curl -fsS -o /dev/null http://127.0.0.1:8009/"
GIVES_UP = 10
"""Seconds after which the guard no longer waits for it to listen."""
WITH_LATE = f"{SPEC}unit late.service\n"
WHO, UNITS = "systemctl show -P MainPID late", ("late", "apache2")
# A stand-in for Varnish, with a library of its own beside it, which a later start does without. It may be kept from its
# start, and from what comes behind systemctl's success.
CACHE = r"""
mkdir /opt/own; cp -L /usr/lib/x86_64-linux-gnu/libm.so.6 /opt/own/libown.so
echo LD_PRELOAD=/opt/own/libown.so >/run/own
printf '%s\n' '[Service]' EnvironmentFile=/run/own 'ExecStartPre=/usr/bin/test ! -e /run/broken' \
  "ExecStart=/bin/sh -c 'sleep 0.3; test ! -e /run/broken-rules || exit 2; exec python3 -m http.server 6081'" \
  >/run/systemd/system/varnish.service
systemctl daemon-reload; systemctl start varnish
"""
WITH_CACHE = f"{SPEC}unit varnish.service\n"
WHEN_BEGUN = "systemctl show -P ActiveEnterTimestampMonotonic varnish"
COUNT_NO_MORE = "rm -rf /run/systemd/system/apache2.service.d /root/starts; systemctl daemon-reload"
RETRY_NOW = "echo 0 0 >/run/modbisect/retry"

pytestmark = pytest.mark.lab


@pytest.fixture
def counted(target: Target) -> Iterator[Target]:
    """A host that writes down each start of its server."""
    target.sh(COUNT_STARTS)
    yield target
    target.sh(COUNT_NO_MORE)


def starts(target: Target) -> int:
    return len(target.sh("cat /root/starts 2>/dev/null; :").split())


def tries(target: Target) -> int:
    return target.sh("cat /var/lib/modbisect/cur/journal 2>/dev/null; :").count("FAILED")


def restart_seconds(said: str) -> float:
    """Of the server and what is restarted with it, by the guard's answer to a configuration."""
    (line,) = [line for line in said.splitlines() if line.startswith("ms ")]
    return int(line.split()[3]) / 1000


def tried_again(target: Target, times: int) -> None:
    """Let the watch try so many times more, without its pauses."""
    for _ in range(times):
        before = tries(target)
        target.sh(RETRY_NOW)
        wait_until(lambda: tries(target) > before, 60, "it does not try again")  # noqa: B023


def test_a_library_under_another_name_is_no_difference(target: Target) -> None:
    """As an upgrade of its package leaves it while the run is on."""
    if target.call("test", "-L", LIBRARY)[0] != 0:
        pytest.fail(f"{LIBRARY} is no link on this host: the test needs another library that the server maps")
    before = target.kept()
    assert any("libxml2" in name for name in target.modules())
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    old = target.sh(f"readlink {LIBRARY}").strip()
    target.sh(f"cp -L {LIBRARY} {LIBRARY}.9.99; ln -sfT libxml2.so.2.9.99 {LIBRARY}")
    try:
        status, said = target.guard("restore", RUN)
        assert (status, "loaded same" in said) == (0, True), said
        assert target.guard("disarm", RUN)[0] == 0
    finally:
        target.sh(f"ln -sfT {old} {LIBRARY}; rm {LIBRARY}.9.99; systemctl restart apache2")
    target.settle()
    assert target.kept() == before


def test_what_two_restarts_do_not_cure_a_third_is_not_tried_for(counted: Target) -> None:
    """A module's own object has another name since the run began: said, the files right, the server left alone."""
    before = counted.kept()
    hold(counted)
    assert apply(counted, *DEVIATIONS)[0] == 0
    module = "/usr/lib/apache2/modules/mod_actions.so"
    counted.sh(f"mv {module} {module}.9; ln -s mod_actions.so.9 {module}; : >/root/starts")
    try:
        status, said = counted.guard("restore", RUN)
        assert (status, "has loaded other modules" in said) == (DIFFERS, True), said
        tried_again(counted, 4)
        assert starts(counted) == 2
        assert "two restarts have not changed that" in counted.guard("status")[1]
        assert counted.sh(f"ls {MODS}/asis.load") == f"{MODS}/asis.load\n"
        assert "All items" in counted.page()
        status, said = counted.guard("rescue", "accept")
        assert (status, said) == (0, "restored\n")
    finally:
        counted.sh(f"mv {module}.9 {module}; systemctl restart apache2")
    counted.settle()
    assert counted.kept() == before


def test_what_the_files_as_found_make_of_a_server_that_had_not_read_them(target: Target) -> None:
    """Drift that was accepted: the first restart on them shows it, and from then on it is what must be there again."""
    link = f"{MODS}/asis.load"
    time = target.sh(f"stat -c %y {MODS}; mv {link} /root/asis.load").strip()
    try:
        before, loaded = target.files("/etc/apache2"), target.modules()
        status, said = target.guard("snap", RUN, stdin=f"{SPEC}drift\n")
        assert status == 0, said
        assert target.guard("arm", RUN, "600")[0] == 0
        assert apply(target, *DEVIATIONS[1:])[0] == 0
        status, said = target.guard("restore", RUN)
        assert (status, "loaded same" in said) == (0, True), said
        assert target.guard("disarm", RUN)[0] == 0
        assert target.files("/etc/apache2") == before
        assert loaded - target.modules() == {"/usr/lib/apache2/modules/mod_asis.so"}
    finally:
        target.sh(f"mv /root/asis.load {link}; touch -d '{time}' {MODS}; systemctl restart apache2")
        target.settle()


def test_times_that_somebody_else_has_changed_restart_nothing(counted: Target) -> None:
    before = counted.kept()
    time = counted.sh(f"stat -c %y {MODS}/env.load").strip()
    hold(counted)
    assert apply(counted, *DEVIATIONS)[0] == 0
    counted.sh(f"touch -h {MODS}/env.load; : >/root/starts")
    status, said = counted.guard("restore", RUN)
    assert (status, f"edited by somebody else: {MODS}/env.load" in said) == (DIFFERS, True), said
    tried_again(counted, 3)
    assert starts(counted) == 1
    counted.sh(f"touch -h -d '{time}' {MODS}/env.load; {RETRY_NOW}")
    wait_until(lambda: not counted.traces(), 60, counted.traces)
    assert starts(counted) == 1, "nothing that the server reads has changed"
    assert counted.kept() == before


def test_a_person_accepts_what_others_have_changed(target: Target) -> None:
    """And only that: what the run itself has switched is put back."""
    before = target.kept()
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    target.sh(f"echo '# mine' >{CONF}/mine.conf")
    assert target.guard("restore", RUN)[0] == DIFFERS
    assert target.guard("rescue")[0] == DIFFERS
    assert target.guard("rescue", "accept") == (0, f"accepted {CONF}/mine.conf\nrestored\n")
    assert target.traces() == ""
    assert target.sh(f"cat {CONF}/mine.conf") == "# mine\n"
    time = next(line.split("\t")[6] for line in before if line.startswith(f"{CONF}\t"))
    target.sh(f"rm {CONF}/mine.conf; touch -d @{time} {CONF}; systemctl restart apache2")
    target.settle()
    assert target.kept() == before


def test_one_of_several_names_of_a_file_comes_back_as_such(target: Target) -> None:
    target.sh(f"ln -P {MODS}/asis.load /root/name; stat -c %i {MODS}/asis.load >/root/inode")
    before = target.kept()
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    assert target.guard("restore", RUN)[0] == 0
    assert target.guard("disarm", RUN)[0] == 0
    assert target.sh(f"stat -c %i {MODS}/asis.load") == target.sh("cat /root/inode")
    assert target.sh(f"stat -c %h {MODS}/asis.load") == "2\n"
    assert target.kept() == before
    target.sh("rm /root/name /root/inode")


def test_systemd_has_forgotten_the_boot_unit_also_where_it_had_read_it(target: Target) -> None:
    hold(target)
    target.sh("systemctl daemon-reload")
    assert "modbisect-restore" in target.sh("systemctl list-units --all --no-legend 'modbisect*'")
    assert target.guard("restore", RUN)[0] == 0
    assert target.guard("disarm", RUN)[0] == 0
    assert target.sh("systemctl list-units --all --no-legend 'modbisect*'") == ""


def test_what_an_interpreter_loads_when_it_is_asked_is_no_difference(target: Target) -> None:
    """An application's server beside Apache, which has loaded more as found than behind its restart."""
    target.sh(APPLICATION)
    target.sh("echo 'unit lazy.service' >>/etc/modbisect/allow")
    try:
        status, said = target.call("timeout", "20", "sh", "-ec", LOADS)
        assert status == 0, said
        hold(target, spec=f"{SPEC}unit lazy.service\n")
        assert apply(target, *DEVIATIONS)[0] == 0
        status, said = target.guard("restore", RUN)
        assert (status, "loaded same" in said) == (0, True), said
        assert target.guard("disarm", RUN)[0] == 0
    finally:
        target.sh("systemctl stop lazy; rm -f /run/systemd/system/lazy.service /root/lazy.py; systemctl daemon-reload")


@pytest.fixture
def late(target: Target) -> Iterator[Target]:
    """A host on which that may be restarted."""
    target.sh(LATE)
    yield target
    target.sh(LATE_NO_MORE)


def test_what_answers_behind_the_server_listens_before_that_is_restarted(late: Target) -> None:
    """A proxy that finds nobody there asks no more for a minute, and each trial until then would be broken."""
    hold(late, spec=WITH_LATE)
    process = late.sh(WHO)
    status, said = apply(late, *DEVIATIONS)
    assert status == 0
    assert restart_seconds(said) < GIVES_UP  # the port that the kernel has picked is not waited for
    assert late.call("sh", "-c", ANSWERS)[0] == 0
    assert late.sh(WHO) != process
    assert late.guard("restore", RUN)[0] == 0
    assert late.call("sh", "-c", ANSWERS)[0] == 0
    first, server = (int(late.sh(f"systemctl show -P ActiveEnterTimestampMonotonic {unit}")) for unit in UNITS)
    assert first < server
    assert late.guard("disarm", RUN)[0] == 0


def test_what_will_never_listen_again_is_not_waited_for_long(late: Target) -> None:
    hold(late, spec=WITH_LATE)
    late.sh("sed -i s/8009/8010/ /root/late.py")
    status, said = apply(late, *DEVIATIONS)
    assert status == 0
    assert restart_seconds(said) >= GIVES_UP
    assert late.call("sh", "-c", ANSWERS)[0] != 0
    late.sh("sed -i '1i raise SystemExit(1)' /root/late.py")
    status, said = late.guard("restore", RUN)
    assert status != 0
    assert "late.service" in said
    late.sh("sed -i -e 1d -e s/8010/8009/ /root/late.py")
    assert late.guard("restore", RUN)[0] == 0
    wait_until(lambda: late.call("sh", "-c", ANSWERS)[0] == 0, 20, "it does not listen")
    assert late.guard("disarm", RUN)[0] == 0


@pytest.fixture
def cached(target: Target) -> Iterator[Target]:
    """A host with a cache in front that a run may restart."""
    target.sh(CACHE)
    target.sh("echo 'unit varnish.service' >>/etc/modbisect/allow")
    yield target
    target.guard("rescue", "accept")
    target.sh("systemctl stop varnish; rm -rf /run/systemd/system/varnish.service /run/own /run/broken* /opt/own")
    target.sh("systemctl daemon-reload; sed -i '/varnish/d' /etc/modbisect/allow")


def test_what_a_cache_in_front_loads_is_no_module_of_the_server(cached: Target) -> None:
    """It loads its own some time behind its start, and how much it holds is not the site's memory."""
    before = cached.sh(WHEN_BEGUN)
    hold(cached, spec=WITH_CACHE)
    pid = cached.sh("systemctl show -P MainPID varnish").strip()
    wait_until(lambda: "libown" in cached.sh(f"cat /proc/{pid}/maps"), 20, "it has loaded nothing of its own")
    cached.sh("echo >/run/own")
    assert apply(cached, *DEVIATIONS)[0] == 0
    status, said = cached.guard("restore", RUN)
    assert (status, "loaded same" in said) == (0, True), said
    assert cached.guard("disarm", RUN)[0] == 0
    assert cached.sh(WHEN_BEGUN) != before, "it still keeps pages of the run"


@pytest.mark.parametrize(
    ("way", "broken"), [("it starts", "broken"), ("accepted", "broken"), ("it starts", "broken-rules")]
)
def test_a_host_whose_cache_does_not_come_up_is_not_put_back(cached: Target, way: str, broken: str) -> None:
    """The site is behind it: it is tried again until it starts, or somebody takes it as it is."""
    hold(cached, spec=WITH_CACHE)
    assert apply(cached, *DEVIATIONS)[0] == 0
    cached.sh(f"touch /run/{broken}")
    status, said = cached.guard("restore", RUN)
    assert (status, "varnish.service does not start" in said) == (DIFFERS, True), said
    tried_again(cached, 3)
    wait_until(lambda: cached.state() == "FAILED", 20, cached.state)
    assert "varnish.service does not start" in cached.guard("status")[1]
    if way == "accepted":
        assert cached.guard("rescue", "accept") == (0, "restored\n")
        return
    cached.sh(f"rm /run/{broken}; {RETRY_NOW}")
    wait_until(lambda: cached.state() == "NONE", 60, cached.state)
    assert cached.sh("systemctl is-active varnish") == "active\n"


@pytest.mark.parametrize("cause", ["never", "stopped"])
def test_what_did_not_run_as_found_need_not(cached: Target, cause: str) -> None:
    """Nor is what was stopped amid the run left so: it ran as found."""
    if cause == "never":
        cached.sh("systemctl stop varnish; touch /run/broken")
        cached.sh("sed -i 's/^ExecStartPre=/&-/' /run/systemd/system/varnish.service; systemctl daemon-reload")
    hold(cached, spec=WITH_CACHE)
    if cause == "stopped":
        cached.sh("systemctl stop varnish")
    status, said = cached.guard("restore", RUN)
    assert (status, "loaded same" in said) == (0, True), said
    assert cached.guard("disarm", RUN)[0] == 0
    active = {"never": "inactive\n", "stopped": "active\n"}[cause]
    assert cached.call("systemctl", "is-active", "varnish")[1] == active
