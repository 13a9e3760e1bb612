"""What a right playbook becomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from modbisect.errors import UsageError
from modbisect.model import Auth, Expect, Probe, Symptom, Upload
from modbisect.playbook import (
    Budget,
    CanaryOptions,
    Playbook,
    Selection,
    TrialOptions,
    load_playbook,
    parse_playbook,
    with_base,
)

SHIPPED = Path(__file__).parents[2] / "playbooks"


def test_the_least_playbook_has_the_defaults_of_the_values() -> None:
    assert parse_playbook("probes: {home: {get: /}}", "least") == Playbook(
        name="least", probes=(Probe("home", "/"),), symptom=Symptom("home")
    )


def test_every_key_reaches_its_value() -> None:
    text = """
version: 1
name: all of it
hosts: web:&staging
probes:
  up:
    post: /upload?x=1
    headers: {X-One: "1", Accept: text/html}
    cookies: {session: abc}
    auth: {scheme: digest, user: bob, secret: env:PASSWORD}
    form: {title: hello}
    file: {field: f, size: 1.5KiB, name: a.txt, type: text/plain}
    expect: {status: [200, 201], contains: [a, b], matches: "x+", absent: error, min_size: 1B, max_size: 2KB}
    concurrency: 4
    keep_alive: true
    follow_redirects: true
    http2: true
    connect_to: "[::1]:8443"
    verify: false
    ca_file: /etc/ssl/ca.pem
    encoding: ""
    connect_timeout: 500ms
    timeout: 1m30s
  raw: {put: "https://example.org/x", body: "a\\r\\nb"}
symptom: {probe: up, slower_than: 2s, ratio: 2, at_least: 1ms}
components: {include: "php-*:*", keep: ["*:ssl"], off: all, allow_security: true}
strategy: one-at-a-time
budget: {time: 1h, restarts: 10, requests: 1000}
trial: {requests: 30, warm_up: 0, cap: 20s}
canary: {days: 5, ratio: 1.25, at_least: 5ms}
"""
    up = Probe(
        name="up",
        url="/upload?x=1",
        method="POST",
        headers=(("X-One", "1"), ("Accept", "text/html")),
        cookies=(("session", "abc"),),
        auth=Auth("digest", "bob", "env:PASSWORD"),
        form=(("title", "hello"),),
        upload=Upload("f", 1536, "a.txt", "text/plain"),
        expect=Expect(frozenset({200, 201}), ("a", "b"), ("x+",), ("error",), 1, 2000),
        concurrency=4,
        keep_alive=True,
        follow_redirects=True,
        http="2",
        connect_to="[::1]:8443",
        verify=False,
        ca_file="/etc/ssl/ca.pem",
        encoding="",
        connect_timeout=0.5,
        timeout=90.0,
    )
    assert parse_playbook(text) == Playbook(
        name="all of it",
        hosts="web:&staging",
        probes=(up, Probe("raw", "https://example.org/x", "PUT", body="a\r\nb")),
        symptom=Symptom("up", 2.0, 2.0, 0.001),
        select=Selection(("php-*:*",), ("*:ssl",), "all", allow_security=True),
        strategy="one-at-a-time",
        budget=Budget(3600.0, 10, 1000),
        trial=TrialOptions(30, 0, 20.0),
        canary=CanaryOptions(5, 1.25, 0.005),
    )


def test_off_is_a_key_although_yaml_reads_it_as_false() -> None:
    playbook = parse_playbook("probes: {home: {get: /}}\ncomponents:\n  off: none\n")
    assert playbook.select.off == "none"


def test_upload_is_slow() -> None:
    playbook = load_playbook(SHIPPED / "upload-is-slow.yml")
    assert playbook.name == "upload is slow"
    assert playbook.symptom == Symptom("upload", 2.0)
    assert playbook.symptom_probes[0].upload == Upload("file", 20 << 20)
    assert playbook.symptom_probes[0].expect.contains == ("stored",)
    assert playbook.select == Selection(keep=("apache-module:ssl",))
    assert playbook.budget == Budget(1800.0, 200)


def test_page_is_slow() -> None:
    playbook = load_playbook(SHIPPED / "page-is-slow.yml")
    assert [probe.url for probe in playbook.probes] == ["/report", "/items/12"]
    assert playbook.symptom == Symptom("report", 0.2, 1.3)
    assert playbook.select.include == ("apache-module:*", "apache-conf:*", "php-module:*")


def test_a_symptom_of_several_probes() -> None:
    playbook = parse_playbook("probes: {a: {get: /}, b: {get: /b}, c: {get: /c}}\nsymptom: {probe: c, then: [a, b]}")
    assert playbook.symptom == Symptom("c", then=("a", "b"))
    assert [probe.name for probe in playbook.symptom_probes] == ["c", "a", "b"]
    assert playbook.shown_by == "c + a + b"


def test_canary() -> None:
    playbook = load_playbook(SHIPPED / "canary.yml")
    assert playbook.hosts == "production"
    assert playbook.canary == CanaryOptions(28, 1.2, 0.02)
    assert playbook.budget.seconds == 120.0
    assert playbook.trial.requests == 50


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yml")), ids=lambda path: path.stem)
def test_every_shipped_playbook_loads(path: Path) -> None:
    assert load_playbook(path).symptom_probes


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("http://web1", "http://web1/cart?id=1"),
        ("http://web1/", "http://web1/cart?id=1"),
        ("https://example.org/shop/", "https://example.org/shop/cart?id=1"),
    ],
)
def test_paths_are_put_behind_the_base(base: str, url: str) -> None:
    playbook = parse_playbook("probes: {a: {get: '/cart?id=1'}, b: {get: 'http://x/y'}}\nsymptom: {probe: a}")
    assert [probe.url for probe in with_base(playbook, base).probes] == [url, "http://x/y"]


def test_a_symptom_without_its_probe_is_told() -> None:
    with pytest.raises(UsageError, match="no probe"):
        _ = Playbook("p", probes=(Probe("a", "/"),), symptom=Symptom("b")).symptom_probes
