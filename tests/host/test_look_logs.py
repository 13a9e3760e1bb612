"""What is told of a line in a server's log of errors: the module, its code, a place; never a visitor's words."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from modbisect.host.helper import _read

AT = "[Fri Nov 27 13:10:34.123456 2026]"
WHO = "[pid 12:tid 34] [client 192.0.2.7:4411]"
LINES = [
    f"{AT} [proxy_http:error] [pid 12:tid 34] (110)Connection timed out: {WHO[16:]} AH01102: error reading",
    f"{AT} [mpm_prefork:error] [pid 9] AH00161: server reached MaxRequestWorkers setting, consider raising it",
    f"{AT} [php:warn] {WHO} PHP Warning:  fopen(/home/swordfish): failed in /srv/a b.php on line 3",
    f"{AT} [php:notice] {WHO} PHP Notice:  Undefined swordfish in /srv/app.php on line 12, referer: x",
    "[27-Nov-2026 13:00:00] WARNING: [pool www] server reached pm.max_children setting (2), consider raising it",
    "[27-Nov-2026 13:00:00 UTC] PHP Fatal error:  Uncaught swordfish in /srv/app.php on line 7",
    "2026/11/27 13:00:00 [error] 12#12: *5 upstream timed out (110: x) while reading, client: swordfish",
    "2026/11/27 13:00:00 [info] 12#12: *5 swordfish",
    "swordfish [a:b]",
]
TOLD = """\
proxy_http:error AH01102|
mpm_prefork:error AH00161 reached MaxRequestWorkers|
php:warn PHP Warning|
php:notice PHP Notice|/srv/app.php:12
WARNING: [pool www] reached pm.max_children|
PHP Fatal error|/srv/app.php:7
nginx error upstream timed out|
-
-
"""


def sampler(call: str, *words: str) -> str:
    program = "".join(_read(f"host/look/{part}", "pl") for part in ("base", "logs"))
    done = subprocess.run(
        ["/usr/bin/perl", "-e", program + call, "--", *words], capture_output=True, text=True, check=True, timeout=20
    )
    return done.stdout


def test_a_line_without_a_visitor_s_words() -> None:
    told = sampler("shift; print wording_of($_) // '-', \"\\n\" for @ARGV;", "0", *LINES)
    assert told == TOLD


@pytest.mark.parametrize(
    ("name", "mode", "seen"), [("error.log", "a", 2), ("access.log", "a", 0), ("error.db", "w", 0), ("a|b.log", "a", 0)]
)
def test_what_is_new_in_a_file_that_a_server_adds_to(tmp_path: Path, name: str, mode: str, seen: int) -> None:
    log, line = tmp_path / name, f"{LINES[1]}\n"
    log.write_text(line)
    with log.open(mode) as file:
        more = f"open my $more, '>>', '{log}'; print $more $ARGV[1] x 2; close $more;"
        told = sampler(f"begin_logs($ARGV[0]); {more} told_by_logs();", str(os.getpid()), line)
        assert file.writable()
    assert told == (f"wrote {seen}|{log}|mpm_prefork:error AH00161 reached MaxRequestWorkers|\n" if seen else "")
