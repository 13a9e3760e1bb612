"""Completion in real shells, those that are here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
BASH = """
PATH={bin}:$PATH
eval "$(modbisect completion bash)"
COMP_WORDS=({words}) COMP_CWORD={at}
_modbisect_completion modbisect
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
# Its two ways to hand over what it has, both with the name of an array, print that.
ZSH = """
PATH={bin}:$PATH
autoload -Uz compinit && compinit -u -D
eval "$(modbisect completion zsh)"
compadd() {{ print -l -- "${{(@P)5}}" }}
_describe() {{ print -l -- "${{(@P)3}}" }}
words=({words}) CURRENT={at} COMP_CWORD={at}
_modbisect_completion
"""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("modbisect", "do"), {"doctor"}),
        (("modbisect", "history", "co"), {"compare"}),
        (("modbisect", "run", "--open"), {"--open-security"}),
        (("modbisect", "schema", "play"), {"playbook"}),
    ],
)
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_completes(shell: str, words: tuple[str, ...], said: set[str], tmp_path: Path) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} here")
    script, at = (BASH, len(words) - 1) if shell == "bash" else (ZSH, len(words))
    done = subprocess.run(
        [program, *(["--norc", "--noprofile"] if shell == "bash" else ["-f"])],
        input=script.format(bin=BIN, words=" ".join(words), at=at),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        check=False,
    )
    assert {line.partition(":")[0] for line in done.stdout.split("\n") if line} >= said, done.stderr
