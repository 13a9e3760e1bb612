"""Has axe-core read the pages that modbisect makes, in a real Chromium: `make accessible`.

Each page is read in two widths, light and dark. Its policy, which lets no script in, is taken out of the copy that is
read. The status is 1 where axe finds anything serious.
"""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from modbisect.report import FORMATS, from_json

ROOT = Path(__file__).parents[1]
REPORTS = ("found-single", "found-two", "inconclusive", "not-restored", "hostile")
SITE = ("index", "statistics", "reference/commands", "kinds")
WIDTHS = (1100, 390)
SERIOUS = {"serious", "critical"}
_POLICY = re.compile(r'<meta http-equiv="?Content-Security-Policy[^>]*>', re.IGNORECASE)
RUN = """
axe.run(document).then(result => {
  const told = document.createElement("pre");
  told.id = "axe-core";
  told.textContent = JSON.stringify(result.violations.map(
    each => [each.id, each.impact, each.nodes.length, each.nodes[0].html.slice(0, 120)]));
  document.body.replaceChildren(told);
});
"""


@dataclass(frozen=True, slots=True)
class Violation:
    """One of axe-core's rules, broken."""

    rule: str
    impact: str
    places: int
    first: str


def read(page: Path, folder: Path, width: int, *, dark: bool) -> tuple[Violation, ...]:
    """What axe-core has against a page.

    Raises:
        ValueError: it did not come to its end.
    """
    axe = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text()
    text = _POLICY.sub("", page.read_text(encoding="utf-8"))
    copy = page.parent / f".axe-{page.name}"
    copy.write_text(text.replace("</body>", f"<script>{axe}</script><script>{RUN}</script></body>"), encoding="utf-8")
    shade = ["--blink-settings=preferredColorScheme=0"] if dark else []
    usual = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}"]
    asked = [f"--window-size={width},2000", "--virtual-time-budget=20000", "--dump-dom", copy.as_uri()]
    try:
        done = subprocess.run([*usual, *shade, *asked], capture_output=True, text=True, timeout=120, check=True)
    finally:
        copy.unlink()
    told = re.search(r'<pre id="axe-core">(.*?)</pre>', done.stdout, re.DOTALL)
    if not told:
        raise ValueError(f"{page}: axe-core did not come to its end")
    return tuple(Violation(*row) for row in json.loads(html.unescape(told[1])))


def pages(folder: Path) -> Iterator[tuple[str, Path]]:
    """Reports of the tests, the trend of a made-up site, and the site where `make site` has made it."""
    for name in REPORTS:
        page = folder / f"{name}.html"
        report = from_json((ROOT / f"tests/report/golden/{name}.json").read_text())
        page.write_text(FORMATS["html"](report), encoding="utf-8")
        yield f"report, {name}", page
    trend = folder / "trend.html"
    subprocess.run([sys.executable, str(ROOT / "docs/recordings/trend.py"), str(trend)], check=True)
    yield "trend", trend
    for name in SITE:
        if (page := ROOT / f"site/{name}.html").exists():
            yield f"site, {name}", page


def main() -> int:
    """Print a line a page and way to look at it."""
    serious = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, page in pages(Path(folder)):
            for width in WIDTHS:
                for dark in (False, True):
                    found = read(page, Path(folder) / "browser", width, dark=dark)
                    serious += sum(each.impact in SERIOUS for each in found)
                    said = "; ".join(f"{each.impact} {each.rule} x{each.places}: {each.first}" for each in found)
                    print(f"{name:<24} {width:>4} px {'dark' if dark else 'light':<5} {said or 'nothing'}", flush=True)
    return 1 if serious else 0


if __name__ == "__main__":
    sys.exit(main())
