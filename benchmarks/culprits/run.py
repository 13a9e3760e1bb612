"""Culprits planted on real hosts, by us and by others, and hosts with none: whom does ``modbisect run`` name?

The playbooks are those that ``scan --write`` wrote, with what a person would have to change; or with ``--own`` ours.

Each run has a lab host of its own, made for it and taken down behind it, one at a time. Needs root on Debian.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

from live import Live, compared, wrong
from written import written

from modbisect import lab
from modbisect.errors import Exit
from modbisect.kinds import opened_by
from modbisect.report import Report, from_json
from modbisect.report.figures import after, before
from scenes import INNOCENT, SCENES, Planted, Scene, planted

_MANIFEST = (
    "for d in /etc/apache2 /etc/httpd /usr/local/apache2/conf /etc/nginx /etc/php* /usr/local/etc/php /etc/mysql "
    "/var/lib/apache2 /var/lib/php/modules /etc/systemd/system; do [ -e $d ] || continue; "
    r"find $d -printf '%p %y %m %U %G %T@ %l\n'; find $d -type f -exec sha256sum {} +; done | sort"
)
_LINE = re.compile(r"/[^\s:,;]+:\d+")
_LOAD_SECONDS = 600
# A third of one processor in bursts of 30 ms, and three requests a second.
_LOAD = r"""
use IO::Socket::INET; use Time::HiRes qw(time sleep);
$SIG{PIPE} = 'IGNORE'; # the server is restarted all the time
for (my $turn = 0; ; $turn++) {
	my $until = time + 0.03;
	1 while time < $until;
	sleep 0.07;
	next if $turn % 3;
	my $site = IO::Socket::INET->new(PeerAddr => '127.0.0.1:80', Timeout => 2) or next;
	print $site 'GET ' . ('/', '/items/' . (1 + $turn % 60), '/stock.php')[rand 3] . " HTTP/1.0\r\n\r\n";
	1 while <$site>;
}
"""


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one run."""

    scene: str
    number: int
    strategy: str
    look: bool
    """Whether it began with a look at the slow request."""
    total: int
    """Components of the host."""
    seconds: float
    restored: bool
    """The manifests before and after are the same, and the report says so."""
    said: str
    """Why it ended so; without a report, the error."""
    outcome: str = "error"
    suspects: int = 0
    """Components that may be flipped."""
    named: Sequence[Sequence[str]] = ()
    lines: Sequence[str] = ()
    """``FILE:LINE``, as far as they were told of the named."""
    right: bool = False
    effect: str = ""
    restarts: int = 0
    changed: Sequence[str] = ()
    """What was changed by hand in the playbook that was written."""
    compared: int = 0
    """Components whose state can be held against what runs."""
    wrong: Sequence[str] = ()
    """Those that are in another state there than ``scan`` says."""


def played(scene: Scene | Planted, number: int, strategy: str, seed: int, *, look: bool, own: bool) -> Row:
    """One run on a fresh host."""
    with tempfile.TemporaryDirectory(prefix="culprits-") as folder, _host(scene) as host:
        (inventory := Path(folder, "inventory.yml")).write_text(lab.inventory())
        text, changed = scene.playbook(strategy), ()
        if not own:
            scan = ("scan", host, "-i", str(inventory))
            (place := Path(folder, "written")).mkdir()
            text, changed = written(text, place, lambda words: _modbisect(*scan, *words))
            text += f"strategy: {strategy}\n"
        (playbook := Path(folder, "playbook.yml")).write_text(text)
        components = json.loads(_modbisect("scan", host, "-i", str(inventory)).stdout)
        live = Live.of(host)
        before = _manifest(host)
        began = time.monotonic()
        options = ("--quiet", "--open-security", "--look" if look else "--no-look", "--seed", str(seed + number))
        done = _modbisect("run", str(playbook), host, "-i", str(inventory), *options)
        seconds = time.monotonic() - began
        same = _manifest(host) == before
    row = Row(
        *(scene.name, number, strategy, look, len(components), seconds, same),
        said=done.stderr.strip(),
        changed=changed,
        compared=compared(live, components),
        wrong=wrong(live, components),
    )
    if not done.stdout:
        return row
    report = from_json(done.stdout)
    named = [sorted(finding.components) for finding in report.findings]
    told = " ".join(f"{each} {report.details.get(each, '')}" for one in named for each in one)
    lines = sorted(set(_LINE.findall(told)))
    code = Exit.FOUND if scene.truth else Exit.CLEARED
    return replace(
        row,
        restored=same and report.restored.verified,
        said=report.reason,
        outcome=report.outcome,
        suspects=report.suspects,
        named=named,
        lines=lines,
        right=scene.lines <= set(lines)
        and done.returncode == code
        and scene.is_right({_wholes(one, scene) for one in named}),
        effect=_effect(report),
        restarts=report.restarts,
    )


