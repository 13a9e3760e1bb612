"""Any words and any bytes: the guard ends with one of its exit codes, and the host stays as it is."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guard.lab_target import NO_WATCH, Target, wait_until
from guard.test_guard_verbs import MODS, OTHER, RUN, hold, request
from modbisect import lab

CODES = {0, 20, 21, 64, 73, 75, 76, 77, 78, 124}
VERBS = (
    *("hold", "snap", "arm", "keep", "apply", "serve", "restore", "verify", "disarm", "rescue", "tick", "boot"),
    *("watch", "status", "survey", "sample", "main", "drop", "converge", "vanish", "", "-c", "--", "*"),
    *("bounded", "cure", "confirm", "accept", "deputy", "make_last", "within"),
)
JUNK = st.binary(max_size=40).map(lambda data: os.fsdecode(data.replace(b"\0", b"")))
WORDS = st.one_of(
    st.sampled_from((*VERBS, RUN, OTHER, RUN.upper(), RUN[1:], "force", "60", "0", "007", "1;id", "$(touch /canary)")),
    JUNK,
)
PIECES = st.one_of(
    st.sampled_from(
        (
            *("apply 10\n", "apply 0\n", "apply -1\n", "apply 99999999\n", "sample\n", "end\n", "reap\n", "\n", "\0"),
            *(f"absent\t{MODS}/../x\n", "link\t/etc/passwd\t/etc/shadow\n", f"file\t{MODS}/x.load\tQQ==\n", "dir /\n"),
            "owner x\ndir /etc/apache2/mods-enabled\n",
        )
    ).map(str.encode),
    st.binary(max_size=60),
)
BOUNDED = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

pytestmark = pytest.mark.lab


@pytest.fixture
def bare(target: Target) -> Iterator[Target]:
    """The guard lies elsewhere, and is not taken away by what it is told."""
    target.sh("cp /var/lib/modbisect/guard /root/guard; rm -r /var/lib/modbisect")
    yield target
    target.sh("rm /root/guard")


def test_any_words_on_a_free_host(bare: Target) -> None:
    before = bare.untouched()

    @BOUNDED
    @given(st.lists(WORDS, max_size=4), st.lists(PIECES, max_size=4).map(b"".join))
    def call(words: list[str], stdin: bytes) -> None:
        done = lab.execute(bare.host.name, ["/root/guard", *words], input=stdin, timeout=30)
        assert done.returncode in CODES, done.stderr
        assert b"\x1b" not in done.stderr
        assert b"not found" not in done.stderr

    call()
    assert bare.untouched() == before
    assert bare.call("test", "-e", "/canary")[0] == 1


def test_any_bytes_to_a_run_under_way(bare: Target) -> None:
    bare.install_guard()
    hold(bare)
    bare.sh(NO_WATCH)
    before = bare.files("/etc/apache2", "/etc/php")

    @BOUNDED
    @given(st.sampled_from(("apply", "serve")), st.lists(PIECES, max_size=5).map(b"".join))
    def call(verb: str, stdin: bytes) -> None:
        bare.sh("cut -d . -f 1 /proc/uptime >/run/modbisect/alive; sed -i 's/ .*/ 99999999/' /run/modbisect/lease")
        argv = ["/root/guard", verb, RUN]
        if verb == "apply" and stdin.endswith(request().encode()):
            return  # an empty request is a good one
        done = lab.execute(bare.host.name, argv, input=stdin, timeout=60)
        assert done.returncode in CODES, done.stderr

    call()
    assert bare.files("/etc/apache2", "/etc/php") == before
    assert bare.state() == "ARMED"


@pytest.mark.parametrize("stdin", [b"", b"beat\n\0\xff\x1b[2J\n", b"apply 10\nabsent\t/etc/passwd\nend\n", bytes(5000)])
def test_any_bytes_to_a_heartbeat(bare: Target, stdin: bytes) -> None:
    """Its end is the end of the run, whatever was said."""
    bare.install_guard()
    before = bare.kept()
    hold(bare)
    done = lab.execute(bare.host.name, ["/root/guard", "keep", RUN, "60"], input=stdin, timeout=60)
    assert done.returncode in CODES, done.stderr
    assert set(done.stdout.split()) <= {b"ok"}
    wait_until(lambda: not bare.traces(), 60, bare.traces)
    assert bare.kept() == before
