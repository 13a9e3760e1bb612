"""Asks a host what it is and has: read-only scripts, one round trip each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from modbisect.components import Facts, Step, parse
from modbisect.components.facts import SurveyError
from modbisect.errors import Refused
from modbisect.host.privilege import RootLink
from modbisect.model import Memory


def survey(root: RootLink) -> Facts:
    """Read a host's facts.

    Raises:
        Refused: the host answers something else, or is no Debian with Apache.
    """
    done = root.script(_script("survey.sh"))
    try:
        facts = parse(done.text)
    except SurveyError as error:
        raise Refused(
            f"the survey failed: {error}; {done.complaint[-300:]}",
            host=root.name,
            state="nothing was changed",
            advice="run it again with -v, and report it if it stays",
        ) from error
    if not facts.names("/etc/apache2/mods-available", ".load"):
        raise Refused(
            "no Apache in Debian's layout: /etc/apache2/mods-available is missing or empty",
            host=root.name,
            state="nothing was changed",
            advice="modbisect knows Debian and Ubuntu servers so far",
        )
    return facts


@dataclass(frozen=True, slots=True)
class ConfigTest:
    """Apache's word on one configuration, tested on a copy."""

    ok: bool
    text: str


def config_tests(root: RootLink, configurations: Mapping[str, Sequence[Step]]) -> dict[str, ConfigTest]:
    """Test configurations on a copy in the host's memory: about 40 ms each, nothing restarted or changed.

    Returns:
        An answer for each key; none where the host could not make a copy.
    """
    lines = []
    for key, steps in configurations.items():
        paths = [
            step.path if step.kind == "absent" else f"{step.path}={step.content}"
            for step in steps
            if step.path.startswith("/etc/apache2/") and step.kind != "file"
        ]
        lines.append("\t".join([key, *paths]))
    done = root.script(_script("scratch.sh"), data="\n".join(lines), deadline=30 + len(lines))
    answers = {}
    for line in done.text.splitlines():
        key, status, text = (*line.split("\t", 2), "", "")[:3]
        if key in configurations and status.isdigit():
            answers[key] = ConfigTest(status == "0", text.strip())
    return answers


@dataclass(frozen=True, slots=True)
class Sample:
    """Memory and processor time of the host at one moment."""

    memory: Memory | None
    busy: int
    """Clock ticks of all processors since boot ..."""
    stolen: int
    """... and of these, taken by the hypervisor."""


_SAMPLE = """
read -r _ user nice system idle wait irq soft steal _ </proc/stat
echo "cpu $((user + nice + system + idle + wait + irq + soft + steal)) $steal"
read -r parent 2>/dev/null </run/apache2/apache2.pid || exit 0
masters=$(cat /run/php/php*-fpm.pid 2>/dev/null)
for pid in $parent $masters; do
  for kid in $(cat "/proc/$pid/task/$pid/children" 2>/dev/null); do
    [ ! -r "/proc/$kid/status" ] || echo "/proc/$kid/status"
  done
done | xargs -r awk '/^VmHWM/ {h = $2} /^VmRSS/ {print "worker", h, $2}' 2>/dev/null
"""


def sample(root: RootLink) -> Sample:
    """Take a sample: peak and resident memory of the server's workers, found by their parent, not by name."""
    done = root.script(_SAMPLE)
    busy = stolen = 0
    workers = []
    for line in done.text.splitlines():
        word, *numbers = line.split()
        if len(numbers) == 2 and all(number.isdigit() for number in numbers):  # noqa: PLR2004  # as printed above
            first, second = map(int, numbers)
            if word == "cpu":
                busy, stolen = first, second
            elif word == "worker":
                workers.append((first * 1024, second * 1024))
    memory = Memory(max(peak for peak, _ in workers), max(now for _, now in workers), len(workers)) if workers else None
    return Sample(memory, busy, stolen)


def _script(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text()
