"""The canary as a timer sees it: an exit code, and words only when something changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab_fixtures import LabHostFactory, let_the_middleware_wait
from modbisect import lab
from warm import modbisect

QUIET_RUNS = 6

PLAYBOOK = """\
name: shop canary
probes:
  home:   {get: /, expect: {contains: "</html>"}}
  upload: {post: /upload, file: {field: file, size: 640KiB}, expect: {contains: stored}}
symptom: {probe: upload}
trial: {requests: 5, cap: 10s}
canary: {ratio: 5}
components: {include: ["php-module:[a-du]*"]}
"""
"""With the middleware it takes some thirty times as long; what else is at work on this machine does not do that."""

pytestmark = pytest.mark.lab


class Canary:
    def __init__(self, folder: Path, host: str) -> None:
        self.playbook = folder / "canary.yml"
        self.playbook.write_text(PLAYBOOK)
        self.inventory = folder / "inventory.yml"
        self.inventory.write_text(lab.inventory())
        self.words = [
            *("canary", str(self.playbook), host),
            *("-i", str(self.inventory), "--history", f"sqlite:///{folder / 'history.db'}"),
        ]

    def __call__(self, *more: str) -> subprocess.CompletedProcess[str]:
        return modbisect(*self.words, *more)


def test_quiet_until_the_middleware_is_switched_on(lab_host: LabHostFactory, tmp_path: Path) -> None:
    host = lab_host(setup=("shop", "lean", "upload-middleware"))
    let_the_middleware_wait(host.name)
    switch = "php{}mod -v 8.2 -s apache2 uploadguard && systemctl restart apache2"
    assert lab.execute(host.name, ["sh", "-c", switch.format("dis")]).returncode == 0
    run = Canary(tmp_path, host.name)
    for number in range(QUIET_RUNS):
        done = run(*(["--go-on"] if number == QUIET_RUNS - 1 else []))
        assert (done.returncode, done.stdout) == (0, ""), f"run {number}: {done.stdout}{done.stderr}"

    assert lab.execute(host.name, ["sh", "-c", switch.format("en")]).returncode == 0
    done = run("--go-on")
    assert done.returncode == 1, done.stderr
    assert "upload is slower: " in done.stdout
    assert "since the last good check:\n    php-module:uploadguard is on, " in done.stdout
    assert "php-module:uploadguard makes upload slow" in done.stdout.splitlines()[-1], done.stdout + done.stderr
    assert done.stdout.count("modbisect report ") == 1
    again = run("--go-on")
    assert (again.returncode, again.stdout.count("\n")) == (1, 1), "the run is not made twice"
    assert "usually" in done.stdout
    assert "usleep, called from UploadGuard\\read_and_scan, /opt/uploadguard/prepend.php:20" in done.stdout
    assert "home" not in done.stdout

    assert lab.execute(host.name, ["sh", "-c", "systemctl stop apache2"]).returncode == 0
    done = run()
    assert done.returncode == 1
    assert "home does not answer correctly" in done.stdout
