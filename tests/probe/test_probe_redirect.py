"""What a redirect takes along: all of it on the site itself, nothing of it anywhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from probe_site import Answer, Asked, Site, closed_port, make_certificate, running

from modbisect.model import Auth, Probe, Upload, origin_of
from modbisect.probe.client import Client, Exchange
from modbisect.probe.redirect import redirected
from modbisect.probe.upload import Files

LONG = 60.0
HEADER, COOKIE, PASSWORD, BODY = "s3cret-header", "s3cret-cookie", "s3cret-password", "s3cret-body"
PLAYBOOKS_OWN = {"headers": (("X-Api-Key", HEADER),), "cookies": (("session", COOKIE),)}
STATUSES = (301, 302, 303, 307, 308)

pytestmark = pytest.mark.filterwarnings("ignore:HTTPPOST")


@pytest.fixture
def other() -> Iterator[Site]:
    with running() as other:
        yield other


def leads(site: Site, url: str, status: int = 302) -> None:
    site.rule = lambda asked: Answer(b"", status, (("Location", url),)) if asked.path == "/a" else Answer()


def ask(probe: Probe, files: Files) -> Exchange:
    with Client(probe, files) as talker:
        return talker.one(LONG)


def bare(asked: Asked) -> bool:
    return asked.headers.keys() <= {"Host", "User-Agent", "Accept", "Accept-Encoding"} and asked.body_size == 0


def whole(site: Site, **changes: object) -> Probe:
    probe = Probe("a", site.url("/a"), follow_redirects=True, **PLAYBOOKS_OWN)  # type: ignore[arg-type]
    return replace(probe, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(
    "sent",
    [
        {"auth": Auth("basic", "bob", PASSWORD)},
        {"auth": Auth("bearer", secret=PASSWORD)},
        {"method": "POST", "body": BODY},
        {"method": "PUT", "body": BODY},
        {"method": "POST", "form": (("field", BODY),)},
        {"method": "POST", "form_secrets": (("field", BODY),)},
        {"method": "POST", "form": (("field", BODY),), "upload": Upload("file", 1000)},
        {"method": "HEAD"},
    ],
    ids=lambda sent: "-".join(str(part) for part in sent),
)
def test_to_another_port_nothing_of_the_playbooks_goes(
    site: Site, other: Site, files: Files, sent: dict[str, object], status: int
) -> None:
    leads(site, other.url("/b"), status)
    exchange = ask(whole(site, **sent), files)
    assert exchange.request.status == 200
    assert exchange.response is not None
    assert exchange.response.location == other.url("/b")
    [first], [then] = site.asked, other.asked
    assert (first.headers["X-Api-Key"], first.headers["Cookie"]) == (HEADER, f"session={COOKIE}")
    assert bare(then), then
    assert then.method == ("HEAD" if sent.get("method") == "HEAD" else "GET")


def test_to_another_host_nothing_of_the_playbooks_goes(site: Site, files: Files) -> None:
    leads(site, "http://other.test/b")
    probe = whole(site, url="http://shop.test/a", connect_to=f"127.0.0.1:{site.port}")
    assert ask(probe, files).request.status == 200
    first, then = site.asked
    assert (first.headers["Host"], then.headers["Host"]) == ("shop.test", "other.test")
    assert not bare(first)
    assert bare(then), then


def test_to_another_scheme_nothing_of_the_playbooks_goes(site: Site, files: Files, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "cert.pem", "127.0.0.1")
    with running(certificate=certificate) as secure:
        leads(site, secure.url("/b"))
        assert ask(whole(site, ca_file=str(certificate)), files).request.status == 200
        leads(secure, site.url("/b"))
        assert ask(whole(secure, ca_file=str(certificate)), files).request.status == 200
    assert [bare(each) for each in secure.asked] == [True, False]
    assert [bare(each) for each in site.asked] == [False, True]


def test_what_comes_back_from_elsewhere_stays_bare(site: Site, other: Site, files: Files) -> None:
    leads(site, other.url("/a"))
    leads(other, site.url("/b"))
    assert ask(whole(site, auth=Auth("basic", "bob", PASSWORD)), files).request.status == 200
    assert [bare(each) for each in site.asked] == [False, True]
    assert [bare(each) for each in other.asked] == [True]


def test_the_next_request_is_whole_again(site: Site, other: Site, files: Files) -> None:
    leads(site, other.url("/b"))
    with Client(whole(site, method="POST", body=BODY, keep_alive=True), files) as talker:
        done = list(talker.run(3, LONG, lambda: True))
    assert [each.request.fault for each in done] == [""] * 3
    assert [(each.method, each.body.decode(), each.headers["X-Api-Key"]) for each in site.asked] == [
        ("POST", BODY, HEADER)
    ] * 3
    assert [bare(each) for each in other.asked] == [True] * 3


@pytest.mark.parametrize(
    ("method", "status", "then"),
    [
        *((method, status, "GET") for method in ("POST", "PUT") for status in [303]),
        *(("POST", status, "GET") for status in (301, 302)),
        *(("POST", status, "POST") for status in (307, 308)),
        *(("PUT", status, "PUT") for status in (301, 302, 307, 308)),
    ],
)
def test_on_the_site_itself_all_goes_along_as_in_browsers(
    site: Site, files: Files, method: str, status: int, then: str
) -> None:
    leads(site, "/b", status)
    probe = whole(site, method=method, body=BODY, auth=Auth("basic", "bob", PASSWORD))
    assert ask(probe, files).request.status == 200
    last = site.asked[1]
    assert (last.method, last.body.decode()) == (then, "" if then == "GET" else BODY)
    assert (last.headers["X-Api-Key"], last.headers["Cookie"]) == (HEADER, f"session={COOKIE}")
    assert "Authorization" in last.headers


def test_the_times_of_all_hops_are_added_up(site: Site, other: Site, files: Files) -> None:
    leads(site, other.url("/b"))
    there, here = ask(whole(site, url=other.url("/b")), files).request, ask(whole(site), files).request
    assert 0 < here.connect < here.first_byte <= here.seconds
    assert (here.sent, here.received) == (0, there.received)


def test_one_limit_holds_for_all_hops(site: Site, other: Site, files: Files) -> None:
    leads(site, other.url("/b"))
    other.rule = lambda _: other.held()
    with Client(whole(site), files) as talker:
        request = talker.one(0.3).request
    assert (request.censored, request.seconds, request.fault) == (True, 0.3, "")


def test_a_redirect_to_where_nobody_listens_is_a_fault(site: Site, files: Files) -> None:
    leads(site, f"http://127.0.0.1:{closed_port()}/")
    request = ask(whole(site), files).request
    assert (request.fault, request.censored) == ("connection refused", False)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://shop.test", "http://shop.test"),
        ("http://SHOP.test:80/a?b=c", "http://shop.test"),
        ("http://shop.test:/", "http://shop.test"),
        ("https://shop.test:0443?x", "https://shop.test"),
        ("https://shop.test:80/", "https://shop.test:80"),
        ("http://[2001:DB8::1]:8080/", "http://[2001:db8::1]:8080"),
        *(
            (doubtful, "")
            for doubtful in (
                "",
                "/path",
                "//shop.test/",
                "ftp://shop.test/",
                "http://",
                "http://bob@shop.test/",
                "http://bob:pw@shop.test/",
                "http://shop.test@other.test/",
                "http://shop.test:80@other.test/",
                "http://shop.test\\@other.test/",
                "http://shop.test%2f@other.test/",
                "http://shop.test%00/",
                "http://shop.test\n/",
                "http://shop.test\n",
                "http://shop.\ttest/",
                "http://\N{KELVIN SIGN}ite.test/",
                "http:/shop.test/",
                "http:\\\\shop.test/",
                "http://shop.test:x/",
                "http://shop.test:000080/",
            )
        ),
    ],
)
def test_an_origin_is_one_that_nobody_can_read_otherwise(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@given(st.sampled_from(STATUSES), st.text("htps:/.@\\#?[]%012shop.te\t\n é", max_size=30))
def test_nothing_goes_along_but_to_the_very_same_origin(status: int, tail: str) -> None:
    probe = Probe("a", "http://shop.test/", "POST", **PLAYBOOKS_OWN, body=BODY)  # type: ignore[arg-type]
    for url in (f"http://{tail}", f"http://shop.test{tail}", tail):
        gone = redirected(probe, status, url)
        assert gone.url == url
        if gone.headers or gone.cookies or gone.body:
            assert re.match(r"http://shop\.test(:(0*80)?)?([/?#]|$)", url), url  # no port is the usual one
