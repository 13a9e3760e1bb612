"""Notices, by the real Apprise to a real receiver of webhooks and a real one of mail; Grafana's API is a stand-in."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from modbisect.errors import UsageError
from modbisect.notify import Level, Notice, Place, of_checks, of_run, place, send, unready
from modbisect.report import from_json

NOTICE = Notice(
    "web1: home is slower", "home takes 0.3 s\nmodbisect report 1a2b", Level.BAD, "web1", ("canary",), 5.5, 9
)
REPORT = Path(__file__).parents[1] / "report"


@dataclass
class Receiver:
    """What has arrived, and what is answered."""

    url: str = ""
    got: list[tuple[str, dict[str, str], dict[str, object]]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            kept.got.append((self.path, dict(self.headers), body))
            self.send_response(kept.answers.pop(0) if kept.answers else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    kept.url = f"127.0.0.1:{server.server_port}"
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_by_apprise(receiver: Receiver) -> None:
    assert tuple(send([place(f"json://{receiver.url}/hook")], NOTICE)) == ()
    ((path, _, body),) = receiver.got
    assert path == "/hook"
    assert (body["title"], body["message"], body["type"]) == (NOTICE.title, NOTICE.text, "failure")


def test_mail_by_apprise() -> None:
    mails: list[bytes] = []

    class Keeper:
        async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
            mails.append(envelope.original_content or b"")
            return "250 OK"

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(Keeper(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        url = f"mailto://127.0.0.1:{port}?from=modbisect@web.test&to=ops@web.test&format=text"
        assert tuple(send([Place("mail", url)], NOTICE)) == ()
    finally:
        controller.stop()
    mail = message_from_bytes(mails[0])
    assert mail["Subject"] == NOTICE.title
    assert "home takes 0.3 s" in str(mail.get_payload(decode=True) or mail)


def test_an_annotation_of_grafana(receiver: Receiver) -> None:
    assert tuple(send([place(f"grafana://tok%2Fen@{receiver.url}/g/?dashboard=abc")], NOTICE)) == ()
    ((path, headers, body),) = receiver.got
    assert (path, headers["Authorization"]) == ("/g/api/annotations", "Bearer tok/en")
    assert (body["time"], body["timeEnd"], body["dashboardUID"]) == (5500, 9000, "abc")
    assert body["tags"] == ["modbisect", "web1", "canary"]
    assert str(body["text"]).startswith(NOTICE.title)


@pytest.mark.parametrize("scheme", ["json://user:hunter22@", "grafana://hunter22@"])
def test_a_place_that_fails_first_is_tried_again(receiver: Receiver, scheme: str) -> None:
    receiver.answers = [503, 500, 200]
    assert tuple(send([place(f"{scheme}{receiver.url}/")], NOTICE)) == ()
    assert len(receiver.got) == 3


@pytest.mark.parametrize("scheme", ["json://user:hunter22@", "grafana://hunter22@"])
def test_a_failure_is_a_sentence_without_a_secret(receiver: Receiver, scheme: str) -> None:
    receiver.answers = [500] * 9
    (failure,) = send([place(f"{scheme}{receiver.url}/hunter33")], NOTICE)
    assert failure.startswith(f"{scheme.partition(':')[0]} was not notified: ")
    assert "hunter" not in failure
    assert "500" in failure or "Internal" in failure


def test_where_nobody_listens_the_others_are_told(receiver: Receiver) -> None:
    nobody = [place("json://127.0.0.1:9/"), place("grafana://t@127.0.0.1:9"), place("slack://nonsense")]
    failures = tuple(send([*nobody, place(f"json://{receiver.url}")], NOTICE))
    assert [failure.split(" ")[0] for failure in failures] == ["json", "grafana", "slack"]
    assert "nonsense" not in failures[2]
    assert len(receiver.got) == 1


def test_a_place_by_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "url").write_text("json://somewhere/hunter2\n")
    monkeypatch.setenv("HOOK", "json://somewhere/hunter2")
    for given in ("env:HOOK", f"file:{tmp_path / 'url'}"):
        known = place(given)
        assert (known.name, known.url) == (given, "json://somewhere/hunter2")
        assert "hunter2" not in repr(known)
    monkeypatch.setenv("HOOK", "hunter2")
    for given in ("env:HOOK", "hunter2", "://x", "env:NOBODY", "json://"):
        with pytest.raises(UsageError) as caught:
            place(given)
        assert "hunter2" not in str(caught.value)


def test_what_a_report_becomes() -> None:
    report = from_json((REPORT / "golden/found-single.json").read_text())
    notice = of_run(replace(report, change="CHG-7"))
    assert notice.level is Level.WARNING
    assert notice.ended - notice.began == pytest.approx(report.seconds)
    assert "for good:" in notice.text
    assert notice.text.splitlines()[-1] == f"The whole of it: modbisect report {report.run[:8]}"
    assert "CHG-7" in notice.tags
    doubt = replace(report, restored=replace(report.restored, verified=False, how="the link is lost"))
    assert of_run(doubt).level is Level.BAD
    assert "IS NOT RESTORED: the link is lost. Run now:" in of_run(doubt).text


def test_what_has_begun_and_what_is_over() -> None:
    notice = of_checks("web1", "shop", ["home is slower: 1 s"], ["item is as usual: 2 s; it was broken"], 5)
    assert notice.title == "web1: home is slower: 1 s (and 1 more)"
    assert (notice.level, of_checks("web1", "shop", [], ["x"], 5).level) == (Level.BAD, Level.GOOD)


def test_what_nothing_here_can_send_to_is_known_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    places = [place("json://127.0.0.1:1/hunter2"), place("grafana://hunter2@127.0.0.1:1")]
    assert list(unready(places)) == []
    monkeypatch.setattr("modbisect.notify.sending.find_spec", lambda _: None)
    assert list(unready(places)) == [
        "json cannot be notified: Apprise is not installed: pip install 'modbisect[notify]'"
    ]


def test_the_verb_sends_a_test_and_a_dry_run_sends_nothing(receiver: Receiver, tmp_path: Path) -> None:
    def said(*more: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "modbisect", "notify", *more],
            env={"MODBISECT_NOTIFY": f"json://{receiver.url}/hunter2", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    code, text = said("--dry-run")
    assert (code, receiver.got) == (0, [])
    assert text.startswith("would go to json (info):\n  modbisect: this is a test\n")
    assert said() == (0, "")
    assert len(receiver.got) == 1
    receiver.answers = [500] * 3
    code, text = said()
    assert code == 4
    assert "hunter2" not in text
