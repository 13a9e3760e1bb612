"""Healthy hosts that are laid out otherwise than Debian's own packages do it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from guard.lab_target import Target
from run.controller import QUICK, Controllers

pytestmark = pytest.mark.lab

TWO = QUICK[: QUICK.index("components:")] + (
    'components: {include: ["apache-module:asis", "php-module:ds"]}\ntrial: {requests: 2, warm_up: 0}\n'
)


@contextmanager
def changed(target: Target, script: str, back: str) -> Iterator[None]:
    """The host otherwise for a while, its server restarted both times."""
    target.sh(f"{script}; systemctl restart apache2")
    target.settle()
    try:
        yield
    finally:
        target.sh(f"{back}; systemctl restart apache2")
        target.settle()


def test_modules_whose_files_are_links_to_versioned_ones(target: Target, controllers: Controllers) -> None:
    each = "for so in /usr/lib/apache2/modules/mod_asis.so /usr/lib/php/*/ds.so; do"
    link, back = f'{each} mv $so $so-9; ln -s "${{so##*/}}-9" $so; done', f"{each} mv $so-9 $so; done"
    controllers.playbook = TWO
    with changed(target, link, back):
        before = target.kept()
        ended = controllers.run().ended()
        assert "the running server is not what the files say" not in ended.err
        assert "loaded: " not in ended.said
        assert "restored    verified" in ended.err, ended.said
        assert "trial   1" in ended.err
        assert target.kept() == before
