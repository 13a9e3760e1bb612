"""Alert rules by the real promtool; the dashboard as Grafana's own SDK reads it, and of metrics that there are."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

ROOT = Path(__file__).parents[2]
HERE = ROOT / "docs/grafana"
WRITTEN = set(
    re.findall(r'"((?:canary|run|culprit)_[a-z_]+)"', (ROOT / "bisect/modbisect/report/metrics.py").read_text())
)
PROMTOOL = shutil.which("promtool")


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool here to ask")
@pytest.mark.parametrize("words", [("check", "rules", "alerts.yml"), ("test", "rules", "alerts.test.yml")])
def test_promtool_has_nothing_against_the_rules(words: tuple[str, ...]) -> None:
    done = subprocess.run([str(PROMTOOL), *words], cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout


@pytest.mark.parametrize("name", ["alerts.yml", "alerts.test.yml", "dashboard.json"])
def test_every_metric_is_one_that_is_written(name: str) -> None:
    named = set(re.findall(r"modbisect_([a-z_]+)(?=[{ )\"]|\b)", (HERE / name).read_text()))
    assert named
    assert named <= WRITTEN


def test_the_dashboard_is_one_by_grafanas_sdk() -> None:
    text = (HERE / "dashboard.json").read_text()
    dashboard = Dashboard.from_json(json.loads(text))
    assert json.loads(JSONEncoder().encode(dashboard)) == json.loads(text)
    panels = dashboard.panels or []
    assert len(panels) == 6
    assert all(panel.targets for panel in panels)  # type: ignore[union-attr]  # no rows
