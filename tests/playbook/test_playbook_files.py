"""Files that cannot be read, or hold what no text should; and that nothing else than UsageError comes of any."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from modbisect.errors import Exit, UsageError
from modbisect.harmless import CONTROL
from modbisect.inventory import load_inventory, parse_inventory
from modbisect.playbook import load_playbook, parse_playbook

GOOD = (Path(__file__).parents[2] / "playbooks" / "upload-is-slow.yml").read_text()
INVENTORY = (Path(__file__).parents[2] / "inventories" / "example.yml").read_text()


@pytest.mark.parametrize("load", [load_playbook, load_inventory])
@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "is empty"),
        (b"# comment\n", "is empty"),
        (b"---\n...\n", "is empty"),
        (b"a: 1\nb: \xff\n", ":2:4: is not UTF-8"),
        (b"a: 1\nb: \x00\n", ":2:4: holds the control character U+0000"),
        (b"a: \x1b[31m\n", ":1:4: holds the control character U+001B"),
        ("a: \u202e\n".encode(), ":1:4: holds the control character U+202E"),
        ("a: 1\n".encode("utf-16"), "is not UTF-8"),
        (b"a: 1\n" * 300_000, "is larger than"),
    ],
)
def test_bad_content(tmp_path: Path, load: Callable[[Path], object], raw: bytes, message: str) -> None:
    path = tmp_path / "p.yml"
    path.write_bytes(raw)
    with pytest.raises(UsageError, match=re.escape(message)) as caught:
        load(path)
    assert caught.value.exit is Exit.USAGE
    assert str(path) in str(caught.value)


def test_a_playbook_may_have_64_kib(tmp_path: Path) -> None:
    path = tmp_path / "p.yml"
    start = "probes: {home: {get: /}}\n#"
    path.write_text(start + "x" * ((64 << 10) - len(start)))
    assert load_playbook(path).probes
    path.write_text(path.read_text() + "x")
    with pytest.raises(UsageError, match="larger than 64 KiB"):
        load_playbook(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        load_playbook(tmp_path / "none.yml")
    with pytest.raises(UsageError, match="is a directory"):
        load_playbook(tmp_path)
    with pytest.raises(UsageError, match="cannot be read"):
        load_playbook("a\0b")


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", refuse)  # root may read every file
    with pytest.raises(UsageError, match="may not be read by this user"):
        load_playbook(tmp_path / "p.yml")


def test_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "p.yml"
    path.write_bytes(b"\xef\xbb\xbfprobes:\r\n  home: {get: /}\r\n")
    assert load_playbook(path).name == "p"


def test_a_file_name_cannot_reach_the_terminal(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load_playbook(tmp_path / "a\x1b[31m.yml")
    assert "\x1b" not in str(caught.value)


# --- any text ------------------------------------------------------------------------------------

FRAGMENTS = [
    *("probes:", "home:", "get: /", "post: /", "expect:", "symptom:", "probe: home", "file: {", "size: 3MiB"),
    *("all:", "hosts:", "children:", "vars:", "web[1:3]:", "web[a:", "ansible_port: 22", "modbisect_role: x"),
    *("\n", "\n  ", "\n    ", "\n- ", "\t", " ", "{", "}", "[", "]", ",", ":", ": ", "?", "? ", "|", ">", "- "),
    *("&a ", "*a", "<<: ", "!x ", "!!int ", "!!set", "!<", "%YAML 1.1\n", "%YAML 9" + "9" * 5000 + ".1\n---\n"),
    *("---\n", "...\n", "#", '"', "'", '"\\U99999999"', '"\\ud800"', '"\\x00"', "~", "null", "on", "1:30", ".nan"),
    *("9" * 5000, "1e999", "1" * 400 + ".0", "0x_", "0b_", "0o", "2024-99-99", "=", "\u0085", "\u00a0", "\ufeff"),
]
TEXTS = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join),
    st.builds(
        lambda text, at, cut, new: text[: at % len(text)] + new + text[at % len(text) + cut :],
        st.sampled_from([GOOD, INVENTORY]),
        st.integers(0, 5000),
        st.integers(0, 20),
        st.sampled_from(FRAGMENTS) | st.text(max_size=5),
    ),
)


@settings(max_examples=300)
@given(TEXTS)
@example("a: " + "[" * 3000)
@example("a: " + "{a: " * 3000)
@example("a: 0x_")
@example("a: 0b")
@example("? [a]\n: b")
@example("&a [*a]")
@example("all: {hosts: {" + "x[1:9]" * 50 + ": }}")
@example("all: {hosts: {'x[1:999999999]': }}")
@example("probes: {a: {get: /, expect: {matches: '" + "(" * 5000 + "'}}}")
@example("probes: {a: {get: /, expect: {matches: 'a{99999999999999}'}}}")
@example("probes: {a: {get: 'http://[/'}}")
@example("probes: {a: {get: 'http://x:99999/'}}")
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_playbook, parse_inventory):
        try:
            parse(text)
        except UsageError as error:
            message = str(error)
        else:
            continue
        assert message
        assert not CONTROL.search(message)
        assert len(message.splitlines()) <= 21


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yml"
    path.write_bytes(raw)
    for load in (load_playbook, load_inventory):
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("PATH", "")  # Ansible is not asked about each of them
                patch.setattr(sys, "executable", str(path))
                load(path)
        except UsageError as error:
            message = str(error)
        else:
            continue
        assert message.startswith(str(path))
