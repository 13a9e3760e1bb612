from __future__ import annotations

import base64
import gzip
import hashlib
import re
import socket
import struct
import threading
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from probe_site import PAGE, Answer, Asked, Site, closed_port, make_certificate, running

from modbisect.model import Auth, Probe, Upload
from modbisect.probe import client
from modbisect.probe.client import Client, Exchange
from modbisect.probe.upload import Files

LONG = 60.0


def ask(probe: Probe, files: Files, limit: float = LONG) -> Exchange:
    with Client(probe, files) as talker:
        return talker.one(limit)


def test_what_it_has_passed_on_the_way(site: Site, files: Files) -> None:
    headers = (("Via", "1.1 varnish"), ("Server", "Apache"), ("x-cache", "HIT"), ("X-Age", "1"), ("Set-Cookie", "a=1"))
    site.rule = lambda _: Answer(headers=headers)
    response = ask(Probe("home", site.url()), files).response
    assert response is not None
    assert response.passed == "Via: 1.1 varnish, x-cache: HIT"
    assert response.unkept == "sets the cookie a"


def test_a_plain_request_and_its_times(site: Site, files: Files) -> None:
    exchange = ask(Probe("home", site.url("/a?b=c")), files)
    request, response = exchange.request, exchange.response
    assert (request.probe, request.status, request.received) == ("home", 200, len(PAGE))
    assert (request.fault, request.censored, exchange.away) == ("", False, False)
    assert 0 < request.connect <= request.first_byte <= request.seconds
    assert request.tls == 0
    assert response is not None
    assert (response.body, response.content_type) == (PAGE, "text/html; charset=UTF-8")
    [asked] = site.asked
    assert (asked.method, asked.path) == ("GET", "/a?b=c")
    assert asked.headers["User-Agent"].startswith("modbisect/")
    assert asked.headers["Accept-Encoding"] == "gzip"


def test_the_environments_proxy_is_ignored(site: Site, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{closed_port()}")
    assert ask(Probe("home", site.url()), files).response is not None


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_methods(site: Site, files: Files, method: str) -> None:
    exchange = ask(Probe("home", site.url(), method=method), files)
    assert exchange.request.fault == ""
    assert [asked.method for asked in site.asked] == [method]
    assert exchange.request.received == (0 if method == "HEAD" else len(PAGE))


def test_headers_and_cookies(site: Site, files: Files) -> None:
    headers = (("X-One", "1"), ("X-Empty", ""), ("Host", "shop.test"))
    ask(Probe("home", site.url(), headers=headers, cookies=(("a", "1"), ("b", "2"))), files)
    sent = site.asked[0].headers
    assert (sent["X-One"], sent["X-Empty"], sent["Host"]) == ("1", "", "shop.test")
    assert sent["Cookie"] == "a=1; b=2"


@pytest.mark.parametrize(
    "probe",
    [
        Probe("home", "http://x.test/", headers=(("X", "1\r\nY: 2"),)),
        Probe("home", "http://x.test/", headers=(("X: 1", ""),)),
        Probe("home", "http://x.test/", cookies=(("a", "1\n"),)),
        Probe("home", "http://x.test/", auth=Auth("bearer", secret="a\nb")),
    ],
)
def test_no_header_is_smuggled_in(files: Files, probe: Probe) -> None:
    with pytest.raises(ValueError, match="character") as caught:
        Client(probe, files)
    assert "Y: 2" not in str(caught.value)


@pytest.mark.parametrize("probe", [Probe("a", "http://x/", http="3"), Probe("a", "http://x/", auth=Auth("x"))])
def test_what_does_not_exist_is_said(files: Files, probe: Probe) -> None:
    with pytest.raises(ValueError, match="none of"):
        Client(probe, files)


def test_raw_body_and_form(site: Site, files: Files) -> None:
    json = (("Content-Type", "application/json"),)
    ask(Probe("api", site.url(), method="PUT", headers=json, body='{"ü": 1}'), files)
    ask(Probe("form", site.url(), form=(("a", "1 & 2"), ("a", "ü"))), files)
    raw, form = site.asked
    assert (raw.method, raw.body.decode()) == ("PUT", '{"ü": 1}')
    assert raw.headers["Content-Type"] == "application/json"
    assert (form.method, parse_qsl(form.body.decode())) == ("POST", [("a", "1 & 2"), ("a", "ü")])
    assert form.headers["Content-Type"] == "application/x-www-form-urlencoded"


@pytest.mark.filterwarnings("ignore:HTTPPOST")  # its successor is not in every pycurl we take
def test_upload_beside_form_fields_without_asking_leave_to_send(site: Site, files: Files) -> None:
    upload = Upload("file", 3_000_000, "big.bin", "application/x-test")
    exchange = ask(Probe("upload", site.url(), method="POST", form=(("k", "v"),), upload=upload), files)
    [asked] = site.asked
    assert asked.method == "POST"
    assert "Expect" not in asked.headers
    assert asked.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'name="k"\r\n\r\nv\r\n' in asked.body
    assert b'name="file"; filename="big.bin"' in asked.body
    assert b"Content-Type: application/x-test" in asked.body
    assert files.of_size(3_000_000).read_bytes() in asked.body
    assert exchange.request.sent == asked.body_size > 3_000_000


def test_generated_files_repeat_do_not_compress_and_vanish(tmp_path: Path) -> None:
    with Files() as one, Files() as other:
        path = one.of_size(100_001)
        content = path.read_bytes()
        assert len(content) == 100_001
        assert len(gzip.compress(content)) > 100_000
        assert one.of_size(100_001) == path
        assert other.of_size(100_001).read_bytes() == content
        assert one.of_size(0).read_bytes() == b""
    assert not path.parent.exists()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("encoding", "sent"), [("gzip", "gzip"), ("", None)])
