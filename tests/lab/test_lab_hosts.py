"""The lab's hosts, for real: each test boots what it needs."""

import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

from lab_fixtures import LabHostFactory
from modbisect import lab

pytestmark = pytest.mark.lab


def ssh(host: lab.LabHost, command: str, *, to: str | None = None) -> "subprocess.CompletedProcess[str]":
    options = [f"UserKnownHostsFile={host.known_hosts}", "StrictHostKeyChecking=yes", "IdentitiesOnly=yes"]
    options += ["BatchMode=yes", f"HostName={host.address}", *([f"HostKeyAlias={to}"] if to else [])]
    arguments = [argument for option in options for argument in ("-o", option)]
    return subprocess.run(
        ["/usr/bin/ssh", "-n", "-F", "none", "-i", str(host.key), *arguments, f"ops@{host.address}", command],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def page(host: lab.LabHost, path: str = "/") -> str:
    with urllib.request.urlopen(f"http://{host.address}{path}", timeout=10) as answer:
        return str(answer.read().decode())


@pytest.fixture(scope="module")
def host(lab_host: LabHostFactory) -> lab.LabHost:
    return lab_host()


def test_a_host_runs_systemd_with_every_unit_well(host: lab.LabHost) -> None:
    state = lab.execute(host.name, ["systemctl", "is-system-running"])
    failed = lab.execute(host.name, ["systemctl", "--failed", "--no-legend"])
    assert (state.stdout, failed.stdout) == (b"running\n", b"")
    assert lab.execute(host.name, ["cat", "/proc/1/comm"]).stdout == b"systemd\n"


def test_ssh_knows_the_host_by_address_and_by_name(host: lab.LabHost) -> None:
    assert ssh(host, "sudo -n id -un && hostname").stdout.split() == ["root", host.name]
    assert ssh(host, "true", to=host.name).returncode == 0


def test_a_command_gets_input_and_gives_its_status(host: lab.LabHost) -> None:
    done = lab.execute(host.name, ["sh", "-c", "cat; echo no >&2; exit 3"], input=b"yes")
    assert (done.returncode, done.stdout, done.stderr) == (3, b"yes", b"no\n")


def test_a_command_that_takes_too_long_is_ended(host: lab.LabHost) -> None:
    with pytest.raises(lab.LabError, match=r"took over 0\.2 s"):
        lab.execute(host.name, ["sleep", "4242"], timeout=0.2)
    assert lab.execute(host.name, ["pgrep", "-f", "sleep 4242"]).returncode == 1


def test_timers_and_restarts_work_as_on_any_host(host: lab.LabHost) -> None:
    assert lab.execute(host.name, ["systemctl", "restart", "apache2"]).returncode == 0
    assert lab.execute(host.name, ["systemctl", "reload", "apache2"]).returncode == 0
    timer = ["systemd-run", "--quiet", "--on-active=10m", "--unit=later", "true"]
    assert lab.execute(host.name, timer).returncode == 0
    assert lab.execute(host.name, ["systemctl", "is-active", "later.timer"]).stdout == b"active\n"
    hardened = ["systemd-run", "--quiet", "--wait", "--pipe", "-pPrivateTmp=yes", "-pProtectSystem=strict"]
    assert lab.execute(host.name, [*hardened, "-pPrivateDevices=yes", "echo", "in"]).stdout == b"in\n"


def test_a_fresh_host_has_more_than_75_components_on(host: lab.LabHost) -> None:
    count = "ls /etc/apache2/mods-enabled/*.load /etc/apache2/conf-enabled/*.conf /etc/php/8.2/apache2/conf.d/*.ini"
    done = lab.execute(host.name, ["sh", "-c", f"{count} | wc -l"])
    assert int(done.stdout) > 75
    off = ["sh", "-c", "ls /etc/apache2/mods-enabled /etc/php/8.2/apache2/conf.d | grep -E 'security2|xdebug'"]
    assert lab.execute(host.name, off).stdout == b""


def test_a_power_cut_keeps_the_disk_and_loses_the_rest(lab_host: LabHostFactory) -> None:
    host = lab_host()
    lab.execute(host.name, ["sh", "-c", "echo kept > /root/file; echo lost > /run/file; systemctl disable apache2"])
    card = ["cat", "/sys/class/net/eth0/address"]
    before = lab.execute(host.name, card).stdout
    lab.kill(host.name)
    off = next(each for each in lab.hosts() if each.name == host.name)
    assert (off.state, off.pid) == ("off", None)
    assert not Path(f"/proc/{host.pid}").exists()
    with pytest.raises(lab.LabError, match="switched off"):
        lab.execute(host.name, ["true"])
    again = lab.boot(host.name)
    assert (again.address, again.state) == (host.address, "running")
    # Another hardware address would leave its neighbours' ARP caches wrong for up to a minute.
    assert lab.execute(host.name, card).stdout == before
    assert lab.execute(host.name, ["cat", "/root/file"]).stdout == b"kept\n"
    assert lab.execute(host.name, ["cat", "/run/file"]).returncode == 1
    # Up, though its web server is off: what a visitor finds after a cut is not the lab's to judge.
    assert lab.execute(host.name, ["systemctl", "is-active", "apache2"]).stdout == b"inactive\n"
    assert ssh(again, "true").returncode == 0


def test_a_host_begins_as_another_that_is_off_and_is_not_that_one(lab_host: LabHostFactory) -> None:
    host, name = lab_host(), f"t{os.getpid()}-like"
    with pytest.raises(lab.LabError, match="is running: only the disk of one that is off"):
        lab.up(name, like=host.name)
    database = "CREATE DATABASE kept; USE kept; CREATE TABLE a (b INT); INSERT INTO a VALUES (42)"
    written = f"rm /etc/motd; rm -r /etc/apt; mkdir /etc/apt; mariadb -e '{database}'; cat /etc/machine-id"
    identity = lab.execute(host.name, ["sh", "-c", written])
    assert identity.returncode == 0, identity.stderr
    lab.off(host.name)
    assert [each.state for each in lab.hosts() if each.name == host.name] == ["off"]
    with pytest.raises(lab.LabError, match="switched off"):
        lab.off(host.name)
    try:
        like = lab.up(name, like=host.name)
        found = (
            "test ! -e /etc/motd && ls -A /etc/apt && mariadb -N -e 'SELECT b FROM kept.a' && journalctl -b -u mariadb"
        )
        said = lab.execute(name, ["sh", "-c", found]).stdout.decode()
        assert said.startswith("42\n")
        assert "crash recovery" not in said  # its services have ended, and were not cut off
        assert lab.execute(name, ["cat", "/etc/machine-id"]).stdout != identity.stdout
        assert ssh(like, "sudo -n id -un && hostname").stdout.split() == ["root", name]
        keys = [
            line.split()[2] for line in like.known_hosts.read_text().splitlines() if name in line or host.name in line
        ]
        assert len(set(keys)) == 2
    finally:
        for each in lab.hosts():
            if each.name == name:
                lab.down(name)


def test_two_hosts_run_at_once_with_keys_of_their_own(lab_host: LabHostFactory) -> None:
    first, second = lab_host(), lab_host()
    assert first.address != second.address
    assert "Apache2" in page(first)
    assert "Apache2" in page(second)
    lines = [line.split() for line in first.known_hosts.read_text().splitlines()]
    keys = {hosts.split(",")[1]: key for hosts, _, key in lines}
    assert keys[first.name] != keys[second.name]
    lab.down(first.name)
    assert first.name not in [each.name for each in lab.hosts()]
    assert ssh(second, "hostname").stdout.strip() == second.name


def test_a_running_host_is_not_started_twice(host: lab.LabHost) -> None:
    with pytest.raises(lab.LabError, match="running already"):
        lab.up(host.name)
    with pytest.raises(lab.LabError, match="running already"):
        lab.boot(host.name)


def test_a_failing_setup_says_what_it_said_and_leaves_no_host(lab_host: LabHostFactory, tmp_path: Path) -> None:
    lab_host()
    script = tmp_path / "broken.sh"
    script.write_text("echo about to fail; exit 7\n")
    name = f"t{os.getpid()}-broken"
    with pytest.raises(lab.LabError, match=r"(?s)broken\.sh failed \(7\).*about to fail"):
        lab.up(name, [script])
    assert name not in [each.name for each in lab.hosts()]


def test_a_debian_package_is_installed_with_what_it_needs_before_the_setup(tmp_path: Path) -> None:
    script = tmp_path / "uses-it.sh"
    script.write_text("printf 'a b\\n' | busybox awk '{print $2}' > /root/said\n")
    name = f"t{os.getpid()}-install"
    said: list[str] = []
    try:
        lab.up(name, [script], packages=["busybox"], progress=said.append)
        assert lab.execute(name, ["cat", "/root/said"]).stdout == b"b\n"
        assert b"install ok installed" in lab.execute(name, ["dpkg", "-s", "busybox"]).stdout
        assert "fetching busybox" in said
    finally:
        lab.down(name)


@pytest.mark.parametrize("package", ["no-such-package-anywhere", "--purge"])
def test_what_is_no_package_is_refused_before_a_host_is_made(package: str) -> None:
    name = f"t{os.getpid()}-none"
    with pytest.raises(lab.LabError, match=package):
        lab.up(name, packages=[package])
    assert name not in [each.name for each in lab.hosts()]


def test_the_inventory_lists_the_running_hosts(host: lab.LabHost) -> None:
    listed = yaml.safe_load(lab.inventory())["all"]["hosts"][host.name]
    assert listed == {
        "ansible_host": host.address,
        "ansible_user": "ops",
        "ansible_ssh_private_key_file": str(host.key),
        "modbisect_role": "staging",
        "modbisect_known_hosts": str(host.known_hosts),
    }


def test_state_is_private(host: lab.LabHost) -> None:
    assert host.key.stat().st_mode & 0o777 == 0o600
    assert host.known_hosts.stat().st_mode & 0o777 == 0o600
    assert host.key.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("setups", [("shop",), ("shop", "security-pair"), ("shop", "opcache-off")])
def test_a_setup_leaves_the_shop_serving(lab_host: LabHostFactory, setups: tuple[str, ...]) -> None:
    host = lab_host(setup=setups)
    assert "All items" in page(host)
    assert "Item 12 costs" in page(host, "/items/12")
    assert "60 items" in page(host, "/report")
    assert lab.execute(host.name, ["a2dismod", "-q", "rewrite"]).returncode == 0
    assert lab.execute(host.name, ["apache2ctl", "configtest"]).returncode == 0
    lab.execute(host.name, ["systemctl", "restart", "apache2"])
    with pytest.raises(urllib.error.HTTPError, match="404"):
        page(host, "/items/12")


def test_the_middleware_hands_uploads_to_the_shop_unchanged(lab_host: LabHostFactory, tmp_path: Path) -> None:
    host = lab_host(setup=("shop", "upload-middleware"))
    upload = tmp_path / "Bäume.bin"
    upload.write_bytes(bytes(range(256)) * 400)
    post = ["/usr/bin/curl", "-fsS", "-F", f"file=@{upload}", f"http://{host.address}/upload"]
    answer = subprocess.run(post, capture_output=True, text=True, timeout=30, check=True).stdout
    assert "stored Bäume.bin (102400 bytes)" in answer
    crc = "SELECT crc FROM shop.uploads ORDER BY id DESC LIMIT 1"
    told = lab.execute(host.name, ["mariadb", "-BNe", crc]).stdout.decode().strip()
    own = lab.execute(
        host.name, ["php", "-r", "echo hash('crc32b', stream_get_contents(STDIN));"], input=upload.read_bytes()
    )
    assert told == own.stdout.decode()
