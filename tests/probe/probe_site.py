"""A web site on loopback that answers as a test tells it, and remembers what it was asked."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_KEPT = 4 << 20
PAGE = b"<html><head><title>Shop</title></head><body>" + b"Welcome. " * 40 + b"</body></html>"


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    """The first few MiB."""
    body_size: int


@dataclass(frozen=True)
class Answer:
    body: bytes = PAGE
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/html; charset=UTF-8"),)
    dead: bool = False
    """Close the connection without a word."""


Rule = Callable[[Asked], Answer]


@dataclass
class Site:
    """Change ``rule`` to change the site; ``hold`` blocks every answer of `held` until the test is over."""

    rule: Rule = lambda _: Answer()
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    names: list[str | None] = field(default_factory=list)
    """The SNI names of TLS connections."""
    hold: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    server: _Server | None = None
    listening: bool = False
    scheme: str = "http"

    def held(self, answer: Answer | None = None) -> Answer:
        self.hold.wait(60)
        return answer or Answer(dead=True)

    @property
    def port(self) -> int:
        assert self.server is not None
        return int(self.server.server_address[1])

    def url(self, path: str = "/") -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def listen(self) -> None:
        """Takes connections from now on; refused before."""
        assert self.server is not None
        self.server.server_activate()
        self.listening = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, site: Site) -> None:
        super().__init__(("127.0.0.1", 0), _Handler, bind_and_activate=False)
        self.site = site

    def handle_error(self, *_: object) -> None:
        """A client that goes away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        with self.server.site.lock:
            self.server.site.connections += 1

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:  # the client cut the request off
            self.close_connection = True

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self) -> None:
        asked = self.read()
        with self.server.site.lock:
            self.server.site.asked.append(asked)
        answer = self.server.site.rule(asked)
        if answer.dead:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def read(self) -> Asked:
        size, start = 0, bytearray()
        announced = int(self.headers.get("Content-Length", 0))
        while size < announced:
            chunk = self.rfile.read(min(1 << 16, announced - size))
            if not chunk:
                break
            size += len(chunk)
            if len(start) < _KEPT:
                start += chunk
        return Asked(self.command, self.path, dict(self.headers.items()), bytes(start), size)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def running(*, listening: bool = True, certificate: Path | None = None) -> Iterator[Site]:
    site = Site()
    server = site.server = _Server(site)
    server.server_bind()
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        context.sni_callback = lambda _socket, name, _context: site.names.append(name)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        site.scheme = "https"
    if listening:
        site.listen()
    try:
        yield site
    finally:
        site.hold.set()
        if site.listening:
            server.shutdown()
        server.server_close()


def make_certificate(path: Path, *names: str) -> Path:
    """A self-made certificate with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = dt.datetime.now(dt.UTC)
    alternatives: list[x509.GeneralName] = [x509.DNSName(each) for each in names]
    alternatives.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def closed_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
