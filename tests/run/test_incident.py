"""The runbook's step: looks and ranks where nothing may be switched, proves and cures where it may."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from lab_fixtures import LabHostFactory, let_the_middleware_wait
from modbisect import lab
from warm import modbisect

pytestmark = pytest.mark.lab
CULPRIT = "php-module:uploadguard"
BACK = "phpenmod -v 8.2 -s apache2 uploadguard\nsystemctl restart apache2\n"


def test_an_incident_from_the_first_look_to_the_way_back(lab_host: LabHostFactory, tmp_path: Path) -> None:
    host = lab_host(setup=("shop", "lean", "upload-middleware"))
    let_the_middleware_wait(host.name)
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(lab.inventory())

    def incident(*words: str) -> tuple[int, str]:
        what = ("--url", "/upload", "--upload", "file:640KiB")
        done = modbisect("incident", host.name, "-i", str(inventory), *what, *words)
        return done.returncode, done.stdout + done.stderr

    def on_host(command: str) -> str:
        return lab.execute(host.name, shlex.split(command)).stdout.decode()

    before = on_host("find /etc -newer /etc/hostname -printf '%p %T@ '")
    for words, why in (
        (("--budget", "30s"), "a budget of 30s is too small to switch anything"),
        (("--budget", "5m"), "this is a production host: nothing is switched in place"),
    ):
        if "production" in why:
            inventory.write_text(lab.inventory().replace("modbisect_role: staging", "modbisect_role: production"))
        code, said = incident(*words)
        assert code == 3, said
        assert f"the likeliest cause is {CULPRIT}" in said
        assert f"Seen, not proven: {why}." in said
        assert BACK in said
    assert on_host("find /etc -newer /etc/hostname -printf '%p %T@ '") == before

    inventory.write_text(lab.inventory())
    code, said = incident("--budget", "5m", "--leave-off", "--change-id", "CHG-7")
    assert code == 1, said
    assert f"{CULPRIT} makes upload slow" in said
    assert f"{host.name} is NOT as found: {CULPRIT} is kept off for good." in said
    assert BACK in said
    assert "| change | CHG-7 |" in said
    assert "uploadguard" not in on_host("ls /etc/php/8.2/apache2/conf.d")
    assert "is kept off for good" in modbisect("report", "last").stdout
