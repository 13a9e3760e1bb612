"""The shell that looks for the files of folders: below document roots and below aliases."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from stand_ins import STAND_INS

from modbisect.host.helper import _read


def test_below_roots_and_aliases_and_no_deeper_than_four_folders(tmp_path: Path) -> None:
    for place in ("root", "root/a/b", "root/a/b/c/d", "alias/one", "elsewhere"):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / place / ".htaccess").write_text("Options -Indexes\n")
    (tmp_path / "alias/.htaccess").symlink_to("one/.htaccess")
    shell = (
        f"{STAND_INS}roots() {{ echo {tmp_path}/root; }}\naliases() {{ echo {tmp_path}/alias; }}\nmain=nginx\n"
        + _read("kinds/apache_directive")
    )
    done = subprocess.run(["/bin/sh", "-c", shell], env=os.environ, capture_output=True, text=True, check=False)
    listed = done.stdout.partition("@@ htaccess\n")[2].partition("@@")[0].split()
    assert listed == [f"{tmp_path}/{place}/.htaccess" for place in ("alias/one", "root", "root/a/b")]
