"""Text from a host on its way to a terminal, and the exit status inside it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbisect.errors import LinkLost
from modbisect.host.link import InBand, Result, clean

BIDIRECTIONAL = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
ESCAPES = st.sampled_from(
    [
        "\x1b[31m",
        "\x1b]0;title\x07",
        "\x1b]8;;http://x\x1b\\",
        "\x1b[2J",
        "\x1bc",
        "\x9b1m",
        "\x1b",
        "\x1b]",
        "\r",
        "\x08",
    ]
)
MARKS = st.sampled_from(["\u202e", "\u2066", "\u200f", "\u061c"])
HOSTILE = st.lists(st.one_of(st.text(), ESCAPES, MARKS)).map("".join)


@given(HOSTILE)
def test_nothing_that_steers_a_terminal_or_turns_text_round_is_left(text: str) -> None:
    for character in clean(text):
        assert character in "\t\n" or unicodedata.category(character) != "Cc"
        assert unicodedata.bidirectional(character) not in BIDIRECTIONAL
        assert character not in "\u200e\u200f\u061c"


@given(HOSTILE)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


# Two symbols stand for what is not there, and go: that of an object, and that of bytes that are no text.
@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters="\ufffc\ufffd")))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text
    assert clean(text.encode()) == text


@given(st.binary())
def test_any_bytes_become_text(data: bytes) -> None:
    clean(data).encode()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;owned\x07text", "text"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a\rb\x08c", "abc"),
        ("one\n\ttwo", "one\n\ttwo"),
        ("\x1b]0;never ends\nnext line", "\nnext line"),
        ("admin\u202egnp.exe", "admingnp.exe"),
    ],
)
def test_whole_sequences_go(text: str, left: str) -> None:
    assert clean(text) == left


@given(st.binary(), st.binary(), st.binary(), st.integers(0, 255))
def test_output_and_status_are_read_behind_whatever_the_login_says(
    talk: bytes, out: bytes, err: bytes, code: int
) -> None:
    marked = InBand()
    assert f"echo {marked.mark.decode().strip()};" in marked.wrap("true")
    end = b"\n" + marked.mark.strip() + f" {code}\n".encode()
    begun = talk + marked.mark + out
    assert marked.split(begun + end, talk + marked.mark + err, "host") == Result(code, out, err)
    assert marked.split(begun + end, err, "host") == Result(code, out, err)
    long = end.replace(b" ", b" " + 5000 * b"9")
    for cut in (begun, begun + end[:10], begun + long, talk + out + end, talk, b""):
        with pytest.raises(LinkLost):
            marked.split(cut, err, "host")


def test_another_commands_status_is_not_taken() -> None:
    forged = InBand().mark.decode().strip()
    with pytest.raises(LinkLost):
        InBand().split(f"{forged}\n\n{forged} 0\n".encode(), b"", "host")
