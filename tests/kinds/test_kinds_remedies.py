from dataclasses import replace

import pytest

from modbisect.kinds import Found, discover, parse, remedies

SURVEY = """@@ server
unit php8.2-fpm.service active
@@ files
/etc/apache2/mods-enabled/{handler}.load\tl\tf\t1\t../mods-available/{handler}.load
/etc/apache2/mods-available/{handler}.load\tf\tf\t1\t
/etc/apache2/mods-available/evasive.load\tf\tf\t1\t
/etc/apache2/conf-enabled/inspection.conf\tl\tf\t1\t../conf-available/inspection.conf
/etc/apache2/conf-available/inspection.conf\tf\tf\t1\t
/etc/apache2/sites-enabled/shop.conf\tl\tf\t1\t../sites-available/shop.conf
/etc/apache2/sites-available/shop.conf\tf\tf\t1\t
/etc/php/8.2/{sapi}/conf.d/20-xdebug.ini\tl\tf\t1\t/etc/php/8.2/mods-available/xdebug.ini
/etc/php/8.2/mods-available/xdebug.ini\tf\tf\t1\t
/etc/php/8.2/mods-available/opcache.ini\tf\tf\t1\t
@@ php-settings
/etc/php/8.2/{sapi}/php.ini:7:auto_prepend_file = /srv/scan.php
@@ end
"""


def found(handler: str, sapi: str) -> Found:
    return parse(SURVEY.format(handler=handler, sapi=sapi))


@pytest.mark.parametrize(
    ("handler", "sapi", "restart"),
    [
        ("php8.2", "apache2", "systemctl restart apache2"),
        ("proxy_fcgi", "fpm", "systemctl restart apache2 php8.2-fpm"),
    ],
)
def test_each_kind_has_its_command(handler: str, sapi: str, restart: str) -> None:
    facts = found(handler, sapi)
    commands = remedies(facts, discover(facts))
    assert {key: command for key, (command, _) in commands.items()} == {
        f"apache-module:{handler}": f"a2dismod {handler}",
        "apache-module:evasive": "a2enmod evasive",
        "apache-conf:inspection": "a2disconf inspection",
        "apache-site:shop": "a2dissite shop",
        "php-module:xdebug": f"phpdismod -v 8.2 -s {sapi} xdebug",
        "php-module:opcache": f"phpenmod -v 8.2 -s {sapi} opcache",
        "php-ini:auto_prepend_file": f'# in /etc/php/8.2/{sapi}/php.ini write: auto_prepend_file = ""',
    }
    assert {last for _, last in commands.values()} == {restart}


def test_a_name_stays_one_word() -> None:
    facts = found("php8.2", "apache2")
    odd = [replace(one, name="x; reboot") for one in discover(facts) if one.id == "apache-module:evasive"]
    assert remedies(facts, odd)["apache-module:evasive"][0] == "a2enmod 'x; reboot'"
