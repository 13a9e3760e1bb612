"""What the limited user may not do with the helper: switch on what nobody wanted, read what root alone may read."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from few import few
from guard.controller_side import logged_in
from guard.lab_target import Target, wait_until
from guard.test_guard_verbs import CONF, MODS, PHP, USAGE, apply, hold
from lab_fixtures import LabHostFactory
from modbisect import kinds
from modbisect.errors import Refused
from modbisect.host import helper
from modbisect.host.survey import config_tests, survey
from modbisect.kinds import Found, Step, access
from modbisect.kinds.kind import Linked
from modbisect.kinds.placed import Placed

# Off as found: two that no package switches on, two that one does, and a debugger, whose package does.
SET_UP = """
a2dismod -q userdir sed reqtimeout
phpdismod -v 8.2 -s apache2 bcmath
echo 'Alias /handbook /srv' >/etc/apache2/conf-available/handbook.conf
systemctl restart apache2
"""
USERDIR = tuple(f"link\t{MODS}/userdir.{end}\t../mods-available/userdir.{end}" for end in ("conf", "load"))
DEFAULTS = (
    *(f"link\t{MODS}/reqtimeout.{end}\t../mods-available/reqtimeout.{end}" for end in ("conf", "load")),
    f"link\t{PHP}/20-bcmath.ini\t/etc/php/8.2/mods-available/bcmath.ini",
)
ALLOW = "install -d /etc/modbisect; echo 'on apache-module:userdir # for Jo' >/etc/modbisect/allow; "
NOT_ROOTS = {
    "none": "",
    "another": "printf 'on apache-module:%s\\n' user userdirs '*' >/etc/modbisect/allow",
    "writable to a group": "chmod g+w /etc/modbisect/allow",
    "somebody's": "chown ops /etc/modbisect/allow",
    "a link": "mv /etc/modbisect/allow /root/allow; ln -s /root/allow /etc/modbisect/allow",
    "a pipe": "rm /etc/modbisect/allow; mkfifo /etc/modbisect/allow",
    "in a folder open to all": "chmod o+w /etc/modbisect",
    "in somebody's folder": "chown ops /etc/modbisect",
    "in a link": "mv /etc/modbisect /root/moved; ln -s /root/moved /etc/modbisect",
}

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def made(lab_host: LabHostFactory) -> Target:
    made = Target(lab_host(setup=("shop",)))
    made.sh(SET_UP)
    made.settle()
    return made


@pytest.fixture
def shut(made: Target) -> Iterator[Target]:
    """A host on which some components are off, with the guard's script on it."""
    made.install_guard()
    yield made
    made.guard("rescue", "force")
    wait_until(lambda: made.state() == "NONE", 60, made.state)
    made.call("rm", "-rf", "/var/lib/modbisect", "/etc/modbisect", "/root/moved", "/root/allow")


def facts_of(target: Target) -> Found:
    with logged_in(target) as root:
        return survey(root)


# --- nothing is switched on that was off ----------------------------------------------------------


@pytest.mark.parametrize("how", few(NOT_ROOTS, 4))
def test_what_was_off_stays_off(shut: Target, how: str) -> None:
    if spoil := NOT_ROOTS[how]:
        shut.sh(ALLOW + spoil)
    hold(shut)
    before = shut.files(MODS, CONF, PHP) | {shut.generation()}
    status, said = apply(shut, *USERDIR)
    assert status == USAGE, said
    assert "/etc/modbisect/allow on the host may allow it: on apache-module:userdir" in said
    assert shut.files(MODS, CONF, PHP) | {shut.generation()} == before
    assert "apache-module:userdir" not in facts_of(shut).may_be_on


@pytest.mark.parametrize(
    "name",
    ["apache-module:sed", "apache-conf:handbook", "php-module:xdebug", "apache-site:default-ssl"],
)
def test_nothing_is_switched_on_that_the_survey_does_not_name(shut: Target, name: str) -> None:
    facts = facts_of(shut)
    assert name not in facts.may_be_on
    (component,) = (one for one in kinds.discover(facts) if one.id == name)
    (kind,) = (one for one in kinds.KINDS if one.name == component.kind)
    way = kind.way(facts) if isinstance(kind, Placed) else kind
    assert isinstance(way, Linked)
    hold(shut)
    steps = [Step(path, "link", target).line() for path, target in way.links(facts, component)]
    assert (apply(shut, *steps)[0], bool(steps)) == (USAGE, True)
    (selected,) = (one for one in kinds.select([component], facts, off="all", allow_security=True))
    assert selected.pinned.endswith(f"may allow it: on {name}")


def test_what_root_allows_may_be_switched_on(shut: Target) -> None:
    shut.sh(ALLOW)
    assert "apache-module:userdir" in facts_of(shut).may_be_on
    hold(shut)
    status, said = apply(shut, *USERDIR)
    assert (status, "mod_userdir.so" in said) == (0, True), said


