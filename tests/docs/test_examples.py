"""The examples of docs/examples: valid by the schemas of those who read them, and what their scripts do is done.

No GitLab, GitHub, Rundeck or AWX is here: their scripts are run by bash, with the variables that these would set, and
Ansible's playbook by ansible-playbook; the host is a practice host.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from modbisect.errors import Exit
from modbisect.lab.practice import CULPRIT
from practice.practice_runs import small, written

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = DOCS / "examples"
BIN = Path(sys.executable).parent
FEW_REQUESTS = {"requests": 8}
"""A budget that ends a run at its first restart."""


def example(name: str) -> object:
    return yaml.safe_load((EXAMPLES / name).read_text())


def ran(argv: list[str], folder: Path, **names: str) -> subprocess.CompletedProcess[str]:
    """A command in a folder, with nothing of this machine's environment but where programs are."""
    environ = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "XDG_STATE_HOME": str(folder / "state"),
    }
    return subprocess.run(argv, cwd=folder, env=environ | names, capture_output=True, text=True, check=False)


def journals(folder: Path) -> list[Path]:
    return list(folder.glob("state/modbisect/runs/*/journal.jsonl"))


@pytest.fixture
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A repository as the pages have it: ``slow.yml`` and ``inventory.yml``, whose host is ``web-staging``.

    Beside it, as a CI system's secrets, ``key`` and ``hosts``.
    """
    folder = tmp_path / "project"
    folder.mkdir()
    with small(tmp_path / "host", lambda on: CULPRIT in on, slow_seconds=0.3) as made:
        book, hosts = written(made, tmp_path, getattr(request, "param", {}))
        shutil.copy(book, folder / "slow.yml")
        inventory = yaml.safe_load(Path(hosts).read_text())
        variables = inventory["all"]["hosts"].pop("practice")
        shutil.copy(variables["ansible_ssh_private_key_file"], tmp_path / "key")
        shutil.copy(variables["modbisect_known_hosts"], tmp_path / "hosts")
        variables |= {"ansible_ssh_private_key_file": "staging_key", "modbisect_known_hosts": "staging_known_hosts"}
        inventory["all"]["hosts"]["web-staging"] = variables
        (folder / "inventory.yml").write_text(yaml.safe_dump(inventory))
        yield folder


def with_keys(project: Path, *, known: bool = True) -> None:
    """What a job writes first; with no known hosts a host is refused."""
    shutil.copy(project.parent / "key", project / "staging_key")
    (project / "staging_known_hosts").write_text((project.parent / "hosts").read_text() if known else "")


@pytest.mark.parametrize(
    ("name", "schema"), [("gitlab-ci.yml", "vendor.gitlab-ci"), ("github-actions.yml", "vendor.github-workflows")]
)
def test_a_job_is_valid_by_the_schema_of_its_system(name: str, schema: str, tmp_path: Path) -> None:
    done = ran(["check-jsonschema", "--builtin-schema", schema, str(EXAMPLES / name)], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_gitlab_s_job_finds_the_culprit_and_keeps_what_it_says(project: Path) -> None:
    jobs = example("gitlab-ci.yml")
    assert isinstance(jobs, dict)
    job = jobs["slow-site"]
    lines = [line for line in (*job["before_script"], *job["script"]) if not line.startswith("pip ")]
    assert len(lines) == len(job["before_script"]) + len(job["script"]) - 1
    names = {name: value.replace("$CI_PROJECT_DIR", str(project)) for name, value in job["variables"].items()}
    secrets = {"STAGING_KEY": str(project.parent / "key"), "STAGING_KNOWN_HOSTS": str(project.parent / "hosts")}
    done = ran(["bash", "-eo", "pipefail", "-c", "\n".join(lines)], project, **names, **secrets)
    assert done.returncode == Exit.FOUND, done.stderr
    assert done.returncode not in job["allow_failure"]["exit_codes"]
    assert all(list(project.glob(path)) for path in job["artifacts"]["paths"])
    suite = ET.parse(project / job["artifacts"]["reports"]["junit"]).getroot()  # noqa: S314  our own
    assert [case.get("name") for case in suite if case.find("failure") is not None] == [CULPRIT]
    assert ran(["bash", "-c", "\n".join(job["after_script"])], project).returncode == 0
    assert not (project / "staging_key").exists()


@pytest.mark.parametrize("project", [FEW_REQUESTS], indirect=True)
def test_github_s_steps_make_of_an_inconclusive_run_a_warning(project: Path) -> None:
    workflow = example("github-actions.yml")
    assert isinstance(workflow, dict)
    job = workflow["jobs"]["slow-site"]
    summary = project.parent / "summary.md"
    steps = {step["name"]: step["run"] for step in job["steps"] if "run" in step}
    secrets = {"KEY": (project.parent / "key").read_text(), "KNOWN_HOSTS": (project.parent / "hosts").read_text()}
    assert ran(["bash", "-e", "-c", steps["Key and known hosts"]], project, **secrets).returncode == 0
    assert (project / "staging_key").stat().st_mode & 0o077 == 0
    done = ran(["bash", "-e", "-c", steps["What makes it slow?"]], project, GITHUB_STEP_SUMMARY=str(summary))
    assert done.returncode == 0, done.stderr
    assert "::warning::inconclusive" in done.stdout
    assert "the budget of 8 requests is spent" in summary.read_text()
    (upload,) = (step["with"] for step in job["steps"] if "upload-artifact" in step.get("uses", ""))
    assert all(list(project.glob(path)) for path in upload["path"].split())


def test_github_s_step_fails_where_a_run_was_refused(project: Path) -> None:
    with_keys(project, known=False)
    workflow = example("github-actions.yml")
    assert isinstance(workflow, dict)
    (step,) = (step for step in workflow["jobs"]["slow-site"]["steps"] if step.get("name") == "What makes it slow?")
    done = ran(["bash", "-e", "-c", step["run"]], project, GITHUB_STEP_SUMMARY=str(project / "summary.md"))
    assert done.returncode == Exit.REFUSED
    assert "the host key" in done.stderr


def rundeck() -> dict[str, object]:
    jobs = example("rundeck-job.yml")
    assert isinstance(jobs, list)
    (job,) = jobs
    assert isinstance(job, dict)
    return job


def rundeck_script(inventory: Path) -> str:
    (step,) = example("rundeck-job.yml")[0]["sequence"]["commands"]  # type: ignore[index]
    script: str = step["script"]
    assert "/etc/modbisect/inventory.yml" in script
    return script.replace("/etc/modbisect/inventory.yml", str(inventory))


def options(host: str) -> dict[str, str]:
    return {f"RD_OPTION_{name}": value for name, value in
            {"HOST": host, "URL": "/", "BUDGET": "2m", "INCIDENT": "INC-1"}.items()}  # fmt: skip


def test_rundeck_s_job_asks_for_what_its_script_reads() -> None:
    script = rundeck_script(Path("x"))
    asked = {option["name"]: option for option in rundeck()["options"]}  # type: ignore[attr-defined]
    assert set(re.findall(r"\$RD_OPTION_(\w+)", script)) == {name.upper() for name in asked}
    assert {f"RD_OPTION_{name.upper()}" for name in asked} == options("").keys()
    assert re.fullmatch(asked["host"]["regex"], "web-staging")
    assert not re.fullmatch(asked["host"]["regex"], "--leave-off")


def test_rundeck_s_script_tells_an_answer_as_markdown(project: Path) -> None:
    with_keys(project)
    done = ran(["sh", "-c", rundeck_script(project / "inventory.yml")], project, **options("web-staging"))
    assert done.returncode == 0, done.stderr
    # Where the box is busy, so short a search of a page of milliseconds may be too noisy to tell.
    assert done.stdout.startswith(("Cause not found", "Inconclusive")), done.stdout
    assert "## The run" in done.stdout
    assert "INC-1" in done.stdout


def test_rundeck_s_script_fails_where_there_is_no_answer(project: Path) -> None:
    done = ran(["sh", "-c", rundeck_script(project / "inventory.yml")], project, **options("another"))
    assert done.returncode == Exit.USAGE
    assert done.stdout == ""


def playbook(project: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Ansible itself, on localhost: as AWX would call it, but in no execution environment."""
    shutil.copy(EXAMPLES / "awx-playbook.yml", project)
    names = {"ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default", "ANSIBLE_SHOW_CUSTOM_STATS": "true"}
    return ran(["ansible-playbook", "awx-playbook.yml", *more], project, **names)


