"""A page behind a login, on a host whose sessions do not outlive a restart."""

from __future__ import annotations

import json

import pytest

from guard.lab_target import Target
from run.controller import Controllers

pytestmark = pytest.mark.lab

LOGIN = r"""<?php
session_start();
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
	if ($_POST['token'] !== $_SESSION['token'] || $_POST['pwd'] !== 'swordfish') { http_response_code(403); exit; }
	$_SESSION['user'] = $_POST['user'];
	header('Location: /private.php');
	exit;
}
$_SESSION['token'] = bin2hex(random_bytes(8));
echo "<form method=post><input type=hidden name=token value={$_SESSION['token']}>";
echo "<input name=user><input name=pwd></form>";
"""
PRIVATE = r"""<?php
session_start();
if (empty($_SESSION['user'])) { header('Location: /login.php'); exit; }
if (extension_loaded('bcmath')) { usleep(300000); }
echo "Hello {$_SESSION['user']}";
"""
FORGETS = """[Service]
ExecStartPre=/bin/sh -c 'rm -f /var/lib/php/sessions/sess_*'
"""
PLANT = """
printf %s "$1" >/var/www/html/login.php; printf %s "$2" >/var/www/html/private.php
mkdir -p /etc/systemd/system/apache2.service.d; printf %s "$3" >/etc/systemd/system/apache2.service.d/forgets.conf
systemctl daemon-reload && systemctl restart apache2
until curl -fsS -o /dev/null http://localhost/login.php; do sleep 0.1; done
"""
BEHIND = """
version: 1
name: behind a login
login: {post: /login.php, form: {user: ann}, form_secrets: {pwd: env:SHOP_PASSWORD}}
probes: {private: {get: /private.php, expect: {contains: Hello ann}}}
symptom: {probe: private, slower_than: 200ms}
components: {include: ["php-module:[a-d]*"]}
trial: {requests: 3, warm_up: 0}
"""


def but_sessions(lines: frozenset[str]) -> frozenset[str]:
    """What is the site's own to write stays out of it."""
    return frozenset(line for line in lines if not line.startswith("/var/lib/php/sessions"))


@pytest.fixture
def behind(target: Target, controllers: Controllers) -> Controllers:
    target.sh(PLANT, LOGIN, PRIVATE, FORGETS)
    target.settle()
    controllers.playbook = BEHIND
    return controllers


def test_the_culprit_is_found_behind_a_login(target: Target, behind: Controllers) -> None:
    gold = but_sessions(target.kept())
    behind.env = {**behind.env, "SHOP_PASSWORD": "swordfish"}
    ended = behind.run("--no-look", "--json").ended(180)
    assert ended.code == 1, ended.said
    assert [one["components"] for one in json.loads(ended.out)["findings"]] == [["php-module:bcmath"]]
    assert but_sessions(target.kept()) == gold
    runs = behind.folder / "state" / "modbisect" / "runs"
    for file in runs.rglob("*"):
        assert not file.is_file() or b"swordfish" not in file.read_bytes(), file


def test_a_wrong_password_is_refused_before_anything(target: Target, behind: Controllers) -> None:
    before = but_sessions(target.untouched())
    behind.env = {**behind.env, "SHOP_PASSWORD": "herring"}
    ended = behind.run().ended()
    assert ended.code == 4, ended.said
    assert "the playbook's login at" in ended.err
    assert "status 403" in ended.err
    assert but_sessions(target.untouched()) == before
