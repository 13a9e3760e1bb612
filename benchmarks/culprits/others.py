"""Beside ``modbisect look``: what perf, strace, phpspy, Xdebug, Excimer and logs say about the same slow requests.

Each culprit has a lab host of its own, one at a time, and all tools look at that host in turn while the slow request
is made again and again. Before and behind each tool the same requests are made without any. Needs root on Debian.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

from tools import LOOK, PHPSPY, TOOLS, Tool

from modbisect import lab
from modbisect.errors import ModbisectError
from modbisect.lab.install import fetch, install
from modbisect.model import Probe
from modbisect.playbook import parse_playbook, with_base
from modbisect.probe import Oracle, ProbeProcess, Window
from scenes import SCENES, Scene

_MAP = ("RewriteMap", "mod_rewrite")
WORDS = {
    "xdebug-profile": ("xdebug", "cachegrind"),
    "legacy-urls": ("legacy-urls", *_MAP),
    "deflate-nine": ("deflate", "libz.so"),
    "hostname-lookups": ("names-in-log", "HostnameLookups", "127.0.0.53", "getnameinfo", "resolv"),
    "session-lock": ("visitors", "auto_start", "session_start", "sess_", "ps_files", "/sessions/"),
    "upload-middleware": ("uploadguard",),
    "crs-forms": ("security2", "modsecurity", "mod_security"),
    "rate-limit": ("ratelimit", "rate_limit", "rate-limit"),
    "country-pair": ("countries", "untrusted-headers", "RequestHeader", "mod_headers", *_MAP),
    "opcache-off": ("opcache", "zendparse", "lex_scan", "compile_file", "zend_compile"),
}
"""What names each culprit, whoever says it, in capitals or not: the component, its object, file or directive.

Wide on purpose where a tool can only see what the culprit does: the address of the name server, the library that
compresses, the parser of a PHP that keeps no opcode.
"""
_FIRST = 5
_ROWS = 3
"""Lines of a tool that count, and rows of ``modbisect look``."""
_QUIET_SECONDS = 3
_STARTS_SECONDS = 0.5
"""A tool that is at work has attached itself by then."""
_UPLOAD = ("8MiB", "1MiB")
"""A smaller upload is slow as well, and there are enough of them in a few seconds."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one tool said about one culprit."""

    scene: str
    tool: str
    lines: Sequence[str] = ()
    """Those that count."""
    words: Sequence[str] = ()
    """Of those that name the culprit, the ones that stand there."""
    seconds: float = 0.0
    """To install it, switch it on, watch, read, and take it back."""
    ratio: float = 0.0
    """The median request beside that without the tool."""
    drift: float = 0.0
    """The median request behind the tool beside that before it: what a ratio is by chance alone."""
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Bench:
    """A host with its culprit, and the slow request."""

    scene: Scene
    name: str
    probe: Probe
    probes: ProbeProcess
    seconds: int

    def times(self, seconds: float, *, warm_up: int = 0) -> list[float]:
        """What each request takes; those cut off at the end count only where there is no other.

        Raises:
            RuntimeError: the site does not answer, or wrongly.
        """
        window = Window(
            self.probe,
            Oracle(self.probe.expect),
            requests=100_000,
            warm_up=warm_up,
            cap=None,
            cold_cap=None,
            seconds=seconds,
            settle=5.0,
            within=seconds,
        )
        result = self.probes.measure(window, seconds + 30)
        if not result.requests:
            raise RuntimeError(result.broken or "no request came to its end")
        whole = [request.seconds for request in result.requests if not request.censored]
        return whole or [request.seconds for request in result.requests]

    def quiet(self) -> list[float]:
        """The same with nobody watching."""
        return self.times(_QUIET_SECONDS, warm_up=3)

    def run(self, script: str) -> str:
        """The output of a script on the host.

        Raises:
            RuntimeError: it failed.
        """
        done = lab.execute(self.name, ["bash", "-c", script, "bash", str(self.seconds + 1)], timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"{done.returncode}: {done.stderr.decode(errors='replace').strip()[-300:]}")
        return done.stdout.decode(errors="replace")


def watched(bench: Bench, tool: Tool, installed: dict[str, float]) -> tuple[Seen, list[float]]:
    """What the tool says, and what the requests took meanwhile. ``installed``: seconds that packages have taken."""
    for package in tool.packages:
        if package not in installed:
            installed[package] = _installed(bench.name, package)
    began = time.monotonic()
    try:
        with ThreadPoolExecutor(1) as pool:
            bench.run(f"set -e\n{tool.on}")
            watching = pool.submit(bench.run, f"set -e\n{tool.watch}")
            time.sleep(_STARTS_SECONDS)
            during = bench.times(bench.seconds)
            watching.result()
        lines = tool.lines(bench.run(tool.read))[:_FIRST]
    finally:
        bench.run(tool.off)
    seconds = time.monotonic() - began + sum(installed[package] for package in tool.packages)
    return Seen(bench.scene.name, tool.name, lines, seconds=seconds), during


def _installed(name: str, package: str) -> float:
    """Seconds; fetching it from the archive is not among them."""
    files = fetch([package], lab.build_tree(lambda _: None), lambda _: None)
    began = time.monotonic()
    if files:  # not where every lab host has it
        install(name, files, lab.execute)
    return time.monotonic() - began


