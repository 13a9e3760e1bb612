"""Healthy hosts that are laid out otherwise than Debian's own packages do it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from guard.lab_target import Target, wait_until
from probe.probe_site import Answer, running
from run.controller import QUICK, Controllers

pytestmark = pytest.mark.lab

TWO = QUICK[: QUICK.index("components:")] + (
    'components: {include: ["apache-module:asis", "php-module:ds"]}\ntrial: {requests: 2, warm_up: 0}\n'
)
RESTART = "systemctl reset-failed apache2; systemctl restart apache2"


@contextmanager
def changed(target: Target, script: str, back: str) -> Iterator[None]:
    """The host otherwise for a while, its server restarted both times."""
    target.sh(f"{script}; {RESTART}")
    target.settle()
    try:
        yield
    finally:
        target.sh(f"{back}; {RESTART}")
        target.settle()


def test_modules_whose_files_are_links_to_versioned_ones(target: Target, controllers: Controllers) -> None:
    each = "for so in /usr/lib/apache2/modules/mod_asis.so /usr/lib/php/*/ds.so; do"
    link, back = f'{each} mv $so $so-9; ln -s "${{so##*/}}-9" $so; done', f"{each} mv $so-9 $so; done"
    controllers.playbook = TWO
    with changed(target, link, back):
        before = target.kept()
        ended = controllers.begun()
        assert "the running server is not what the files say" not in ended.err
        assert "loaded: " not in ended.said
        assert target.kept() == before


def test_a_php_that_reads_another_folder_is_left_alone(target: Target, controllers: Controllers) -> None:
    """What is switched in Debian's folder never reaches the server."""
    elsewhere = "/opt/php/conf.d"
    move = f"mkdir -p {elsewhere}; cp -a /etc/php/8.2/apache2/conf.d/* {elsewhere}"
    move += f"; cp /etc/apache2/envvars /root; echo export PHP_INI_SCAN_DIR={elsewhere} >>/etc/apache2/envvars"
    reads = f"the running PHP reads {elsewhere} and not /etc/php/8.2/apache2/conf.d"
    with changed(target, move, "cp /root/envvars /etc/apache2/"):
        before = target.untouched()
        scanned = controllers.start("scan", "HOST", "--json").ended()
        (ds,) = (one for one in json.loads(scanned.out) if one["id"] == "php-module:ds")
        assert reads in ds["pinned"]
        controllers.playbook = TWO.replace('"apache-module:asis", ', "")
        ended = controllers.run().ended()
        assert (ended.code, ended.out) == (4, "")
        assert "nothing is left that may be switched" in ended.err
        assert reads in ended.err
        assert target.untouched() == before


def test_a_php_laid_out_as_in_dockers_images(target: Target, controllers: Controllers) -> None:
    """One PHP of all: a module is a line of a file, and so is what is to blame."""
    place = "/usr/local/etc/php"
    script = f"""
        mkdir -p {place}/conf.d
        for file in /etc/php/8.2/apache2/conf.d/*.ini; do
          name=${{file##*/}}
          cat "$file" >"{place}/conf.d/docker-php-ext-${{name#*-}}"
        done
        mv {place}/conf.d/docker-php-ext-mysqlnd.ini {place}/conf.d/docker-php-ext-aa-mysqlnd.ini
        mv {place}/conf.d/docker-php-ext-pdo.ini {place}/conf.d/docker-php-ext-ab-pdo.ini
        mv {place}/conf.d/docker-php-ext-xml.ini {place}/conf.d/docker-php-ext-ac-xml.ini
        cp /etc/php/8.2/apache2/php.ini {place}/php.ini
        echo '<?php usleep(100000);' >/var/www/shop/watch.php
        echo auto_prepend_file=/var/www/shop/watch.php >{place}/conf.d/local.ini
        cp /etc/apache2/envvars /root
        echo export PHP_INI_SCAN_DIR={place}/conf.d >>/etc/apache2/envvars
    """.rstrip()
    with changed(target, script, f"cp /root/envvars /etc/apache2/; rm -r {place} /var/www/shop/watch.php"):
        before = target.files(place) | target.kept()
        some = 'components: {include: ["php-ini:*", "php-module:*"]}\n'
        controllers.playbook = QUICK[: QUICK.index("components:")] + some
        ended = controllers.run().ended(300)
        assert ended.code == 1, ended.said
        assert "php-ini:auto_prepend_file makes front slow" in ended.out
        assert f"in {place}/conf.d/local.ini write: auto_prepend_file" in ended.out
        assert target.files(place) | target.kept() == before


def test_what_a_flip_does_not_move_is_taken_out_by_the_first_trial(target: Target, controllers: Controllers) -> None:
    """The server loads a module by another file as well, so taking its own link away changes nothing."""
    conf = "/etc/apache2/conf-enabled/zz-another.conf"
    load = "<IfModule !mod_asis.c>\\nLoadModule asis_module /usr/lib/apache2/modules/mod_asis.so\\n</IfModule>\\n"
    controllers.playbook = TWO
    with changed(target, f"printf '{load}' >{conf}", f"rm {conf}"):
        before = target.kept()
        ended = controllers.begun("--output", f"json={controllers.folder / 'report.json'}")
        assert "still loaded" not in ended.said
        report = json.loads((controllers.folder / "report.json").read_text())
        assert report["untestable"] == [
            {"component": "apache-module:asis", "reason": "switching it changes nothing in the live server"}
        ]
        controllers.playbook = TWO.replace(', "php-module:ds"', "")
        ended = controllers.run().ended()
        assert ended.code == 3, ended.said
        assert "nothing is left that can be tested: apache-module:asis: switching it changes nothing" in ended.out
        assert target.kept() == before


