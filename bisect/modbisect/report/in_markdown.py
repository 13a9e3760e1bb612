"""A report as Markdown, for a ticket or a chat: its first line is the verdict."""

from __future__ import annotations

from collections.abc import Iterable

from modbisect.report import headline
from modbisect.report.blocks import Block, Commands, Heading, Items, Row, Sentence, Table, every
from modbisect.report.escaping import escaped, fenced
from modbisect.report.values import Report


def markdown(report: Report) -> str:
    """The report for a ticket; no text from the host can change its structure."""
    return written(headline.verdict(report), every(report))


def written(first: str, blocks: Iterable[Block]) -> str:
    """A sentence and what stands below it, ending in a newline."""
    return "\n\n".join(filter(None, (escaped(first), *map(_written, blocks)))) + "\n"


def _written(block: Block) -> str:
    match block:
        case Heading(level, words):
            return f"{'#' * level} {escaped(words)}"
        case Sentence(words, lead, alarm):
            front = f"**{escaped(lead)}** " if lead else ""
            return f"{'> ' if alarm else ''}{front}{escaped(words)}"
        case Items(lines):
            return "\n".join(f"- {escaped(line)}" for line in lines)
        case Table(head, rows):
            return "\n".join([_row(head), f"| {' | '.join(['---'] * len(head))} |", *map(_row, rows)])
        case Commands(lines):
            return fenced(lines)


def _row(cells: Row) -> str:
    return f"| {' | '.join(map(escaped, cells))} |"
