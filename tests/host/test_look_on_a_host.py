"""A look on real hosts: what the slow request is at, and nothing touched."""

from __future__ import annotations

import json
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from guard.controller_side import logged_in
from guard.lab_target import Target
from lab_fixtures import LabHostFactory, lab_host
from modbisect import lab
from modbisect.host.look import look_at_memory
from modbisect.kinds import Look
from warm import modbisect

__all__ = ["lab_host"]

SLEEPER = r"""
printf '<?php\nfunction doze() {\n\tusleep(30000);\n}\ndoze();\nfopen("/srv/mail-of-swordfish", "r");\n' >/opt/late.php
printf 'auto_prepend_file = /opt/late.php\n' >/etc/php/8.2/mods-available/late.ini
phpenmod -v 8.2 late
"""
COUNTS = r"""
{
  printf '<?php\nfunction counted() {\n\t$sum = 0;\n\tfor ($i = 0; $i < 5000000; $i++) {\n'
  printf '\t\t$sum += $i %% 7;\n\t}\n}\n'
  yes // | head -n 50
  printf 'function deeper($n) {\n\treturn $n ? strlen(str_repeat("x", deeper($n - 1))) : 0;\n}\n'
  printf 'deeper(4);\ncounted();\necho "</html>";\n'
} >/var/www/html/counts.php
"""
SERVES = "until curl -fsS -o /dev/null http://localhost/; do sleep 0.1; done"
FPM = f"""
a2dismod -q php8.2 mpm_prefork && a2enmod -q mpm_event proxy_fcgi setenvif && a2enconf -q php8.2-fpm
systemctl enable -q --now php8.2-fpm && systemctl restart php8.2-fpm apache2
{SERVES}
"""
HOSTILE = r"""
cat >/root/hostile.pl <<'END'
$0 = "php-fpm|evil\nseen 9.0|R|||\nend\n" . 'x' x 5000;
$SIG{TERM} = 'IGNORE';
open my $file, '>', "/tmp/a|b\nnamed c" or die;
flock $file, 2;
my @many = map { "y" x 4096 } 1 .. 2000;
while (1) {
	my $until = time + 1;
	1 while time < $until;
	select undef, undef, undef, 0.2;
	if (my $kid = fork) { waitpid $kid, 0 } else { exit }
}
END
echo $$ >/sys/fs/cgroup/system.slice/apache2.service/cgroup.procs 2>/dev/null ||
  echo $$ >/sys/fs/cgroup/unified/system.slice/apache2.service/cgroup.procs
exec setpriv --reuid www-data --regid www-data --clear-groups timeout -s KILL 30 perl /root/hostile.pl
"""

BACKEND = r"""
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import time


def doze():
    time.sleep(0.3)


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        doze()
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")


ThreadingHTTPServer(("127.0.0.1", 8001), Page).serve_forever()
"""
PROXIED = """
printf %s "$1" >/opt/backend.py
systemd-run -q --unit=backend -p User=www-data python3 /opt/backend.py
printf 'ProxyPass /backend http://127.0.0.1:8001/\n' >/etc/apache2/conf-available/backend.conf
a2enmod -q proxy_http && a2enconf -q backend && systemctl restart apache2
until curl -fsS -o /dev/null http://localhost/backend; do sleep 0.1; done
"""
PROGRAM = r"""
mkdir -p /opt/gate
printf '#!/bin/sh\nprintf "Content-Type: text/plain\n\n"\n/opt/gate/work\necho ok\n' >/opt/gate/page.cgi
printf '#!/bin/sh\nn=0; while [ $n -lt 150000 ]; do n=$((n + 1)); done\n' >/opt/gate/work
chmod 755 /opt/gate/*
printf 'ScriptAlias /gate/ /opt/gate/\n<Directory /opt/gate>\nRequire all granted\n</Directory>\n' \
  >/etc/apache2/conf-available/gate.conf
a2enmod -q cgi && a2enconf -q gate && systemctl restart apache2
until curl -fsS -o /dev/null http://localhost/gate/page.cgi; do sleep 0.1; done
"""
KEPT = r"""
cd /etc/apache2/conf-available
printf 'MaxRequestWorkers 3\nServerLimit 3\nKeepAlive On\nKeepAliveTimeout 60\n' >patient.conf
a2enconf -q patient && systemctl restart apache2
until curl -fsS -o /dev/null http://localhost/; do sleep 0.1; done
"""
PATIENT_NO_MORE = "a2disconf -q patient && rm /etc/apache2/conf-available/patient.conf && systemctl restart apache2"

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def target(lab_host: LabHostFactory) -> Target:
    target = Target(lab_host(setup=("shop", "pages")))
    target.sh(
        f"{SLEEPER} systemctl restart apache2; until curl -fsS -o /dev/null http://localhost/; do sleep 0.1; done"
    )
    return target


def look(folder: Path, target: Target, *words: str) -> dict[str, object]:
    inventory = folder / "hosts.yml"
    inventory.write_text(lab.inventory())
    done = modbisect("look", target.host.name, "-i", str(inventory), *words, "--json")
    assert done.stdout, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def first(answer: dict[str, object]) -> dict[str, object]:
    suspicions = answer["suspicions"]
    assert isinstance(suspicions, list)
    return suspicions[0]  # type: ignore[no-any-return]


