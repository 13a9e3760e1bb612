"""The main job on real hosts: the origin story, a pair, something that is off, and nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from scene import manifest, run

from lab_fixtures import LabHostFactory
from modbisect import lab
from modbisect.errors import Exit
from modbisect.model import Outcome, Verdict

pytestmark = pytest.mark.lab

PROBES = """\
probes:
  home:   {get: /, expect: {status: 200, contains: "</html>"}}
  item:   {get: /items/12, expect: {status: 200}}
"""
UPLOAD = (
    PROBES
    + """\
  upload: {post: /upload, file: {field: file, size: %s}, expect: {contains: stored}}
symptom: {probe: upload, slower_than: 300ms}
"""
)
REPORT = PROBES + "  report: {get: /report}\nsymptom: {probe: report}\n"
GUARDED = UPLOAD + 'components: {allow_security: true, include: ["apache-module:se*", "apache-conf:*"]}\n'
SOME = REPORT + 'components: {include: ["php-module:[a-g]*", "php-ini:*"]}\n'
"""All of a host's components are the bench's: it plants more culprits, and nobody, twenty times."""
NEEDED = {"apache-module:rewrite", "php-module:mysqli", "php-module:mbstring"}


def test_the_origin_story(lab_host: LabHostFactory, tmp_path: Path) -> None:
    host = lab_host(setup=("shop", "upload-middleware")).name
    before = manifest(host)
    seen = run(tmp_path, host, (UPLOAD % "1MiB").replace("300ms", "50ms"))

    assert seen.code == 1, seen.progress
    assert seen.report.outcome is Outcome.FOUND
    (finding,) = seen.report.findings
    assert finding.components == ("php-module:uploadguard",)
    assert finding.effect.ratio > 10
    states = [(trial.state, trial.verdict) for trial in finding.confirmations]
    assert set(states) == {("off", Verdict.FAST), ("on", Verdict.SLOW), ("alone", Verdict.SLOW)}
    assert finding.memory_before
    assert finding.memory_after
    assert finding.memory_before.peak > finding.memory_after.peak
    assert seen.report.suspects >= 60
    assert "stripos, called from UploadGuard\\read_and_scan" in seen.report.details["php-module:uploadguard"]
    assert seen.report.restarts <= 8
    assert {one.component for one in seen.report.untestable} >= NEEDED
    assert seen.report.restored.verified
    assert manifest(host) == before


def test_slow_only_together(lab_host: LabHostFactory, tmp_path: Path) -> None:
    host = lab_host(setup=("shop", "lean", "security-pair")).name
    before = manifest(host)
    seen = run(tmp_path, host, (GUARDED % "72KiB").replace("300ms", "30ms"), "--no-look", "--open-security")

    assert seen.code == 1, seen.progress
    (finding,) = seen.report.findings
    assert set(finding.components) == {"apache-module:security2", "apache-conf:upload-inspection"}
    assert finding.kind == "together"
    assert "only together" in str(seen.document["verdict"])
    assert manifest(host) == before


def test_the_line_of_the_file_that_is_to_blame(lab_host: LabHostFactory, tmp_path: Path) -> None:
    host = lab_host(setup=("shop", "lean", "legacy-urls")).name
    before = manifest(host)
    item = PROBES + 'symptom: {probe: item}\ncomponents: {include: ["apache-conf:*"]}\n'
    seen = run(tmp_path, host, item)

    assert seen.code == 1, seen.progress
    assert [finding.components for finding in seen.report.findings] == [("apache-conf:legacy-urls",)]
    assert seen.report.inside
    path = "/etc/apache2/conf-available/legacy-urls.conf"
    assert seen.report.inside.path == path
    assert {seen.report.details[line] for line in seen.report.lines} <= {
        "RewriteEngine",
        "RewriteMap",
        "RewriteRule",
    }, seen.progress
    assert seen.report.lines
    assert f"of {path}" in str(seen.document["verdict"])
    assert manifest(host) == before


def test_a_line_of_a_site_that_cannot_be_done_without(lab_host: LabHostFactory, tmp_path: Path) -> None:
    host = lab_host(setup=("shop", "lean", "hostname-lookups")).name
    script = """
        a2disconf -q names-in-log
        sed -i 's/DocumentRoot/HostnameLookups Double\\n\\t&/' /etc/apache2/sites-available/000-default.conf
        systemctl restart apache2
    """
    done = lab.execute(host, ["sh", "-ec", script])
    assert done.returncode == 0, done.stderr
    before = manifest(host)
    item = PROBES + 'symptom: {probe: item}\ncomponents: {include: ["apache-site:*", "php-module:ds"]}\n'
    seen = run(tmp_path, host, item)

    assert seen.code == 1, seen.progress
    (finding,) = seen.report.findings
    assert finding.components == ("apache-directive:/etc/apache2/sites-available/000-default.conf:2",)
    assert "HostnameLookups" in seen.report.details[finding.components[0]]
    assert "remove line 2" in seen.report.remedies[finding.components[0]][0]
    assert manifest(host) == before


def test_slow_because_something_is_off(lab_host: LabHostFactory, tmp_path: Path) -> None:
    host = lab_host(setup=("shop", "lean", "opcache-off")).name
    before = manifest(host)
    seen = run(tmp_path, host, REPORT + 'components: {include: ["php-module:*"]}\n', "--no-look")

    assert seen.code == 1, seen.progress
    assert [finding.components for finding in seen.report.findings] == [("php-module:opcache",)]
    assert seen.report.found_off == ("php-module:opcache",)
    assert manifest(host) == before


def test_nobody_is_accused_on_an_innocent_site(lab_host: LabHostFactory, tmp_path: Path) -> None:
    host = lab_host(setup=("shop", "lean")).name
    before = manifest(host)
    seen = run(tmp_path, host, f"{SOME}budget: {{restarts: 12}}\n", "--no-look")

    # A page of 3 ms on a busy machine may be too noisy to tell; to accuse somebody it never is.
    assert (seen.code, seen.report.outcome) in ((Exit.CLEARED, Outcome.NONE), (3, Outcome.INCONCLUSIVE)), seen.progress
    assert not seen.report.findings
    assert manifest(host) == before


def test_a_setting_that_is_off_where_fpm_serves(lab_host: LabHostFactory, tmp_path: Path) -> None:
    host = lab_host(setup=("shop", "lean")).name
    script = """
        a2dismod -q php8.2 && a2enmod -q proxy_fcgi setenvif && a2enconf -q php8.2-fpm
        phpenmod -v 8.2 -s fpm shop
        echo opcache.enable=0 >/etc/php/8.2/fpm/conf.d/99-local.ini
        systemctl enable -q --now php8.2-fpm && systemctl restart php8.2-fpm apache2
        curl -fsS --retry 20 --retry-connrefused --retry-delay 1 -o /dev/null http://127.0.0.1/report
    """
    done = lab.execute(host, ["sh", "-ec", script])
    assert done.returncode == 0, done.stderr
    before = manifest(host)
    seen = run(tmp_path, host, SOME)

    assert seen.code == 1, seen.progress
    assert [finding.components for finding in seen.report.findings] == [("php-ini:opcache.enable",)]
    assert "99-local.ini" in seen.report.details["php-ini:opcache.enable"]
    assert "php8.2-fpm" in seen.report.remedies["php-ini:opcache.enable"][-1]
    assert manifest(host) == before
