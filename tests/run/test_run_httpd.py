"""A host laid out as RHEL and its kin are: found, killed and cut off from its power, and as found afterwards."""

from __future__ import annotations

import json
import random
import signal
import time

import pytest

from guard.lab_target import Target, wait_until
from lab_fixtures import LabHostFactory
from modbisect import lab
from run.controller import LEASE, Controllers

pytestmark = pytest.mark.lab

HOME = """
version: 1
name: home
probes:
  home: {get: /, expect: {status: 200, contains: All items}}
symptom: {probe: home}
components: {include: [%s]}
"""
SWEEP = (
    HOME % '"apache-module:*", "apache-conf:*", "php-module:[b-d]*"'
    + "trial: {requests: 2, warm_up: 0}\nstrategy: one-at-a-time\n"
)
CONF = "/etc/httpd/conf.d/old-addresses.conf"
LINES = {"RewriteEngine", "RewriteMap", "RewriteRule"}
SLOWED = "/etc/php.d/99-local.ini"


@pytest.fixture(scope="module")
def target(lab_host: LabHostFactory) -> Target:
    return Target(lab_host(setup=("shop", "httpd-fpm"), packages=("gawk",)), "httpd")


def test_a_killed_controller_costs_no_more_than_a_lease(target: Target, controllers: Controllers) -> None:
    gold = target.kept()
    controllers.playbook = SWEEP
    controller = controllers.run("--seed", "1")
    dice = random.Random(1)  # noqa: S311  # moments, not secrets
    assert controller.wait_lines(dice.randint(10, 16)), controller.ended().said
    time.sleep(dice.uniform(0, 0.5))  # not to wait for anything: the moment itself is drawn
    controller.send(signal.SIGKILL)
    controller.ended()
    wait_until(lambda: not target.traces(), LEASE + 10, target.traces)
    assert (target.state(), target.kept()) == ("NONE", gold)
    assert "All items" in target.page()


def test_a_power_cut_amid_a_trial_is_put_right_at_boot(target: Target, controllers: Controllers) -> None:
    gold = target.kept()
    controllers.playbook = SWEEP
    controller = controllers.run("--seed", "1")
    assert controller.wait_lines(12), controller.ended().said
    lab.kill(target.host.name)
    lab.boot(target.host.name)
    assert (target.state(), target.traces()) == ("NONE", "")
    assert target.kept() == gold
    assert "All items" in target.page()
    assert "rolled back and verified by the guard" in controller.ended().out


def test_a_file_that_is_included_by_a_pattern_and_its_lines(target: Target, controllers: Controllers) -> None:
    before = target.kept()
    controllers.playbook = HOME % '"apache-module:[a-d]*", "apache-conf:*"'
    output = f"json={controllers.folder / 'report.json'}"
    ended = controllers.start("run", "PLAYBOOK", "HOST", "--lease", str(LEASE), "--output", output).ended(300)
    assert ended.code == 1, ended.said
    report = json.loads((controllers.folder / "report.json").read_text())
    assert [finding["components"] for finding in report["findings"]] == [[f"apache-conf:{CONF}"]]
    assert report["inside"]["path"] == CONF
    assert {report["details"][line] for line in report["lines"]} <= LINES
    assert f"mv {CONF} {CONF}.off" in report["remedies"][f"apache-conf:{CONF}"]
    assert target.kept() == before


def test_a_setting_of_its_php(target: Target, controllers: Controllers) -> None:
    target.sh(f"""
        mv {CONF} {CONF}.off
        echo '<?php usleep(200000);' >/var/www/shop/watch.php
        echo auto_prepend_file=/var/www/shop/watch.php >{SLOWED}
        systemctl restart php-fpm httpd
    """)
    before = target.kept()
    controllers.playbook = HOME % '"php-ini:*", "php-module:*", "fpm-pool:*"'
    ended = controllers.start("run", "PLAYBOOK", "HOST", "--lease", str(LEASE)).ended(300)
    assert ended.code == 1, ended.said
    assert "php-ini:auto_prepend_file makes home slow" in ended.out
    assert f"{SLOWED}:1" in ended.out
    assert "systemctl restart httpd php-fpm" in ended.out
    assert target.kept() == before


def test_a_module_that_a_line_loads(target: Target, controllers: Controllers) -> None:
    ended = controllers.start("scan", "HOST", "--all").ended()
    assert ended.code == 0, ended.said
    assert "Apache with event workers, PHP 8.2 by FPM" in ended.out
    loaded = target.modules()
    on = {line.split()[1].partition(":")[2] for line in ended.out.splitlines() if " apache-module:" in line}
    assert {f"/usr/lib64/httpd/modules/mod_{name}.so" for name in on} == {each for each in loaded if "/mod_" in each}
