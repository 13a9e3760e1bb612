"""The form of an inventory, by its looks; and that whatever was read as YAML still is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbisect.inventory.forms import Form, form_of, look

HERE = Path(__file__).parent
OTHERS = {"ini.txt": Form.INI, "plugin.txt": Form.PLUGIN}
"""Cases of what is no YAML inventory."""


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("[web]\nweb1\n", Form.INI),
        ("# ours\n; and theirs\n\n  [web:children]\n", Form.INI),
        ("[web\nweb1\n", Form.INI),
        ("web1\n", Form.INI),
        ("web1 ansible_host=10.0.0.1\n", Form.INI),
        ("web1:2222 url=http: x\n", Form.INI),
        ('web1 title="a: b"\n', Form.INI),
        ("fe80::1 ansible_user=ops\n", Form.INI),
        ("localhost ansible_connection=local\n", Form.INI),
        ("[web]\nweb1 # plugin: none\n", Form.INI),
        ("plugin: constructed\n", Form.PLUGIN),
        ('---\n# clouds\nstrict: true\n"plugin" : amazon.aws.aws_ec2\n', Form.PLUGIN),
        ("$ANSIBLE_VAULT;1.1;AES256\n6162\n", Form.VAULT),
        ("#!/bin/sh\nexec fetch --all\n", Form.PROGRAM),
        ("", Form.YAML),
        ("# nothing\n", Form.YAML),
        ("all:\n  hosts:\n", Form.YAML),
        ("\ufeffall:\n", Form.YAML),
        ("---\nweb: {hosts: {web1: {plugin: x}}}\n", Form.YAML),
        ('{"web": {"hosts": {"web1": {}}}}', Form.YAML),
        ("all: {vars: {a: b=c}}\n", Form.YAML),
        ("- web1\n", Form.YAML),
        ("!x {}\n", Form.YAML),
        ("#!/usr/bin/env -S ansible-inventory -i\nall: {hosts: {web1: }}\n", Form.YAML),
    ],
)
def test_a_file(text: str, form: Form) -> None:
    assert look(text.encode(), executable=False) is form


@pytest.mark.parametrize(
    ("raw", "form"),
    [
        (b"#!/usr/bin/python3\nimport json\n", Form.PROGRAM),
        (b"\x7fELF\x02\x01\x01\x00", Form.PROGRAM),
        # on some file systems every file may be executed
        (b"all: {hosts: {web1: }}\n", Form.YAML),
        (b"[web]\nweb1\n", Form.INI),
    ],
)
def test_a_file_that_may_be_executed(raw: bytes, form: Form) -> None:
    assert look(raw, executable=True) is form


@pytest.mark.parametrize("case", sorted((HERE / "cases").glob("*.txt")), ids=lambda case: case.stem)
def test_what_the_reader_of_yaml_has_words_for_is_left_to_it(case: Path) -> None:
    assert look(case.read_bytes(), executable=False) is OTHERS.get(case.name, Form.YAML)


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_have_a_form(raw: bytes, executable: bool) -> None:  # noqa: FBT001  # as hypothesis gives it
    assert isinstance(look(raw, executable=executable), Form)


def test_what_is_there(tmp_path: Path) -> None:
    program = tmp_path / "hosts.py"
    program.write_text("#!/usr/bin/python3\nall:\n")
    assert form_of(program) is Form.YAML
    program.chmod(0o755)
    assert form_of(program) is Form.PROGRAM
    assert form_of(tmp_path) is Form.FOLDER
    assert form_of(tmp_path / "none") is Form.YAML
    assert form_of(Path("/dev/null")) is Form.YAML
