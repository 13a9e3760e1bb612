"""The shell that reads the database's option files and systemd's drop-ins: what it tells, and what it does not."""

from __future__ import annotations

import subprocess
from pathlib import Path

from stand_ins import STAND_INS, told_lines

from modbisect.host.helper import _read

CNF = """\
[client]
general_log = 1
[mysqld]
# general_log = 1
general-log = 1   # from a forum
skip-name-resolve
wsrep_sst_auth = root:swordfish
init_connect = swordfish
optimizer_switch = 'index_merge=off'
log_output = /srv/swordfish and more
tmp_table_size=16K
[mysqldump]
join_buffer_size = 1
"""
UNIT = """\
[Service]
Environment=TOKEN=swordfish
Environment="PYTHONTRACEMALLOC=1" LANG=C
Environment=
CPUQuota = 20%
Nice=19
ExecStart=/bin/swordfish
"""


def told(folder: Path, fragment: str, what: str) -> list[str]:
    """The lines that are printed of copies of what lies below a folder."""
    shell = STAND_INS + "".join(
        _read(part).partition("served_folders()")[0] for part in ("kinds/app_setting", fragment)
    ).replace(what, f"{folder}{what}")
    done = subprocess.run(["/bin/sh", "-c", shell], capture_output=True, text=True, check=False, timeout=60)
    return [line.removeprefix(str(folder)) for line in told_lines(done.stdout) if not line.startswith("unit ")]


def test_variables_that_are_known(tmp_path: Path) -> None:
    (tmp_path / "etc/mysql/conf.d").mkdir(parents=True)
    (tmp_path / "etc/mysql/conf.d/x.cnf").write_text(CNF)
    assert told(tmp_path, "kinds/mariadb_variable", "/etc/mysql") == [
        "/etc/mysql/conf.d/x.cnf:5:general_log=1",
        "/etc/mysql/conf.d/x.cnf:6:skip_name_resolve",
        "/etc/mysql/conf.d/x.cnf:9:optimizer_switch=index_merge=off",
        "/etc/mysql/conf.d/x.cnf:10:log_output=...",
        "/etc/mysql/conf.d/x.cnf:11:tmp_table_size=16K",
    ]


def test_limits_of_units(tmp_path: Path) -> None:
    (tmp_path / "etc/systemd/system/apache2.service.d").mkdir(parents=True)
    (tmp_path / "etc/systemd/system/apache2.service.d/x.conf").write_text(UNIT)
    assert told(tmp_path, "kinds/systemd_setting", "/etc/systemd") == [
        "/etc/systemd/system/apache2.service.d/x.conf:3:Environment=PYTHONTRACEMALLOC",
        "/etc/systemd/system/apache2.service.d/x.conf:5:CPUQuota =20%",
        "/etc/systemd/system/apache2.service.d/x.conf:6:Nice=19",
    ]
