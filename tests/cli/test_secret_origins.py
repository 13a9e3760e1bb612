"""A playbook's secrets go to the site of the host, and where its inventory allows it: to no other place, by no verb."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from cli.hostile import Answer, Commands, check
from modbisect.errors import Refused, UsageError
from modbisect.inventory import Host, adhoc_host, parse_inventory
from modbisect.model import Auth, Probe
from modbisect.playbook import Playbook
from modbisect.run.measure import check_secrets
from probe.probe_site import Site, running

SECRET = "-----BEGIN OPENSSH PRIVATE KEY-----"


@pytest.fixture
def site() -> Iterator[Site]:
    with running() as site:
        yield site


@pytest.fixture
def other() -> Iterator[Site]:
    with running() as other:
        yield other


def files(site: Site, **probe: object) -> tuple[str, ...]:
    """A playbook that asks the site for its page, then something with a secret; and an inventory."""
    Path("key").write_text(SECRET)
    secret = {"auth": {"scheme": "bearer", "secret": f"file:{Path('key').absolute()}"}}
    book = {"probes": {"home": {"get": "/"}, "login": {**secret, **probe}}, "symptom": {"probe": "home"}}
    Path("book.yml").write_text(yaml.safe_dump(book))
    variables = {"modbisect_base_url": site.url("/shop/"), "ansible_host": "127.0.0.1", "ansible_port": 1}
    Path("hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": {"web1": variables}}}))
    return "book.yml", "web1", "-i", "hosts.yml"


def allow(*origins: str) -> None:
    inventory = yaml.safe_load(Path("hosts.yml").read_text())
    inventory["all"]["hosts"]["web1"]["modbisect_secret_origins"] = list(origins)
    Path("hosts.yml").write_text(yaml.safe_dump(inventory))


def got(site: Site) -> list[str]:
    """The secrets that came."""
    return [asked.headers["Authorization"] for asked in site.asked if "Authorization" in asked.headers]


def refused(answer: Answer, origin: str) -> None:
    check(f"a secret for {origin}", answer, 4, f"web1: probe login would send its secret to {origin}, which is not")
    assert f'modbisect_secret_origins: ["{origin}"]' in answer.err
    assert "state: nothing was changed; no secret was read or sent" in answer.err
    assert SECRET not in answer.err + answer.out


@pytest.mark.parametrize("verb", ["probe", "canary", "run"])
def test_a_secret_for_another_site_is_not_even_read(command: Commands, site: Site, other: Site, verb: str) -> None:
    arguments = files(site, get=other.url("/collect"))
    Path("key").unlink()
    os.mkfifo("key")  # whoever reads it waits for ever
    refused(command(verb, *arguments), other.url(""))
    assert other.asked == site.asked == []


@pytest.mark.parametrize("verb", ["probe", "canary"])
def test_nor_does_it_go_where_the_playbook_says_to_connect_to(
    command: Commands, site: Site, other: Site, verb: str
) -> None:
    arguments = files(site, get="/", connect_to=f"127.0.0.1:{other.port}")
    refused(command(verb, *arguments), other.url(""))
    assert other.asked == site.asked == []


@pytest.mark.parametrize("scheme", ["basic", "digest", "bearer"])
def test_nor_any_kind_of_secret(command: Commands, site: Site, other: Site, scheme: str) -> None:
    user = {} if scheme == "bearer" else {"user": "bob"}
    arguments = files(site, get=other.url("/"), auth={"scheme": scheme, "secret": "env:PATH", **user})
    refused(command("probe", *arguments), other.url(""))


@pytest.mark.parametrize("where", ["login", "probe"])
def test_nor_by_a_form(command: Commands, site: Site, other: Site, where: str) -> None:
    arguments = files(site, get="/")
    book = yaml.safe_load(Path("book.yml").read_text())
    form = {"post": other.url("/in"), "form_secrets": {"pwd": "env:PATH"}}
    book |= {"login": form} if where == "login" else {"probes": {**book["probes"], "login": form}}
    Path("book.yml").write_text(yaml.safe_dump(book))
    refused(command("probe", *arguments), other.url(""))
    assert other.asked == site.asked == []


def test_it_goes_to_the_site_whether_by_path_or_by_url(command: Commands, site: Site) -> None:
    for url in ("/login", site.url("/elsewhere")):
        answer = command("probe", *files(site, get=url), "-n", "1")
        assert answer.code == 0, answer.err
    assert {asked.path for asked in site.asked} == {"/shop/", "/shop/login", "/elsewhere"}
    assert got(site) == [f"Bearer {SECRET}"] * 4


def test_it_goes_where_the_inventory_allows_it(command: Commands, site: Site, other: Site) -> None:
    arguments = files(site, get=other.url("/"), auth={"user": "bob", "secret": f"file:{Path('key').absolute()}"})
    allow(other.url("/"), "https://sso.example.org")
    assert command("probe", *arguments, "-n", "1").code == 0
    assert base64.b64decode(got(other)[0].removeprefix("Basic ")).decode() == f"bob:{SECRET}"
    assert got(site) == []


def test_what_holds_no_secret_may_go_anywhere(command: Commands, site: Site, other: Site) -> None:
    arguments = files(site, get=other.url("/"), auth=None)
    book = yaml.safe_load(Path("book.yml").read_text())
    del book["probes"]["login"]["auth"]
    Path("book.yml").write_text(yaml.safe_dump(book))
    assert command("probe", *arguments, "-n", "1").code == 0
    assert other.asked


@pytest.mark.parametrize("verb", ["probe", "canary", "run", "plan"])
def test_a_playbook_does_not_choose_the_host_of_its_own_secrets(command: Commands, site: Site, verb: str) -> None:
    files(site, get="/")
    book = yaml.safe_load(Path("book.yml").read_text())
    Path("book.yml").write_text(yaml.safe_dump({**book, "hosts": "127.0.0.1"}))
    answer = command(verb, "book.yml")
    check(f"{verb}: the host of a playbook with secrets", answer, 2, "itself says which host gets its secrets")


SITE = "https://shop.test/app/"


@pytest.mark.parametrize(
    ("host", "url", "connect_to", "origin"),
    [
        (Host("h", "h", base_url=SITE), "/", "", None),
        (Host("h", "h", base_url=SITE), "https://SHOP.test:443/x", "", None),
        (Host("h", "h", base_url=SITE), "/", "shop.test:443", None),
        (Host("h", "h", base_url=SITE), "http://shop.test/", "", "http://shop.test"),
        (Host("h", "h", base_url=SITE), "https://shop.test:8443/", "", "https://shop.test:8443"),
        (Host("h", "h", base_url=SITE), "https://shop.test.evil.test/", "", "https://shop.test.evil.test"),
        (Host("h", "h", base_url=SITE), "https://h/", "", "https://h"),
        (Host("h", "h", base_url=SITE), "/", "10.0.0.1:443", "https://10.0.0.1"),
        (Host("h", "h", base_url=SITE), "/", "[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
        (Host("h", "h", base_url=SITE, secret_origins=("https://10.0.0.1",)), "/", "10.0.0.1:443", None),
        (Host("h", "h", base_url=SITE, secret_origins=("https://sso.test",)), "https://sso.test/", "", None),
        (
            Host("h", "h", base_url=SITE, secret_origins=("https://sso.test",)),
            "http://sso.test/",
            "",
            "http://sso.test",
        ),
        # without a base URL the site is http:// and the address
        (adhoc_host("bob@web1:2222"), "/", "", None),
        (adhoc_host("bob@web1:2222"), "http://web1/", "", None),
        (adhoc_host("bob@web1:2222"), "https://web1/", "", "https://web1"),
        (adhoc_host("fe80::1"), "/", "", None),
        (adhoc_host("local"), "/", "", None),
        # behind a tunnel as well
        (Host("h", "h", base_url="http://127.0.0.1:8080/", tunnel=True), "/", "", None),
        (Host("h", "h", base_url="http://127.0.0.1:8080/", tunnel=True), "/", "10.0.0.1:80", "http://10.0.0.1"),
        (Host("h", "h"), "/", "", ""),
    ],
)
def test_where_a_secret_may_go(host: Host, url: str, connect_to: str, origin: str | None) -> None:
    playbook = Playbook("p", probes=(Probe("login", url, auth=Auth("bearer", secret="env:X"), connect_to=connect_to),))
    if origin is None:
        check_secrets(host, playbook)
        return
    with pytest.raises(Refused) as caught:
        check_secrets(host, playbook)
    assert f"send its secret to {origin}" in caught.value.what
    check_secrets(host, Playbook("p", probes=(Probe("login", url, connect_to=connect_to),)))


def test_origins_of_an_inventory_are_read_as_origins() -> None:
    (host,) = parse_inventory(
        "all: {hosts: {a: {modbisect_secret_origins: ['https://SSO.test:443/', 'http://b.test:80']}}}"
    ).hosts
    assert host.secret_origins == ("https://sso.test", "http://b.test")
    (host,) = parse_inventory("all: {hosts: {a: {modbisect_secret_origins: 'https://sso.test'}}}").hosts
    assert host.secret_origins == ("https://sso.test",)


@pytest.mark.parametrize(
    "wrong",
    ["sso.test", "https://", "*", "https://*.test", "https://sso.test/app", "https://u@sso.test", "ftp://sso", "{}"],
)
def test_what_is_no_origin_is_refused(wrong: str) -> None:
    with pytest.raises(UsageError, match="modbisect_secret_origins"):
        parse_inventory(f'all: {{hosts: {{a: {{modbisect_secret_origins: ["{wrong}"]}}}}}}')