def _wholes(named: Sequence[str], scene: Scene | Planted) -> frozenset[str]:
    """A finding, with a culprit's own file in place of its lines: they say the same more closely."""
    files = {path: culprit for each in scene.truth for culprit in each for path in opened_by([culprit])}
    lines = {component: component.partition(":")[2].rpartition(":")[0] for component in named}
    return frozenset(files.get(lines[component], component) for component in named)


@contextmanager
def _host(scene: Scene | Planted) -> Iterator[str]:
    name = f"culprits-{os.getpid()}"
    lab.up(name, [lab.SETUPS / "shop.sh", lab.SETUPS / "pages.sh", *scene.scripts], packages=scene.packages)
    try:
        if scene.loaded:
            start = ["systemd-run", "-q", "--unit=load", "-p", f"RuntimeMaxSec={_LOAD_SECONDS}", "perl", "-e", _LOAD]
            lab.execute(name, start).check_returncode()
        yield name
        if scene.loaded:
            lab.execute(name, ["systemctl", "is-active", "load"]).check_returncode()
    finally:
        lab.down(name)


def _modbisect(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "modbisect", *arguments, "--json"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=600,
        check=False,
    )


def _manifest(host: str) -> bytes:
    """Paths, types, modes, owners, times, targets and contents of all that a run could touch."""
    done = lab.execute(host, ["bash", "-eo", "pipefail", "-c", _MANIFEST])
    done.check_returncode()
    return done.stdout


def _effect(report: Report) -> str:
    effects = (finding.effect for finding in report.findings)
    return ", ".join(f"{before(one)} -> {after(one)}" for one in effects)


# --- the table -----------------------------------------------------------------------------------

_COLUMNS = "{:<26} {:<12} {:<10} {:<58} {:<5} {:<16} {:>8} {:>7} {:<8} {}"
_HEAD = (
    "culprit",
    "kind",
    "components",
    "named",
    "right",
    "effect",
    "restarts",
    "seconds",
    "restored",
    "changed by hand",
)


def show(rows: Sequence[Row]) -> None:
    """Those with a look, those without, and where there are both what looking was worth."""
    sets = {look: [row for row in rows if row.look is look] for look in (True, False)}
    for look, those in sets.items():
        if those:
            print(f"\n{'with' if look else 'without'} a look")
            _table(those)
    if all(sets.values()):
        _beside(*sets.values())


def _table(rows: Sequence[Row]) -> None:
    """One line a culprit, one for all innocent hosts."""
    print("components: those of the host / those that may be flipped")
    print(_COLUMNS.format(*_HEAD))
    for scene in (*SCENES, *planted()):
        for row in (row for row in rows if row.scene == scene.name):
            named = "; ".join(" + ".join(one) for one in row.named) or f"nobody ({row.outcome})"
            print(_line(scene, [row], named, _word(row.right)))
    if innocent := [row for row in rows if row.scene == INNOCENT[0].name]:
        accused, right = sum(bool(row.named) for row in innocent), sum(row.right for row in innocent)
        named = f"{accused} of {len(innocent)} runs under load accused somebody"
        print(_line(INNOCENT[0], innocent, named, f"{right}/{len(innocent)}"))
    states, others = sum(row.compared for row in rows), [(row.scene, each) for row in rows for each in row.wrong]
    print(f"states that scan said: {states} held against the live processes, {len(others)} of them wrong")
    for name, each in others:
        print(f"  {name}: {each}")
    for row in rows:
        if not row.right or not row.restored:
            print(f"\n{row.scene} {row.number}: {row.outcome}: {row.said}")


