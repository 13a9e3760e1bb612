from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from probe_site import PAGE, Answer, Asked, Site

from modbisect.errors import ProbeError
from modbisect.model import Auth, Probe, Upload
from modbisect.probe import Oracle, ProbeProcess, Window

DEADLINE = 60.0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def probe(folder: Path) -> Iterator[ProbeProcess]:
    with ProbeProcess() as probe:
        yield probe
    assert list(folder.iterdir()) == []


def window(url: str, probe: Probe | None = None) -> Window:
    return Window(
        probe=probe or Probe("home", url),
        oracle=Oracle(),
        requests=5,
        warm_up=1,
        cap=None,
        cold_cap=None,
        seconds=60.0,
        settle=0.0,
    )


def pid(probe: ProbeProcess) -> int:
    assert probe._process is not None
    return probe._process.pid


def peak(process: int) -> int:
    """Largest memory it ever had, in bytes."""
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def saying(code: str) -> ProbeProcess:
    return ProbeProcess((sys.executable, "-c", code))


def test_one_process_measures_one_window_after_the_other(site: Site, probe: ProbeProcess) -> None:
    process = pid(probe)
    for _ in range(2):
        result = probe.measure(window(site.url()), DEADLINE)
        assert (result.broken, len(result.requests)) == ("", 5)
        assert result.requests[0].received == len(PAGE)
    assert pid(probe) == process
    site.rule = lambda _: Answer(b"oops", 500)
    assert probe.measure(window(site.url()), DEADLINE).broken == "status 500, not 2xx"


def test_the_run_does_not_load_curl() -> None:
    code = "import sys, modbisect.probe; sys.exit('pycurl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_upload_arrives_whole_and_costs_the_client_no_memory(site: Site, probe: ProbeProcess) -> None:
    size = 64 << 20
    probe.measure(window(site.url(), Probe("up", site.url(), upload=Upload("file", 1))), DEADLINE)
    before = peak(pid(probe))
    asked = replace(window(site.url(), Probe("up", site.url(), upload=Upload("file", size))), requests=1, warm_up=0)
    result = probe.measure(asked, DEADLINE)
    assert result.broken == ""
    uploads = site.asked[-2:]
    assert all(size < each.body_size < size + 1000 for each in uploads)
    assert result.requests[0].sent == uploads[1].body_size
    assert peak(pid(probe)) - before < 12 << 20


def test_secrets_are_in_no_argument_list(site: Site, probe: ProbeProcess) -> None:
    lines: list[bytes] = []

    def rule(_: Asked) -> Answer:
        lines.append(Path(f"/proc/{pid(probe)}/cmdline").read_bytes())
        lines.append(Path(f"/proc/{pid(probe)}/environ").read_bytes())
        return Answer()

    site.rule = rule
    probe.measure(window(site.url(), Probe("a", site.url(), auth=Auth("basic", "me", "s3cret"))), DEADLINE)
    assert lines
    assert not any(b"s3cret" in line for line in lines)


def test_what_the_process_cannot_do_is_said_and_the_next_window_works(site: Site, probe: ProbeProcess) -> None:
    with pytest.raises(ProbeError, match="HTTP version '9' is none of"):
        probe.measure(window(site.url(), Probe("a", site.url(), http="9")), DEADLINE)
    assert probe.measure(window(site.url()), DEADLINE).broken == ""


def test_a_killed_process_is_an_error(site: Site, probe: ProbeProcess) -> None:
    def rule(_: Asked) -> Answer:
        os.kill(pid(probe), signal.SIGKILL)
        return site.held()

    site.rule = rule
    with pytest.raises(ProbeError, match="failed"):
        probe.measure(window(site.url(), Probe("a", site.url(), upload=Upload("file", 1000))), DEADLINE)
    site.rule = lambda _: Answer()
    assert probe.measure(window(site.url()), DEADLINE).broken == ""


