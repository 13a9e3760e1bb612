"""Verbs that only look: every file of the host, its server's process and the guard's folder stay as they are."""

from __future__ import annotations

import json

import pytest

from few import few
from guard.lab_target import Target
from run.controller import Controllers

pytestmark = pytest.mark.lab


@pytest.mark.parametrize(
    "verb",
    few(
        [
            ("plan", "PLAYBOOK", "HOST"),
            ("plan", "PLAYBOOK", "HOST", "--verbose"),
            ("plan", "PLAYBOOK", "HOST", "--json"),
            ("scan", "HOST"),
            ("scan", "HOST", "--all", "--playbook", "PLAYBOOK"),
            ("scan", "HOST", "--json"),
            ("scan", "HOST", "--since", "36h", "--url", "/items/12"),
            ("status", "HOST"),
            ("restore", "HOST"),
            ("probe", "PLAYBOOK", "HOST", "-n", "1"),
        ],
        6,
    ),
    ids=" ".join,
)
def test_looking_touches_nothing(target: Target, controllers: Controllers, verb: tuple[str, ...]) -> None:
    before = target.untouched()
    ended = controllers.start(*verb).ended()
    assert ended.code == 0, ended.said
    assert ended.out
    assert target.untouched() == before
    assert target.sh("ls -d /var/lib/modbisect /run/modbisect 2>/dev/null; :") == ""
    if "--json" in verb:
        json.loads(ended.out)


def test_the_slow_page_is_found_in_the_servers_own_log(target: Target, controllers: Controllers) -> None:
    """Which has no times: those that are asked for most are asked again, and a playbook is written of the slowest."""
    target.sh("printf '<?php usleep(300000); echo 1;' >/var/www/html/late.php; : >/var/log/apache2/access.log")
    visits = "/ / / /late.php /late.php /items/12 /logout /nowhere /items/12?coupon=secret"
    target.sh(f"for page in {visits}; do curl -s -o /dev/null http://localhost$page; done")
    log, folder = controllers.folder / "access.log", controllers.folder / "written"
    folder.mkdir()
    log.write_bytes((target.root / "var/log/apache2/access.log").read_bytes())
    try:
        seen = controllers.start("scan", "HOST", "--from", str(log)).ended()
        assert (seen.code, "secret" in seen.said, "logout" in seen.said) == (0, False, False), seen.said
        assert f"next: modbisect run {target.host.name} --url /late.php" in seen.out
        assert "/items/12: " in seen.out
        wrote = controllers.start("scan", "HOST", "--from", str(log), "--write", str(folder)).ended()
        assert wrote.code == 0, wrote.said
        assert "get: /late.php" in (folder / "playbook.yml").read_text()
    finally:
        target.sh("rm /var/www/html/late.php")
