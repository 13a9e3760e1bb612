"""The cure on a real host: kept off, kept for good, put back at once; and what a person accepts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from scene import manifest, run

import warm
from lab_fixtures import LabHostFactory, let_the_middleware_wait
from modbisect import lab
from modbisect.host.guard import Guard, Status
from modbisect.inventory import parse_inventory
from modbisect.run.access import opened

pytestmark = pytest.mark.lab

UPLOAD = """\
probes:
  home:   {get: /, expect: {status: 200, contains: "</html>"}}
  upload: {post: /upload, file: {field: file, size: 640KiB}, expect: {contains: stored}}
symptom: {probe: upload, slower_than: 30ms}
components: {include: ["php-module:uploadguard", "php-module:[ab]*"]}
"""
LINK = "/etc/php/8.2/apache2/conf.d/95-uploadguard.ini"


def modbisect(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return warm.modbisect(*words, "-i", str(folder / "inventory.yml"))


def status(host: str) -> Status:
    (target,) = parse_inventory(lab.inventory()).select(host)
    with opened(target) as root:
        return Guard(root, "").status()


def paths(host: str) -> set[str]:
    return {line.split()[0] for line in manifest(host).splitlines() if line.startswith("/etc/")}


@pytest.fixture(scope="module")
def host(lab_host: LabHostFactory) -> str:
    made = lab_host(setup=("shop", "lean", "upload-middleware")).name
    let_the_middleware_wait(made)
    return made


def test_it_can_be_put_back_at_once(host: str, tmp_path: Path) -> None:
    before = manifest(host)
    seen = run(tmp_path, host, UPLOAD, "--no-look", "--keep-cure", "1h")
    assert seen.report.restored.cure_until, seen.progress
    refused = modbisect(tmp_path, "restore", host)
    assert refused.returncode == 4, refused.stderr
    done = modbisect(tmp_path, "restore", host, "--force")
    assert (done.returncode, done.stdout) == (0, f"{host}: restored\n"), done.stderr
    assert manifest(host) == before


def test_a_person_accepts_what_others_changed(host: str, tmp_path: Path) -> None:
    seen = run(tmp_path, host, UPLOAD, "--no-look", "--keep-cure", "1h")
    assert seen.report.restored.cure_until, seen.progress
    theirs = "/etc/apache2/conf-enabled/theirs.conf"
    lab.execute(host, ["sh", "-c", f"echo '# theirs' >{theirs}"])
    assert modbisect(tmp_path, "restore", host, "--force").returncode == 5
    assert status(host).state == "FAILED"
    done = modbisect(tmp_path, "restore", host, "--accept")
    assert done.returncode == 0, done.stderr
    assert f"{host}: accepted {theirs}\n" in done.stdout
    assert done.stdout.endswith(f"{host}: restored\n")
    assert lab.execute(host, ["test", "-e", LINK]).returncode == 0
    lab.execute(host, ["rm", theirs])


def test_whoever_keeps_it_keeps_it_for_good(host: str, tmp_path: Path) -> None:
    before = paths(host)
    seen = run(tmp_path, host, UPLOAD, "--no-look", "--keep-cure", "10m")
    assert seen.report.restored.cure_until, seen.progress
    done = modbisect(tmp_path, "keep", host)
    assert done.returncode == 0, done.stderr
    assert f"{host}: did phpdismod -v 8.2 -s apache2 uploadguard\n" in done.stdout
    assert status(host).state == "NONE"
    assert before - paths(host) == {LINK}
    assert paths(host) <= before
    assert modbisect(tmp_path, "keep", host).returncode == 4
