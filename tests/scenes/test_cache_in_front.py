"""A cache in front that keeps nothing, on a real host: who keeps pages out of it, and nothing of a trial left there."""

from __future__ import annotations

from pathlib import Path

import pytest
from scene import manifest, run

from lab_fixtures import LabHostFactory
from modbisect import lab
from modbisect.errors import Exit
from modbisect.model import Outcome
from warm import modbisect

pytestmark = pytest.mark.lab

REPORTED = Path(__file__).parents[2] / "benchmarks/culprits/reported/varnish-set-cookie"
PAGES = """\
probes:
  home: {get: /, expect: {status: 200, contains: "</html>"}}
symptom: {probe: home}
components: {include: ["php-file:*", "php-module:c*"]}
"""
FILES = "find /var/www /etc/varnish -printf '%p %y %m %U %G %T@ %l\\n' | sort"
BEGAN = "systemctl show -p ActiveEnterTimestampMonotonic --value varnish apache2"


def test_an_add_on_that_keeps_the_pages_out_of_it(lab_host: LabHostFactory, tmp_path: Path) -> None:
    host = lab_host(setup=("shop", "lean"), packages=("varnish",)).name
    script = (REPORTED / "setup.sh").read_text().replace("usleep(400000)", "usleep(100000)")
    done = lab.execute(host, ["sh", "-ec", f"{script}\nrm /etc/modbisect/allow"])
    assert done.returncode == 0, done.stderr
    before = manifest(host), lab.execute(host, ["sh", "-c", FILES]).stdout
    (tmp_path / "playbook.yml").write_text(PAGES)
    (tmp_path / "inventory.yml").write_text(lab.inventory())
    refused = modbisect("run", str(tmp_path / "playbook.yml"), host, "-i", str(tmp_path / "inventory.yml"))
    assert refused.returncode == Exit.REFUSED, refused.stderr
    assert "varnishd answers on port 80" in refused.stderr
    assert "'unit varnish.service' in /etc/modbisect/allow" in refused.stderr

    lab.execute(host, ["sh", "-c", "echo unit varnish.service >/etc/modbisect/allow"])
    seen = run(tmp_path, host, PAGES)
    assert seen.code == 1, seen.progress
    assert seen.report.outcome is Outcome.FOUND
    (finding,) = seen.report.findings
    assert finding.components == ("php-file:/var/www/shop/addons/give.php",)
    assert (
        "the cache in front can keep nothing of the page, for every answer sets the cookie PHPSESSID" in seen.progress
    )
    cache, server = map(int, lab.execute(host, ["sh", "-c", BEGAN]).stdout.split())
    assert cache > server
    assert (manifest(host), lab.execute(host, ["sh", "-c", FILES]).stdout) == before
