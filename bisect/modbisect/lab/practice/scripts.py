"""What the practice host answers to the read-only scripts of `modbisect.host`, in their own formats."""

from __future__ import annotations

import time
from collections.abc import Iterator

from modbisect.lab.practice import software
from modbisect.lab.practice.machine import WORKER_KIB, Machine
from modbisect.lab.practice.tree import Entry


def answer(machine: Machine, script: str, guard: list[str]) -> Iterator[str] | None:
    """The lines of a script's output; None for a script that is not known here.

    Args:
        machine: the host.
        script: recognised by what it does; its data stands behind it as a here-document.
        guard: what the survey shows of an open run.
    """
    if "section system" in script:
        return _survey(machine, guard)
    if "modbisect-scratch" in script:
        return _scratch(machine, script)
    return None


def _survey(machine: Machine, guard: list[str]) -> Iterator[str]:
    now, server = time.time(), machine.server
    yield from ("@@ system", "os modbisect-practice-host 1", "like debian", "init practice", "ticks 100")
    yield from (f"uptime {now - machine.booted:.2f}", f"now {now:.0f}", f"role {machine.role}")
    yield from (f"stop {'yes' if machine.stop else ''}", "machine practice", "@@ uuid", machine.uuid)
    yield from ("@@ server", f"parent {server.pid if server else 0}")
    if server:
        start = machine.ticks(server.started)
        yield from ("exe /usr/sbin/apache2", f"start {start}", f"child {start}")
        yield from ("@@ loaded", *server.loaded)
        yield "@@ newer"
        changed = ((entry.changed, path) for path, entry in machine.tree.items() if entry.changed > server.started)
        yield from (f"{when:.1f}\t{path}" for when, path in changed)
    yield from ("@@ builtin", "core", "so", "http_core", "log_config", "unixd", "version", "watchdog")
    failed, text = software.configuration_test(machine.tree)
    yield from ("@@ configtest", *text.splitlines(), "@@ configtest-status", str(failed), "@@ files")
    for path, entry in sorted(machine.tree.items()):
        yield f"{path}\t{'l' if entry.target else 'f'}\tf\t{entry.changed:.1f}\t{entry.target}"
    yield from (f"{path}\tf\tf\t{machine.booted:.1f}\t" for piece in software.PIECES for path in piece.available)
    yield from ("@@ markers", f"{machine.booted:.1f}\t/var/lib/php/modules/8.2/apache2/disabled_by_admin/opcache")
    yield from ("@@ may-be-on", "php-module:opcache")
    for section, folder in (("load-headers", "mods"), ("php-headers", "php")):
        yield f"@@ {section}"
        for piece in software.PIECES:
            yield from piece.headers() if piece.folder == folder else ()
    yield from ("@@ php-settings", "/etc/php/8.2/apache2/php.ini:12:zlib.output_compression = On")
    yield from ("@@ handlers", "/etc/apache2/mods-enabled/php8.2.conf:2:SetHandler application/x-httpd-php")
    yield from ("@@ package-lock", *machine.package_locks, "@@ guard", *guard, "@@ end")


def _scratch(machine: Machine, script: str) -> Iterator[str]:
    _, _, data = script.rpartition("\nmain <<")
    for line in data.splitlines()[1:-1]:
        key, *paths = line.split("\t")
        tree = dict(machine.tree)
        for each in paths:
            path, link, target = each.partition("=")
            tree.pop(path, None)
            if link:
                tree[path] = Entry(target, 0.0)
        failed, text = software.configuration_test(tree)
        yield f"{key}\t{failed}\t{' '.join(text.split())}"


def sample(machine: Machine) -> Iterator[str]:
    """Processor time of the host, then memory of the server's workers."""
    ticks = machine.ticks(time.time())
    yield f"cpu {ticks} {round(ticks * machine.stolen)}"
    if machine.server:
        for kib in (machine.peak_kib, WORKER_KIB):
            yield from (f"VmHWM:\t{kib} kB", f"VmRSS:\t{kib} kB")
