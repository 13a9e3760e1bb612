"""A matplotlib figure as SVG that a strict page takes.

A policy without inline styles refuses every ``style`` attribute; presentation attributes and classes it lets through.
Colours become classes, so that the page's own stylesheet says what they are in the light, in the dark and on paper.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from xml.etree import ElementTree as ET

import matplotlib as mpl
from matplotlib.figure import Figure

_SVG = "http://www.w3.org/2000/svg"
_HREF = "{http://www.w3.org/1999/xlink}href"
_KEPT = re.compile(r"stroke-(?:width|dasharray|linecap|linejoin)|font-size|text-anchor|(?:fill-|stroke-)?opacity")
_NUMBER = re.compile(r"-?\d+\.\d{3,}")


def written(draw: Callable[[], Figure], colours: Mapping[str, str], name: str, title: str, said: str) -> str:
    """A figure as an ``svg`` element for a page; no text in it is taken for a formula.

    Args:
        draw: makes it, with no other colours than these.
        colours: for each colour, as ``#0000ff``, what it stands for: the classes are ``fill-`` and ``stroke-`` of it.
        name: unlike that of any other figure of the page; ids begin with it.
        title: what a reader of screens says first.
        said: what the figure shows, in words.
    """
    file = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "modbisect", "text.parse_math": False}):
        draw().savefig(file, format="svg", transparent=True, metadata={"Date": None})
    root = ET.fromstring(file.getvalue())  # noqa: S314  # our own
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.rpartition("}")[2] in ("metadata", "style"):
                parent.remove(child)
    for element in root.iter():
        _plain(element, colours, name)
    width, height = root.get("viewBox", "0 0 1 1").split()[2:]
    root.attrib = {"viewBox": f"0 0 {width} {height}", "role": "img", "aria-labelledby": f"{name}-title {name}-said"}
    for number, (kind, words) in enumerate((("title", title), ("desc", said))):
        told = ET.Element(f"{{{_SVG}}}{kind}", {"id": f"{name}-{'title' if kind == 'title' else 'said'}"})
        told.text = words
        root.insert(number, told)
    ET.register_namespace("", _SVG)
    return _NUMBER.sub(lambda found: f"{float(found[0]):.2f}", ET.tostring(root, encoding="unicode"))


def _plain(element: ET.Element, colours: Mapping[str, str], name: str) -> None:
    """Without a style and without links; what is referred to is in this figure."""
    classes = []
    for declared in element.attrib.pop("style", "").split(";"):
        what, _, value = (part.strip() for part in declared.partition(":"))
        if what in ("fill", "stroke") and value in colours:
            classes.append(f"{what}-{colours[value]}")
        elif what in ("fill", "stroke") or _KEPT.fullmatch(what):
            element.set(what, value)
    if classes:
        element.set("class", " ".join(classes))
    if target := element.attrib.pop(_HREF, ""):
        element.set("href", f"#{name}-{target.removeprefix('#')}")
    if own := element.get("id"):
        element.set("id", f"{name}-{own}")
    if clip := element.get("clip-path"):
        element.set("clip-path", clip.replace("url(#", f"url(#{name}-"))
