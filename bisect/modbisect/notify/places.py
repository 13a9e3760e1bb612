"""Where notices go: a URL, or a reference to one, since most hold a secret."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from modbisect.errors import UsageError
from modbisect.playbook import resolve_secret

GROUP = "modbisect.notifiers"
"""Entry points, named as the scheme of a URL; each is a function of the URL and the notice that raises `NotSent`."""
_REFERENCE = re.compile(r"(?:env|file):(?!//)")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")


@dataclass(frozen=True, slots=True)
class Place:
    """One of them."""

    name: str
    """For a person: as it was given where that was a reference, else the URL's scheme."""
    url: str = field(repr=False)

    @property
    def scheme(self) -> str:
        """What stands in front of ``://``."""
        return self.url.partition("://")[0].lower()


def place(given: str) -> Place:
    """What ``env:NAME``, ``file:PATH`` or a URL means.

    Raises:
        UsageError: the reference leads nowhere, or it is no URL; the words hold nothing of it.
    """
    referred = _REFERENCE.match(given) is not None
    url = resolve_secret(given) if referred else given
    scheme, separator, rest = url.partition("://")
    if not separator or not rest or not _SCHEME.fullmatch(scheme.lower()):
        raise UsageError(
            f"{given if referred else 'a place to notify'} is no URL such as slack://..., mailto://... or json://...",
            advice="the wiki of Apprise has those of each service; a secret one goes into env:NAME or file:/PATH",
        )
    return Place(given if referred else scheme.lower(), url)