def test_encoding(site: Site, files: Files, encoding: str, sent: str | None) -> None:
    def rule(asked: Asked) -> Answer:
        if asked.headers.get("Accept-Encoding") == "gzip":
            return Answer(gzip.compress(PAGE), headers=(("Content-Encoding", "gzip"),))
        return Answer()

    site.rule = rule
    exchange = ask(Probe("home", site.url(), encoding=encoding), files)
    assert site.asked[0].headers.get("Accept-Encoding") == sent
    assert exchange.response is not None
    assert exchange.response.body == PAGE
    assert exchange.request.received == len(PAGE)


def test_basic_and_bearer(site: Site, files: Files) -> None:
    ask(Probe("a", site.url(), auth=Auth("basic", "me", "s:cret")), files)
    ask(Probe("a", site.url(), auth=Auth("bearer", secret="t0ken")), files)
    basic, bearer = (asked.headers["Authorization"] for asked in site.asked)
    assert base64.b64decode(basic.removeprefix("Basic ")) == b"me:s:cret"
    assert bearer == "Bearer t0ken"


def test_digest(site: Site, files: Files) -> None:
    def rule(asked: Asked) -> Answer:
        given = dict(re.findall(r'(\w+)="?([^",]+)"?', asked.headers.get("Authorization", "")))
        secret = hashlib.md5(b"me:shop:s3cret").hexdigest()  # noqa: S324 - as RFC 7616 has it
        what = hashlib.md5(b"GET:/").hexdigest()  # noqa: S324
        parts = (secret, "n0nce", given.get("nc"), given.get("cnonce"), "auth", what)
        right = hashlib.md5(":".join(map(str, parts)).encode()).hexdigest()  # noqa: S324
        if given.get("response") == right:
            return Answer()
        challenge = ("WWW-Authenticate", 'Digest realm="shop", nonce="n0nce", qop="auth"')
        return Answer(b"who?", 401, (challenge,))

    site.rule = rule
    exchange = ask(Probe("a", site.url(), auth=Auth("digest", "me", "s3cret")), files)
    assert exchange.request.status == 200
    assert exchange.response is not None
    assert exchange.response.body == PAGE
    assert ask(Probe("a", site.url(), auth=Auth("digest", "me", "wrong")), files).request.status == 401


@pytest.mark.parametrize(("keep_alive", "connections"), [(True, 1), (False, 5)])
def test_connections(site: Site, files: Files, *, keep_alive: bool, connections: int) -> None:
    with Client(Probe("home", site.url(), keep_alive=keep_alive), files) as talker:
        done = list(talker.run(5, LONG, lambda: True))
    assert [each.request.status for each in done] == [200] * 5
    assert site.connections == connections
    assert [each.request.connect > 0 for each in done] == [True] + [not keep_alive] * 4


