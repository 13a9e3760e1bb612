"""A playbook for what a command line asks: one page or one upload that is slow."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import yaml

from modbisect.model import Upload
from modbisect.playbook.text import clean
from modbisect.playbook.units import format_size

_HOME = "home"
"""The probe of the page that tells whether the site still works."""
_ELSE = "page"
"""The probe of what has no name of its own."""


def playbook_text(
    url: str,
    *,
    upload: Upload | None = None,
    expect: Mapping[str, object] | None = None,
    home: bool = False,
    into: Sequence[str] = (),
    remarks: Sequence[str] = (),
) -> str:
    """The playbook as a file of a person's would be.

    Args:
        url: what is slow: a path on the site, or a whole URL.
        upload: what is sent there; None for a GET.
        expect: what a correct answer looks like.
        home: whether the site's first page is asked as well.
        into: files of the host's whose lines are the suspects.
        remarks: sentences for whoever reads it, one a line.
    """
    name = _named(url)
    slow: dict[str, object] = {"post" if upload else "get": url}
    if upload:
        slow["file"] = {"field": upload.field, "size": format_size(upload.size)}
    if expect:
        slow["expect"] = dict(expect)
    probes: dict[str, object] = {name: slow}
    if home:
        probes[_HOME] = {"get": "/"}
    document: dict[str, object] = {"version": 1, "name": clean(f"{url} is slow"), "probes": probes}
    if home:
        document["symptom"] = {"probe": name}
    if into:
        document["components"] = {"into": list(into)}
    text = yaml.safe_dump(document, sort_keys=False, default_flow_style=False, width=1000, allow_unicode=True)
    return "".join(f"# {clean(remark, 200)}\n" for remark in remarks) + text


def _named(url: str) -> str:
    """A probe's name, after the last part of a URL's path that can be one."""
    parts = re.findall(r"[A-Za-z][A-Za-z0-9_]{0,30}", urlsplit(url).path)
    return parts[-1] if parts and parts[-1] != _HOME else _ELSE
