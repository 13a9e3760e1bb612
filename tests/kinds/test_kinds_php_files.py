"""Which folders' files a program includes, as the survey's shell reads it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from stand_ins import STAND_INS, told_lines

import modbisect.kinds

SHELL = Path(modbisect.kinds.__file__).parent / "app_known.sh"
STUBS = f"""{STAND_INS}
web_folders() {{ printf '%s\\n' "$site/public"; }}
listings() {{ cat >/dev/null; }}
told_of_parts() {{ cat >/dev/null; }}
"""
LOOP = "<?php\ndefine('APP', __DIR__);\nforeach (%s as $file) { require $file; }\n"


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("glob(__DIR__ . '/hooks/*.php')", "app/hooks"),
        ('glob(dirname(__FILE__) . "/../extra/*.php")', "extra"),
        ("glob(APP . '/hooks/*.php')", "app/hooks"),
        ('glob("$root/extra/*.php")', "extra"),
        ('glob("{$this->root}/extra/*.php")', "extra"),
        ("scandir(ROOT . '/extra')", "extra"),
        ("new DirectoryIterator(dirname(__DIR__) . '/extra/')", "extra"),
        ("glob('hooks/*.php')", "app/hooks"),
        ("glob('SITE/extra/*.php')", "extra"),
        ("glob(APP . '/cache/*.html')", ""),
        ("glob(APP . '/none/*.php')", ""),
        ("glob(APP . '/../../../*/*.php')", ""),
        ("scandir($folder)", ""),
    ],
)
def test_a_folder_whose_files_are_included(tmp_path: Path, said: str, read: str) -> None:
    for name in ("public/index.php", "app/hooks/a.php", "extra/b.php", "app/cache/c.html"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("<?php\n")
    (tmp_path / "app/boot.php").write_text(LOOP % said.replace("SITE", str(tmp_path)))
    script = f"{STUBS}site={tmp_path}\n. {SHELL}\nglobbed"
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert told_lines(done.stdout) == ([f"{tmp_path}/{read}/*.php"] if read else []), done.stderr