def test_what_a_person_switched_off_against_its_package_may_be_switched_on(shut: Target) -> None:
    """Debian's register has forgotten that the packages want them."""
    registers = "/var/lib/php/modules/8.2/apache2 /var/lib/apache2/module"
    disabled = shut.sh(f"find {registers} -name bcmath -o -name reqtimeout").split()
    assert [path.split("/")[-2] for path in disabled] == ["disabled_by_admin"] * 2
    assert {"apache-module:reqtimeout", "php-module:bcmath"} <= facts_of(shut).may_be_on
    hold(shut)
    status, said = apply(shut, *DEFAULTS)
    assert (status, "mod_reqtimeout.so" in said, "bcmath.so" in said) == (0, True, True), said


def test_what_was_on_may_come_back_in_its_own_place_alone(shut: Target) -> None:
    hold(shut)
    status, said = apply(shut, f"link\t{MODS}/asis.load\t../mods-available/asis.load")
    assert status == 0, said
    status, said = apply(
        shut, f"absent\t{PHP}/90-shop.ini", f"link\t{PHP}/91-shop.ini\t/etc/php/8.2/mods-available/shop.ini"
    )
    assert (status, "php-module:shop was off" in said) == (USAGE, True), said


def test_no_module_without_what_tames_it(shut: Target) -> None:
    """mod_php's conf keeps it off in users' folders, and the sources of its pages in."""
    hold(shut)
    load, conf = f"absent\t{MODS}/php8.2.load", f"absent\t{MODS}/php8.2.conf"
    status, said = apply(shut, conf)
    assert (status, "php8.2.load without its .conf" in said) == (USAGE, True), said
    status, said = apply(shut, f"link\t{MODS}/reqtimeout.load\t../mods-available/reqtimeout.load")
    assert (status, "reqtimeout.load without its .conf" in said) == (USAGE, True), said
    assert apply(shut, load, conf)[0] == 0


# --- nothing is read that root alone may read -----------------------------------------------------

SECRETS = """
umask 077
cat >/etc/apache2/conf-available/secrets.conf <<'END'
<IfModule proxy_http_module>
ProxyPass /cloud http://jo:Sesame-1@192.0.2.1/
</IfModule>
php_admin_value mysqli.default_pw Sesame-3
php_admin_value session.save_path "tcp://192.0.2.1/?auth=Sesame-9"
<Location /x>
Include /etc/secrets.d/*
AuthType Sesame-4
</Location>
<IfModule !asis_module>
Sesame-5 a
</IfModule>
END
mkdir -p /etc/secrets.d
printf '<IfModule !expires_module>\\nSesame-6 and more\\n</IfModule>\\n' >/etc/secrets.d/rules
cat >/etc/php/8.2/apache2/conf.d/99-mine.ini <<'END'
auto_append_file = "https://jo:Sesame-7@192.0.2.1/"
opcache.enable = 1 ; Sesame-8
END
a2enconf -q secrets
systemctl restart apache2
"""


def test_no_value_of_the_configuration_leaves_the_host(shut: Target) -> None:
    shut.sh(SECRETS)
    shut.settle()
    try:
        with logged_in(shut) as root:
            survey_text = root.script("survey", helper.reading("survey")).text
            facts = kinds.parse(survey_text)
            wanted = {one: (Step(f"{MODS}/{one}.load", "absent"),) for one in ("asis", "expires")}
            tests = config_tests(root, wanted)
        assert "Sesame" not in survey_text
        assert [line.text for line in facts.lines("php-settings") if "99-mine" in line.path] == [
            "auto_append_file = set",
            "opcache.enable = 1",
        ]
        assert [line.text for line in facts.lines("php-overrides")] == ["session.save_path = set"]
        for one, file in (("asis", "/etc/apache2/conf-enabled/secrets.conf"), ("expires", "/etc/secrets.d/rules")):
            assert not tests[one].ok
            assert re.search(rf"Syntax error on line \d+ of {file}: Invalid command", tests[one].text), tests[one].text
            assert "Sesame" not in tests[one].text
        hold(shut)
        status, said = apply(shut, f"absent\t{MODS}/asis.load")
        assert (status, "Sesame" in said) == (20, False), said
        assert "text AH00526: Syntax error on line" in said
        guarding = {(one.where, one.directive) for one in access.guards(facts) if one.top.endswith("/secrets.conf")}
        assert ("/etc/apache2/conf-available/secrets.conf:8", "AuthType") in guarding
    finally:
        shut.guard("rescue", "force")
        shut.sh(
            "a2disconf -q secrets; rm -r /etc/apache2/conf-available/secrets.conf /etc/secrets.d "
            "/etc/php/8.2/apache2/conf.d/99-mine.ini; systemctl restart apache2"
        )
        shut.settle()