def test_a_missed_deadline_ends_the_process(site: Site, probe: ProbeProcess) -> None:
    process = pid(probe)
    site.rule = lambda _: site.held()
    with pytest.raises(ProbeError, match=r"no result after 0\.5 s"):
        probe.measure(window(site.url()), 0.5)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_stop_from_another_thread_ends_a_measurement_for_good(site: Site, probe: ProbeProcess) -> None:
    def rule(_: Asked) -> Answer:
        probe.stop()
        return site.held()

    site.rule = rule
    for _ in range(2):
        with pytest.raises(ProbeError, match="stopped"):
            probe.measure(window(site.url()), DEADLINE)
    assert len(site.asked) == 1


def test_an_interrupted_measurement_leaves_no_answer_behind(site: Site, probe: ProbeProcess) -> None:
    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    main = threading.main_thread().ident
    assert main is not None

    def rule(_: Asked) -> Answer:
        signal.pthread_kill(main, signal.SIGUSR1)
        return site.held()

    site.rule = rule
    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            probe.measure(window(site.url(), Probe("first", site.url())), DEADLINE)
    finally:
        signal.signal(signal.SIGUSR1, before)
    site.rule = lambda _: Answer()
    result = probe.measure(window(site.url(), Probe("second", site.url())), DEADLINE)
    assert {each.probe for each in result.requests} == {"second"}


def test_an_interrupt_as_the_watch_starts_lets_the_run_end(
    site: Site, probe: ProbeProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Timer.start

    def struck(timer: threading.Timer) -> None:
        start(timer)
        raise KeyboardInterrupt

    before = set(threading.enumerate())
    with monkeypatch.context() as patched:
        patched.setattr(threading.Timer, "start", struck)
        with pytest.raises(KeyboardInterrupt):
            probe.measure(window(site.url()), DEADLINE)
    assert not [one for one in threading.enumerate() if one not in before and not one.daemon]
    assert not probe.measure(window(site.url()), DEADLINE).broken


def test_ctrl_c_at_the_terminal_does_not_reach_the_process(probe: ProbeProcess) -> None:
    assert os.getsid(pid(probe)) == pid(probe) != os.getsid(0)


@pytest.mark.parametrize(
    "code",
    [
        "print('hello')",
        "print('{}')",
        "import sys; sys.stdout.buffer.write(bytes(range(256)) + b'\\n')",
        "print('{\"cold\": null', end='')",
        "pass",
        "import sys; sys.stdin.readline(); sys.exit(3)",
    ],
)
def test_garbage_is_an_error(folder: Path, code: str) -> None:
    with saying(code) as probe, pytest.raises(ProbeError, match="the probe process failed"):
        probe.measure(window("http://127.0.0.1:1/"), DEADLINE)
    assert list(folder.iterdir()) == []


def test_last_words_are_told_without_control_characters() -> None:
    with (
        saying("import sys; sys.stderr.write('lots\\nof\\n\\x1b[31mno curl\\n\\n'); sys.exit(1)") as probe,
        pytest.raises(ProbeError, match="no curl") as caught,
    ):
        probe.measure(window("http://127.0.0.1:1/"), DEADLINE)
    assert "\x1b" not in str(caught.value)


def test_the_process_ends_when_the_run_is_gone(site: Site, tmp_path: Path) -> None:
    """A killed run leaves nobody behind who goes on asking the site."""
    arrived = threading.Event()

    def rule(_: Asked) -> Answer:
        arrived.set()
        return site.held()

    site.rule = rule
    code = (
        "import sys\n"
        "from modbisect.probe import *\n"
        "from modbisect.model import Probe\n"
        f"window = Window(Probe('a', {site.url()!r}), Oracle(), 5, 1, None, None, 60.0, 0.0)\n"
        "with ProbeProcess() as probe:\n"
        "    print(probe._process.pid, flush=True)\n"
        "    probe.measure(window, 600)\n"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    assert run.stdout is not None
    with run.stdout as said:
        process = int(said.readline())
        assert arrived.wait(60)
        gone = os.pidfd_open(process)
        run.kill()
        run.wait()
    try:
        assert select.select([gone], [], [], 60)[0]
    finally:
        os.close(gone)