def looked(bench: Bench) -> tuple[Seen, list[float]]:
    """The same of ``modbisect look``, which makes the requests itself."""
    with tempfile.TemporaryDirectory() as folder:
        (playbook := Path(folder, "book.yml")).write_text(bench.scene.playbook("auto"))
        (inventory := Path(folder, "hosts.yml")).write_text(lab.inventory())
        words = ["-p", str(playbook), "-i", str(inventory), "-s", str(bench.seconds), "--json"]
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "modbisect", "look", bench.name, *words],
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        seconds = time.monotonic() - began
    if not done.stdout:
        raise RuntimeError(done.stderr)
    answer = json.loads(done.stdout)
    rows = [f"{100 * one['share']:.0f} % {one['component']}: {one['why']}" for one in answer["suspicions"][:_ROWS]]
    return Seen(bench.scene.name, LOOK, rows, seconds=seconds), answer["requests_seconds"]


def played(bench: Bench, tools: Sequence[Tool]) -> Iterator[Seen]:
    """Each tool in turn, between requests that nobody watches."""
    installed: dict[str, float] = {}
    before = bench.quiet()
    for tool in tools:
        if tool.absent:
            yield Seen(bench.scene.name, tool.name, failed=tool.absent)
            continue
        try:
            seen, during = looked(bench) if tool.name == LOOK else watched(bench, tool, installed)
            after = bench.quiet()
        except (RuntimeError, ModbisectError, lab.LabError, subprocess.SubprocessError) as error:
            yield Seen(bench.scene.name, tool.name, failed=str(error))
            before = bench.quiet()
            continue
        text = "\n".join(seen.lines).lower()
        words = [word for word in WORDS[bench.scene.name] if word.lower() in text]
        ratio, drift = median(during) / median(before + after), median(after) / median(before)
        yield replace(seen, words=words, ratio=ratio, drift=drift)
        before = after


@contextmanager
def _bench(scene: Scene, seconds: int, phpspy: Path | None) -> Iterator[Bench]:
    name = f"others-{os.getpid()}"
    host = lab.up(name, [lab.SETUPS / f"{setup}.sh" for setup in ("shop", "pages", *scene.setups)])
    try:
        if phpspy:
            copy = f"install -d {Path(PHPSPY).parent}; cat > {PHPSPY}; chmod 755 {PHPSPY}"
            lab.execute(name, ["sh", "-c", copy], input=phpspy.read_bytes()).check_returncode()
        book = with_base(parse_playbook(scene.playbook("auto")), f"http://{host.address}")
        with ProbeProcess() as probes:
            yield Bench(scene, name, book.symptom_probes[0], probes, seconds)
    finally:
        with suppress(lab.LabError):
            lab.down(name)


# --- the tables ----------------------------------------------------------------------------------

_ROW = "{:<18} {:<19} {:<5} {:>7} {:>6}  {:<28} {}"
_TOTAL = "{:<19} {:>9} {:>9} {:>7} {:>7}  {:<13} {}"


def _shown(seen: Seen) -> str:
    if seen.failed:
        return _ROW.format(seen.scene, seen.tool, "-", "-", "-", "", seen.failed.splitlines()[-1])[:200]
    named, first = "yes" if seen.words else "no", seen.lines[0] if seen.lines else "nothing"
    words = ", ".join(seen.words)
    return _ROW.format(seen.scene, seen.tool, named, f"{seen.seconds:.1f}", f"{seen.ratio:.2f}", words, first)[:200]


def summary(rows: Sequence[Seen], tools: Sequence[Tool]) -> None:
    """One line a tool."""
    print("\n" + _TOTAL.format("tool", "named", "seconds", "ratio", "worst", "package", "to change on the server"))
    for tool in tools:
        those = [row for row in rows if row.tool == tool.name and not row.failed]
        if not those:
            print(_TOTAL.format(tool.name, "-", "-", "-", "-", "", tool.absent or "failed everywhere"))
            continue
        named = f"{sum(bool(row.words) for row in those)} of {sum(row.tool == tool.name for row in rows)}"
        middle: Callable[[str], float] = lambda what, those=those: median(getattr(row, what) for row in those)  # noqa: E731
        figures = f"{middle('seconds'):.1f}", f"{middle('ratio'):.2f}", f"{max(row.ratio for row in those):.2f}"
        print(_TOTAL.format(tool.name, named, *figures, ", ".join(tool.packages) or "none", tool.server))
    drifts = sorted(abs(row.drift - 1) for row in rows if row.drift)
    if drifts:
        most = drifts[int(0.9 * len(drifts))]
        print(
            f"Without any tool: windows before and behind one differ by {median(drifts):.0%}, one in ten by {most:.0%}."
        )


def main() -> None:
    """All tools on all culprits, then one line a tool."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=WORDS, metavar="NAME", help=f"this culprit alone: {', '.join(WORDS)}")
    parser.add_argument("--seconds", type=int, default=5, help="how long each tool watches (5)")
    parser.add_argument("--phpspy", type=Path, metavar="FILE", help="phpspy's program, built for Debian 12")
    parser.add_argument("--json", type=Path, metavar="FILE", help="append a line for each, with the lines that count")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through every finally: no host stays behind
    tools = [
        replace(tool, absent="not there: see --phpspy") if tool.name == "phpspy" and not arguments.phpspy else tool
        for tool in TOOLS
    ]
    rows = []
    print(_ROW.format("culprit", "tool", "named", "seconds", "ratio", "words seen", "first line"))
    for name in WORDS:
        if arguments.only not in (None, name):
            continue
        scene = next(scene for scene in SCENES if scene.name == name)
        with _bench(replace(scene, page=scene.page.replace(*_UPLOAD)), arguments.seconds, arguments.phpspy) as bench:
            for seen in played(bench, tools):
                rows.append(seen)
                print(_shown(seen), flush=True)
                if arguments.json:
                    with arguments.json.open("a") as file:
                        file.write(json.dumps(asdict(seen)) + "\n")
    summary(rows, tools)


if __name__ == "__main__":
    main()
