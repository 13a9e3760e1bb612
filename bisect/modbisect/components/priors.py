"""In which order to suspect: the latest change first, what most sites need last. Never whom to accuse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

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


def ordered(components: Iterable[Component], facts: Facts) -> tuple[Component, ...]:
    """The components with the latest change first, those that most sites need marked."""
    marked = (
        replace(one, vital=one.kind is Kind.APACHE_SITE or one.name in _VITAL.get(one.kind, ())) for one in components
    )
    return tuple(sorted(marked, key=lambda one: -changed(one, facts)))


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
