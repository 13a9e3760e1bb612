"""A host that nginx and FPM serve: found, killed and cut off from its power, and as found afterwards."""

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

PLAN = """
version: 1
name: plan
probes:
  front: {get: /, expect: {status: 200, contains: All items}}
  plan: {get: /plan.pdf}
symptom: {probe: plan}
components: {include: ["nginx-directive:*", "php-module:[b-d]*"]}
"""
SWEEP = f"{PLAN}trial: {{requests: 2, warm_up: 0}}\nstrategy: one-at-a-time\n"
SPEED = "nginx-directive:/etc/nginx/extra/speed.conf:limit_rate"
SLOWED = "/etc/php/8.2/fpm/conf.d/99-local.ini"


@pytest.fixture(scope="module")
def target(lab_host: LabHostFactory) -> Target:
    return Target(lab_host(setup=("shop", "nginx-fpm"), packages=("nginx",)), "nginx")


def test_a_line_of_a_file_that_it_includes(target: Target, controllers: Controllers) -> None:
    before = target.kept()
    controllers.playbook = PLAN
    ended = controllers.run("--output", f"json={controllers.folder / 'report.json'}").ended(300)
    assert ended.code == 1, ended.said
    report = json.loads((controllers.folder / "report.json").read_text())
    assert [finding["components"] for finding in report["findings"]] == [[SPEED]]
    assert "/etc/nginx/extra/speed.conf:3" in report["details"][SPEED]
    assert "remove line 3" in report["remedies"][SPEED][0]
    assert target.kept() == before


def test_what_php_does_behind_it(target: Target, controllers: Controllers) -> None:
    target.sh(f"echo opcache.enable=0 >{SLOWED}; systemctl restart php8.2-fpm")
    before = target.kept()
    controllers.playbook = PLAN.replace("plan: {get: /plan.pdf}", "plan: {get: /report}").replace(
        "nginx-directive:*", "php-ini:*"
    )
    ended = controllers.start("run", "PLAYBOOK", "HOST", "--lease", str(LEASE)).ended(300)
    assert ended.code == 1, ended.said
    assert "php-ini:opcache.enable is off, and that makes plan slow" in ended.out
    assert "systemctl restart nginx php8.2-fpm" in ended.out
    assert target.kept() == before
    target.sh(f"rm {SLOWED}; systemctl restart php8.2-fpm")


def test_the_look_follows_a_request_to_the_process_behind_it(target: Target, controllers: Controllers) -> None:
    target.sh("echo '<?php usleep(300000); echo 1;' >/var/www/html/nap.php")
    address = f"http://{target.host.address}/nap.php"
    ended = controllers.start("look", "HOST", "--url", address, "--seconds", "3").ended()
    assert ended.code == 0, ended.said
    assert "usleep, called from main, /var/www/html/nap.php:1" in ended.out


def test_a_request_that_it_lets_wait_by_a_timer_of_its_own(target: Target, controllers: Controllers) -> None:
    ended = controllers.start("look", "HOST", "--url", f"http://{target.host.address}/plan.pdf", "-s", "3").ended()
    assert ended.code == 0, ended.said
    assert f"{SPEED}  held back by the server, with nothing at work for it" in ended.out, ended.out


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
