"""An Apache with a prefix of its own, as built from its sources, with PHP and without: as found afterwards."""

from __future__ import annotations

import json

import pytest

from guard.lab_target import Target
from lab_fixtures import LabHostFactory
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
ROOT, PLACE = "/usr/local/apache2", "/usr/local/etc/php"
KEPT = (f"{ROOT}/conf", PLACE)
OLD = f"{ROOT}/conf/extra/httpd-old-addresses.conf"
LINES = {"RewriteEngine", "RewriteMap", "RewriteRule"}


@pytest.fixture(scope="module")
def target(lab_host: LabHostFactory) -> Target:
    return Target(lab_host(setup=("shop", "httpd-prefix")), "prefix")


def test_lines_of_a_file_that_is_included_by_name(target: Target, controllers: Controllers) -> None:
    before = target.files(*KEPT) | target.modules()
    some = '"apache-directive:*", "apache-module:[a-d]*"'
    controllers.playbook = f"{HOME % some}".replace("components: {", f"components: {{into: {OLD}, ")
    ended = controllers.run("--output", f"json={controllers.folder / 'report.json'}").ended(300)
    assert ended.code == 1, ended.said
    report = json.loads((controllers.folder / "report.json").read_text())
    named = {component for finding in report["findings"] for component in finding["components"]}
    assert named
    assert all(component.startswith(f"apache-directive:{OLD}:") for component in named), named
    assert {report["details"][line] for line in named} <= LINES
    assert target.files(*KEPT) | target.modules() == before


def test_a_module_of_its_php(target: Target, controllers: Controllers) -> None:
    target.sh(f"""
        sed -i '/old-addresses/d' {ROOT}/conf/httpd.conf
        echo '<?php usleep(200000);' >/var/www/shop/watch.php
        echo auto_prepend_file=/var/www/shop/watch.php >{PLACE}/conf.d/watch.ini
        systemctl restart httpd
    """)
    before = target.files(*KEPT) | target.modules()
    controllers.playbook = HOME % '"php-ini:*", "php-module:*"'
    ended = controllers.start("run", "PLAYBOOK", "HOST", "--lease", str(LEASE)).ended(300)
    assert ended.code == 1, ended.said
    assert "php-ini:auto_prepend_file makes home slow" in ended.out
    assert f"{PLACE}/conf.d/watch.ini:1" in ended.out
    assert target.files(*KEPT) | target.modules() == before


def test_without_php_no_folder_is_switched_in(target: Target, controllers: Controllers) -> None:
    target.sh(f"""
        sed -i '/php_module/d; /PHPIniDir/d; /FilesMatch/,/<\\/FilesMatch>/d; /old-addresses/d' {ROOT}/conf/httpd.conf
        echo 'Include conf/extra/httpd-old-addresses.conf' >>{ROOT}/conf/httpd.conf
        echo '<html>plain</html>' >/var/www/html/plain.html
        mv {PLACE} /root/php
        systemctl restart httpd
    """)
    before = target.files(KEPT[0]) | target.modules()
    probes = "probes: {plain: {get: /plain.html}}\n"
    controllers.playbook = f"{probes}components: {{include: ['apache-directive:*'], into: {OLD}}}\n"
    ended = controllers.start("run", "PLAYBOOK", "HOST", "--lease", str(LEASE)).ended(300)
    assert ended.code == 1, ended.said
    assert f"apache-directive:{OLD}:" in ended.out.partition("plain slow")[0]
    assert target.files(KEPT[0]) | target.modules() == before
