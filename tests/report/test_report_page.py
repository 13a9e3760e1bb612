"""The page: it says what the other formats say, and is one file that asks for nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_cases import CASES, FOUND, GUARD, TRIED, memory

from modbisect.harmless import one_line
from modbisect.model import Measure, Verdict
from modbisect.report import Report, Tried, html, verdict
from modbisect.report.charts import charts

VOID = {"meta"}
HOSTILE = "\"><script>alert(1)</script><!-- ' onload=x {{ 7*7 }} $\\frac{1}{0}$ \x1b[31m\u202e"
DRAWN = replace(
    FOUND, tried=tuple(replace(trial, ended=float(at), took=1.0) for at, trial in enumerate(TRIED, 1)), seconds=4.0
)


@cache
def written(name: str) -> str:
    return html(CASES[name])


class Page(HTMLParser):
    """Every tag with its attributes in order, and the text of each."""

    def __init__(self, written: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(written)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.open[-1] if self.open else "", data))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def said(self) -> str:
        return "\n".join(text for tag, text in self.texts if tag != "style")


@pytest.mark.parametrize("name", CASES)
def test_the_verdict_is_its_heading_and_stands_in_front(name: str) -> None:
    page = Page(written(name))
    headings = [text for tag, text in page.texts if tag in ("h1", "h2", "h3")]
    assert headings[0] == verdict(CASES[name])
    assert [tag for tag, _ in page.tags].count("h1") == 1


@pytest.mark.parametrize("name", CASES)
def test_it_asks_for_nothing_and_runs_nothing(name: str) -> None:
    page = written(name)
    for tag, attributes in Page(page).tags:
        assert tag not in ("script", "link", "img", "iframe", "object", "a")
        for attribute, value in attributes.items():
            assert attribute not in ("style", "src", "xlink:href")
            assert not attribute.startswith("on")
            assert attribute != "href" or (value or "").startswith("#")
            assert "url(" not in (value or "") or "url(#" in (value or "")
    [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"content=\"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'\"" in page


@pytest.mark.parametrize("report", [CASES["found-single"], DRAWN], ids=["once", "drawn"])
def test_every_id_is_there_once_and_what_is_referred_to_is_there(report: Report) -> None:
    page = Page(html(report))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.tags:
        named = [*(attributes.get("aria-labelledby") or "").split(), (attributes.get("href") or "").removeprefix("#")]
        named += re.findall(r"url\(#([^)]*)\)", attributes.get("clip-path") or "")
        assert set(filter(None, named)) <= set(ids)


def test_hostile_names_stay_text_in_words_and_in_drawings() -> None:
    def named(word: str) -> Report:
        trials = [replace(trial, why=word, flipped=(word,), broken=word and "x") for trial in DRAWN.tried]
        suspects = ((word, 0.6), (f"{word}2", 0.4))
        finding = replace(FOUND.findings[0], components=(word,))
        return replace(
            DRAWN,
            host=word,
            request=word,
            findings=(finding,),
            tried=tuple(replace(trial, suspects=suspects) for trial in trials),
            steps={word: (word,)},
            warnings=(word,),
            remedies={word: (word,)},
        )

    harmless, hostile = Page(html(named("name" * 12))), Page(html(named(HOSTILE)))
    assert [tag for tag, _ in harmless.tags] == [tag for tag, _ in hostile.tags]
    assert one_line(HOSTILE) in hostile.said()
    assert not set("\x1b\u202e") & set(hostile.said())


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=40))
def test_no_name_breaks_a_page(name: str) -> None:
    Page(html(replace(FOUND, host=name, warnings=(name,), reason=name, remedies={GUARD: (name,)})))


def test_commands_stand_one_a_line() -> None:
    written = html(FOUND)
    assert "phpdismod -v 8.2 -s apache2 uploadguard\nsystemctl restart apache2\n" in written


def test_every_trial_stands_in_the_table_with_what_it_saw() -> None:
    said = Page(written("found-single")).said()
    for told in ("broken: status 500", "180 ms", "more than 71.0 s", "37.4 MiB", "0.30 s"):
        assert told in said
    assert "remove /etc/php/8.2/apache2/conf.d/20-uploadguard.ini" in said


def drawn(report: Report) -> list[str]:
    return [chart.title for chart in charts(report)]


def test_what_is_known_is_drawn_and_nothing_else() -> None:
    restarts, time, suspects = "Every restart: response time", "When each trial was", "Who was suspected"
    assert drawn(DRAWN) == [restarts, time, suspects]
    assert drawn(CASES["found-single"]) == [restarts, suspects], "when a trial was is not known of every one"
    assert drawn(replace(DRAWN, by_hand=True, tried=tuple(replace(each, seconds=None) for each in TRIED))) == [suspects]
    assert drawn(FOUND) == []


@pytest.mark.parametrize("measure", Measure)
@pytest.mark.parametrize("level", [1e-6, 86400.0])
def test_any_level_of_any_measure_is_drawn(measure: Measure, level: float) -> None:
    tried = (
        Tried(1, "why", (GUARD,), level / 3, times=(level / 4, level / 3), memory=memory(12)),
        Tried(2, "why", (), level, censored=True, times=(level,), memory=memory(6000)),
        Tried(3, "why", (GUARD,), verdict=Verdict.BROKEN, broken="no"),
    )
    [chart] = charts(replace(FOUND, measure=measure, tried=tried, found_seconds=level))
    for written in (chart.wide, chart.narrow):
        assert "the site broke" in written
        assert "fill-slow" in written
        assert "nan" not in written.lower()


def test_what_the_trials_saw_is_also_said_in_words() -> None:
    [first, *_] = charts(DRAWN)
    assert first.said == "with it, 1 restart: 71.0 s; without, 1 restart: 180 ms; 1 trial in which the site broke."
