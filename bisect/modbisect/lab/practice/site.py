"""The practice host's site: a real HTTP server on loopback, whose pages depend on the simulated components."""

from __future__ import annotations

import re
import select
import threading
import time
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import TypeAlias

from modbisect.lab.practice.machine import WORKER_KIB, Machine

QUICK_SECONDS = 0.02
"""What a quick upload takes on top of its transfer."""
REPORT_SECONDS = 0.3
"""What a report takes that has to be compiled anew."""
_CHUNK = 1 << 18
_DATABASE = frozenset({"php-module:mysqli", "php-module:mysqlnd", "php-module:mbstring"})


Page: TypeAlias = tuple[int, str, str]
"""Status, title and body; without a title the body is the whole."""


class Site(ThreadingTCPServer):
    """The shop of the practice host; its upload takes ``slow_seconds`` a MiB when the machine's rule says so."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, machine: Machine, slow_seconds: float) -> None:
        super().__init__(("127.0.0.1", 0), _Pages)
        self.machine = machine
        self.slow_seconds = slow_seconds
        threading.Thread(target=self.serve_forever, args=(0.1,), name="practice-site", daemon=True).start()

    @property
    def url(self) -> str:
        """Where the site begins."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""

    def close(self) -> None:
        """Stop serving."""
        self.shutdown()
        self.server_close()


class _Pages(BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"
    server_version = "practice-host"
    sys_version = ""
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._page()

    def do_POST(self) -> None:
        self._page()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Write no access log."""

    def _page(self) -> None:
        size = self._read_body()
        server = self.server.machine.server
        if server is None or size is None:
            self.close_connection = True
            return
        path = self.path.partition("?")[0]
        self._send(*(_refusal(path, server.on) or self._shop(path, size, server.on)))

    def _shop(self, path: str, size: int, on: frozenset[str]) -> Page:
        item = re.fullmatch(r"/items/(\d{1,4})", path)
        if item:
            return 200, f"Item {item[1]}", f"<p>Item {item[1]} costs 5.44.</p>"
        match path:
            case "/":
                return 200, "All items", "".join(f"<li>Item No. {number}</li>\n" for number in range(1, 61))
            case "/upload":
                return self._upload(size, on)
            case "/report":
                self._work(QUICK_SECONDS if "php-module:opcache" in on else REPORT_SECONDS)
                return 200, "Report", "<p>60 items, check 4711.</p>"
            case _:
                return 404, "Not found", "<p>No such page.</p>"

    def _read_body(self) -> int | None:
        """Bytes of the body, read and thrown away; None when the client went away."""
        length = self.headers.get("Content-Length", "0")
        left = total = int(length) if length.isdigit() else 0
        while left:
            data = self.rfile.read(min(left, _CHUNK))
            if not data:
                return None
            left -= len(data)
        return total

    def _upload(self, size: int, on: frozenset[str]) -> Page:
        if not size:
            return 400, "No file", "<p>The file did not arrive.</p>"
        machine = self.server.machine
        if machine.slow(on):
            machine.peak_kib = max(machine.peak_kib, WORKER_KIB + size * 24 // 1024)
            self._work(self.server.slow_seconds * size / (1 << 20))
        else:
            self._work(QUICK_SECONDS)
        return 200, "Uploaded", f"<p>stored {size} bytes</p>"

    def _work(self, seconds: float) -> None:
        """Take that long, or end early with a client that went away."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if select.select([self.connection], [], [], left)[0]:
                # Readable while nothing more is due: the client has closed.
                raise ConnectionResetError

    def _send(self, status: int, title: str, body: str) -> None:
        page = f"<html><head><title>{title} - Practice shop</title></head>\n<body>{body}</body></html>\n"
        data = (page if title else body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _refusal(path: str, on: frozenset[str]) -> Page | None:
    """What is served in place of the shop with these components."""
    if "apache-site:000-default" not in on:
        return 404, "404 Not Found", "<p>No such site.</p>"
    if "apache-module:php8.2" not in on:
        return 200, "", "<?php require '/var/www/shop/shop.php';\n"
    if path != "/" and "apache-module:rewrite" not in on:
        return 404, "404 Not Found", "<p>The requested URL was not found on this server.</p>"
    if missing := sorted(_DATABASE - on):
        return 500, "Error", f"<p>PHP Fatal error: the practice shop needs {missing[0]}</p>"
    return None
