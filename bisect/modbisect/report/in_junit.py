"""A report as JUnit's XML, as CI systems read it: a test case for each component that was tried or could not be."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from modbisect.harmless import one_line
from modbisect.model import Outcome
from modbisect.report import headline, wording
from modbisect.report.figures import after, before, factor
from modbisect.report.values import Report


def junit(report: Report) -> str:
    """The report as one test suite of JUnit's XML, for CI systems.

    A culprit is a failure, and a component about which nothing is known is skipped. The run is a case of its own: an
    error where it came to no end or has left the host in doubt, a failure where the site is slow by nobody named.
    """
    guilty = {component: finding for finding in report.findings for component in finding.components}
    open_ = {each.component: each.reason for each in report.untestable}
    open_ |= dict.fromkeys(report.suspects_left, report.reason or "not cleared")
    tried = {component for trial in report.tried for component in trial.flipped}
    suite = ET.Element("testsuite")
    failures = errors = skipped = 0
    run = _case(suite, report, "the run")
    run.set("time", f"{report.seconds:.3f}")
    if report.restored.in_doubt or report.outcome in (Outcome.INCONCLUSIVE, Outcome.INTERRUPTED):
        errors += 1
        _said(run, "error", headline.verdict(report))
    elif report.outcome is Outcome.NONE:
        failures += 1
        _said(run, "failure", headline.verdict(report))
    ET.SubElement(run, "system-out").text = one_line(headline.verdict(report))
    for component in sorted(tried | guilty.keys() | open_.keys()):
        case = _case(suite, report, component)
        if finding := guilty.get(component):
            failures += 1
            slow, fast = wording.states(report, finding)
            effect = finding.effect
            took = (
                "judged by hand"
                if report.by_hand
                else f"{before(effect)} {slow}, {after(effect)} {fast}, {factor(effect)}"
            )
            _said(case, "failure", f"{wording.compared(finding)}: {took}")
        elif component in open_:
            skipped += 1
            _said(case, "skipped", open_[component])
    counts = {"tests": len(suite), "failures": failures, "errors": errors, "skipped": skipped}
    suite.attrib = {
        "name": one_line(report.playbook),
        "hostname": one_line(report.host),
        "timestamp": report.started[:19],
        "time": f"{report.seconds:.3f}",
        **{name: str(number) for name, number in counts.items()},
    }
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ET.Element, report: Report, name: str) -> ET.Element:
    return ET.SubElement(suite, "testcase", {"classname": one_line(f"modbisect.{report.host}"), "name": one_line(name)})


def _said(case: ET.Element, what: str, words: str) -> None:
    ET.SubElement(case, what, {"message": one_line(words)})
