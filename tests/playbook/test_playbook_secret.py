"""References to secrets, and their resolution."""

from __future__ import annotations

from pathlib import Path

import pytest

from modbisect.errors import UsageError
from modbisect.playbook import parse_playbook, resolve_secret


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE_PASSWORD", "s3cret ")
    assert resolve_secret("env:SITE_PASSWORD") == "s3cret "
    monkeypatch.setenv("SITE_PASSWORD", "")
    with pytest.raises(UsageError, match="SITE_PASSWORD"):
        resolve_secret("env:SITE_PASSWORD")


@pytest.mark.parametrize(("raw", "secret"), [(b"abc\n", "abc"), (b"abc\r\n", "abc"), (b" a\nb\n\n", " a\nb\n")])
def test_file_without_its_line_end(tmp_path: Path, raw: bytes, secret: str) -> None:
    path = tmp_path / "secret"
    path.write_bytes(raw)
    assert resolve_secret(f"file:{path}") == secret


def test_file_in_the_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "secret").write_text("abc")
    assert resolve_secret("file:~/secret") == "abc"


@pytest.mark.parametrize("raw", [None, b"", b"\n", b"\xff", b"x" * 20_000])
def test_no_secret_in_a_file(tmp_path: Path, raw: bytes | None) -> None:
    path = tmp_path / "secret"
    if raw is not None:
        path.write_bytes(raw)
    with pytest.raises(UsageError):
        resolve_secret(f"file:{path}")


def test_prompt_needs_someone_to_ask() -> None:
    assert resolve_secret("prompt", lambda: "typed") == "typed"
    with pytest.raises(UsageError, match="no terminal"):
        resolve_secret("prompt")
    with pytest.raises(UsageError, match="empty"):
        resolve_secret("prompt", lambda: "")


@pytest.mark.parametrize("literal", ["hunter2", "env:", "env:a b", "file:relative", "file:", "ENV:X", "prompt"])
def test_a_literal_is_refused_and_not_repeated(literal: str) -> None:
    text = f'probes: {{a: {{get: /, auth: {{user: bob, secret: "{literal}"}}}}}}'
    with pytest.raises(UsageError, match="must not stand in a file") as caught:
        parse_playbook(text)
    assert literal == "prompt" or f'"{literal}"' not in str(caught.value)
    if literal != "prompt":
        with pytest.raises(UsageError) as resolved:
            resolve_secret("hunter2")
        assert "hunter2" not in str(resolved.value)


def test_a_secret_is_not_in_the_value_s_repr() -> None:
    playbook = parse_playbook("probes: {a: {get: /, auth: {user: bob, secret: env:PASSWORD}}}")
    assert "PASSWORD" not in repr(playbook)
