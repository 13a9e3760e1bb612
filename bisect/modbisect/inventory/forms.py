"""Which form an inventory has, by its looks: YAML is read here, every other form by Ansible."""

from __future__ import annotations

import codecs
import os
import re
from enum import Enum
from pathlib import Path

from modbisect.inventory.tree import MAX_BYTES

VAULTED = "$ANSIBLE_VAULT;"
"""How whatever ansible-vault has encrypted begins."""

_PLUGIN = re.compile(r"^(['\"]?)plugin\1[ \t]*:", re.MULTILINE)
_YAML = re.compile(r":(?:\s|$)|^(?:---|[%{}!&*\"'?-])")


class Form(Enum):
    """A form, in words behind "is"."""

    YAML = "YAML"
    FOLDER = "a folder"
    PROGRAM = "a program"
    INI = "an INI file"
    PLUGIN = "the configuration of a plugin"
    VAULT = "encrypted by ansible-vault"


def form_of(path: Path) -> Form:
    """The form of what is at ``path``; YAML where it cannot be told, so that the reader of YAML says what is wrong."""
    try:
        if path.is_dir():
            return Form.FOLDER
        if not path.is_file():  # a pipe can be read but once
            return Form.YAML
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES)
        return look(raw, executable=os.access(path, os.X_OK))
    except OSError:
        return Form.YAML


def look(raw: bytes, *, executable: bool) -> Form:
    """The form of a file that begins with ``raw``."""
    if raw.startswith(VAULTED.encode()):
        return Form.VAULT
    script = raw.startswith(b"#!")
    if executable and (script or b"\0" in raw):
        return Form.PROGRAM
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(raw)
    except UnicodeDecodeError:
        return Form.YAML
    if _PLUGIN.search(text):
        return Form.PLUGIN
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and line[0] not in "#;"), "---")
    if _YAML.search(first.partition("=")[0]) and not first.startswith("["):
        return Form.YAML
    return Form.PROGRAM if script else Form.INI
