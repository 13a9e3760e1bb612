"""In which order to suspect: the latest change first, what most sites need last. Never whom to accuse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from statistics import median

from modbisect.components import apache, php
from modbisect.components.facts import Facts
from modbisect.model import Component, Kind

_VITAL = {
    Kind.APACHE_MODULE: frozenset({"alias", "headers", "proxy", "proxy_http", "rewrite"}),
    Kind.PHP_MODULE: frozenset(
        {
            *("ctype", "curl", "dom", "fileinfo", "gd", "iconv", "intl", "json", "mbstring", "mysqli", "mysqlnd"),
            *("openssl", "pdo", "pdo_mysql", "pdo_pgsql", "pgsql", "simplexml", "tokenizer", "xml"),
        }
    ),
}
_SAVERS = {
    Kind.APACHE_MODULE: frozenset({"cache", "cache_disk", "cache_socache", "file_cache"}),
    Kind.PHP_MODULE: frozenset({"apcu", "opcache"}),
}
_LATELY = 24 * 3600.0
"""Seconds after the usual component was last changed."""
_FEW = 5
"""At most one in so many."""
_SUSPICION = 4.0


def ordered(components: Iterable[Component], facts: Facts) -> tuple[Component, ...]:
    """The latest change first; the few changed lately are suspected.

    What most sites need, or this site's own files speak of, is marked, and what most gain by.
    """
    marked = [
        replace(
            one,
            vital=one.kind is Kind.APACHE_SITE or one.name in _VITAL.get(one.kind, ()) or one.id in facts.used,
            saves=one.on and one.name in _SAVERS.get(one.kind, ()),
        )
        for one in components
    ]
    known = {one: changed(one, facts) for one in marked}
    times = [when for when in known.values() if when]
    usual = median(times) if times else 0.0
    late = {one for one, when in known.items() if when > usual + _LATELY}
    if len(late) * _FEW > len(known):
        late = set()  # what most have in common tells nothing
    weighed = {one: replace(one, suspicion=_SUSPICION) if one in late else one for one in known}
    return tuple(weighed[one] for one in sorted(known, key=lambda one: -known[one]))


def changed(component: Component, facts: Facts) -> float:
    """Unix time at which it was last switched or edited; of a setting, that of the file that sets it."""
    if component.kind is Kind.PHP_INI:
        sapi = php.serving(facts)
        paths = [php.effective_settings(facts, sapi)[component.name][0]] if sapi else []
    else:
        module = php if component.kind is Kind.PHP_MODULE else apache
        paths = [path for link in module.links(facts, component) for path in link]
    times = [entry.changed for path in paths if (entry := facts.entries.get(_absolute(path)))]
    return max(times, default=0.0)


def _absolute(path: str) -> str:
    return f"{apache.ROOT}/{path.removeprefix('../')}" if path.startswith("../") else path
