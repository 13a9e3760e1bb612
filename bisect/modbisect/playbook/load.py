"""Playbook files to values, and playbooks to a host's site."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from modbisect.model import Probe
from modbisect.playbook.listing import load_listing
from modbisect.playbook.nodes import Document
from modbisect.playbook.schema import PlaybookModel
from modbisect.playbook.validation import file_schema, validate
from modbisect.playbook.values import Playbook


def load_playbook(path: Path | str) -> Playbook:
    """The playbook in a file.

    Raises:
        UsageError: The file cannot be read, or is wrong; then one line ``file:line:column: problem`` each.
    """
    return _playbook(Document.read(Path(path)), Path(path).stem, Path(path).parent)


def parse_playbook(text: str, name: str = "playbook") -> Playbook:
    """The playbook in a text; ``name`` stands for the file's in messages.

    Raises:
        UsageError: As ``load_playbook``.
    """
    return _playbook(Document(name, text), name)


def with_base(playbook: Playbook, base_url: str) -> Playbook:
    """The playbook with every path put behind ``base_url``, where the site begins: its own path is kept."""
    probes = tuple(_on_site(probe, base_url) for probe in playbook.probes)
    return replace(playbook, probes=probes, login=playbook.login and _on_site(playbook.login, base_url))


def json_schema() -> dict[str, object]:
    """The JSON Schema (2020-12) of playbooks, ready for ``json.dumps``."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **file_schema(PlaybookModel)}


def _playbook(document: Document, name: str, folder: Path = Path()) -> Playbook:
    model = validate(document, PlaybookModel, document.root)
    document.raise_problems()
    assert model is not None  # noqa: S101 - without a problem there is a model
    listings = tuple(load_listing(folder / file) for file in model.kinds)
    return replace(model.value(name), listings=listings)


def _on_site(probe: Probe, base_url: str) -> Probe:
    return replace(probe, url=base_url.rstrip("/") + probe.url) if probe.url.startswith("/") else probe
