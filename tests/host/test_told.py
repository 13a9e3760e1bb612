"""What is told of a server's words about its configuration: sort and place of an error, and no word of the file's."""

from __future__ import annotations

import subprocess

import pytest

from modbisect.host.helper import _read

APACHE = "AH00526: Syntax error on line 3 of /etc/apache2/conf-enabled/a.conf:"
INVALID = "Invalid command, perhaps misspelled or defined by a module not included in the server configuration"
NGINX = "nginx: an unknown directive, perhaps of a module that is not loaded in /etc/nginx"
FAILED = "nginx: configuration file /etc/nginx/nginx.conf test failed"
AT = "2026/11/28 03:37:00"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Syntax OK", "Syntax OK"),
        (f"{APACHE}\nInvalid command 'Swordfish', perhaps", f"{APACHE} {INVALID}"),
        (f"nginx: [emerg] unknown directive 'swordfish' in /etc/nginx/b.conf:3\n{FAILED}", f"{NGINX}/b.conf:3"),
        (f"{AT} [emerg] 58#58: unknown directive 'swordfish' in /etc/nginx/a.conf:3\n{FAILED}", f"{NGINX}/a.conf:3"),
        (
            f"{AT} [emerg] 1#1: zero size of '[emerg] x' in /etc/nginx/a.conf:9",
            "nginx: an error in /etc/nginx/a.conf:9",
        ),
        (f"{AT} [warn] 1#1: swordfish [emerg] x in /etc/nginx/a.conf:9", ""),
        ("swordfish", ""),
    ],
)
def test_the_sort_and_the_place(said: str, told: str) -> None:
    shell = f"{_read('servers/told')}\ntold"
    done = subprocess.run(["/bin/sh", "-c", shell], input=said, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == told
