"""What the lab decides without booting anything."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from modbisect import lab
from modbisect.cli import cli
from modbisect.errors import UsageError
from modbisect.lab import processes, store
from modbisect.lab.sources import debian_sources

BOOKWORM = "ID=debian\nVERSION_CODENAME=bookworm\n"


@pytest.fixture
def apt(tmp_path: Path) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "os-release").write_text(BOOKWORM)
    return tmp_path


def test_sources_of_both_styles_are_read_and_third_parties_left_out(apt: Path) -> None:
    (apt / "sources.list").write_text(
        "# deb http://old.example/debian bookworm main\n"
        "deb http://mirror.example/debian bookworm main contrib\n"
        "deb [arch=amd64 signed-by=/k.gpg] https://download.example/linux/thing/ bookworm stable\n"
        "deb-src http://mirror.example/debian bookworm main\n"
    )
    (apt / "sources.list.d" / "debian.sources").write_text(
        "Types: deb deb-src\nURIs: http://mirror.example/debian-security\nSuites: bookworm-security\n"
        "Components: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n"
        "Enabled: no\nTypes: deb\nURIs: http://off.example/debian\nSuites: bookworm-updates\nComponents: main\n"
    )
    suite, lines = debian_sources(None, apt, apt / "os-release")
    assert suite == "bookworm"
    key = "/usr/share/keyrings/debian-archive-keyring.gpg"
    assert lines == [
        "deb http://mirror.example/debian bookworm main",
        f"deb [signed-by={key}] http://mirror.example/debian-security bookworm-security main",
    ]


def test_of_another_release_the_main_archive_alone_is_taken(apt: Path) -> None:
    (apt / "sources.list").write_text(
        "deb http://mirror.example/debian bookworm main\ndeb http://mirror.example/debian bookworm-updates main\n"
    )
    assert debian_sources("trixie", apt, apt / "os-release") == (
        "trixie",
        ["deb http://mirror.example/debian trixie main"],
    )
    with pytest.raises(lab.LabError, match="no lab host can be made of 'sarge': bullseye, bookworm, trixie can"):
        debian_sources("sarge", apt, apt / "os-release")


def test_a_box_without_debian_sources_is_told_so(apt: Path) -> None:
    with pytest.raises(lab.LabError, match="no Debian archive of suite bookworm"):
        debian_sources(None, apt, apt / "os-release")
    (apt / "os-release").write_text("ID=fedora\n")
    with pytest.raises(lab.LabError, match="not Debian"):
        debian_sources(None, apt, apt / "os-release")


@pytest.mark.parametrize("name", ["", "Web", "1web", "web_1", "../etc", "a" * 32, "web\n"])
def test_names_that_are_no_host_names_are_refused(name: str) -> None:
    with pytest.raises(lab.LabError, match="no host name"):
        store.checked(name)


def test_a_pid_used_again_is_not_the_host() -> None:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert not processes.alive((os.getpid(), 1, boot))
    assert not processes.alive(None)


def test_a_record_survives_and_a_damaged_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    entry = store.Record("web1", 12, "tree-x", (42, 4242, "boot"))
    store.save(entry)
    assert store.records() == (entry,)
    with pytest.raises(lab.LabError, match="no host 'web2'"):
        store.record("web2")
    path = store.home("web1") / "host.json"
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("{")
    with pytest.raises(lab.LabError, match="damaged"):
        store.record("web1")


def test_every_setup_says_what_it_plants_and_names_others_as_an_option_does() -> None:
    told = lab.plantings()
    assert {"shop", "upload-middleware"} <= set(told)
    assert all(remark.endswith(".") and ".sh" not in remark for remark in told.values()), told
    assert "Run after shop;" in told["opcache-off"]


def test_a_setup_that_is_not_there_is_told_with_where_their_names_are() -> None:
    done = CliRunner().invoke(cli, ["lab", "up", "web1", "--setup", "uploadguard"])
    assert isinstance(done.exception, UsageError)
    assert done.exception.advice == "'modbisect lab setups' lists those"
