"""What a look costs the site that is looked at: its requests, the host's processor, and what many looks leave behind.

On one lab host. Requests are made in short windows, watched and not in turn, and compared pair by pair. Then looks are
taken by the hundred while visitors are about, and the host is held against what it was. Needs root on Debian.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from random import Random
from statistics import median

from bench_host import inside, shop

from modbisect import lab
from modbisect.host.look import look
from modbisect.host.privilege import RootLink
from modbisect.model import Probe
from modbisect.probe import Oracle, ProbeProcess, Window

PAGES = {"/": "short", "/report": "busy", "/stock.php": "waits for the database"}
WINDOW_SECONDS = 5
"""As long as the look of a run."""
AT_ONCE = 4
_PORTS = 1100
"""Of a window. A port is free again a minute after its request, and by then all others have been used."""
VISITORS = r"""
use IO::Socket::INET;
$SIG{PIPE} = 'IGNORE';
while (1) {
	my $port = 20000 + int rand 4000;
	my $site = IO::Socket::INET->new(PeerAddr => '127.0.0.1:80', LocalPort => $port, Timeout => 2) or next;
	print $site "GET /stock.php HTTP/1.0\r\n\r\n";
	1 while <$site>;
}
"""
FILES = r"""
find /etc /usr/local /var/lib /srv /opt /tmp /run/modbisect* -xdev -not -path '*/mysql/*' \
  -printf '%p %y %m %U %T@\n' 2>/dev/null | sort
"""
WORKERS = r"""
for pid in $(cat /sys/fs/cgroup/system.slice/apache2.service/cgroup.procs 2>/dev/null ||
    cat /sys/fs/cgroup/unified/system.slice/apache2.service/cgroup.procs); do
  pss=$(awk '/^Pss:/ {print $2}' /proc/$pid/smaps_rollup)
  echo "$pid $(cut -d ' ' -f 22 /proc/$pid/stat) $pss $(ls /proc/$pid/fd | wc -l)"
done
"""
LEFT = "ps -eo comm= | grep -c '^perl' ; cat /proc/modules 2>/dev/null | cut -d ' ' -f 1 | sort"


@dataclass(frozen=True, slots=True)
class Workers:
    """The server's processes."""

    who: frozenset[tuple[str, str]]
    """Number and start of each."""
    pss: int
    """KiB of all together."""
    files: int
    """Open ones of all together."""

    @classmethod
    def of(cls, host: lab.LabHost) -> Workers:
        """As they are now."""
        rows = [line.split() for line in inside(host, WORKERS).splitlines()]
        return cls(
            frozenset((pid, start) for pid, start, *_ in rows),
            sum(int(row[2]) for row in rows),
            sum(int(row[3]) for row in rows),
        )


def beside(host: lab.LabHost, root: RootLink, page: str, rounds: int) -> tuple[list[float], list[float]]:
    """Of each pair of windows how much longer the median request took watched, and each look's share of a processor."""
    ratios, costs, firsts = [], [], cycle(range(20_000, 54_000, _PORTS))
    with ProbeProcess() as probes, ThreadPoolExecutor(1) as pool:
        for number in range(rounds):
            took = {}
            for watched in (number % 2 == 0, number % 2 == 1):
                ports = range(first := next(firsts), first + _PORTS)
                probe = Probe("page", f"http://{host.address}{page}", local_ports=(ports.start, ports.stop - 1))
                looking = pool.submit(look, root, WINDOW_SECONDS + 1, ports) if watched else None
                window = Window(
                    probe,
                    Oracle(probe.expect),
                    requests=_PORTS - 100,
                    warm_up=3,
                    cap=None,
                    cold_cap=None,
                    seconds=float(WINDOW_SECONDS),
                    settle=0.0,
                    within=float(WINDOW_SECONDS),
                )
                took[watched] = median(request.seconds for request in probes.measure(window, 60.0).requests)
                if looking:
                    seen = looking.result()
                    costs.append(seen.cost / seen.seconds)
            ratios.append(took[True] / took[False])
    return ratios, costs


def interval(values: list[float]) -> tuple[float, float]:
    """95 % of the median, by the bootstrap."""
    dice = Random(1)  # noqa: S311
    medians = sorted(median(dice.choices(values, k=len(values))) for _ in range(2000))
    return medians[50], medians[-51]


@contextmanager
def visitors(host: lab.LabHost) -> Iterator[None]:
    """Three of them, all the time."""
    for number in range(3):
        inside(host, 'systemd-run -q --collect --unit="$1" perl -e "$2"', f"visitor-{number}", VISITORS)
    try:
        yield
    finally:
        inside(host, "systemctl stop 'visitor-*'")


def many(host: lab.LabHost, root: RootLink, count: int) -> None:
    """So many looks under load: what is otherwise behind them."""
    with visitors(host):
        with ThreadPoolExecutor(AT_ONCE) as pool:  # until all workers that the load takes are there
            list(pool.map(lambda _: look(root, 1, range(20_000, 24_000)), range(2 * AT_ONCE)))
        before, files, left = Workers.of(host), inside(host, FILES), inside(host, LEFT)
        busy = 0
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for number, seen in enumerate(pool.map(lambda _: look(root, 1, range(20_000, 24_000)), range(count)), 1):
                busy += seen.busy > 0
                if number % 50 == 0:
                    print(f"{number} of {count} looks", file=sys.stderr)
        after = Workers.of(host)
        changed = set(files.splitlines()) ^ set(inside(host, FILES).splitlines())
        gone, come = len(before.who - after.who), len(after.who - before.who)
        print(f"\n{count} looks of 1 s, {AT_ONCE} at once, three visitors; {busy} saw a request")
        print(f"server's processes: {len(before.who)}, of which {gone} are gone; {come} new")
        print(f"their memory        {before.pss / 1024:.1f} -> {after.pss / 1024:.1f} MiB (Pss)")
        print(f"their open files    {before.files} -> {after.files}")
        print(f"files of the host   {len(changed)} other than before")
        print(*(f"    {one}" for one in sorted(changed)[:10]), sep="\n", end="\n" if changed else "")
        print(f"processes, modules  {'as before' if inside(host, LEFT) == left else 'NOT as before'}")


def main() -> None:
    """Both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="pairs of windows a page (20)")
    parser.add_argument("--looks", type=int, default=200, help="looks under load (200)")
    arguments = parser.parse_args()
    with shop(("pages",)) as (host, root):
        print(f"{'page':<36}{'watched : not':>14}{'95 %':>16}{'processor':>12}")
        for page, what in PAGES.items():
            ratios, costs = beside(host, root, page, arguments.rounds)
            low, high = interval(ratios)
            words = f"{page} ({what})"
            print(
                f"{words:<36}{median(ratios):>14.3f}{f'{low:.3f} to {high:.3f}':>16}{median(costs):>12.1%}", flush=True
            )
        many(host, root, arguments.looks)


if __name__ == "__main__":
    main()
