"""The shell that reads what was lately done to a host: what dpkg has logged, files of the site, git's own record."""

from __future__ import annotations

import os
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


def said(root: Path) -> str:
    """What it prints of a folder that stands for /var and holds the one site."""
    functions = f'section() {{ echo "@@ $1"; }}\nroots() {{ echo {root}/srv/site/web; }}\n'
    shell = functions + _read("kinds/changes").replace("/var/", f"{root}/var/")
    done = subprocess.run(["/bin/sh", "-c", shell], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.replace(f"{root}/srv", "/srv")


def test_the_last_that_was_done_to_each(tmp_path: Path) -> None:
    log, info = tmp_path / "var/log", tmp_path / "var/lib/dpkg/info"
    log.mkdir(parents=True)
    info.mkdir(parents=True)
    (log / "dpkg.log.1").write_text("2026-11-02 02:36:10 install php8.2-apcu:amd64 <none> 5.2\n")
    (log / "dpkg.log").write_text(LOG + "2026-11-22 02:36:10 remove php8.2-apcu:amd64 5.2 <none>\n")
    (info / "libapache2-mod-php8.2.list").write_text("\n".join(MODULE) + "\n")
    (info / "php8.2-apcu:amd64.list").write_text(f"/etc/php\n{INI}\n")
    (info / "bash.list").write_text("/bin/bash\n")
    packages, clock = said(tmp_path).split("@@ site-files")[0].split("@@ clock\n")
    assert packages.splitlines() == [
        "@@ packages",
        f"2026-11-22 02:36:10\tremove\tphp8.2-apcu\t{INI}",
        "2026-11-21 02:36:10\tinstall\tmariadb-server\t-",
        f"2026-11-20 02:36:10\tupgrade\tlibapache2-mod-php8.2\t{MODULE[1]}",
        f"2026-11-20 02:36:10\tupgrade\tlibapache2-mod-php8.2\t{MODULE[3]}",
    ]
    assert clock.strip().lstrip("+-").isdigit()


def test_the_programs_of_the_site_and_what_git_did(tmp_path: Path) -> None:
    web, git = tmp_path / "srv/site/web", tmp_path / "srv/site/.git/logs"
    for folder in (web / "var/cache", web / "app", git):
        folder.mkdir(parents=True)
    for number, name in enumerate(
        ["app/old.php", "app/new.php", "var/cache/twig.php", "photo.jpg", "odd name.php", ".htaccess"]
    ):
        (web / name).write_text("")
        os.utime(web / name, (1_700_000_000 + number, 1_700_000_000 + number))
    moved = "0" * 40 + " " + "1" * 40 + " A. Person <a@example.org> 17000000{} +0100\t{}\n"
    (git / "HEAD").write_text(
        moved.format("10", "clone: from secret.example") + moved.format("20", "pull: Fast-forward")
    )
    files, history = said(tmp_path).split("@@ site-files\n")[1].split("@@ site-history\n")
    assert [line.split("\t")[1] for line in files.splitlines()] == [
        f"/srv/site/web/{name}" for name in (".htaccess", "app/new.php", "app/old.php")
    ]
    assert history == "1700000020\tpull\tin /srv/site\n"
    (git / "HEAD").unlink()
    (git / "HEAD").symlink_to("/etc/passwd")
    assert said(tmp_path).endswith("@@ site-history\n")