@contextmanager
def fronted(target: Target, port: int) -> Iterator[None]:
    """Something that calls itself nginx answers on port 80, Apache on another."""
    move = f"cp /etc/apache2/ports.conf /root; sed -i 's/^Listen 80$/Listen {port}/' /etc/apache2/ports.conf"
    move += f"; sed -i 's/:80>/:{port}>/' /etc/apache2/sites-available/000-default.conf; systemctl stop apache2"
    move += "; cp $(readlink -f /usr/bin/python3) /usr/local/sbin/nginx"
    move += "; systemd-run -q --unit=front /usr/local/sbin/nginx -m http.server -d /var/www/html 80"
    back = "systemctl stop front; cp /root/ports.conf /etc/apache2/"
    back += f"; sed -i 's/:{port}>/:80>/' /etc/apache2/sites-available/000-default.conf"
    with changed(target, move, back):
        wait_until(lambda: target.call("curl", "-sf", "http://localhost/")[0] == 0, 20, "nothing answers on port 80")
        yield


def test_another_server_that_answers_the_probe(target: Target, controllers: Controllers) -> None:
    controllers.playbook = TWO
    with fronted(target, 8080):
        before = target.untouched()
        for verb in ("run", "plan"):
            ended = controllers.start(verb, "PLAYBOOK", "HOST").ended()
            said = "nginx answers on port 80, where probe front asks, and not Apache, which listens on port 8080"
            assert (ended.code, said in ended.said) == (4, True), ended.said
        assert f"give the probe connect_to: {target.host.address}:PORT" in controllers.run().ended().err
        scanned = controllers.start("scan", "HOST").ended()
        assert "nginx answers on port 80" in scanned.out
        assert target.untouched() == before
        controllers.playbook = TWO.replace("get: /\n", f"get: /\n    connect_to: {target.host.address}:8080\n")
        controllers.begun()


def test_a_cache_on_the_way(target: Target, controllers: Controllers) -> None:
    with running() as cache:
        cache.rule = lambda _: Answer(b"<p>All items", headers=(("Via", "1.1 varnish"), ("Age", "17")))
        controllers.playbook = TWO.replace("get: /", f"get: '{cache.url('/')}'")
        before = target.untouched()
        ended = controllers.run().ended()
        assert ended.code == 4, ended.said
        assert "probe front was answered through a proxy or a cache" in ended.err
        assert "for visitors: Via: 1.1 varnish, Age: 17" in ended.err
        assert target.untouched() == before


def test_no_apache_at_all(target: Target, controllers: Controllers) -> None:
    modules = "/etc/apache2/mods-available"
    with fronted(target, 8080):
        target.sh(f"mv {modules} {modules}.away")
        ended = controllers.run().ended()
        target.sh(f"mv {modules}.away {modules}")
    assert ended.code == 4, ended.said
    assert "no Apache and no nginx here as Debian, RHEL and their kin lay it out; nginx answers on port 80" in ended.err
    assert "so far" in ended.err


BOX = """
mkdir -p /srv/box && mount -t tmpfs box /srv/box && mkdir /srv/box/usr /srv/box/etc && mount --bind /usr /srv/box/usr
for name in bin sbin lib lib64; do ln -s "usr/$name" "/srv/box/$name"; done
systemctl stop apache2
cp "$(readlink -f /usr/bin/python3)" /usr/local/sbin/httpd
systemd-run -q --unit=box chroot /srv/box /usr/local/sbin/httpd -m http.server 80
until curl -sf -o /dev/null http://localhost/; do sleep 0.1; done
"""
NO_BOX = "systemctl stop box; umount /srv/box/usr /srv/box; rm -r /srv/box /usr/local/sbin/httpd"


def test_a_server_in_a_container(target: Target, controllers: Controllers) -> None:
    """Another root than the host's, as a container has."""
    modules = "/etc/apache2/mods-available"
    target.sh(f"{BOX}mv {modules} {modules}.away")
    try:
        for words in (["run", "PLAYBOOK", "HOST"], ["scan", "HOST"]):
            ended = controllers.start(*words).ended()
            assert ended.code == 4, ended.said
            assert "httpd in a container answers on port 80" in ended.err
            assert "what a container runs is switched in its image" in ended.err
    finally:
        target.sh(f"mv {modules}.away {modules}; {NO_BOX}; {RESTART}")
        target.settle()


def test_a_server_that_was_started_by_hand(target: Target, controllers: Controllers) -> None:
    by_hand = "systemctl stop apache2; (. /etc/apache2/envvars && apache2 -k start)"
    target.sh(f"{by_hand}; until curl -sf -o /dev/null http://localhost/; do sleep 0.1; done")
    try:
        before = target.untouched()
        ended = controllers.run().ended()
        assert ended.code == 4, ended.said
        assert "not as systemd's apache2.service: somebody has started it by hand" in ended.err
        assert target.untouched() == before
    finally:
        target.sh(f"(. /etc/apache2/envvars && apache2 -k stop); while pgrep -x apache2; do sleep 0.1; done; {RESTART}")
        target.settle()
