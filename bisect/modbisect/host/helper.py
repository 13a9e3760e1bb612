"""The guard's script as one text, and where it lies on a host."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import resources

from modbisect.kinds import DIRECTIVES, configuration, guard_rules, survey_fragments

GUARD = "/var/lib/modbisect/guard"
"""While a run is open, and in no other moment."""
HELPER = "/usr/local/sbin/modbisect-guard"
"""Where a host's owner has installed it: the one command that its sudoers file then needs to name."""

_PARTS = (
    *(
        "host/guard/guard",
        "host/guard/store",
        "servers/names",
        "servers/apache",
        "servers/httpd",
        "servers/nginx",
        "servers/fpm",
        "servers/live",
        "host/guard/hold",
    ),
    *("host/guard/watch", "kinds/rights", "host/guard/edit", "host/guard/owner", "servers/told"),
    *("host/guard/change", "host/guard/restore", "host/guard/cure"),
)
_READING: Mapping[str, tuple[str | tuple[str, str], ...]] = {
    "survey": (
        *(
            "kinds/rights",
            "servers/told",
            "kinds/access",
            "kinds/used",
            "host/survey",
            "servers/httpd",
            "servers/survey",
            "kinds/survey",
            "kinds/changes",
            "kinds/applications",
        ),
        *survey_fragments(),
        "host/survey_end",
    ),
    "scratch": ("servers/told", "servers/httpd", "servers/scratch"),
    "look": ("servers/names", "host/look/look"),
}
"""The scripts that only read, and their parts; those of kinds as package and name."""
_READING_SECONDS = {"survey": 50, "scratch": 600, "look": 90}
_SAMPLER = (
    *(
        "host/look/base",
        "host/look/elf",
        "servers/php",
        "servers/python",
        "host/look/ends",
        "host/look/wait",
        "host/look/perf",
    ),
    *("host/look/named", "host/look/database", "host/look/logs", "host/look/main", "host/look/memory"),
)
"""What `look` hands to perl."""


def script() -> bytes:
    """The script: its parts, the table of all kinds' rules, and the two scripts that only read as verbs of it."""
    texts = [_read(name) for name in _PARTS]
    texts += [f"rules() {{\ncat <<'END_OF_rules'\n{guard_rules()}END_OF_rules\n}}\n"]
    texts += [f"{verb}() {{\n{reading(verb)}}}\n" for verb in _READING]
    # A last command that failed, and said nothing of it, could not write.
    return "\n".join([*texts, 'main "$@" || exit 73\nexit 0\n']).encode()


def reading(verb: str) -> str:
    """A script that only reads, standing alone: it ends after a time whatever it meets, with all that it started.

    Its standard input is that of the whole, so the script itself arrives on another descriptor.
    """
    text = "".join(parts(verb))
    return f"timeout -k 5 {_READING_SECONDS[verb]} /bin/sh /dev/fd/3 3<<'END_OF_{verb}'\n{text}END_OF_{verb}\n"


def parts(verb: str) -> list[str]:
    """The texts that a script which only reads is put together from."""
    return [*(_read(part) for part in _READING[verb]), *([_with_sampler()] if verb == "look" else [])]


def sampler() -> str:
    """The program in perl that looks, with the words that kinds search for."""
    lists = (("CONFIGURATION", configuration()), ("DIRECTIVES", DIRECTIVES))
    words = "".join(f"our @{name} = qw({' '.join(values)});\n" for name, values in lists)
    return "".join((*(_read(part, "pl") for part in _SAMPLER), words, "look();\n"))


def _with_sampler() -> str:
    perl = 'perl /dev/fd/4 "$seconds" "$low" "$high" "$subject" "$@"'
    return f"timeout -k 5 $((seconds + 20)) {perl} 4<<'END_OF_sampler' | head -c 500000\n{sampler()}END_OF_sampler\n"


def digest() -> str:
    """Its SHA-256, hexadecimal: what a host has installed must be the very same."""
    return hashlib.sha256(script()).hexdigest()


def _read(part: str | tuple[str, str], suffix: str = "sh") -> str:
    package, name = ("modbisect", part) if isinstance(part, str) else part
    return resources.files(package).joinpath(f"{name}.{suffix}").read_text()
