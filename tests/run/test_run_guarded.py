"""What a password protects stays protected all through a run, wherever the rule hides."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from guard.lab_target import Target
from run.controller import QUICK, Controllers

pytestmark = pytest.mark.lab

AUTH = "AuthType Basic\nAuthName members\nAuthUserFile /etc/apache2/passwords\nRequire valid-user\n"
FOLDER = "<Directory /var/www/html/{}>\n{}</Directory>\n"
# Four places for the same rule: a conf, a file that a conf includes, a condition on a module, and .htaccess.
CONFS = {
    "plain": FOLDER.format("plain", AUTH),
    "includes": "Include members.d/*.rules\n",
    "conditional": f"<IfModule mod_setenvif.c>\n{FOLDER.format('conditional', AUTH)}</IfModule>\n",
    "overridable": FOLDER.format("overridable", "AllowOverride AuthConfig\n"),
}
FILES = {
    "/etc/apache2/members.d/a.rules": FOLDER.format("includes", AUTH),
    "/var/www/html/overridable/.htaccess": AUTH,
    **{f"/etc/apache2/conf-available/{name}.conf": text for name, text in CONFS.items()},
    **{f"/var/www/html/{name}/index.html": "for members\n" for name in CONFS},
}
OPEN = QUICK.replace("components:\n", "components:\n  allow_security: true\n") + "budget: {restarts: 8}\n"


@pytest.fixture(scope="module")
def members(target: Target) -> Target:
    """The module's host with pages that need a password; nobody has one."""
    for path, text in FILES.items():
        target.sh('mkdir -p "${1%/*}" && printf %s "$2" >"$1"', path, text)
    target.sh("sed -i 's/AllowOverride All/AllowOverride FileInfo/' /etc/apache2/sites-available/000-default.conf")
    target.sh(f": >/etc/apache2/passwords; a2enconf -q {' '.join(CONFS)}; systemctl restart apache2")
    target.settle()
    return target


@contextmanager
def visited(target: Target) -> Iterator[Counter[tuple[str, int]]]:
    """Ask for each page over and over, without a password; counts what came back."""
    seen: Counter[tuple[str, int]] = Counter()
    over = threading.Event()

    def visit() -> None:
        while not over.wait(0.01):
            for name in CONFS:
                with suppress(OSError, http.client.HTTPException):  # the server restarts all the time
                    connection = http.client.HTTPConnection(target.host.address, timeout=5)
                    connection.request("GET", f"/{name}/index.html")
                    seen[name, connection.getresponse().status] += 1
                    connection.close()

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        yield seen
    finally:
        over.set()
        visitor.join(60)


def test_no_page_that_needs_a_password_is_ever_open(members: Target, controllers: Controllers) -> None:
    before = members.kept()
    controllers.playbook = f"{QUICK}budget: {{restarts: 16}}\n"
    with visited(members) as seen:
        ended = controllers.run().ended(300)
    assert "restored" in ended.said, ended.said
    assert members.kept() == before
    assert {name for name, status in seen if status == 401} == set(CONFS)
    assert not [pair for pair in seen if pair[1] == 200], seen


def test_access_control_is_not_switched_unasked(members: Target, controllers: Controllers) -> None:
    before = members.untouched()
    controllers.playbook = OPEN
    ended = controllers.run().ended()
    assert (ended.code, ended.out) == (4, ""), ended.said
    assert "these may be switched, and what they protect is open to whoever reaches the server meanwhile: " in ended.err
    assert "apache-conf:plain (access control: AuthType in /etc/apache2/conf-available/plain.conf:2)" in ended.err
    assert "\nto do: add --open-security" in ended.err
    assert members.untouched() == before


def test_with_the_flag_it_is_and_the_run_says_so_beforehand(members: Target, controllers: Controllers) -> None:
    controllers.playbook = OPEN
    before = members.kept()
    with visited(members) as seen:
        ended = controllers.run("--open-security").ended(300)
    said = ended.err
    assert said.index("what they protect is open to whoever reaches the server meanwhile") < said.index("as found")
    assert members.kept() == before
    assert seen["plain", 200]
