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
from modbisect.host import helper
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
    """Beside it Apache is at work on another port, as behind a proxy: who answers is what is switched."""
    target.sh("""
        cp -a /etc/apache2/ports.conf /root/ports.conf
        sed -i 's/^Listen 80$/Listen 127.0.0.1:8080/' /etc/apache2/ports.conf
        systemctl start apache2
    """)
    before = target.kept()
    controllers.playbook = PLAN
    ended = controllers.run("--output", f"json={controllers.folder / 'report.json'}").ended(300)
    assert ended.code == 1, ended.said
    report = json.loads((controllers.folder / "report.json").read_text())
    assert [finding["components"] for finding in report["findings"]] == [[SPEED]]
    assert "/etc/nginx/extra/speed.conf:3" in report["details"][SPEED]
    assert "remove line 3" in report["remedies"][SPEED][0]
    told = "nginx answers, and is what is switched; Apache, which listens on port 443, 8080, stays as found"
    assert any(warning.startswith(told) for warning in report["warnings"]), report["warnings"]
    assert target.kept() == before
    target.sh("systemctl stop apache2; cp -a /root/ports.conf /etc/apache2/ports.conf")


def test_configurations_are_tested_on_a_copy(target: Target) -> None:
    """What of a configuration cannot do without another part is known before anything is switched."""
    confs = "/etc/nginx/conf.d/map.conf", "/etc/nginx/conf.d/use.conf"
    target.sh("echo 'log_format x $uri;' >$1; echo 'access_log /var/log/nginx/x.log x;' >$2", *confs)
    before = target.untouched()
    asked = (
        f"use\t{confs[1]}",
        f"map\t{confs[0]}",
        f"both\t{confs[0]}\t{confs[1]}",
        "line\t/etc/nginx/extra/speed.conf#2,3",
        "farm\t/etc/nginx/sites-available/default#11",
        "out\t/etc/nginx/../passwd",
        "link\t/etc/nginx/modules-enabled/x.conf=/etc/passwd",
    )
    script = helper.reading("scratch")
    done = lab.execute(
        target.host.name, ["/bin/sh", "-c", script], input="".join(f"{line}\n" for line in asked).encode()
    )
    answers = dict(line.split("\t", 1) for line in done.stdout.decode().splitlines())
    statuses = {key: said.split("\t")[0] for key, said in answers.items()}
    assert statuses == {"use": "0", "map": "1", "both": "0", "line": "0", "farm": "1"}
    assert answers["map"].strip().endswith(f" in {confs[1]}:1")
    assert target.untouched() == before
    target.sh('rm "$1" "$2"', *confs)


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
