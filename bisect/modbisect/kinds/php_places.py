"""Which FPM Apache hands a page to, by where its handlers stand: a virtual host, a folder, a part of the site."""

from __future__ import annotations

from modbisect.kinds.found import Found

_LOCATION = 1_000_000
"""More specific than any folder."""


def by_place(found: Found, *, own_php: bool) -> list[str]:
    """The FPMs whose handlers the page that is asked for lies under, the most specific first.

    Args:
        found: the survey, with the page.
        own_php: Apache has a PHP of its own, beside which some handlers do not count.
    """
    asked = next((line.split() for line in found.sections["server"] if line.startswith("page ")), None)
    rows = [line.split("\t") for line in found.sections["php-places"]]
    if asked is None or len(asked) != 3:  # noqa: PLR2004  # as printed
        return []
    _, host, page = asked
    here = {"0", _virtual_host(rows, host)}
    file = _file(rows, here, page)
    covering = []
    for row in rows:
        if row[0] != "handler" or len(row) != 6 or row[1] not in here or (own_php and row[5] == "unless"):  # noqa: PLR2004  # as printed
            continue
        _, _, kind, place, fpm, _ = row
        if kind == "directory" and _is_below(file, place):
            covering.append((len(place), fpm))
        elif kind == "location" and _is_below(page, place):
            covering.append((_LOCATION + len(place), fpm))
        elif kind == "-":
            covering.append((int(row[1] != "0"), fpm))  # a folder has two letters at least
    return [fpm for _, fpm in sorted(covering, key=lambda one: -one[0])]


def _virtual_host(rows: list[list[str]], host: str) -> str:
    """The number of the one that a name leads to; the first, as Apache has it, where no name does."""
    named = [row[1] for row in rows if row[0] == "name" and row[2:] == [host.lower()]]
    every = sorted((row[1] for row in rows if row[1] != "0"), key=int)
    return (named or every or ["0"])[0]


def _file(rows: list[list[str]], here: set[str], page: str) -> str:
    """The path on the host that a page's own leads to, as far as aliases and the document root tell."""
    aliases = [(row[2], row[3]) for row in rows if row[0] == "alias" and len(row) == 4 and row[1] in here]  # noqa: PLR2004  # as printed
    covering = sorted((alias for alias in aliases if _is_below(page, alias[0])), key=lambda alias: -len(alias[0]))
    if covering:
        url, folder = covering[0]
        return f"{folder.rstrip('/')}/{page[len(url) :].lstrip('/')}"
    roots = sorted(
        ((row[1], row[2]) for row in rows if row[0] == "root" and row[1] in here), key=lambda root: -int(root[0])
    )
    return f"{roots[0][1].rstrip('/')}{page}" if roots else page


def _is_below(path: str, place: str) -> bool:
    return path == place.rstrip("/") or path.startswith(f"{place.rstrip('/')}/")
