"""Fifty checks of a real site on a lab host, which becomes slow at one of them that is picked by chance.

Each round is a fresh history. A piece of PHP in front of every page, named in Apache's configuration, takes 80 ms, and
at that check, by a reload, as long again as the page usually takes. The other rules of `alarms.py` are held
against the very same checks.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from modbisect import lab
from modbisect.history import CanaryResult, History
from modbisect.inventory import Host, parse_inventory
from modbisect.judging.history import Trend
from modbisect.playbook import Playbook, parse_playbook
from modbisect.run.canary import watch

sys.path.append(str(Path(__file__).parents[1]))
from bench_host import inside, shop

CHECKS, SETTLED = 50, 15
"""Checks of a round, and those before which nothing becomes slow: a level wants twelve."""
FOUND_WITHIN = 3
SLOWER = 0.1
"""As in `alarms.py`."""
BOOK = """\
name: shop canary
probes: {report: {get: /report, expect: {status: 200}}}
symptom: {probe: report}
trial: {requests: 5}
"""
USUAL = 80_000
"""Microseconds."""
PLANTED = "/etc/apache2/conf-enabled/in-front.conf"
PLANT = """
printf '<?php usleep(%d);\\n' "$1" >/var/lib/in-front.php
echo 'php_admin_value auto_prepend_file /var/lib/in-front.php' >"$2"
systemctl reload apache2
"""


def judged(medians: Sequence[float], planted: int) -> dict[str, tuple[int, int | None]]:
    """By rule: false alarms, and how many checks behind the planting the first true one came; None for never."""
    rules = {"20 % above the last 20": [False] * CHECKS, "3 sigma of the last 20": [False] * CHECKS}
    for at in range(SETTLED, CHECKS):
        late = medians[max(0, at - 20) : at]
        rules["20 % above the last 20"][at] = medians[at] > 1.2 * statistics.median(late)
        rules["3 sigma of the last 20"][at] = medians[at] > statistics.fmean(late) + 3 * statistics.stdev(late)
    if divisive := _divisive(medians):
        rules["E-divisive"] = divisive
    return {name: counted(alarms, planted) for name, alarms in rules.items()}


def _divisive(medians: Sequence[float]) -> list[bool]:
    try:
        from otava.analysis import compute_change_points  # noqa: PLC0415  # not everybody has it
    except ImportError:
        return []
    alarms = [False] * CHECKS
    for at in range(SETTLED, CHECKS):
        found, _ = compute_change_points(list(medians[: at + 1]))
        alarms[at] = any(
            each.index >= at + 1 - FOUND_WITHIN and each.stats.forward_rel_change() > SLOWER for each in found
        )
    return alarms


def counted(alarms: Sequence[bool], planted: int) -> tuple[int, int | None]:
    """False alarms, and the number of the check from the planting on, 1 being the first, that was an alarm."""
    first = next((at - planted + 1 for at in range(planted, len(alarms)) if alarms[at]), None)
    return sum(alarms[:planted]), first


def watched(host: Host, book: Playbook, lab_host: lab.LabHost, planted: int) -> list[CanaryResult]:
    """The checks of one round."""
    with tempfile.TemporaryDirectory() as folder, History(f"sqlite:///{folder}/history.db") as history:
        inside(lab_host, PLANT, str(USUAL), PLANTED)
        for at in range(CHECKS):
            if at == planted:
                seen = history.recent(host.name, book.name, "report", CHECKS)
                more = round(statistics.median(each.median_seconds for each in seen) * 1e6)
                inside(lab_host, PLANT, str(USUAL + more), PLANTED)
            watch(host, book, history, lambda _: None)
        return list(history.recent(host.name, book.name, "report", CHECKS))


def main() -> None:
    """Print a line a round, and a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="of fifty checks (3)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    dice, scores = Random(options.seed), []  # noqa: S311  # no secret
    with shop(("lean",)) as (lab_host, _):
        (host,) = parse_inventory(lab.inventory()).select(lab_host.name)
        book = parse_playbook(BOOK)
        for number in range(options.rounds):
            planted = dice.randint(SETTLED, CHECKS - FOUND_WITHIN)
            began = time.monotonic()
            kept = watched(host, book, lab_host, planted)
            inside(lab_host, 'rm -f "$1" && systemctl reload apache2', PLANTED)
            ours = counted([each.verdict == Trend.SLOWER for each in kept], planted)
            medians = [each.median_seconds for each in kept]
            scores.append({"modbisect": ours} | judged(medians, planted))
            usual, slow = statistics.median(medians[:planted]), statistics.median(medians[planted:])
            print(
                f"round {number + 1}: slower from check {planted + 1} of {CHECKS} on, {usual * 1e3:.1f} ms -> "
                f"{slow * 1e3:.1f} ms; {ours[0]} false alarms, found by check {ours[1]} of it; "
                f"{time.monotonic() - began:.0f} s",
                flush=True,
            )
    print(f"\n{'rule':<24} {'false alarms':>13} {f'found within {FOUND_WITHIN}':>16}")
    for name in scores[0]:
        false = sum(score[name][0] for score in scores)
        found = sum((score[name][1] or CHECKS) <= FOUND_WITHIN for score in scores)
        print(f"{name:<24} {false:>13} {f'{found}/{len(scores)}':>16}")


if __name__ == "__main__":
    main()