# --- nothing of others is waited for or believed --------------------------------------------------

PLANTS = {
    "a pipe": "mkfifo /run/php/php8.2-fpm.pid",
    "another process": "echo {} >/run/php/php8.2-fpm.pid",
    "a link to another process's": "echo {} >/home/ops/pid; ln -s /home/ops/pid /run/php/php8.2-fpm.pid",
    "a file without end": "ln -s /dev/zero /run/php/php8.2-fpm.pid",
}


@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS.keys())
def test_process_ids_that_others_plant_change_nothing(shut: Target, plant: str) -> None:
    before = facts_of(shut)
    other = shut.sh("systemctl show -p MainPID --value mariadb").strip()
    shut.sh(f"rm -f /run/php/php8.2-fpm.pid; {plant.format(other)}; chown -h www-data /run/php/*")
    try:
        found = facts_of(shut)
    finally:
        shut.sh("rm -f /run/php/php8.2-fpm.pid")
    assert (found.loaded, found.parent) == (before.loaded, before.parent)


def test_a_survey_that_meets_something_endless_is_over_in_time(shut: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(helper._READING_SECONDS, "survey", 1)
    shut.sh("mv /etc/apache2/envvars /root/envvars; mkfifo /etc/apache2/envvars")
    try:
        with logged_in(shut) as root, pytest.raises(Refused, match="the survey ended early"):
            survey(root)
        assert shut.call("pgrep", "-f", "dev/fd/3")[0] == 1
    finally:
        shut.sh("rm /etc/apache2/envvars; mv /root/envvars /etc/apache2/envvars")


@pytest.mark.parametrize(
    "plant",
    [
        "echo Require valid-user >/home/ops/rules",
        "mkfifo /home/ops/rules",
        "ln -s /etc/shadow /home/ops/rules",
    ],
)
def test_what_others_could_write_is_not_looked_into(shut: Target, plant: str) -> None:
    file = "/etc/apache2/conf-available/theirs.conf"
    shut.sh(f"echo 'IncludeOptional /home/ops/rules' >{file}; {plant}; chown -h ops /home/ops/rules")
    try:
        (guard,) = (one for one in access.guards(facts_of(shut)) if one.top == file)
    finally:
        shut.sh(f"rm -f {file} /home/ops/rules")
    assert (guard.where, guard.directive) == (f"{file}:1", "Include")


# --- where access control hides -------------------------------------------------------------------

DIRECTIVES = r"""
# Require valid-user
AllowOverride None
Order allow,deny
Allow from all
<Files x>
  Require all granted
</Files>
<Location /a>
  order deny,allow
</Location>
rEQUIRE \
  ip 192.0.2.1
<IfModule !mod_headers.c>
<IfDefine STRICT>
Deny from env=bots
</IfDefine>
</IfModule>
RewriteRule ^/old /new [R=301,L]
RewriteRule "^/x y" - [L,F]
RedirectMatch 301 ^/a /b
Redirect gone /b
SSLRequireSSL
RemoteIPHeader X-Forwarded-For
SecRuleEngine On
php_admin_flag log_errors On
php_admin_value open_basedir /srv
<RequireNone>
</RequireNone>
Include rules.d/[a-b]*.conf
"""
FOUND = """
6 - Require all granted; 9 - Order; 11 - rEQUIRE; 15 - headers define.STRICT Deny env; 19 - RewriteRule; 21 - Redirect
22 - SSLRequireSSL; 23 - RemoteIPHeader; 24 - SecRuleEngine; 26 - php_admin_value open_basedir; 27 - RequireNone
4 - Allow from all; b1 - AuthType
"""


def test_every_directive_of_access_control_is_found_by_its_name_alone(shut: Target) -> None:
    top, rules = "/etc/apache2/conf-available/many.conf", "/etc/apache2/rules.d"
    shut.sh('mkdir "$2"; printf %s "$1" | tail -n +2 >"$3"; echo AuthType None >"$2/b.conf"', DIRECTIVES, rules, top)
    shut.sh(f"ln -s {top} {rules}/a-loop.conf")
    try:
        guards = [one for one in access.guards(facts_of(shut)) if one.top == top]
    finally:
        shut.sh(f"rm -r {top} {rules}")
    found = {
        f"{one.where.replace(f'{rules}/b.conf:', 'b').removeprefix(f'{top}:')} "
        f"{' '.join(['-', *sorted(one.conditions, reverse=True)])} {one.directive}"
        for one in guards
        if "a-loop" not in one.where
    }
    assert found == {line.strip() for line in FOUND.replace("\n", ";").split(";") if line.strip()}
    assert any(one.directive == "Include" for one in guards), "it is followed without end"
