"""What has changed on a host between two pictures of it."""

from __future__ import annotations

import re
from pathlib import Path

from modbisect import kinds

SURVEY = (Path(__file__).parent / "surveys/debian12-shop.txt").read_text()
LINK = re.compile(r"/etc/php/8\.2/apache2/conf\.d/20-apcu\.ini\t.*\n")
CONF = re.compile(r"(/etc/apache2/conf-available/security\.conf\tf\tf\t)[\d.]+")


def seen(text: str) -> kinds.Picture:
    found = kinds.parse(text)
    return kinds.picture(found, kinds.discover(found))


def test_nothing_has_changed() -> None:
    assert kinds.differences(seen(SURVEY), seen(SURVEY)) == ()


def test_what_was_switched_put_there_and_edited() -> None:
    assert LINK.search(SURVEY)
    assert CONF.search(SURVEY)
    before = LINK.sub("", SURVEY)
    told = kinds.differences(seen(before), seen(CONF.sub(r"\g<1>1790000000.5", SURVEY)))
    assert told[0].startswith("php-module:apcu is on, ")
    assert "; it was off, " in told[0]
    assert re.fullmatch(
        r"/etc/apache2/conf-available/security\.conf was changed, its time is 2026-09-21 14:13 UTC", told[1]
    )
    assert re.fullmatch(r"/etc/php/\S+apcu\.ini is new, its time is \S+ \S+ UTC", told[2])
    assert len(told) == 3


def test_what_is_gone() -> None:
    told = kinds.differences(seen(SURVEY), seen(LINK.sub("", SURVEY)))
    assert [said.endswith(" is gone") for said in told] == [False, True]
    assert "php-module:apcu is off, " in told[0]
