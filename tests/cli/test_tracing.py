"""A run's trace, as a receiver of OTLP gets it; and that a run ends as ever where nobody does."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from cli.collector import Answering, answer, collector, drip, interrupt, read, say_nothing
from cli.hostile import Answer, Commands
from modbisect.cli import tracing
from modbisect.lab.practice import CULPRIT
from modbisect.run.journal import runs_folder
from modbisect.run.otlp import send
from modbisect.run.spans import Said, Span
from practice.practice_runs import small, written

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(autouse=True)
def _of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine's own environment says of traces is none of the tests' business."""
    for name in ("TRACEPARENT", "TRACESTATE", *(name for name in tracing.os.environ if name.startswith("OTEL_"))):
        monkeypatch.delenv(name, raising=False)


def refused(command: Commands) -> Answer:
    """A run that is refused before anything is connected to: a secret would go to another site."""
    folder = Path.cwd()
    auth = {"user": "shop", "secret": "env:HOME"}
    probes = {"home": {"get": "https://elsewhere.example/", "auth": auth}}
    (folder / "book.yml").write_text(yaml.safe_dump({"version": 1, "probes": probes, "symptom": {"probe": "home"}}))
    hosts = {"web1": {"ansible_host": "127.0.0.1", "modbisect_role": "staging", "modbisect_base_url": "http://web1"}}
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    return command("run", "book.yml", "web1", "-i", "hosts.yml")


def untraced(told: Answer) -> tuple[int, str, list[str]]:
    """What a command answers, but for the id of its run."""
    lines = [line for line in told.err.splitlines() if not line.startswith("run ")]
    return told.code, told.out, [line for line in lines if "the trace of run" not in line]


