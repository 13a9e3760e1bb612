import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from report_cases import CASES, FOUND, UPLOAD

from modbisect.harmless import one_line
from modbisect.model import Confirmation, Cost, Outcome, Together, Untestable, Verdict
from modbisect.report import Report, Restored, markdown, text, to_json, verdict
from modbisect.report.escaping import escaped

GOLDEN = Path(__file__).parent / "golden"
UPDATE = "UPDATE_GOLDEN"
"""Set it in the environment to write the golden files anew; then read their diff."""

FORMATS = {"txt": text, "md": markdown, "json": to_json}
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", CASES)
def test_reports_are_written_as_they_always_were(name: str, form: str) -> None:
    golden = GOLDEN / f"{name}.{form}"
    written = FORMATS[form](CASES[name])
    if os.environ.get(UPDATE):
        golden.write_text(written, encoding="utf-8")
    assert written == golden.read_text(encoding="utf-8"), f"set {UPDATE}=1 if this is meant"


def test_every_golden_file_belongs_to_a_case() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{name}.{form}" for name in CASES for form in FORMATS}


@pytest.mark.parametrize("name", CASES)
def test_the_verdict_is_one_line_and_comes_first(name: str) -> None:
    report = CASES[name]
    sentence = verdict(report)
    assert len(sentence.splitlines()) == 1
    assert sentence.endswith(".")
    assert text(report).splitlines()[0] == sentence
    first = MarkdownIt("gfm-like", {"linkify": False}).parse(markdown(report))[1]
    assert "".join(child.content for child in first.children or []) == sentence


@pytest.mark.parametrize("name", CASES)
def test_colour_adds_nothing_but_colour(name: str) -> None:
    coloured = text(CASES[name], colour=True)
    assert COLOUR.sub("", coloured) == text(CASES[name])
    assert coloured != text(CASES[name])


@pytest.mark.parametrize("write", FORMATS.values())
def test_a_host_left_changed_cannot_be_overlooked(write) -> None:  # noqa: ANN001  one of three functions
    written = write(CASES["not-restored"])
    assert "NOT RESTORED" in written
    assert "qos.load is missing" in written
    if write is not to_json:
        assert "NOT RESTORED" in written.splitlines()[0]
        assert "modbisect restore web1" in written
    assert "NOT RESTORED" not in write(FOUND)


def test_what_was_cut_off_is_nowhere_a_time() -> None:
    report = CASES["none-cut-off"]
    for written in (verdict(report), text(report), markdown(report)):
        assert "more than 3 min" in written
        assert "3 min" not in written.replace("more than 3 min", "")
    assert "at least 1x" in markdown(report)
    assert '"found_censored": true' in to_json(report)
    assert '"after_censored": true' in to_json(report)


def test_what_stayed_out_is_listed_when_that_is_asked_for() -> None:
    assert text(FOUND, verbose=True).count("pinned:  ") == len(FOUND.pinned)
    assert "pinned:  " not in text(FOUND)
    assert "mysqli" in text(replace(FOUND, untestable=FOUND.untestable * 9), verbose=True)


def test_a_culprit_that_was_not_slow_again_is_not_called_confirmed() -> None:
    once = replace(FOUND, findings=(replace(UPLOAD, confirmations=UPLOAD.confirmations[:1]),))
    assert "not confirmed both ways" in verdict(once)
    contrary = Confirmation("off", Verdict.SLOW, 70.0)
    doubtful = replace(FOUND, findings=(replace(UPLOAD, confirmations=(*UPLOAD.confirmations, contrary)),))
    assert "not confirmed both ways" in verdict(doubtful)


def test_the_dearest_components_come_first() -> None:
    page = markdown(CASES["found-off"])
    costs = page[page.index("## What each") :]
    assert costs.index("php-module:opcache") < costs.index("apache-module:deflate")


def test_dependents_are_switched_before_the_culprit_and_the_server_restarts_once() -> None:
    page = markdown(CASES["found-censored"])
    block = page[page.index("```sh") + 6 : page.rindex("```")]
    assert block.splitlines() == [
        "phpdismod -v 8.2 -s apache2 uploadguard-stats",
        "phpdismod -v 8.2 -s apache2 uploadguard",
        "systemctl restart apache2",
    ]


def _worded(word: str) -> Report:
    """A report with every part, all of whose texts are ``word``."""
    finding = replace(UPLOAD, components=(word,), also_flipped=(word,))
    return replace(
        FOUND,
        run=word,
        host=word,
        playbook=word,
        probe=word,
        request=word,
        findings=(finding, replace(finding, components=(word, word))),
        untestable=(Untestable(word, word),),
        pinned=(Untestable(word, word),),
        together=(Together((word,), Verdict.SLOW, 1.0),),
        costs=(Cost(word, UPLOAD.effect),),
        suspects_left=(word,),
        details={word: word},
        remedies={word: (word, word)},
        reason=word,
        warnings=(word, word),
        restored=Restored(verified=False, how=word),
    )


HOSTILE = st.one_of(
    st.text(),
    st.text(alphabet="|`*_<>[]()#-+=~\\!&;:/ \n\r\t\x1b\x9b\u202e\u2028\ud800a1"),
    st.sampled_from(["<!-- ", "```", "| --- |", "[a]: http://x", "\\", "</td>", "&#60;", "---", "1. x", "![a](b)"]),
).filter(one_line)


@given(HOSTILE, st.sampled_from(Outcome))
def test_nothing_from_a_host_reaches_the_terminal_as_control(word: str, outcome: Outcome) -> None:
    report = replace(_worded(word), outcome=outcome)
    for write in FORMATS.values():
        written = write(report)
        assert written == "\n".join(map(plain_line, written.split("\n")))
        assert written.encode("utf-8")
    assert len(text(report).split("\n")) == len(text(replace(_worded("x"), outcome=outcome)).split("\n"))


def plain_line(line: str) -> str:
    """The line as it would be without control characters; its indentation stays."""
    return "".join(letter for letter in line if letter == " " or one_line(letter))


@given(HOSTILE, st.sampled_from(Outcome))
def test_no_text_changes_the_structure_of_the_markdown(word: str, outcome: Outcome) -> None:
    parser = MarkdownIt("gfm-like", {"linkify": False})

    def structure(report: Report) -> list[tuple[str, str, list[str]]]:
        return [(token.type, token.tag, inline(token)) for token in parser.parse(markdown(report))]

    def inline(token: Token) -> list[str]:
        return [child.type for child in token.children or [] if not child.type.startswith("text")]

    assert structure(replace(_worded(word), outcome=outcome)) == structure(replace(_worded("x"), outcome=outcome))


@given(HOSTILE)
def test_markdown_shows_a_text_as_it_is(word: str) -> None:
    parser = MarkdownIt("gfm-like", {"linkify": False})
    for source in (escaped(word), f"- {escaped(word)}", f"| {escaped(word)} |\n| --- |"):
        [token] = [token for token in parser.parse(source) if token.type == "inline"]
        assert "".join(child.content for child in token.children or []) == one_line(word)


def test_text_is_folded_to_the_terminal() -> None:
    report = next(iter(CASES.values()))
    folded = text(report, columns=80)
    assert max(map(len, folded.splitlines())) <= 80
    assert folded.split() == text(report).split()
