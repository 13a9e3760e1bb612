"""The shell that reads what dpkg has logged: of packages that a site stands on, with files of components."""

from __future__ import annotations

import subprocess
from pathlib import Path

from modbisect.host.helper import _read

LOG = """\
2026-11-20 02:36:10 startup archives unpack
2026-11-20 02:36:10 upgrade libapache2-mod-php8.2:amd64 8.2.1 8.2.2
2026-11-20 02:36:11 status half-configured libapache2-mod-php8.2:amd64 8.2.1
2026-11-21 02:36:10 install bash:amd64 <none> 5.2
2026-11-21 02:36:10 install mariadb-server:all <none> 10.11
2026-11-21 02:36:10 install $(reboot):all <none> 10.11
"""
MODULE = [
    "/.",
    "/usr/lib/apache2/modules/libphp8.2.so",
    "/etc/apache2/mods-available",
    "/etc/apache2/mods-available/p.load",
]
INI = "/etc/php/8.2/mods-available/apcu.ini"


def test_the_last_that_was_done_to_each(tmp_path: Path) -> None:
    log, info = tmp_path / "var/log", tmp_path / "var/lib/dpkg/info"
    log.mkdir(parents=True)
    info.mkdir(parents=True)
    (log / "dpkg.log.1").write_text("2026-11-02 02:36:10 install php8.2-apcu:amd64 <none> 5.2\n")
    (log / "dpkg.log").write_text(LOG + "2026-11-22 02:36:10 remove php8.2-apcu:amd64 5.2 <none>\n")
    (info / "libapache2-mod-php8.2.list").write_text("\n".join(MODULE) + "\n")
    (info / "php8.2-apcu:amd64.list").write_text(f"/etc/php\n{INI}\n")
    (info / "bash.list").write_text("/bin/bash\n")
    shell = 'section() { echo "@@ $1"; }\n' + _read("kinds/packages").replace("/var/", f"{tmp_path}/var/")
    done = subprocess.run(["/bin/sh", "-c", shell], capture_output=True, text=True, check=True, timeout=60)
    packages, clock = done.stdout.split("@@ clock\n")
    assert packages.splitlines() == [
        "@@ packages",
        f"2026-11-22 02:36:10\tremove\tphp8.2-apcu\t{INI}",
        "2026-11-21 02:36:10\tinstall\tmariadb-server\t-",
        f"2026-11-20 02:36:10\tupgrade\tlibapache2-mod-php8.2\t{MODULE[1]}",
        f"2026-11-20 02:36:10\tupgrade\tlibapache2-mod-php8.2\t{MODULE[3]}",
    ]
    assert clock.strip().lstrip("+-").isdigit()
