"""Why a cache on the way keeps nothing of an answer."""

from __future__ import annotations

import pytest

from modbisect.probe.keeping import unkept
from modbisect.probe.oracle import Markers, Response


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ([], ""),
        (["Vary: Accept-Encoding", "Cache-Control: public, max-age=600"], ""),
        (["Set-Cookie: PHPSESSID=abc; path=/"], "sets the cookie PHPSESSID"),
        (["set-cookie: a=1", "Set-Cookie: a=2"], "sets the cookie a"),
        (["Cache-Control: max-age=0, Private"], "says Cache-Control: max-age=0"),
        (["Cache-Control: no-store", "Pragma: no-cache"], "says Cache-Control: no-store and says Pragma: no-cache"),
        (["Cache-Control: max-age=07, s-maxage=0600"], ""),
        (["Vary: Accept-Encoding, Cookie"], "varies by Cookie"),
        (["Vary: *"], "varies by *"),
        (["Set-Cookie: ;=", "Cache-Control"], ""),
    ],
)
def test_what_the_headers_say(headers: list[str], why: str) -> None:
    assert unkept(headers) == why


def test_a_window_says_it_where_every_answer_does() -> None:
    kept = Markers.of(Response(200, body=b"x"))
    not_kept = Markers.of(Response(200, body=b"x", unkept="sets the cookie a"))
    assert Markers.pooled([not_kept, not_kept]).unkept == "sets the cookie a"
    assert Markers.pooled([not_kept, kept]).unkept == ""