def test_concurrency_is_reached_and_not_exceeded(site: Site, files: Files) -> None:
    together = threading.Barrier(3)

    def rule(_: Asked) -> Answer:
        together.wait(30)
        return Answer()

    site.rule = rule
    with Client(Probe("home", site.url(), concurrency=3), files) as talker:
        done = list(talker.run(6, LONG, lambda: True))
    assert [each.request.status for each in done] == [200] * 6


def test_those_under_way_are_waited_for_when_no_more_are_wanted(site: Site, files: Files) -> None:
    with Client(Probe("home", site.url(), concurrency=4), files) as talker:
        done: list[Exchange] = []
        for exchange in talker.run(100, LONG, lambda: not done):
            done.append(exchange)  # noqa: PERF402 - `more` looks at it meanwhile
    assert len(done) == 4


def test_redirects_only_when_asked_and_five_at_most(site: Site, files: Files) -> None:
    def rule(asked: Asked) -> Answer:
        step = int(asked.path.removeprefix("/"))
        if step == 0:
            return Answer()
        return Answer(b"moved", 302, (("Location", f"/{step - 1}"),))

    site.rule = rule
    stay = ask(Probe("a", site.url("/3")), files)
    assert stay.request.status == 302
    assert stay.response is not None
    assert stay.response.location == site.url("/2")
    follow = ask(Probe("a", site.url("/5"), follow_redirects=True), files)
    assert follow.request.status == 200
    assert follow.response is not None
    assert (follow.response.location, follow.response.body) == (site.url("/0"), PAGE)
    endless = ask(Probe("a", site.url("/6"), follow_redirects=True), files)
    assert endless.request.fault == "more than 5 redirects"


