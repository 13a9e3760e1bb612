"""Logging in by a site's own form: what it hides is sent along, and the cookies of the session come back."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from probe_site import Answer, Asked, Site

from modbisect.model import Probe
from modbisect.probe.login import LoginError, _Form, _kept, log_in, logged_in
from modbisect.probe.oracle import Response

PASSWORD = "swordfish"
HTML = ("Content-Type", "text/html")
FORM = b"""<form action="/search"><input type=hidden name=token value=wrong><input name=q></form>
<FORM method=post><input type='hidden' name="token" value="a&amp;b"><input name=user><input type=password name=pwd>
</form>"""


def shop(word: str = PASSWORD) -> object:
    """A site that takes a form only with the token and the cookie that it has just handed out."""

    def rule(asked: Asked) -> Answer:
        if asked.method == "GET":
            return Answer(FORM, headers=(HTML, ("Set-Cookie", "begun=1; Path=/; HttpOnly")))
        sent = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        right = sent == {"token": "a&b", "user": "ann", "pwd": word} and "begun=1" in asked.headers["Cookie"]
        if not right:
            return Answer(FORM, headers=(HTML,))
        gone = ("Set-Cookie", "begun=; expires=Thu, 01 Jan 1970 00:00:00 GMT")
        return Answer(b"", 302, (HTML, ("Set-Cookie", "session=s3; secure"), gone, ("Location", "/account")))

    return rule


def form(site: Site, **changes: object) -> Probe:
    asked = {"form": (("user", "ann"),), "form_secrets": (("pwd", PASSWORD),), **changes}
    return Probe("login", site.url("/login"), "POST", **asked)  # type: ignore[arg-type]


def test_what_the_page_hides_is_sent_along(site: Site) -> None:
    site.rule = shop()  # type: ignore[assignment]
    assert log_in(form(site), 5.0) == (("session", "s3"),)
    assert [asked.method for asked in site.asked] == ["GET", "POST"]
    assert b"swordfish" not in site.asked[0].body


def test_a_wrong_password_is_told_by_the_form_that_comes_again(site: Site) -> None:
    site.rule = shop("another")  # type: ignore[assignment]
    with pytest.raises(LoginError, match="asks for the same again") as told:
        log_in(form(site), 5.0)
    assert "swordfish" not in str(told.value)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(b"", 403), "status 403"),
        (Answer(b"welcome"), "it sets no cookie"),
        (Answer(dead=True), "closed the connection"),
    ],
)
def test_a_site_that_lets_nobody_in(site: Site, answer: Answer, said: str) -> None:
    site.rule = lambda asked: Answer(b"") if asked.method == "GET" else answer
    with pytest.raises(LoginError, match=said):
        log_in(form(site), 5.0)


def test_a_site_that_does_not_answer_is_waited_for_so_long(site: Site) -> None:
    site.rule = lambda _: site.held()
    with pytest.raises(LoginError, match=r"no answer within 0\.1 s"):
        log_in(form(site), 0.1)


def test_cookies_go_to_the_same_site_alone_and_take_the_place_of_older_ones(site: Site) -> None:
    cookies, login = (("session", "new"),), form(site)
    probe = Probe("page", site.url("/account"), cookies=(("session", "old"), ("own", "1")))
    assert logged_in(probe, cookies, login).cookies == (("session", "new"), ("own", "1"))
    for url in ("http://127.0.0.1:9/account", site.url("/").replace("http:", "https:")):
        assert logged_in(Probe("page", url), cookies, login).cookies == ()
    assert logged_in(probe, cookies, None) is probe


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("a=2; Path=/", {"a": "2"}),
        ("a=; Max-Age=0", {}),
        ("a=2; Max-Age=3600; expires=Thu, 01 Jan 1970 00:00:00 GMT", {"a": "2"}),
        ("a=2; expires=soon", {"a": "2"}),
        ("b=x=y", {"a": "1", "b": "x=y"}),
        ("nonsense", {"a": "1"}),
        ("a\r\nEvil: 1=2", {"a": "1"}),
    ],
)
def test_what_a_cookie_says(said: str, kept: dict[str, str]) -> None:
    assert dict(_kept((("a", "1"),), [said])) == kept


ODD = ["<form", "<input name=a", " type=hidden", ">", "</form>", "<!--", "\0"]


@given(st.text() | st.lists(st.sampled_from(ODD)).map("".join))
def test_no_page_is_too_odd(page: str) -> None:
    answer = Response(200, "text/html", body=page.encode(errors="replace"))
    assert all(isinstance(value, str) for _, value in _Form.of(answer, {"a"}))
