"""Playbooks: YAML to values, strictly, with the place of every error."""

from modbisect.playbook.asked import playbook_text
from modbisect.playbook.fields import check_url, config_file
from modbisect.playbook.hours import Hours
from modbisect.playbook.kept import left_out, whole, without_secrets
from modbisect.playbook.listing import load_listing
from modbisect.playbook.load import json_schema, load_playbook, parse_playbook, with_base
from modbisect.playbook.recorded import Page, read_recorded
from modbisect.playbook.secret import resolve_secret
from modbisect.playbook.units import format_seconds, format_size, parse_seconds, parse_size
from modbisect.playbook.values import Budget, CanaryOptions, Health, Playbook, Selection, TrialOptions

__all__ = [
    "Budget",
    "CanaryOptions",
    "Health",
    "Hours",
    "Page",
    "Playbook",
    "Selection",
    "TrialOptions",
    "check_url",
    "config_file",
    "format_seconds",
    "format_size",
    "json_schema",
    "left_out",
    "load_listing",
    "load_playbook",
    "parse_playbook",
    "parse_seconds",
    "parse_size",
    "playbook_text",
    "read_recorded",
    "resolve_secret",
    "whole",
    "with_base",
    "without_secrets",
]
