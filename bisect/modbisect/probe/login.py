"""Logs in by a site's own form, and hands back the cookies of whoever is logged in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser

from modbisect.model import Expect, Probe, origin_of
from modbisect.probe.client import Client
from modbisect.probe.oracle import Oracle, Response
from modbisect.probe.upload import Files

_WELL = frozenset(range(200, 400))
"""Most sites answer a login with a redirect."""
_MOST_TEXT = 1 << 20
"""Characters of a page that are searched for its form."""
Cookies = tuple[tuple[str, str], ...]


class LoginError(ValueError):
    """The site did not let us in."""


REQUESTS = 2
"""Of a login: its page, and its form."""


def log_in(form: Probe, most: float) -> Cookies:
    """The cookies of the session that a login's form begins.

    The form's page is asked for first: what it hides in the form is sent along, as a browser does, since many a site
    takes no form that it has not just handed out.

    Args:
        form: the request that sends it, its secrets resolved.
        most: seconds that each of the two requests may take.

    Raises:
        LoginError: with what the site said.
    """
    plain = replace(form, method="GET", form=(), form_secrets=(), upload=None, body=None, expect=Expect())
    page = _asked(plain, most)
    cookies = _kept(form.cookies, page.cookies)
    given = {name for name, _ in (*form.form, *form.form_secrets)}
    hidden = tuple((name, value) for name, value in _Form.of(page, given) if name not in given)
    answer = _asked(replace(form, form=(*hidden, *form.form), cookies=cookies), most)
    expect = form.expect if form.expect.status else replace(form.expect, status=_WELL)
    if fault := Oracle(expect).fault(answer):
        raise LoginError(fault if form.expect.status else fault.partition(",")[0])
    if form.form_secrets and _Form.has(answer, {name for name, _ in form.form_secrets}):
        raise LoginError("it asks for the same again, as for a wrong name or password")
    got = _kept(cookies, answer.cookies)
    if got == form.cookies:
        raise LoginError("it sets no cookie")
    return got


def logged_in(probe: Probe, cookies: Cookies, form: Probe | None) -> Probe:
    """A probe with the cookies of a login, where it asks the same site."""
    if not cookies or form is None or origin_of(probe.url) != origin_of(form.url):
        return probe
    return replace(probe, cookies=tuple((dict(probe.cookies) | dict(cookies)).items()))


def _asked(probe: Probe, most: float) -> Response:
    with Files() as files, Client(probe, files) as client:
        exchange = client.one(min(most, probe.timeout))
    if exchange.response is None:
        raise LoginError(exchange.request.fault or f"no answer within {exchange.request.seconds:.3g} s")
    return exchange.response


def _kept(cookies: Cookies, said: Iterable[str]) -> Cookies:
    """The cookies behind an answer; those that it takes back are gone (RFC 6265)."""
    jar = dict(cookies)
    for line in said:
        pair, *attributes = line.split(";")
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not equals or not name or not (name + value).isprintable():
            continue
        if _is_over(attributes):
            jar.pop(name, None)
        else:
            jar[name] = value
    return tuple(jar.items())


def _is_over(attributes: Iterable[str]) -> bool:
    said = {name.strip().lower(): value.strip() for name, _, value in (each.partition("=") for each in attributes)}
    if "max-age" in said:
        return said["max-age"].startswith(("0", "-"))
    try:
        return "expires" in said and parsedate_to_datetime(said["expires"]) < datetime.now(UTC)
    except (ValueError, TypeError):
        return False


class _Form(HTMLParser):
    """The fields of each form of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, tuple[bool, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append({})
        elif tag == "input" and self.forms and said.get("name"):
            self.forms[-1][said["name"]] = (said.get("type", "").lower() == "hidden", said.get("value", ""))

    @classmethod
    def _read(cls, response: Response) -> list[dict[str, tuple[bool, str]]]:
        reader = cls()
        reader.feed(response.text()[:_MOST_TEXT])
        reader.close()
        return reader.forms

    @classmethod
    def of(cls, response: Response, given: set[str]) -> list[tuple[str, str]]:
        """What is hidden in the form that has most of the given fields."""
        forms = [form for form in cls._read(response) if form.keys() & given]
        best = max(forms, key=lambda form: len(form.keys() & given), default={})
        return [(name, value) for name, (hidden, value) in best.items() if hidden]

    @classmethod
    def has(cls, response: Response, fields: set[str]) -> bool:
        """Whether some form asks for all of these."""
        return any(fields <= form.keys() for form in cls._read(response))
