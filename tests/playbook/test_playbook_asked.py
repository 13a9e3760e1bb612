"""The playbook that a command line stands for: whatever it asks is read back as it was asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbisect.model import Upload
from modbisect.playbook import check_url, parse_playbook, playbook_text

PATHS = st.text("abcz019/%?&=.-_~:'*#@! ", max_size=30).map("/{}".format)


@given(PATHS, st.none() | st.integers(1, 1 << 32), st.sampled_from([(), ("/",)]))
def test_it_is_read_back(url: str, size: int | None, others: tuple[str, ...]) -> None:
    try:
        check_url(url)
    except ValueError:
        return
    upload = Upload("a field: [x]", size) if size else None
    book = parse_playbook(playbook_text(url, upload=upload, home=bool(others), expect={"status": 200}))
    asked = book.symptom_probes[0]
    assert (asked.url, asked.method, asked.upload) == (url, "POST" if upload else "GET", upload)
    assert asked.expect.status == {200}
    assert [probe.url for probe in book.probes] == [url, *others]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("/upload", "upload"),
        ("https://a.test/x/list.php?q=1", "php"),
        ("/", "page"),
        ("/home", "page"),
        ("/12", "page"),
    ],
)
def test_the_probe_is_called_after_its_page(url: str, name: str) -> None:
    assert parse_playbook(playbook_text(url, home=True)).symptom_probes[0].name == name


def test_a_remark_stays_one() -> None:
    text = playbook_text("/", remarks=["seen\nprobes: {}", "\x1b[31m"])
    assert [line[0] for line in text.splitlines()[:2]] == ["#", "#"]
    assert "\x1b" not in text
    assert parse_playbook(text).probes