def test_ansible_takes_the_playbook(project: Path) -> None:
    assert playbook(project, "--syntax-check").returncode == 0


def test_the_playbook_finds_the_culprit_and_hands_it_on(project: Path) -> None:
    with_keys(project)
    done = playbook(project, "-e", "slow_host=web-staging")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{CULPRIT} makes upload slow" in done.stdout
    stats = json.loads(re.search(r"RUN: (\{.*\})", done.stdout, re.DOTALL)[1])  # type: ignore[index]
    assert (stats["slow_outcome"], stats["slow_culprits"]) == ("found", [CULPRIT])
    assert [path.parent.name for path in journals(project)] == [stats["slow_run"]]


def test_the_playbook_fails_where_a_run_was_refused(project: Path) -> None:
    with_keys(project, known=False)
    done = playbook(project, "-e", "slow_host=web-staging")
    assert done.returncode != 0
    assert '"rc": 4' in done.stdout
    assert "the host key" in done.stdout


@pytest.mark.parametrize("page", ["ci.md", "rundeck.md", "awx.md"])
def test_a_page_names_only_examples_that_are_there_and_every_exit_code(page: str) -> None:
    text = (DOCS / page).read_text()
    named = set(re.findall(r"examples/([\w.-]+)", text))
    assert named
    assert named <= {path.name for path in EXAMPLES.iterdir()}
    codes = {
        int(code) for row in re.findall(r"^\| ((?:\d+(?:, )?)+) \|", text, re.MULTILINE) for code in row.split(", ")
    }
    assert codes == {int(code) for code in Exit}
