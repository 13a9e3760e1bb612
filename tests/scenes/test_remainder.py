"""What is left of a slow request where its culprit is switched over is looked at, too."""

from __future__ import annotations

from pathlib import Path

import pytest
from scene import manifest, run

from lab_fixtures import LabHostFactory
from modbisect import lab
from modbisect.model import Outcome

pytestmark = pytest.mark.lab

TWICE = """<?php
if (extension_loaded('bcmath')) usleep(150000);
function second() { usleep(130000); }
second();
echo 'done';
"""
PLAYBOOK = """\
probes: {twice: {get: /twice.php, expect: {contains: done}}}
symptom: {probe: twice}
components: {include: ["php-module:b*", "php-module:calendar"]}
trial: {requests: 2, warm_up: 0}
"""


def test_a_smaller_cause_behind_the_cured_one_is_told(lab_host: LabHostFactory, tmp_path: Path) -> None:
    host = lab_host(setup=("shop", "lean")).name
    write = 'printf %s "$1" >/var/www/html/twice.php && touch -d "1 hour ago" /var/www/html/twice.php'
    done = lab.execute(host, ["sh", "-ec", write, "sh", TWICE])
    assert done.returncode == 0, done.stderr
    before = manifest(host)
    seen = run(tmp_path, host, PLAYBOOK)

    assert (seen.code, seen.report.outcome) == (1, Outcome.FOUND), seen.progress
    assert [finding.components for finding in seen.report.findings] == [("php-module:bcmath",)]
    (left,) = [warning for warning in seen.report.warnings if warning.startswith("with that switched over")]
    assert "usleep, called from second, /var/www/html/twice.php:3" in left
    assert manifest(host) == before
