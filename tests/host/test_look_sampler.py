"""Parts of the sampler, called alone: what no lab host shows at will."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from modbisect.host import helper


def said(call: str) -> str:
    """What a call prints that stands in the place of the look itself."""
    program = helper.sampler().removesuffix("look();\n") + call
    words = ["/usr/bin/perl", "-", "1", "1", "2", "requests"]
    done = subprocess.run(words, input=program, capture_output=True, text=True, timeout=20, check=True)
    return done.stdout


def test_a_lock_that_the_process_itself_has_is_nobody_s_else() -> None:
    take = "open my $file, '+>', undef; flock $file, 2;"
    assert said(f"{take} print '<', lock_holder($$, fileno $file), '>';") == "<>"


def test_a_line_of_python_is_found_by_its_table() -> None:
    """Two instructions a line: no column, one line on, no columns and five lines back, nothing."""
    entries = ("0x80 | 13 << 3", "0", "0x81 | 11 << 3", "0", "0", "0x80 | 13 << 3", "11", "0x80 | 15 << 3")
    table = f"pack('C*', {', '.join(entries)})"
    call = f"print join ' ', map {{ python_line(40, {table}, $_) }} 0, 2, 4, 6, 8, 99;"
    assert said(call) == "40 41 41 36 36 0"


@pytest.mark.parametrize("asked", ["", "$diag{tcp_diag} = 0; "])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_both_ends_of_a_connection_are_known_by_either_list(address: str, asked: str) -> None:
    """The kernel's answer to a question, and its tables: the same."""
    with socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET) as server:
        port = server.getsockname()[1]
        with socket.create_connection((address, port)) as ours, server.accept()[0] as theirs:
            listens, here, there = (os.fstat(one.fileno()).st_ino for one in (server, ours, theirs))
            names = f"my ($name, $ends) = @{{peer({here})}}; my $far = $ends{{$ends}}; "
            names += f"print join ' ', $name, $far, peer({listens})->[0];"
            call = asked + names
            assert said(call) == f"tcp {'[0:0:0:0:0:0:0:1]' if ':' in address else address}:{port} {there} listening"


def test_the_dear_list_of_connections_is_left_alone_while_its_connection_is_held() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()) as ours, server.accept()[0] as theirs:
            port, inode = ours.getsockname()[1], os.fstat(theirs.fileno()).st_ino
            held = f"$low = $high = {port}; $worker{{{inode}}} = $pid; $ours{{$pid}} = {theirs.fileno()};"
            known = f"my $pid = {os.getpid()}; {held} $tcp_cost = 9; "
            counted = "my $read = 0; { no warnings; *read_tcp = sub { $read++ } } print connections(), ' ', $read;"
            call = f"{known} connections(); $tcp_cost = 9; {counted}"
            assert said(call) == f"{inode} 0"
        # Whoever had it has it no more.
        assert said(f"{known} @connections = ({inode}); $tcp_at = clock(); print connections();") == ""


def test_memory_is_whose_objects_the_pointers_in_it_lead_into() -> None:
    """Of perl's own: what it interprets is full of pointers into itself."""
    call = "my $kept = [map { {$_ => [$_]} } 1 .. 50_000]; my ($own, $read) = owners($$, page());"
    call += "my ($most) = sort { $own->{$b} <=> $own->{$a} } grep { $_ } keys %$own;"
    call += "print $read > 100 ? 'read ' : '', $most;"
    assert said(call).startswith("read /usr/bin/perl")


def test_a_process_that_is_gone_holds_nothing() -> None:
    assert said("my ($own, $read) = owners(0, page()); print scalar(keys %$own), ' ', $read") == "0 0"


def test_a_process_that_has_mapped_a_terabyte_costs_no_memory(tmp_path: Path) -> None:
    code = (
        "import mmap, sys\nfile = open(sys.argv[1], 'w+b'); file.truncate(1 << 40)\n"
        "kept = mmap.mmap(file.fileno(), 0), mmap.mmap(-1, 1 << 40, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000)\n"
        "print(flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "sparse")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as large:
        assert large.stdout
        assert large.stdout.readline() == b"\n", "it could not map so much"
        asked = f"my ($own, $read) = owners({large.pid}, page()); print slurp('/proc/self/status', 8192);"
        peak = int(said(asked).partition("VmHWM:")[2].split()[0])
        large.communicate()
    assert peak < 300_000  # KiB


def test_no_part_takes_the_name_of_another_s() -> None:
    names = re.findall(r"^sub (\w+)", helper.sampler(), re.MULTILINE)
    assert len(names) > 50
    assert len(names) == len(set(names))