def _beside(looked: Sequence[Row], blind: Sequence[Row]) -> None:
    """Restarts and seconds of the same scenes, and the most restarts that a look cost."""
    guilty = {scene.name: frozenset[str]().union(*scene.truth) for scene in (*SCENES, *planted())}
    with_look, without = ({row.scene: row for row in rows if row.scene in guilty} for rows in (looked, blind))
    names = [name for name in with_look if name in without]
    print(f"\n{len(names)} culprits   restarts: median, 90 %   seconds: median, 90 %   right   an innocent named")
    for word, rows in (("with a look", with_look), ("without", without)):
        those = [rows[name] for name in names]
        restarts, seconds = _spread([row.restarts for row in those]), _spread([row.seconds for row in those])
        wrong = sum(any(set(one) - guilty[row.scene] for one in row.named) for row in those)
        print(f"{word:<14} {restarts:>21} {seconds:>24} {sum(row.right for row in those):>7} {wrong:>7}")
    worst = max(names, key=lambda name: with_look[name].restarts - without[name].restarts)
    more = with_look[worst].restarts - without[worst].restarts
    print(f"most restarts above without: {more:+d} ({worst})")


def _spread(values: Sequence[float]) -> str:
    ordered = sorted(values)
    return f"{median(ordered):.0f}, {ordered[math.ceil(0.9 * len(ordered)) - 1]:.0f}"


def _line(scene: Scene | Planted, rows: Sequence[Row], named: str, right: str) -> str:
    """Restarts and seconds are medians."""
    return _COLUMNS.format(
        scene.name,
        scene.kind,
        f"{rows[0].total}/{rows[0].suspects}",
        named,
        right,
        rows[0].effect,
        round(median(row.restarts for row in rows)),
        round(median(row.seconds for row in rows)),
        _word(all(row.restored for row in rows)),
        ", ".join(rows[0].changed),
    )


def _word(good: bool) -> str:  # noqa: FBT001  that is all it is about
    return "yes" if good else "NO"


def main() -> int:
    """All runs that FILE has not yet; 1 when one is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", metavar="NAME", help="this scene alone")
    parser.add_argument("--hosts", choices=("ours", "planted", "all"), default="all", help="whose culprits (all)")
    parser.add_argument("--own", action="store_true", help="the playbooks of those who planted them")
    parser.add_argument("--look", choices=("yes", "no", "both"), default="yes", help="begin each run with a look (yes)")
    parser.add_argument("--innocent", type=int, default=20, metavar="N", help="innocent hosts (20)")
    parser.add_argument("--seed", type=int, default=1, help="for the order of trials (1)")
    parser.add_argument("--strategy", default="auto", help="the playbooks' strategy (auto)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="a line a run; what it has already is not run again")
    arguments = parser.parse_args()
    whose = {"ours": SCENES, "planted": tuple(planted()), "all": (*SCENES, *planted())}[arguments.hosts]
    hosts = [
        *((scene, 0) for scene in whose),
        *((INNOCENT[number % len(INNOCENT)], number) for number in range(arguments.innocent)),
    ]
    looks = {"yes": (True,), "no": (False,), "both": (True, False)}[arguments.look]
    wanted = [
        (scene, number, look)
        for scene, number in hosts
        if arguments.only in (None, scene.name)
        for look in (looks if scene.truth else looks[:1])
    ]
    if not wanted:
        parser.error(f"no such scene; there are: {', '.join(scene.name for scene in (*SCENES, INNOCENT[0]))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through every finally: no host stays behind
    done = _kept(arguments.json)
    rows = []
    for place, (scene, number, look) in enumerate(wanted, 1):
        row = done.get((scene.name, number, arguments.strategy, look))
        if row is None:
            try:
                row = played(scene, number, arguments.strategy, arguments.seed, look=look, own=arguments.own)
            except (RuntimeError, lab.LabError) as error:
                row = Row(scene.name, number, arguments.strategy, look, 0, 0.0, restored=False, said=f"no run: {error}")
            if arguments.json:
                with arguments.json.open("a") as file:
                    file.write(json.dumps(asdict(row)) + "\n")
        rows.append(row)
        print(f"{place}/{len(wanted)} {scene.name}: right: {_word(row.right)}, {row.seconds:.0f} s", file=sys.stderr)
    show(rows)
    return 0 if all(row.right and row.restored and not row.wrong for row in rows) else 1


def _kept(path: Path | None) -> dict[tuple[str, int, str, bool], Row]:
    if path is None or not path.exists():
        return {}
    rows = [Row(**json.loads(line)) for line in path.read_text().splitlines()]
    return {(row.scene, row.number, row.strategy, row.look): row for row in rows}


if __name__ == "__main__":
    sys.exit(main())
