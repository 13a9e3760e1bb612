"""Records what a person sees: runs in terminals of 80 and 120 columns, and the pages, in a real browser.

Needs pyte (a terminal in memory) and Chromium. All of it is of the practice host, but for the trend, which is of a site
that `benchmarks/canary/alarms.py` makes up.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Callable, Sequence
from pathlib import Path

import pyte

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LINES = 40
MODBISECT = [sys.executable, "-m", "modbisect"]
SHORT = """
import sys, tempfile
from dataclasses import replace
from pathlib import Path
from modbisect.cli.performing import perform
from modbisect.cli.run import on_terminal
from modbisect.lab.practice import practice
from modbisect.playbook import Budget
from modbisect.run.options import Options
with tempfile.TemporaryDirectory() as folder, practice(Path(folder)) as made:
    book = replace(made.playbook, budget=Budget(restarts=int(sys.argv[1])))
    report, code = perform(made.host, book, Options(seed=1, open_security=True), quiet=False)
    print(on_terminal(report))
sys.exit(code)
"""


def record(words: Sequence[str], columns: int, stop: Callable[[str], bool] = lambda _: False) -> str:
    """What is on a terminal of that width when the command has ended; SIGINT once ``stop`` says so of its screen."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
    process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    screen = pyte.HistoryScreen(columns, LINES, history=1000)
    stream = pyte.ByteStream(screen)
    stopped = False
    while True:
        select.select([master], [], [], 1.0)
        try:
            data = os.read(master, 1 << 16)
        except OSError:  # the last one that held the other end has gone
            break
        stream.feed(data)
        if not stopped and stop("\n".join(screen.display)):
            stopped = True
            process.send_signal(signal.SIGINT)
    code = process.wait()
    above = ["".join(row[column].data for column in range(columns)) for row in screen.history.top]
    lines = [line.rstrip() for line in (*above, *screen.display)]
    return "\n".join(lines).rstrip() + f"\n\n(exit {code})\n"


def shot(page: Path, name: str, width: int, height: int, *, dark: bool = False) -> None:
    """A picture of a page."""
    asked = [f"--window-size={width},{height}", f"--screenshot={HERE / name}"]
    _browse(page, [*asked, *(["--blink-settings=preferredColorScheme=0"] if dark else [])])


def _browse(page: Path, asked: Sequence[str]) -> None:
    usual = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-pdf-header-footer"]
    subprocess.run([*usual, *asked, page.as_uri()], check=True, capture_output=True)


def main() -> None:
    """Write all of them anew."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"XDG_STATE_HOME": folder, "TERM": "xterm-256color"}
        demo = [*MODBISECT, "demo", "--practice"]
        (HERE / "live-80.txt").write_text(record(demo, 80))
        (HERE / "live-120.txt").write_text(record(demo, 120))
        page = Path(folder) / "page.html"
        page.write_bytes(subprocess.run([*MODBISECT, "report", "last", "-f", "html"], stdout=subprocess.PIPE).stdout)  # noqa: PLW1510
        (HERE / "inconclusive-80.txt").write_text(record([sys.executable, "-c", SHORT, "5"], 80))
        interrupted = record([sys.executable, "-c", SHORT, "50"], 80, lambda seen: "trial   4" in seen)
        (HERE / "interrupted-80.txt").write_text(interrupted)
        trend = Path(folder) / "trend.html"
        subprocess.run([sys.executable, str(HERE / "trend.py"), str(trend)], check=True)
        for dark in (False, True):
            shade = "dark" if dark else "light"
            shot(page, f"page-desktop-{shade}.png", 1100, 2600, dark=dark)
            shot(page, f"page-phone-{shade}.png", 500, 3400, dark=dark)
            shot(trend, f"trend-desktop-{shade}.png", 1100, 900, dark=dark)
            shot(trend, f"trend-phone-{shade}.png", 500, 900, dark=dark)
        _browse(page, [f"--print-to-pdf={HERE / 'page-printed.pdf'}"])


if __name__ == "__main__":
    main()