def test_a_whole_run_arrives_with_its_own_times(
    command: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small(tmp_path / "host", lambda on: CULPRIT in on, slow_seconds=0.3) as made, collector() as seen:
        monkeypatch.setenv(ENDPOINT, seen.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=web")
        book, hosts = written(made, tmp_path, {})
        answered = command("run", book, "practice", "-i", hosts, "--seed", "7", "--json")
    assert answered.code == 1
    report = json.loads(answered.out)
    assert (seen.paths, seen.headers[0]["x-team"]) == (["/v1/traces"], "web")
    assert seen.resource["service.name"] == "modbisect"

    run = seen.named("run")
    assert (run.trace_id.hex(), run.parent_span_id) == (report["run"], b"")
    assert run.status.code == Status.STATUS_CODE_UNSET
    about = read(run.attributes)
    assert (about["host.name"], about["modbisect.outcome"], about["modbisect.restored"]) == ("practice", "found", "yes")
    assert about["modbisect.culprits"] == [CULPRIT]
    assert about["modbisect.verdict"] == report["verdict"]
    steps = {span.name for span in seen.spans if span.parent_span_id == run.span_id}
    assert steps == {
        "connect", "survey", "as found", "configuration tests", "look", "search", "restore", "site check"
    }  # fmt: skip

    (folder,) = runs_folder().iterdir()
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    stamps = {(line["type"], line.get("number")): line["at"] for line in lines}
    assert times(run) == [nanoseconds(stamps[each, None]) for each in ("began", "finished")]
    trials = [span for span in seen.spans if span.name == "trial"]
    assert {span.parent_span_id for span in trials} == {seen.named("search").span_id}
    assert len(trials) == report["trials"] == about["modbisect.trials"]
    for trial in trials:
        number = read(trial.attributes)["modbisect.trial.number"]
        assert times(trial) == [nanoseconds(stamps[each, number]) for each in ("trial-began", "trial-ended")]
    assert {read(trial.attributes)["modbisect.trial.verdict"] for trial in trials} >= {"slow", "fast"}


def times(span: object) -> list[int]:
    return [getattr(span, f"{end}_time_unix_nano") for end in ("start", "end")]


def nanoseconds(at: str) -> int:
    return round(datetime.fromisoformat(at).timestamp() * 1e6) * 1000


def test_a_refused_run_is_a_trace_with_an_error(command: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    with collector() as seen:
        monkeypatch.setenv(ENDPOINT, seen.url)
        assert refused(command).code == 4
    run = seen.named("run")
    assert run.status.code == Status.STATUS_CODE_ERROR
    assert run.status.message.startswith("probe home would send its secret to https://elsewhere.example")
    assert read(run.attributes)["error.type"] == "refused"


def test_under_a_job_s_span_it_is_a_part_of_that_trace(command: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    with collector() as seen:
        monkeypatch.setenv(ENDPOINT, seen.url)
        monkeypatch.setenv("TRACEPARENT", TRACEPARENT)
        monkeypatch.setenv("TRACESTATE", "ci=1")
        monkeypatch.setenv("OTEL_SERVICE_NAME", "nightly")
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=staging")
        refused(command)
    run = seen.named("run")
    assert [run.trace_id.hex(), run.parent_span_id.hex()] == TRACEPARENT.split("-")[1:3]
    assert run.trace_state == "ci=1"
    assert (seen.resource["service.name"], seen.resource["deployment.environment.name"]) == ("nightly", "staging")


@pytest.mark.parametrize(
    "no", ["", "nonsense", f"00-{'0' * 32}-b7ad6b7169203331-01", TRACEPARENT.replace("00-", "ff-")]
)
def test_what_is_no_traceparent_makes_it_nobody_s_child(
    command: Commands, monkeypatch: pytest.MonkeyPatch, no: str
) -> None:
    with collector() as seen:
        monkeypatch.setenv(ENDPOINT, seen.url)
        monkeypatch.setenv("TRACEPARENT", no)
        told = refused(command)
    (folder,) = runs_folder().iterdir()
    assert (seen.named("run").trace_id.hex(), seen.named("run").parent_span_id) == (folder.name, b"")
    assert "trace" not in told.err


@pytest.mark.parametrize(
    "unwanted",
    [
        {"OTEL_SDK_DISABLED": "true"},
        {"OTEL_TRACES_EXPORTER": "none"},
        {"TRACEPARENT": TRACEPARENT.removesuffix("01") + "00"},
        {"OTEL_TRACES_SAMPLER": "always_off"},
    ],
    ids=lambda names: next(iter(names)),
)
def test_nothing_is_sent_where_it_is_not_wanted(
    command: Commands, monkeypatch: pytest.MonkeyPatch, unwanted: dict[str, str]
) -> None:
    with collector() as seen:
        monkeypatch.setenv(ENDPOINT, seen.url)
        for name, value in unwanted.items():
            monkeypatch.setenv(name, value)
        told = refused(command)
    assert seen.requests == []
    assert "trace" not in told.err


def failure(command: Commands, monkeypatch: pytest.MonkeyPatch, **names: str) -> str:
    """What is told of a trace that could not be sent: one line, beside what is told and the exit code as ever."""
    plain = untraced(refused(command))
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    told = refused(command)
    assert untraced(told) == plain
    (line,) = (line for line in told.err.splitlines() if "trace" in line)
    assert line.startswith("modbisect: the trace of run ")
    return line


def nobody_there() -> str:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return f"127.0.0.1:{closed.getsockname()[1]}"


@pytest.mark.parametrize("answering", [say_nothing, drip])
def test_a_receiver_that_hangs_is_not_waited_for(
    command: Commands, monkeypatch: pytest.MonkeyPatch, answering: Answering
) -> None:
    monkeypatch.setattr(tracing, "_SECONDS", 0.3)
    monkeypatch.setattr(tracing, "_GRACE_SECONDS", 0.3)
    with collector(answering) as seen:
        line = failure(command, monkeypatch, **{ENDPOINT: seen.url})
        assert not seen.over.is_set()
    assert seen.requests, "it was reached"
    assert f"was not sent to {seen.url}: " in line
    assert any(words in line for words in ("timeout", "timed out", "no answer within 0.3 s")), line


def test_ctrl_c_ends_the_waiting_and_nothing_else(command: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    with collector(interrupt) as seen:
        assert failure(command, monkeypatch, **{ENDPOINT: seen.url}).endswith(": interrupted")


def test_where_nobody_is_that_is_told(command: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "_SECONDS", 1.5)
    place = nobody_there()
    line = failure(command, monkeypatch, **{ENDPOINT: f"http://shop:hunter2@{place}"})
    assert f"was not sent to http://{place}: " in line
    assert "Connection refused" in line
    assert "hunter2" not in line


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ({ENDPOINT: "http://["}, "is not a valid host or port"),
        ({ENDPOINT: "ftp://127.0.0.1"}, "No connection adapters were found"),
        ({ENDPOINT: "http://127.0.0.1:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "only http/protobuf is spoken"),
    ],
)
def test_what_the_environment_has_wrong_is_told(
    command: Commands, monkeypatch: pytest.MonkeyPatch, names: dict[str, str], says: str
) -> None:
    assert says in failure(command, monkeypatch, **names)


def test_a_receiver_that_says_no_is_told_with_its_words(command: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    with collector(answer(401)) as seen:
        assert "401, reason: Unauthorized" in failure(command, monkeypatch, **{ENDPOINT: seen.url})
        assert len(seen.requests) == 1


def test_text_of_a_host_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = "a\n\x1b[31m\u202eb\ud800" + "c" * 9999
    now = datetime.now(UTC)
    span = Span("run", now, now, {"one": hostile, "several": (hostile,)}, hostile, (Said(now, "warning", hostile),))
    with collector() as seen:
        monkeypatch.setenv(ENDPOINT, seen.url)
        assert send("1a" * 16, span, {}, 5.0) == ""
    run = seen.named("run")
    about = read(run.attributes)
    for text in (
        about["one"],
        *about["several"],
        run.status.message,
        read(run.events[0].attributes)["modbisect.words"],
    ):
        assert text.startswith("a bc")
        assert len(text) == 500


def test_without_the_extra_it_says_what_to_install(command: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it were not installed: its modules cannot be imported."""
    monkeypatch.delitem(sys.modules, "modbisect.run.otlp", raising=False)
    for name in {"opentelemetry.context", *(name for name in sys.modules if name.startswith("opentelemetry"))}:
        monkeypatch.setitem(sys.modules, name, None)
    assert "pip install 'modbisect[opentelemetry]'" in failure(command, monkeypatch, **{ENDPOINT: "http://127.0.0.1:9"})


def test_without_an_endpoint_nothing_is_told_and_nothing_loaded(command: Commands) -> None:
    assert "trace" not in refused(command).err
    code = (
        "import sys; from modbisect.cli import run, resume, incident; "
        "print([name for name in sys.modules if name.partition('.')[0] in ('opentelemetry', 'requests', 'google')])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout == "[]\n"
