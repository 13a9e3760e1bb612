"""What machines read: JUnit's XML and Prometheus' metrics."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families as families
from report_cases import CASES, FOUND, GUARD

from modbisect.harmless import one_line
from modbisect.model import Outcome
from modbisect.report import junit, openmetrics, prometheus, verdict
from modbisect.report.metrics import Checked, checked

HOSTILE = 'a"\\\n<b>\x1b[31m\u202e&'


def cases(xml: str) -> dict[str | None, ET.Element]:
    return {case.get("name"): case for case in ET.fromstring(xml)}  # noqa: S314  our own


@pytest.mark.parametrize("name", CASES)
def test_junit_counts_what_it_holds(name: str) -> None:
    suite = ET.fromstring(junit(CASES[name]))  # noqa: S314  our own
    assert suite.get("tests") == str(len(suite.findall("testcase")))
    for what, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert suite.get(what) == str(len(suite.findall(f"testcase/{tag}")))
    slow = bool(CASES[name].findings) or CASES[name].outcome is Outcome.NONE
    assert bool(suite.findall("testcase/failure")) == slow


def test_junit_has_a_case_for_each_component_and_one_for_the_run() -> None:
    found = cases(junit(CASES["found-single"]))
    assert found[GUARD][0].get("message") == "response time: 71.2 s with it, 0.18 s without, 396x"
    assert [child.tag for child in found["php-module:mysqli"]] == ["skipped"]
    assert [child.tag for child in found["the run"]] == ["system-out"]
    assert found["the run"][0].text == verdict(CASES["found-single"])
    assert cases(junit(CASES["not-restored"]))["the run"][0].tag == "error"
    assert cases(junit(CASES["interrupted"]))["the run"][0].tag == "error"


def test_junit_takes_any_text() -> None:
    named = replace(FOUND, host=HOSTILE, playbook=HOSTILE, reason=HOSTILE, suspects_left=(HOSTILE,))
    assert 'a"\\ <b>&' in cases(junit(named))


@pytest.mark.parametrize("name", CASES)
def test_metrics_are_what_a_parser_of_prometheus_reads(name: str) -> None:
    written = prometheus(CASES[name])
    assert written.endswith("\n")
    seen = {sample.name: sample for family in families(written) for sample in family.samples}
    assert seen["modbisect_run_trials"].value == CASES[name].trials
    assert seen["modbisect_run_restored"].value == float(CASES[name].restored.verified)
    assert seen["modbisect_run_restored"].labels == {
        "host": one_line(CASES[name].host),
        "playbook": one_line(CASES[name].playbook),
    }
    assert ("modbisect_culprit_ratio" in seen) == bool(CASES[name].findings)
    outcomes = [sample for family in families(written) for sample in family.samples if "outcome" in sample.labels]
    assert [sample.labels["outcome"] for sample in outcomes if sample.value] == [CASES[name].outcome]


CHECKS = (
    Checked("web1", "shop", "home", 1_790_000_000.0, 0.2, 0.19, 0.21, slower=False),
    Checked("web1", "shop", HOSTILE, 1_790_000_000.0, None, None, None, slower=False),
)


def test_checks_are_metrics_too_and_what_nobody_knows_is_left_out() -> None:
    samples = [sample for family in families(checked(CHECKS)) for sample in family.samples]
    up = {sample.labels["probe"]: sample.value for sample in samples if sample.name == "modbisect_canary_up"}
    assert up == {"home": 1.0, 'a"\\ <b>&': 0.0}
    assert len([sample for sample in samples if sample.name == "modbisect_canary_seconds"]) == 1


@pytest.mark.parametrize("name", list(CASES))
def test_openmetrics_are_the_same_metrics(name: str) -> None:
    written = openmetrics(CASES[name])
    assert written.endswith("# EOF\n")
    old = {
        (each.name, *sorted(each.labels.items())): each.value
        for one in families(prometheus(CASES[name]))
        for each in one.samples
    }
    new = {
        (each.name, *sorted(each.labels.items())): each.value for one in open_families(written) for each in one.samples
    }
    assert new == old


PROMTOOL = shutil.which("promtool")


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool here")
@pytest.mark.parametrize("text", [*(prometheus(CASES[name]) for name in CASES), checked(CHECKS)])
def test_promtool_has_nothing_against_them(text: str) -> None:
    done = subprocess.run([str(PROMTOOL), "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