def test_a_redirect_to_another_protocol_is_not_followed(site: Site, files: Files, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    site.rule = lambda _: Answer(b"", 302, (("Location", secret.as_uri()),))
    exchange = ask(Probe("a", site.url(), follow_redirects=True), files)
    assert exchange.request.fault
    assert exchange.response is None


def test_a_password_in_the_url_is_not_in_a_location(site: Site, files: Files) -> None:
    site.rule = lambda asked: Answer(b"", 302, (("Location", "/b"),)) if asked.path == "/a" else Answer()
    url = site.url("/a").replace("//", "//me:s3cret@")
    for follow in (False, True):
        exchange = ask(Probe("a", url, follow_redirects=follow), files)
        assert exchange.response is not None
        assert exchange.response.location == site.url("/b")
    assert "Authorization" in site.asked[0].headers


def test_every_request_has_its_own_nonce(site: Site, files: Files) -> None:
    site.rule = lambda asked: Answer(b"you asked " + asked.path.encode())
    with Client(Probe("a", site.url("/?x={nonce}")), files) as talker:
        done = list(talker.run(4, LONG, lambda: True))
    assert len({asked.path for asked in site.asked}) == 4
    assert "{nonce}" not in site.asked[0].path
    assert {each.response.body for each in done if each.response} == {b"you asked /?x={nonce}"}


def test_a_request_over_its_limit_is_censored(site: Site, files: Files) -> None:
    site.rule = lambda _: site.held()
    request = ask(Probe("a", site.url()), files, limit=0.15).request
    assert (request.censored, request.seconds, request.fault) == (True, 0.15, "")


def test_a_server_that_takes_no_connection_is_a_fault_not_slow(files: Files) -> None:
    refused = ask(Probe("a", f"http://127.0.0.1:{closed_port()}/"), files)
    assert refused.away
    assert refused.request.fault == "connection refused"
    assert not refused.request.censored


def test_a_handshake_that_does_not_end_is_a_fault_not_slow(files: Files) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"https://127.0.0.1:{deaf.getsockname()[1]}/"
        slow = ask(Probe("a", url, connect_timeout=0.2), files).request
        capped = ask(Probe("a", url), files, limit=0.2).request
    assert slow.fault == capped.fault == "no connection within 0.2 s"
    assert not slow.censored
    assert not capped.censored


def test_closing_without_an_answer_is_away(site: Site, files: Files) -> None:
    site.rule = lambda _: Answer(dead=True)
    exchange = ask(Probe("a", site.url()), files)
    assert exchange.away
    assert exchange.request.fault == "the server closed the connection without an answer"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_reset_is_away(files: Files, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def reset() -> None:
            taken, _ = listening.accept()
            taken.recv(1)
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            taken.close()

        thread = threading.Thread(target=reset)
        thread.start()
        exchange = ask(Probe("a", f"{scheme}://127.0.0.1:{listening.getsockname()[1]}/"), files)
        thread.join()
    assert exchange.away
    assert "reset" in exchange.request.fault


def test_too_large_a_body_is_a_fault(site: Site, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "BODY_LIMIT", 1 << 20)
    site.rule = lambda _: Answer(gzip.compress(b"0" * (4 << 20)), headers=(("Content-Encoding", "gzip"),))
    exchange = ask(Probe("a", site.url()), files)
    assert exchange.request.fault == "the body is larger than 1 MiB"
    assert exchange.response is None


def test_connect_to_keeps_host_and_name(files: Files, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "cert.pem", "shop.test")
    with running(certificate=certificate) as secure:
        probe = Probe("a", "https://shop.test/", ca_file=str(certificate))
        exchange = ask(replace(probe, connect_to=f"127.0.0.1:{secure.port}"), files)
    assert (exchange.request.fault, exchange.request.status) == ("", 200)
    assert exchange.request.tls > 0
    assert secure.asked[0].headers["Host"] == "shop.test"
    assert secure.names == ["shop.test"]


def test_certificates_are_verified_unless_told_otherwise(files: Files, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "cert.pem", "shop.test")
    with running(certificate=certificate) as secure:
        probe = Probe("a", "https://shop.test/", connect_to=f"127.0.0.1:{secure.port}")
        unknown = ask(probe, files)
        assert "certificate could not be verified" in unknown.request.fault
        assert "self" in unknown.request.fault
        assert not unknown.away
        assert secure.asked == []
        wrong = replace(probe, url="https://other.test/", ca_file=str(certificate))
        assert "other.test" in ask(wrong, files).request.fault
        assert ask(replace(probe, verify=False), files).request.status == 200


def test_http_2_falls_back_where_it_is_not_spoken(files: Files, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "cert.pem", "shop.test")
    with running(certificate=certificate) as secure:
        probe = Probe("a", secure.url(), ca_file=str(certificate), http="2")
        assert ask(probe, files).request.status == 200


def test_a_burst_counts_by_its_slowest(site: Site, files: Files) -> None:
    """As behind a lock: each waits for those before it."""
    lock = threading.Lock()

    def behind_a_lock(_: Asked) -> Answer:
        with lock:
            time.sleep(0.05)
        return Answer()

    site.rule = behind_a_lock
    with Client(Probe("p", site.url(), concurrency=4, burst=True), files) as made:
        took = [one.request.seconds for one in made.run(3, 30.0, lambda: True)]
    assert len(took) == 3
    assert len(site.asked) == 12
    assert min(took) > 3 * 0.05


def test_a_wrong_answer_of_a_burst_is_not_hidden_by_a_slow_one(site: Site, files: Files) -> None:
    def one_in_three(_: Asked) -> Answer:
        return Answer(dead=True) if len(site.asked) % 3 == 0 else Answer()

    site.rule = one_in_three
    with Client(Probe("p", site.url(), concurrency=3, burst=True), files) as made:
        assert all(one.request.fault for one in made.run(2, 30.0, lambda: True))


def test_an_open_loop_times_each_request_from_when_it_was_due(
    site: Site, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One at a time is all there is, each takes 0.1 s, and twenty a second are due: every further one waits longer."""
    monkeypatch.setattr(client, "MOST_LANES", 1)

    def slow(_: Asked) -> Answer:
        time.sleep(0.1)
        return Answer()

    site.rule = slow
    with Client(Probe("p", site.url(), rate=20.0), files) as made:
        took = [one.request.seconds for one in made.run(6, 30.0, lambda: True)]
    assert took == sorted(took)
    assert took[-1] - took[0] > 0.2


def test_an_open_loop_starts_no_request_before_it_is_due(site: Site, files: Files) -> None:
    with Client(Probe("p", site.url(), rate=20.0), files) as made:
        began = time.monotonic()
        assert len(list(made.run(5, 30.0, lambda: True))) == 5
    assert time.monotonic() - began >= 4 / 20


def test_an_open_loop_ends_when_no_more_are_wanted(site: Site, files: Files) -> None:
    with Client(Probe("p", site.url(), rate=50.0), files) as made:
        assert len(list(made.run(1000, 30.0, lambda: len(site.asked) < 3))) < 10
