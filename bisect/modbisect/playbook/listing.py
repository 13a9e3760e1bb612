"""A list in files of the host, as it stands in a file of its own: its entries are components."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from modbisect.model import Listing
from modbisect.playbook.fields import Line, OneOrMany
from modbisect.playbook.nodes import Document
from modbisect.playbook.text import shown
from modbisect.playbook.validation import At, Strict, validate


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{shown(text)} is no regular expression: {error}") from None
    return text


def _pattern(text: str) -> str:
    if not re.fullmatch(r"(/[A-Za-z0-9_.+*-]+)+", text) or "/.." in text:
        raise ValueError(f'{shown(text)} is no whole path of plain names; "*" stands for any within one')
    return text


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,40}", text):
        raise ValueError(f"{shown(text)} is no name of small letters, digits and dashes")
    return text


def _unit(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9@_.-]+[.]service", text):
        raise ValueError(f'{shown(text)} is no systemd unit; write one such as "gunicorn.service"')
    return text


Expression = Annotated[Line, AfterValidator(_expression)]


class ListingModel(Strict):
    """A list in files of the host: parts of an application that stand one a line, or are a file each."""

    name: Annotated[str, AfterValidator(_name)] = Field(description="What its entries are called: laravel-provider.")
    files: OneOrMany[Annotated[str, AfterValidator(_pattern)]] = Field(
        min_length=1, description='Where it stands; "*" stands for any name of a file or a folder.'
    )
    begin: Expression | None = Field(
        default=None, description="The line in front of the first entry, as a regular expression; else the beginning."
    )
    end: Expression | None = Field(default=None, description="The line behind the last one; else the file's end.")
    entry: Expression | None = Field(
        default=None, description="An entry's line, with a group that is its name; left out: each file is an entry."
    )
    keep: OneOrMany[Line] = Field(default=[], description="Patterns of names that stay: what guards access.")
    restart: OneOrMany[Annotated[str, AfterValidator(_unit)]] = Field(
        default=[], description="Units that read it, to be restarted beside the web server."
    )

    @model_validator(mode="after")
    def _entry_has_a_name(self) -> ListingModel:
        if self.entry and re.compile(self.entry).groups != 1:
            raise At("entry", "needs one group in brackets, which is the entry's name")
        if not self.entry and (self.begin or self.end):
            raise ValueError('has no "entry", which says what stands between "begin" and "end"')
        return self

    def value(self) -> Listing:
        """The same as the model's word."""
        return Listing(
            self.name,
            tuple(self.files),
            self.entry or "",
            self.begin or "",
            self.end or "",
            tuple(self.keep),
            tuple(self.restart),
        )


def load_listing(path: Path) -> Listing:
    """The list in a file.

    Raises:
        UsageError: The file cannot be read, or is wrong.
    """
    document = Document.read(path)
    model = validate(document, ListingModel, document.root)
    document.raise_problems()
    assert model is not None  # noqa: S101 - without a problem there is a model
    return model.value()
