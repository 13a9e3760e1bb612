"""Lists of an application's parts: what a file may declare, and that a playbook brings them along."""

from pathlib import Path

import pytest

from modbisect.errors import UsageError
from modbisect.playbook import load_listing, load_playbook

EXAMPLES = sorted((Path(__file__).parents[2] / "playbooks/kinds").iterdir())
LIST = "name: parts\nfiles: /srv/*/parts.conf\n"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_what_comes_along_is_read(path: Path) -> None:
    listing = load_listing(path)
    assert listing.name == path.stem
    assert listing.line().count("\t") == 5


def test_a_playbook_names_them_beside_itself(tmp_path: Path) -> None:
    (tmp_path / "kinds").mkdir()
    (tmp_path / "kinds/parts.yml").write_text(LIST)
    (tmp_path / "book.yml").write_text("probes: {home: {get: /}}\nkinds: kinds/parts.yml\n")
    (listing,) = load_playbook(tmp_path / "book.yml").listings
    assert (listing.name, listing.files) == ("parts", ("/srv/*/parts.conf",))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("name: Parts\nfiles: /srv/x\n", "small letters"),
        ("name: parts\nfiles: []\n", "files"),
        ("name: parts\nfiles: srv/x\n", "whole path"),
        ("name: parts\nfiles: /srv/../etc/shadow\n", "whole path"),
        ("name: parts\nfiles: '/srv/$(id)'\n", "whole path"),
        (LIST + "entry: '(a'\n", "no regular expression"),
        (LIST + "entry: abc\n", "one group"),
        (LIST + "entry: (a)(b)\n", "one group"),
        (LIST + "begin: x\n", 'has no "entry"'),
        (LIST + "restart: rm -rf\n", "no systemd unit"),
        (LIST + "enty: (x)\n", "did you mean"),
    ],
)
def test_what_it_may_not_be(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "list.yml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_listing(path)
    assert word in str(caught.value)
    assert str(path) in str(caught.value)


def test_one_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "book.yml").write_text("probes: {home: {get: /}}\nkinds: nowhere.yml\n")
    with pytest.raises(UsageError, match=r"nowhere\.yml: there is no such file"):
        load_playbook(tmp_path / "book.yml")
