"""What a trial and the survey cost where files are opened: some 460 components, beside the same host's 210.

On one lab host, 500 directives are components as a whole (closed), or 250 of them by their lines: those of one file, as
a search goes on inside a culprit, or those of 25 files at once. A trial flips the same 30 PHP modules; where files are
opened, 200 of their lines as well, which the guard cuts out of its snapshots. Own cost is wall time less the server's
restart and the probe's requests. Needs root on Debian.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median

from bench_host import inside, rounds, shop
from trial_cost import LEASE_SECONDS, TimedGuard

from modbisect import kinds
from modbisect.host.privilege import RootLink
from modbisect.host.survey import survey
from modbisect.kinds import Found
from modbisect.model import AS_FOUND, Ask, Component, Configuration, Expect, Probe
from modbisect.playbook import Playbook, TrialOptions
from modbisect.probe import ProbeProcess
from modbisect.run.conduct import new_run
from modbisect.run.site import Site
from modbisect.run.trial import Trials

FILES, LINES, CUT = 25, 10, 200
AIM_RATIO, AIM_SURVEY = 1.3, 2.0
_MAKE = r"""
make() {
  for line in $(seq 1 "$2"); do echo "AddType text/x-bench-$1-$line .xb$1-$line"; done \
    >"/etc/apache2/conf-available/bench-$1.conf"
  a2enconf -q "bench-$1" >/dev/null
}
for file in $(seq 1 "$1"); do make "$file" "$2"; done
make long $(($1 * $2))
systemctl restart apache2
cat /etc/apache2/apache2.conf /etc/apache2/*-enabled/*.conf | wc -l
"""
_FILL = r"""for line in $(seq 1 "$1"); do echo "AddType text/x-more-$line .xm$line"; done \
  >/etc/apache2/conf-available/zz-more.conf; a2enconf -q zz-more >/dev/null; systemctl restart apache2
cat /etc/apache2/apache2.conf /etc/apache2/*-enabled/*.conf | wc -l"""
_CHEAP = (
    *("bz2", "dba", "ds", "exif", "ftp", "gd", "gmp", "imap", "intl", "ldap", "mailparse", "memcached", "pgsql"),
    *("redis", "shmop", "soap", "sysvmsg", "sysvsem", "sysvshm", "tidy", "uploadprogress", "uuid", "xmlreader"),
    *("xmlwriter", "xsl", "yaml", "zip", "pdo_pgsql", "pdo_sqlite", "sqlite3"),
)


def flips(components: Sequence[Component]) -> Configuration:
    """The modules that the shop does without; of the lines as many as a trial flips at most."""
    modules = {f"php-module:{name}" for name in _CHEAP}
    lines = [one.id for one in components if one.kind == "apache-directive" and "/bench-" in one.id][:CUT]
    known = {one.id for one in components if not one.pinned}
    return Configuration(frozenset((modules & known) | set(lines)))


@contextmanager
def held(root: RootLink, address: str, found: Found, components: Sequence[Component]) -> Iterator[list[float]]:
    """A host that is held, and the own cost in seconds of each of some trials on it."""
    probe = Probe("front", f"http://{address}/", expect=Expect(status=frozenset({200})))
    playbook = Playbook("benchmark", probes=(probe,), trial=TrialOptions(requests=1, warm_up=0))
    guard = TimedGuard(root, new_run())
    files = kinds.edited_files(found, components)
    guard.hold("benchmark", kinds.write_set(found), kinds.units(found), LEASE_SECONDS, files)
    with guard.heartbeat(LEASE_SECONDS, print) as heartbeat, ProbeProcess() as probes:
        trials = Trials(guard, Site(playbook, probes, root), found, tuple(components))
        costs = []
        try:
            for turn, configuration in enumerate([flips(components), AS_FOUND] * 2):
                began = time.perf_counter()
                seen = trials.run(Ask(configuration, requests=1, cap=5.0, why="benchmark", left=0))
                wall = time.perf_counter() - began
                if seen.broken or seen.cold is None:
                    raise SystemExit(f"the trial failed: {seen.broken}")
                probing = seen.cold.seconds + sum(request.seconds for request in seen.requests)
                if turn > 1:  # the first two open the conversation
                    costs.append(wall - guard.applied[1].restart_seconds - probing)
            yield costs
        finally:
            heartbeat.stop()
            guard.restore()
            guard.disarm()


def main() -> int:
    """1 where an aim is missed."""
    times = rounds(__doc__, usually=8)
    with shop() as (host, root):
        lines = int(inside(host, _MAKE, str(FILES), str(LINES)))
        paths = tuple(f"/etc/apache2/conf-available/bench-{file}.conf" for file in range(1, FILES + 1))
        found = survey(root)
        ways = {
            "closed": kinds.discover(found),
            "one file": kinds.discover(found, ("/etc/apache2/conf-available/bench-long.conf",)),
            f"{FILES} files": kinds.discover(found, paths),
        }
        costs: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(times):
            for name in sorted(ways, reverse=bool(turn % 2)):
                with held(root, host.address, found, ways[name]) as seen:
                    costs[name] += seen
            print(f"round {turn + 1} of {times}", file=sys.stderr)
        more = int(inside(host, _FILL, str(max(1, 2000 - lines))))
        surveys = []
        for _ in range(times):
            began = time.perf_counter()
            survey(root)
            surveys.append(time.perf_counter() - began)
    print(f"{'':<9}{'components':>11}{'flipped':>9}{'own cost, ms':>14}{'ratio':>7}")
    ratios = {name: median(seen) / median(costs["closed"]) for name, seen in costs.items()}
    for name, components in ways.items():
        flipped = len(flips(components).flipped)
        print(f"{name:<9}{len(components):>11}{flipped:>9}{median(costs[name]) * 1e3:>14.0f}{ratios[name]:>7.2f}")
    ratio = ratios["one file"]
    print(f"aim for one file: at most {AIM_RATIO}: {'met' if ratio <= AIM_RATIO else 'missed'}")
    taken = median(surveys)
    print(
        f"survey of {more} configuration lines: {taken:.2f} s; aim: under {AIM_SURVEY:g} s: "
        f"{'met' if taken < AIM_SURVEY else 'missed'}"
    )
    return 0 if ratio <= AIM_RATIO and taken < AIM_SURVEY else 1


if __name__ == "__main__":
    raise SystemExit(main())
