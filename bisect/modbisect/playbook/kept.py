"""A playbook as a journal keeps it: without what a person may have written a secret into."""

from __future__ import annotations

from dataclasses import replace

from modbisect.errors import Refused
from modbisect.model import Probe
from modbisect.playbook.values import Playbook

_HIDDEN = "(not kept)"


def without_secrets(playbook: Playbook) -> Playbook:
    """The playbook for a journal: what a person may have written a secret into is left out.

    ``auth`` holds references by its own rule; cookies, headers, forms, bodies and queries hold what they like.
    """
    return replace(playbook, probes=tuple(map(_bare, playbook.probes)), login=playbook.login and _bare(playbook.login))


def _bare(probe: Probe) -> Probe:
    path, query, _ = probe.url.partition("?")
    return replace(
        probe,
        url=path + query + (_HIDDEN if query else ""),
        headers=tuple((name, _HIDDEN) for name, _ in probe.headers),
        cookies=tuple((name, _HIDDEN) for name, _ in probe.cookies),
        form=tuple((name, _HIDDEN) for name, _ in probe.form),
        body=probe.body and _HIDDEN,
    )


def whole(kept: Playbook, again: Playbook | None) -> Playbook:
    """A playbook out of a journal, with what was left out there taken from its file, read again.

    Raises:
        Refused: the file says something else than it did.
    """
    if again is None or kept == again:
        return kept
    if replace(without_secrets(again), budget=kept.budget) != kept:
        raise Refused(
            "the playbook says something else than when the run began",
            state="no host was touched",
            advice="put it back as it was, or start again with 'modbisect run'",
        )
    return replace(again, budget=kept.budget)


def left_out(playbook: Playbook) -> bool:
    """Whether something was left out of a playbook in a journal."""
    return any(
        probe.body or probe.form or probe.cookies or probe.headers or "?" in probe.url for probe in playbook.requests
    )
