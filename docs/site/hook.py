"""What MkDocs does not do by itself: the reference, the files at the top as pages, links that hold on GitHub too."""

from __future__ import annotations

import logging
import posixpath
import re
from pathlib import Path

import reference
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_LOG = logging.getLogger("mkdocs.hooks")
ROOT = Path(__file__).parents[2]
TOP = {
    "README.md": "in-brief.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
}
"""Pages of the repository that lie outside of docs/."""
SPOKEN_FOR = {
    "bisect/modbisect/playbook/schema.py": "reference/playbook.md",
    "bisect/modbisect/inventory/schema.py": "reference/inventory.md",
    "bisect/modbisect/report/__init__.py": "reference/formats.md",
    "bisect/modbisect/errors.py": "reference/exit-codes.md",
}
"""Source, and the page that is made of it: a link to the one leads here to the other."""
ALONG = ("playbooks", "inventories")
"""Folders whose files come along, to be linked to."""
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)\s#]+)")
_FENCED = re.compile(r"(^(`{3,}).*?^\2$)", re.MULTILINE | re.DOTALL)
_INNER = re.compile(r"^  (?=- )", re.MULTILINE)
"""In front of a list in a list, where GitHub is content with two spaces."""
_SCROLLS = re.compile(r"(<table|<pre[^>]*>(?:<span></span>)?<code)>")
_MANUAL = re.compile(r"docs/man/(modbisect[a-z-]*)\.1")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the files at the top, the reference, and what comes along."""
    for path, place in TOP.items():
        files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
    for place, text in reference.pages().items():
        files.append(File.generated(config, place, content=text))
    for file in sorted(path for folder in ALONG for path in (ROOT / folder).rglob("*.yml")):
        files.append(File.generated(config, file.relative_to(ROOT).as_posix(), abs_src_path=str(file)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turns links between files of the repository into links between pages, and GitHub's inner lists into lists."""
    del config, files
    here = page.file.src_uri
    path = next((path for path, place in TOP.items() if place == here), f"docs/{here}")
    parts = _FENCED.split(markdown)
    parts[::3] = [_LINK.sub(lambda link: _turned(link[1], path, here), _INNER.sub("    ", each)) for each in parts[::3]]
    del parts[2::3]  # the fence alone, which the whole begins with
    return "".join(parts)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Makes what scrolls by itself reachable by the keyboard."""
    del page, config, files
    return _SCROLLS.sub(r"\1 tabindex=0>", html)


def _turned(link: str, path: str, here: str) -> str:
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link))
    if not (ROOT / target).exists() and not path.startswith("docs/reference/"):
        _LOG.warning("%s links to %s, which is not in the repository: on GitHub that leads nowhere", path, target)
    place, hash_, inside = placed(target).partition("#")
    return posixpath.relpath(place, posixpath.dirname(here) or ".") + hash_ + inside


def placed(path: str) -> str:
    """Where on the site a file of the repository stands."""
    if manual := _MANUAL.fullmatch(path):
        return f"{reference.COMMANDS}#{manual[1]}"
    return TOP.get(path) or SPOKEN_FOR.get(path) or path.removeprefix("docs/")