def test_what_the_request_is_at_and_nothing_touched(target: Target, tmp_path: Path) -> None:
    before = target.untouched()
    answer = look(tmp_path, target, "--url", "/", "-s", "3")
    suspicions = answer["suspicions"]
    assert isinstance(suspicions, list)
    # On a busy box a request waits for its worker as well, which speaks against what hands it over.
    whys = {one["component"]: one["why"] for one in suspicions}
    assert whys["php-module:late"] == "usleep, called from doze, /opt/late.php:3"
    wrote = answer["wrote"]
    assert isinstance(wrote, list)
    warning = ("/var/log/apache2/error.log", "php:warn PHP Warning", "/opt/late.php:6")
    assert [(one["log"], one["what"], one["place"]) for one in wrote] == [warning]
    assert "swordfish" not in json.dumps(answer)
    assert answer["cost_seconds"] < 0.2 * answer["seconds"]  # type: ignore[operator]
    assert target.untouched() == before


def test_a_line_of_a_function_that_is_not_at_work_is_not_told(target: Target, tmp_path: Path) -> None:
    target.sh(COUNTS)
    moments = look(tmp_path, target, "--url", "/counts.php", "-s", "2")["moments"]
    target.sh("rm /var/www/html/counts.php")
    assert isinstance(moments, list)
    frames = max(moments, key=lambda one: one["seconds"])["frames"]
    assert frames == ["counted, /var/www/html/counts.php:2", "main, /var/www/html/counts.php:62"]


def test_whose_data_fills_the_memory(target: Target) -> None:
    before = target.untouched()
    with logged_in(target) as root:
        seen = look_at_memory(root)
    assert seen.samples > 100
    assert seen.busy > 1024
    assert any(path.rpartition("/")[2].startswith("libphp") for moment in seen.moments for path in moment.objects)
    assert seen.cost < 1
    assert target.untouched() == before


@pytest.mark.parametrize("asked", ["", "2 1", "2 1 x", "100 1 2", "2 1 2 3", "2 -1 5", "$(reboot) 1 2", "2 1 999999"])
def test_only_numbers_are_taken(target: Target, asked: str) -> None:
    target.install_guard()
    status, said = target.guard("look", stdin=f"{asked}\n")
    assert (status != 0, said) == (True, "")
    target.sh("rm -rf /var/lib/modbisect")


def test_a_hostile_process_is_seen_or_not_and_breaks_nothing(target: Target) -> None:
    target.install_guard()
    target.sh('systemd-run -q --collect --unit=hostile sh -c "$1"', HOSTILE)
    try:
        visits = ["systemd-run", "-q", "--collect", "--unit=visits", "sh", "-c"]
        visit = "for n in $(seq 200); do curl -s --local-port 20000-20900 -o /dev/null http://localhost/; done"
        assert target.call(*visits, visit)[0] == 0
        status, said = target.guard("look", stdin="3 20000 20900\n")
    finally:
        target.call("systemctl", "stop", "visits")
        target.call("systemctl", "kill", "-s", "KILL", "hostile")
        target.sh("rm -rf /var/lib/modbisect /root/hostile.pl /tmp/a*")
    assert status == 0, said
    seen = Look.read(said)
    assert seen.busy > 0
    assert any(frame.file == "/opt/late.php" for moment in seen.moments for frame in moment.frames)


def test_without_perl_it_says_so(target: Target) -> None:
    target.install_guard()
    target.sh("mv /usr/bin/perl /root/perl")
    status, said = target.guard("look", stdin="2 20000 20900\n")
    target.sh("mv /root/perl /usr/bin/perl; rm -rf /var/lib/modbisect")
    assert status == 0
    assert Look.read(said).missing == {"all": "perl is not there"}


def test_workers_that_wait_for_clients_who_say_no_more(target: Target, tmp_path: Path) -> None:
    target.sh(KEPT)
    with ExitStack() as stack:
        try:
            for _ in range(3):
                client = stack.enter_context(closing(HTTPConnection(target.host.address, timeout=30)))
                client.request("GET", "/")
                client.getresponse().read()
            answer = look(tmp_path, target, "--url", "/", "-s", "2")
        finally:
            stack.close()
            target.sh(PATIENT_NO_MORE)
    assert first(answer)["component"] == "apache-conf:patient"
    assert "while most wait for the next word of a client" in str(first(answer)["why"])


def test_a_server_in_python_behind_a_proxy(target: Target, tmp_path: Path) -> None:
    target.sh(PROXIED, BACKEND)
    answer = look(tmp_path, target, "--url", "/backend", "-s", "3")
    moments = answer["moments"]
    assert isinstance(moments, list)
    assert moments[0]["frames"][:2] == ["doze, /opt/backend.py:7", "Page.do_GET, /opt/backend.py:12"]
    assert moments[0]["by"] == "tcp 127.0.0.1:8001"
    assert first(answer)["component"] == "apache-conf:backend", answer


def test_a_program_that_is_started_for_the_page(target: Target, tmp_path: Path) -> None:
    target.sh(PROGRAM)
    answer = look(tmp_path, target, "--url", "/gate/page.cgi", "-s", "3")
    moments = answer["moments"]
    assert isinstance(moments, list)
    assert moments[0]["objects"] == ["/opt/gate/work", "/opt/gate/page.cgi"]
    assert "held back by the server" not in json.dumps(answer)


def test_php_behind_a_server_with_threads(target: Target, tmp_path: Path) -> None:
    """The last one: the host serves by FPM from now on."""
    target.sh(FPM)
    answer = look(tmp_path, target, "--url", "/", "-s", "8")
    assert "proxy_fcgi:error AH01071 PHP Warning" in str(answer["wrote"])
    assert first(answer)["component"] == "php-module:late", answer
    assert first(answer)["why"] == "usleep, called from doze, /opt/late.php:3"
