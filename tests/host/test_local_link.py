"""The box itself as a host: a conversation has an end in bytes and time."""

from __future__ import annotations

import pytest

from modbisect.errors import LinkLost
from modbisect.host.local import LocalLink

DRIP = "while printf x; do sleep 0.05; done"


def test_a_stream_answers_line_by_line_also_when_the_lines_come_at_once() -> None:
    stream = LocalLink().stream(["sh", "-c", "printf 'one\\ntwo\\n'; cat"])
    assert [stream.ask("three", 10) for _ in range(3)] == ["one", "two", "three"]
    stream.close()


@pytest.mark.parametrize("script", [DRIP, "sleep 60", "yes | tr -d '\\n'", ":"])
def test_an_answer_that_does_not_end_is_a_lost_link(script: str) -> None:
    stream = LocalLink().stream(["timeout", "60", "sh", "-c", script])
    with pytest.raises(LinkLost):
        stream.ask("beat", 0.5)
    stream.close()
