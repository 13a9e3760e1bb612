"""Where the configuration speaks of what a look has seen: the file, and the numbers of the lines."""

from __future__ import annotations

import subprocess
from pathlib import Path

from modbisect.host.helper import _read

RULES = """\
# who may read

# robots
<RequireAll>

    # by name
\tRequire not host spider.example
    Require all granted
</RequireAll>
; no line of Apache's
Require  host example.org
#Require host never.example
"""


def test_lines_keep_their_numbers_whatever_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / ".htaccess"
    file.write_text(RULES)
    script = (
        _read("host/look/base", "pl")
        + _read("host/look/named", "pl")
        + f"our @CONFIGURATION = ('{file}'); our @DIRECTIVES = ('Require:host', 'Options');"
        + "sub members { return () } sub exe { return '' } named();"
    )
    done = subprocess.run(["/usr/bin/perl", "-e", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines() == [f"says Require:host|{file}|7,11"], done.stderr
