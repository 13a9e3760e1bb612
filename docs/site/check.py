"""Reads the built site as a browser would: every link leads somewhere, and nothing is loaded from the network.

``python docs/site/check.py FOLDER`` ends with status 1 when one does not.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "source": ("src", "srcset"),
    "iframe": ("src",),
    "video": ("src", "poster"),
    "audio": ("src",),
    "object": ("data",),
    "embed": ("src",),
    "use": ("href", "xlink:href"),
}
"""What a browser fetches by itself; beside it every ``link``."""
_SHOWN_ONLY = {"canonical", "alternate", "license", "help", "next", "prev", "author"}
"""Relations of a ``link`` that nothing is fetched for."""
_OF_STYLE = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")


class Read(HTMLParser):
    """What one page links to, loads, and can be linked to at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self._styled = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keeps what it says."""
        said = {name: value or "" for name, value in attrs}
        self._styled = tag == "style"
        self.anchors |= {said[name] for name in ("id", "name") if name in said}
        self.loads += [said[name].split()[0] for name in LOADED.get(tag, ()) if said.get(name)]
        self.loads += _of_style(said.get("style", ""))
        if tag == "a" and "href" in said:
            self.links.append(said["href"])
        if tag == "link" and not _SHOWN_ONLY.intersection(said.get("rel", "").split()):
            self.loads.append(said.get("href", ""))

    def handle_data(self, data: str) -> None:
        """A style's own text."""
        self.loads += _of_style(data) if self._styled else []
        self._styled = False


def _of_style(text: str) -> list[str]:
    return [url or imported for url, imported in _OF_STYLE.findall(text)]


@cache
def _read(path: Path) -> Read:
    return Read(path.read_text(encoding="utf-8"))


def wrong(site: Path) -> Iterator[str]:
    """What is wrong with a site, a line each."""
    for path in sorted(site.rglob("*.html")):
        page = _read(path)
        yield from (f"{path}: loads {url}" for url in page.loads if _is_remote(url))
        local = [url for url in (*page.links, *page.loads) if not urlsplit(url).scheme and not _is_remote(url)]
        yield from (f"{path}: {url} leads nowhere" for url in local if not _is_there(url, path, site))
    for path in sorted(site.rglob("*.css")):
        yield from (f"{path}: loads {url}" for url in _of_style(path.read_text(encoding="utf-8")) if _is_remote(url))


def _is_remote(url: str) -> bool:
    return url.startswith("//") or urlsplit(url).scheme in ("http", "https", "ws", "wss")


def _is_there(url: str, page: Path, site: Path) -> bool:
    parts = urlsplit(url)
    above = site if parts.path.startswith("/") else page.parent  # the page that says "not found" is shown anywhere
    target = (above / unquote(parts.path).lstrip("/")).resolve() if parts.path else page
    target = target / "index.html" if target.is_dir() else target
    if not target.is_file():
        return False
    return not parts.fragment or target.suffix != ".html" or unquote(parts.fragment) in _read(target).anchors


if __name__ == "__main__":
    found = list(wrong(Path(sys.argv[1])))
    sys.stdout.writelines(f"{line}\n" for line in found)
    sys.exit(bool(found))
