"""Which server of the host the probes are answered by, as far as that can be told without asking."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from modbisect import kinds, servers
from modbisect.errors import Refused
from modbisect.inventory import Host
from modbisect.kinds import Found, parse
from modbisect.model import AS_FOUND, Role
from modbisect.playbook import parse_playbook
from modbisect.probe import Markers
from modbisect.run import in_front, preflight

SURVEY = Path(__file__).parents[1] / "kinds" / "surveys" / "debian12-shop.txt"


def listening(*lines: str) -> Found:
    head = "@@ listeners\n"
    return parse(SURVEY.read_text().replace(f"{head}80 apache2\n", head + "".join(f"{line}\n" for line in lines)))


def refusal(host: Host, probe: str, *lines: str) -> str:
    """Why a run with this probe is refused, where these listen."""
    playbook = parse_playbook(f"{{version: 1, name: n, probes: {{p: {{{probe}}}}}, symptom: {{probe: p}}}}")
    with pytest.raises(Refused) as refused:
        preflight.check(host, listening(*lines), (), playbook=playbook, accept_drift=True)
    return refused.value.what


@pytest.mark.parametrize(
    ("variables", "probe", "lines", "who"),
    [
        ({}, "get: /", ["80 nginx"], "nginx"),
        ({}, "get: /", ["80 apache2"], ""),
        ({}, "get: /", ["80 apache2", "80 systemd"], ""),
        ({}, "get: /", ["80 varnishd", "8080 apache2"], "varnishd"),
        ({}, "get: /", ["80 apache2 elsewhere"], "apache2 in a container"),
        ({}, "get: /", ["80 docker-proxy", "8080 apache2"], "docker-proxy for a container"),
        ({}, "get: /, connect_to: '10.0.0.1:8080'", ["80 varnishd", "8080 apache2"], ""),
        ({}, "get: /", [], ""),
        ({"base_url": "https://10.0.0.1/"}, "get: /", ["80 apache2", "443 haproxy"], "haproxy"),
        ({"base_url": "https://www.example.org/"}, "get: /", ["443 haproxy"], ""),  # that may be anywhere
        ({"base_url": "http://127.0.0.1:8080/", "tunnel": True}, "get: /", ["8080 caddy"], "caddy"),
        ({"base_url": "http://localhost/"}, "get: /", ["80 nginx"], ""),  # the controller's own
        ({"base_url": "http://localhost/", "connection": "local"}, "get: /", ["80 nginx"], "nginx"),
    ],
)
def test_whoever_answers_the_probe_must_be_apache(
    variables: dict[str, object], probe: str, lines: list[str], who: str
) -> None:
    host = Host("h", "10.0.0.1", role=Role.STAGING, **{"base_url": "http://10.0.0.1/", **variables})  # type: ignore[arg-type]
    said = refusal(host, probe, *lines)
    assert said.startswith(f"{who} answers on port " if who else "nothing is left that may be switched"), said


@pytest.mark.parametrize(("lines", "advice"), [(["80 apache2 elsewhere"], "in its image"), (["80 nginx"], "PORT")])
def test_what_a_container_runs_is_switched_elsewhere(lines: list[str], advice: str) -> None:
    host = Host("h", "10.0.0.1", role=Role.STAGING, base_url="http://10.0.0.1/")
    playbook = parse_playbook("{version: 1, name: n, probes: {p: {get: /}}, symptom: {probe: p}}")
    with pytest.raises(Refused) as refused:
        preflight.check(host, listening(*lines, "8080 apache2"), (), playbook=playbook)
    assert advice in (refused.value.advice or "")


@pytest.mark.parametrize(("state", "said"), [("inactive", "started it by hand"), ("failed", "by hand"), ("active", "")])
def test_a_server_that_systemd_does_not_have(state: str, said: str) -> None:
    text = SURVEY.read_text().replace("unit apache2.service active", f"unit apache2.service {state}")
    with pytest.raises(Refused) as refused:
        preflight.check(Host("h", "10.0.0.1", role=Role.STAGING), parse(text), (), accept_drift=True)
    assert said in refused.value.what
    assert ("by hand" in refused.value.what) == bool(said)


@pytest.mark.parametrize(
    ("probe", "lines", "refused"),
    [
        ("get: 'https://www.example.org/'", ["80 apache2"], True),
        ("get: 'https://www.example.org/', connect_to: '10.0.0.1:443'", ["443 apache2"], False),
        ("get: /", [], True),
        ("get: /", ["80 apache2"], False),  # a cache that is Apache's own is one of its components
    ],
)
def test_answers_that_came_through_a_cache(probe: str, lines: list[str], refused: bool) -> None:  # noqa: FBT001
    host = Host("h", "10.0.0.1", role=Role.STAGING, base_url="http://10.0.0.1/")
    playbook = parse_playbook(f"{{version: 1, name: n, probes: {{p: {{{probe}}}}}, symptom: {{probe: p}}}}")
    markers = {"p": (Markers(200, 9, "text/html", "", passed="Age: 3"),)}
    with pytest.raises(Refused, match="Age: 3") if refused else nullcontext():
        in_front.refuse_cache(host, listening(*lines), playbook, markers)
    in_front.refuse_cache(host, listening(*lines), playbook, {"p": (Markers(200, 9, "text/html", ""),)})


def test_a_cache_in_front_that_root_lets_a_run_restart() -> None:
    host = Host("h", "10.0.0.1", role=Role.STAGING, base_url="http://10.0.0.1/")
    playbook = parse_playbook("{version: 1, name: n, probes: {p: {get: /}}, symptom: {probe: p}}")
    text = SURVEY.read_text().replace("@@ listeners\n80 apache2\n", "@@ listeners\n80 varnishd\n8080 apache2\n")
    text = text.replace("@@ server\n", "@@ server\nport 80\n")
    let = text.replace("@@ end", "@@ may-restart\nvarnish.service\n@@ end")
    kept = Markers(200, 9, "text/html", "", passed="Age: 3")
    unkept = Markers(200, 9, "text/html", "", passed="Age: 0", unkept="sets the cookie a")

    with pytest.raises(Refused) as refused:
        preflight.check(host, parse(text), (), playbook=playbook)
    assert "'unit varnish.service' in /etc/modbisect/allow" in (refused.value.advice or "")
    with pytest.raises(Refused, match="Age: 3"):
        in_front.refuse_cache(host, parse(text), playbook, {"p": (kept,)})
    assert kinds.units(parse(text)) == ("apache2.service",)

    with pytest.raises(Refused, match="nothing is left that may be switched"):
        preflight.check(host, parse(let), (), playbook=playbook, accept_drift=True)
    in_front.refuse_cache(host, parse(let), playbook, {"p": (kept,)})
    assert kinds.units(parse(let)) == ("apache2.service", "varnish.service")
    behind = parse_playbook("{version: 1, name: n, probes: {p: {get: 'http://10.0.0.1:81/'}}, symptom: {probe: p}}")
    other = parse(let.replace("80 varnishd\n", "80 varnishd\n81 squid\n"))
    with pytest.raises(Refused, match="squid answers on port 81"):
        preflight.check(host, other, (), playbook=behind, accept_drift=True)
    by_hand = "\n".join(line for line in let.split("\n") if not line.startswith("unit "))
    assert kinds.units(parse(by_hand)) == ("apache2.service",)  # without systemd nobody empties it
    names = (Path(servers.__file__).parent / "names.sh").read_text()
    assert 'caches_in_front="varnish.service"' in names  # the guard restarts the same ones last
    assert kinds.resting(parse(let), (), AS_FOUND, AS_FOUND) == ()
    assert in_front.keeps_nothing(parse(let), {"p": (kept,)}) == ""
    assert in_front.keeps_nothing(parse(let), {"p": (unkept,)}).endswith("every answer sets the cookie a")
    assert in_front.keeps_nothing(parse(text), {"p": (unkept,)}) == ""
    assert in_front.beside(host, parse(text)).startswith("varnishd answers in front of Apache: let root write")
    assert in_front.beside(host, parse(let)).startswith("varnishd answers in front of Apache: each trial")
