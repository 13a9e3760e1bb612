"""The choice of hosts: patterns, ranges, and hosts of the command line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbisect.errors import UsageError
from modbisect.inventory import Host, adhoc_host, parse_inventory
from modbisect.inventory.patterns import expand, matching
from modbisect.model import Role

INVENTORY = parse_inventory(
    """
all:
  hosts: {lone: , "fe80::1": }
  children:
    web: {hosts: {"web[1:3]": }}
    db: {hosts: {db1: , db2: }, children: {replicas: {hosts: {db2: }}}}
    staging: {hosts: {web3: , db2: }}
    empty:
"""
)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("all", "lone fe80::1 web1 web2 web3 db1 db2"),
        ("*", "lone fe80::1 web1 web2 web3 db1 db2"),
        ("web1", "web1"),
        ("web", "web1 web2 web3"),
        ("web:db", "web1 web2 web3 db1 db2"),
        ("db,web", "web1 web2 web3 db1 db2"),
        ("db, lone ,", "lone db1 db2"),
        ("web:&staging", "web3"),
        ("&staging:web", "web3"),
        ("web:!staging", "web1 web2"),
        ("!staging:web", "web1 web2"),
        ("!web", "lone fe80::1 db1 db2"),
        ("&staging", "web3 db2"),
        ("web:db:&staging:!web3", "db2"),
        ("web?", "web1 web2 web3"),
        ("*2", "web2 db2"),
        ("repl*", "db2"),
        ("fe80::1", "fe80::1"),
        ("fe80::1,web1", "fe80::1 web1"),
        ("all:!fe80*", "lone web1 web2 web3 db1 db2"),
        ("ungrouped", "lone fe80::1"),
        ("web:!empty", "web1 web2 web3"),
    ],
)
def test_pattern(pattern: str, names: str) -> None:
    assert [host.name for host in INVENTORY.select(pattern)] == names.split()


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("", "no host was named"),
        (" : , ", "no host was named"),
        ("wbe1", 'no host or group matches "wbe1"\nto do: did you mean "web1"?'),
        ("all:!wbe", 'no host or group matches "wbe"\nto do: did you mean "web"?'),
        ("zzz", "to do: there are: all, ungrouped, web, db, replicas, staging, empty, lone"),
        ("lone:&web", 'no host is left by the pattern "lone:&web"'),
        ("empty", 'no host is left by the pattern "empty"'),
        ("~web.*", "regular expression"),
        ("web[0]", "subscript"),
        ("!", 'no host or group matches ""'),
        ("a\x1b[2J", "subscript"),
    ],
)
def test_no_host(pattern: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        INVENTORY.select(pattern)
    assert message in str(caught.value)
    assert "\x1b" not in str(caught.value)


NAMES = st.sampled_from(["all", "web", "db", "replicas", "staging", "web1", "web2", "db1", "db2", "w*", "lone"])
PARTS = st.lists(st.builds(lambda mark, name: mark + name, st.sampled_from(["", "", "!", "&"]), NAMES), min_size=1)
HOSTS = [host.name for host in INVENTORY.hosts]


@given(PARTS, st.randoms(use_true_random=False))
def test_the_order_of_the_parts_does_not_matter(parts: list[str], random: object) -> None:
    shuffled = parts.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first = matching(":".join(parts), HOSTS, INVENTORY.groups)
    assert first == matching(",".join(shuffled), HOSTS, INVENTORY.groups)
    assert first <= set(HOSTS)


@given(PARTS, NAMES)
def test_what_is_taken_away_is_not_there(parts: list[str], name: str) -> None:
    pattern = ":".join(parts)
    taken = matching(name, HOSTS, INVENTORY.groups)
    before = matching(pattern, HOSTS, INVENTORY.groups)
    assert matching(f"{pattern}:!{name}", HOSTS, INVENTORY.groups) == before - taken
    assert matching(f"{pattern}:&{name}", HOSTS, INVENTORY.groups) <= taken


@given(st.text(max_size=30))
def test_any_pattern_chooses_or_is_refused(pattern: str) -> None:
    try:
        chosen, advice = INVENTORY.select(pattern), ""
    except UsageError as error:
        chosen, advice = (), error.advice
    assert chosen or advice


# --- ranges --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("web1", "web1"),
        ("web[1:3]", "web1 web2 web3"),
        ("web[01:03].example.org", "web01.example.org web02.example.org web03.example.org"),
        ("web[08:10]", "web08 web09 web10"),
        ("web[8:10]", "web8 web9 web10"),
        ("web[0:6:3]", "web0 web3 web6"),
        ("web[:2]", "web0 web1 web2"),
        ("db-[a:c]", "db-a db-b db-c"),
        ("db-[a:e:2]", "db-a db-c db-e"),
        ("r[1:2]-[x:y]", "r1-x r1-y r2-x r2-y"),
    ],
)
def test_range(name: str, names: str) -> None:
    assert list(expand(name)) == names.split()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("w[3:1]", "not a range"),
        ("w[c:a]", "not a range"),
        ("w[a:3]", "not a range"),
        ("w[01:3]", "ends of one length"),
        ("w[1:99999]", "more than 10000 hosts"),
        ("w[1:999][1:999]", "is 998001 hosts"),
        ("w" * 301, "longer than 300 characters"),
    ],
)
def test_no_range(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(expand(name))


@given(st.integers(0, 500), st.integers(0, 500), st.integers(1, 60))
def test_a_range_counts(first: int, more: int, step: int) -> None:
    names = list(expand(f"w[{first}:{first + more}:{step}]"))
    assert names == [f"w{number}" for number in range(first, first + more + 1, step)]


# --- hosts of the command line -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("web1", Host("web1", "web1", base_url="http://web1/")),
        ("bob@web1:2222", Host("web1", "web1", 2222, "bob", base_url="http://web1/")),
        ("10.0.0.1:22", Host("10.0.0.1", "10.0.0.1", 22, base_url="http://10.0.0.1/")),
        ("bob@[fe80::1]:22", Host("fe80::1", "fe80::1", 22, "bob", base_url="http://[fe80::1]/")),
        ("::1", Host("::1", "::1", base_url="http://[::1]/")),
        ("local", Host("local", "localhost", connection="local", base_url="http://localhost/")),
    ],
)
def test_adhoc_host(text: str, host: Host) -> None:
    assert adhoc_host(text) == host
    assert host.role is Role.PRODUCTION


@pytest.mark.parametrize(
    "text",
    [
        *("", "-oProxyCommand=id", "a b", "a;id", "$(id)", "a\nb", "a@", "@a", "-l@a", "a@b@c", "a:0", "a:65536"),
        *("a:x", "[a]:22", "[fe80::1", "fe80::1%eth0;id", "ssh://a", "é", "a\x1b", "a/b"),
    ],
)
def test_no_adhoc_host(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        adhoc_host(text)
    assert "\x1b" not in str(caught.value)


@given(st.text(max_size=40))
def test_whatever_becomes_an_address_is_harmless(text: str) -> None:
    try:
        host = adhoc_host(text)
    except UsageError:
        return
    for part in (host.name, host.address, host.user or "x"):
        assert part.isascii()
        assert part[0] != "-"
        assert not set(part) & set(" \t\n\r;&|$`<>(){}[]'\"\\*?!#~%/@,=")
