"""A run that keeps the site from serving for too long gives up, and the host is as found."""

from __future__ import annotations

from pathlib import Path

import pytest
from scene import manifest, run

from lab_fixtures import LabHostFactory
from modbisect.model import Outcome

pytestmark = pytest.mark.lab

# The shop needs what only a trial that breaks it tells of; a restart alone takes longer than this.
IMPATIENT = """\
probes: {home: {get: /}, report: {get: /report}}
symptom: {probe: report}
health: {probe: home, within: 100ms}
"""


def test_a_site_that_does_not_serve_ends_the_run(lab_host: LabHostFactory, tmp_path: Path) -> None:
    host = lab_host(setup=("shop", "lean")).name
    before = manifest(host)
    seen = run(tmp_path, host, IMPATIENT)

    assert seen.code == 3, seen.progress
    assert seen.report.outcome is Outcome.INCONCLUSIVE
    assert "the site has not served for" in seen.report.reason
    assert seen.report.resume.startswith("modbisect resume ")
    assert 0.1 < seen.report.downtime_seconds < seen.report.seconds
    assert seen.report.restored.verified
    assert manifest(host) == before
