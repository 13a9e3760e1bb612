"""A command at fixed times: as units of systemd, as a line of cron's, as a CronJob of Kubernetes. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

MINE = "# Written by 'modbisect canary install'; 'modbisect canary remove' takes it away."
"""The first line of each unit: what does not begin so is somebody else's."""
_HOUR, _DAY = 60, 24 * 60
_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_LONGEST = 48
"""Letters of a name: a CronJob's has 52."""
_SHARE_OF_DELAY = 10
_CONFINED = "NoNewPrivileges=yes\nPrivateTmp=yes\nProtectSystem=strict\n"


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is to be done, and when."""

    name: str
    command: tuple[str, ...]
    minutes: int
    """From one time to the next; it divides an hour or a day."""
    user: str = ""
    """Who it is done as; empty for whom it is installed by."""
    writes: tuple[str, ...] = ()
    """Folders."""
    environment: str = ""
    """A file with variables; empty for none."""


def divides(minutes: int) -> bool:
    """Whether it comes at the same times every day."""
    return minutes > 0 and (_HOUR % minutes == 0 or (minutes % _HOUR == 0 and _DAY % minutes == 0))


def name_of(*parts: str) -> str:
    """A name for units and jobs: small letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")[:_LONGEST].rstrip("-")


def units(schedule: Schedule, *, of_user: bool) -> dict[str, str]:
    """A service and its timer, by file name; see systemd.service(5), systemd.timer(5), systemd.time(7).

    Args:
        schedule: what they do.
        of_user: they are for a user's own manager, which confines nothing.
    """
    confined = "" if of_user else _CONFINED
    writes = () if of_user else schedule.writes
    calendar = f"*:0/{schedule.minutes}" if schedule.minutes < _HOUR else f"0/{schedule.minutes // _HOUR}:00"
    service = f"""\
{MINE}
# Exit 1 (slower, or broken) fails the unit, so whatever watches failed units, or OnFailure=, tells somebody.
[Unit]
Description=modbisect canary {_unit_text(schedule.name)}
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
{f"User={schedule.user}{chr(10)}" if schedule.user else ""}\
{f"EnvironmentFile={_unit_text(schedule.environment)}{chr(10)}" if schedule.environment else ""}\
ExecStart={" ".join(map(_unit_word, schedule.command))}
TimeoutStartSec=1h
{confined}{"".join(f"ReadWritePaths={_unit_word(f'-{path}')}{chr(10)}" for path in writes)}"""
    timer = f"""\
{MINE}
[Unit]
Description=modbisect canary {_unit_text(schedule.name)}, every {schedule.minutes} minutes

[Timer]
OnCalendar={calendar}
RandomizedDelaySec={min(60, schedule.minutes * 60 // _SHARE_OF_DELAY)}
Persistent=yes

[Install]
WantedBy=timers.target
"""
    return {f"{schedule.name}.service": service, f"{schedule.name}.timer": timer}


def _unit_text(text: str) -> str:
    return text.replace("%", "%%")


def _unit_word(word: str) -> str:
    """One argument, as systemd takes it: no variable, no specifier."""
    escaped = word.replace("%", "%%").replace("$", "$$")
    if _PLAIN.fullmatch(word):
        return escaped
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'


def cron_line(schedule: Schedule) -> str:
    """A line for crontab(1): whatever is printed cron sends by mail."""
    if schedule.minutes < _HOUR:
        times = f"*/{schedule.minutes} * * * *" if schedule.minutes > 1 else "* * * * *"
    else:
        hours = schedule.minutes // _HOUR
        times = f"0 */{hours} * * *" if hours < _DAY // _HOUR else "0 0 * * *"
    load = f"set -a; . {shlex.quote(schedule.environment)}; " if schedule.environment else ""
    command = f"{load}{shlex.join(schedule.command)}"
    return f"{times} {command.replace('%', chr(92) + '%')}\n"


def cron_job(schedule: Schedule, files: Mapping[str, str], *, image: str, folder: str, keys: str, claim: str) -> str:
    """A CronJob with a ConfigMap of the files that it reads.

    Args:
        schedule: whose command finds these files in the folder.
        files: by name.
        image: one that has modbisect.
        folder: where they are in the container.
        keys: name of the Secret with the files of SSH (``id_ed25519``, ``known_hosts``); one of that name and
            ``-environment`` may have what ``env:NAME`` refers to.
        claim: name of the PersistentVolumeClaim for the history; empty where that is a database elsewhere.
    """
    mounts = [
        {"name": "files", "mountPath": folder, "readOnly": True},
        {"name": "ssh", "mountPath": "/home/modbisect/.ssh", "readOnly": True},
    ]
    volumes: list[dict[str, object]] = [
        {"name": "files", "configMap": {"name": schedule.name}},
        {"name": "ssh", "secret": {"secretName": keys, "defaultMode": 0o440}},
    ]
    if claim:
        mounts.append({"name": "state", "mountPath": "/home/modbisect/.local/state/modbisect"})
        volumes.append({"name": "state", "persistentVolumeClaim": {"claimName": claim}})
    container = {
        "name": "canary",
        "image": image,
        "command": list(schedule.command),
        "env": [{"name": "HOME", "value": "/home/modbisect"}],
        "envFrom": [{"secretRef": {"name": f"{keys}-environment", "optional": True}}],
        "volumeMounts": mounts,
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "resources": {"requests": {"cpu": "100m", "memory": "192Mi"}},
    }
    pod = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "fsGroup": 10001},
        "containers": [container],
        "volumes": volumes,
    }
    job = {
        "schedule": cron_line(Schedule(schedule.name, ("x",), schedule.minutes)).removesuffix(" x\n"),
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 60,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 5,
        "jobTemplate": {"spec": {"backoffLimit": 0, "activeDeadlineSeconds": 3600, "template": {"spec": pod}}},
    }
    documents: list[dict[str, object]] = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": schedule.name}, "data": dict(files)},
        {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": schedule.name}, "spec": job},
    ]
    return "---\n".join(yaml.safe_dump(each, sort_keys=False, width=120) for each in documents)
