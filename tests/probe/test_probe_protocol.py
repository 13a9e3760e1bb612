from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbisect.model import Auth, Expect, Probe, Request, Upload
from modbisect.probe import protocol
from modbisect.probe.oracle import Markers, Oracle
from modbisect.probe.protocol import Window, WindowResult

text = st.text(max_size=12)
pairs = st.lists(st.tuples(text, text), max_size=2).map(tuple)
texts = st.lists(text, max_size=2).map(tuple)
numbers = st.integers(0, 2**40)
seconds = st.floats(0, 1e6)
expects = st.builds(Expect, st.frozensets(st.integers(100, 599)), texts, texts, texts, numbers, st.none() | numbers)
probes = st.builds(
    Probe,
    name=text,
    url=text,
    method=text,
    headers=pairs,
    cookies=pairs,
    auth=st.none() | st.builds(Auth, text, text, text),
    body=st.none() | text,
    form=pairs,
    upload=st.none() | st.builds(Upload, text, numbers, text, text),
    expect=expects,
    concurrency=st.integers(1, 64),
    keep_alive=st.booleans(),
    follow_redirects=st.booleans(),
    connect_to=text,
    verify=st.booleans(),
    ca_file=text,
    timeout=seconds,
)
markers = st.builds(Markers, numbers, numbers, text, st.none() | text, st.none() | text, texts, numbers)
oracles = st.builds(Oracle, expects, st.lists(markers, max_size=2).map(tuple))
windows = st.builds(
    Window,
    probe=probes,
    oracle=oracles,
    requests=numbers,
    warm_up=numbers,
    cap=st.none() | seconds,
    cold_cap=st.none() | seconds,
    seconds=seconds,
    settle=seconds,
)
requests = st.builds(
    Request,
    probe=text,
    seconds=seconds,
    first_byte=seconds,
    connect=seconds,
    tls=seconds,
    status=numbers,
    sent=numbers,
    received=numbers,
    censored=st.booleans(),
    fault=text,
)
results = st.builds(
    WindowResult,
    cold=st.none() | requests,
    requests=st.lists(requests, max_size=3).map(tuple),
    broken=text,
    unsteady=st.booleans(),
    client_limited=st.booleans(),
    warnings=texts,
    markers=st.none() | markers,
)


@given(windows)
def test_a_window_arrives_as_it_was_sent(window: Window) -> None:
    line = protocol.encode(window)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert protocol.window(line) == window


@given(results)
def test_a_result_arrives_as_it_was_sent(result: WindowResult) -> None:
    line = protocol.encode(result)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert protocol.result(line) == result


@given(st.binary(max_size=50))
def test_noise_is_no_message(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        protocol.window(line)
    with pytest.raises(ValueError, match=r"\w"):
        protocol.result(line)


def test_an_error_does_not_repeat_what_was_said() -> None:
    with pytest.raises(ValueError, match="cold") as caught:
        protocol.result(b'{"cold": "s3cret", "requests": []}')
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None
