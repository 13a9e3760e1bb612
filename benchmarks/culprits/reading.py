"""From what each tool has written to the lines that a person reads first, in their order."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

_CALL = re.compile(r"^(\w+)\((.*)\)\s+= .*<(\d+\.\d+)>$")
_FRAME = re.compile(r"^ > ([^( ]+)\(")
_IDLE = re.compile(r"^(accept4?|epoll_wait|epoll_pwait)\(")
"""A worker that waits for its next request."""
_MANY_FRAMES = 12
_WIDTH = 200


def plain(text: str) -> Sequence[str]:
    """The lines as they are, without comments and empty ones."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip() and not line.startswith("#")]


def counted(text: str) -> Sequence[str]:
    """The table of ``strace -c`` without its head, its total, and the waiting of workers that have nothing to do."""
    rows = [line for line in text.splitlines() if re.match(r"\s*\d", line) and not line.endswith(" total")]
    return [" ".join(line.split()) for line in rows if not _IDLE.match(f"{line.split()[-1]}(")]


def calls(text: str) -> Sequence[str]:
    """System calls that are the same but for their numbers, those first that took the most time together.

    With a stack below a call, the objects in it are part of the call, the innermost first.
    """
    total: defaultdict[str, float] = defaultdict(float)
    count: defaultdict[str, int] = defaultdict(int)
    example: dict[str, str] = {}
    for call, took, stack in _with_stacks(text):
        if _IDLE.match(call):
            continue
        key = re.sub(r"\d+", "N", call) + stack
        total[key] += took
        count[key] += 1
        example.setdefault(key, f"{call[: _WIDTH // 2]} {stack}")
    return [f"{total[key]:.3f} s {count[key]} x {example[key]}" for key in _most(total)]


def _with_stacks(text: str) -> Iterable[tuple[str, float, str]]:
    """Each call, its seconds, and the objects below it."""
    call, took, objects = "", 0.0, list[str]()
    for line in [*text.splitlines(), "end() = 0 <0.0>"]:
        if frame := _FRAME.match(line):
            name = frame[1].rpartition("/")[2]
            if name not in objects and len(objects) < _MANY_FRAMES:
                objects.append(name)
        elif found := _CALL.match(line):
            if call:
                yield call, took, " < ".join(objects)
            call, took, objects = f"{found[1]}({found[2]})", float(found[3]), []


def traces(text: str) -> Sequence[str]:
    """Traces of phpspy, the most frequent first, each in one line with its innermost function first."""
    seen: defaultdict[str, float] = defaultdict(float)
    for block in text.split("\n\n"):
        frames = [line.partition(" ")[2] for line in block.splitlines() if re.match(r"\d+ ", line)]
        if frames:
            seen[" < ".join(frames)] += 1
    return [f"{seen[stack]:.0f} {stack}" for stack in _most(seen)]


def collapsed(text: str) -> Sequence[str]:
    """Collapsed stacks of all requests, the most frequent first."""
    seen: defaultdict[str, float] = defaultdict(float)
    for line in text.splitlines():
        stack, _, count = line.rpartition(" ")
        if stack and count.isdigit():
            seen[stack.lstrip(";")] += int(count)  # an empty frame stands before some
    return [f"{seen[stack]:.0f} {stack}" for stack in _most(seen)]


def cachegrind(text: str) -> Sequence[str]:
    """Functions of one request by the time in themselves, with the file of each."""
    names: dict[str, str] = {}
    own: defaultdict[str, float] = defaultdict(float)
    file = function = ""
    inside_call = False
    for line in text.splitlines():
        kind, _, value = line.partition("=")
        if kind in {"fl", "fn", "cfl", "cfi", "cfn"}:
            number, _, name = value.partition(" ")
            if name:
                names[f"{kind[-2:]}{number}"] = name
            if kind == "fl":
                file = names[f"fl{number}"]
            elif kind == "fn":
                function = names[f"fn{number}"]
        elif kind == "calls":
            inside_call = True
        elif re.match(r"\d+ \d+", line):
            if not inside_call:
                own[f"{function} {file}"] += int(line.split()[1])
            inside_call = False
    whole = sum(own.values()) or 1
    return [f"{100 * own[key] / whole:.1f} % {key}" for key in _most(own)]


def status(text: str) -> Sequence[str]:
    """The slowest pages of the log and the requests that the server's status shows at work, turn by turn."""
    times: defaultdict[str, list[int]] = defaultdict(list)
    working: defaultdict[str, float] = defaultdict(float)
    for line in text.splitlines():
        if found := re.match(r"^(\d+) (/.*)$", line):
            times[found[2]].append(int(found[1]))
    for row in re.findall(r"<tr><td><b>.*?</tr>", text, re.DOTALL):
        cells = [re.sub(r"<[^>]*>|\s+", " ", cell).strip() for cell in row.split("<td")[1:]]
        cells = [cell.rpartition(">")[2].strip() for cell in cells]
        if len(cells) > 3 and cells[3] == "W" and "server-status" not in cells[-1]:  # noqa: PLR2004
            working[cells[-1]] += 1
    mean = {page: sum(those) / len(those) for page, those in times.items()}
    log = [f"{mean[page] / 1000:.0f} ms {len(times[page])} x {page}" for page in _most(mean)][:3]
    return [*log, *(f"W {working[page]:.0f} times: {page}" for page in _most(working))]


def _most(values: dict[str, float]) -> list[str]:
    return sorted(values, key=lambda key: -values[key])
