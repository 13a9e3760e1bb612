"""What is planted, what is asked, and who did it: one value a scene; and the hosts that others have planted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from written import BUDGET

from modbisect import lab

_PLANTED, _REPORTED = (Path(__file__).parent / folder for folder in ("planted", "reported"))

_SHOP = """\
probes:
  home: {get: /, expect: {status: 200, contains: "</html>"}}
  item: {get: /items/12, expect: {status: 200}}
"""
_VISITOR = "cookies: {PHPSESSID: a1b2c3d4e5f6a7b8c9d0e1f2a3}"
_FIELDS = ", ".join(f"field{number}: value {number}" for number in range(500))


@dataclass(frozen=True, slots=True)
class Scene:
    """A host with a culprit, or none."""

    name: str
    kind: str
    setups: tuple[str, ...]
    """Planted after the shop and its further pages, in this order."""
    page: str
    """The symptom's probe and what counts as slow; what else the shop is asked stands before it."""
    truth: frozenset[frozenset[str]]
    loaded: bool = False
    """With other visitors and a busy processor beside the run."""
    packages: tuple[str, ...] = ()
    lines: frozenset[str] = frozenset()
    """``FILE:LINE``: those that a right answer tells."""

    @property
    def scripts(self) -> tuple[Path, ...]:
        """Run behind the shop and its further pages, in this order."""
        return tuple(lab.SETUPS / f"{setup}.sh" for setup in self.setups)

    def is_right(self, named: set[frozenset[str]]) -> bool:
        """Whether it is the very sets that were named."""
        return named == self.truth

    def playbook(self, strategy: str) -> str:
        """The whole playbook."""
        text = f"name: {self.name}\nstrategy: {strategy}\nbudget: {{time: {BUDGET}}}\n{_SHOP}{self.page}\n"
        return text + ("components: {allow_security: true}\n" if self.guarded else "")

    @property
    def guarded(self) -> bool:
        """Whether a part of the truth protects the site, and stays as found unless the playbook says otherwise."""
        return any("apache-module:security2" in one for one in self.truth)


def _page(probe: str, symptom: str = "") -> str:
    return f"  slow: {{{probe}}}\nsymptom: {{probe: slow{symptom}}}"


def _scene(name: str, kind: str, page: str, *truth: str) -> Scene:
    """Setups are ``name``'s words; each of ``truth`` is one culprit, its members by spaces."""
    return Scene(name, kind, tuple(name.split()), page, frozenset(frozenset(one.split()) for one in truth))


_HOME, _ITEM = _page("get: /"), _page("get: /items/7")
_PREFIX = "/usr/local/apache2"
_STOCK = "get: /stock.php"
_UPLOAD = "post: /upload, file: {field: file, size: %s}, expect: {contains: stored}"

SCENES = (
    _scene("xdebug-profile", "single", _page("get: /catalogue.php"), "php-module:xdebug"),
    _scene("legacy-urls", "single", _ITEM, "apache-conf:legacy-urls"),
    _scene("deflate-nine", "single", _page("get: /prices.txt"), "apache-module:deflate"),
    _scene("hostname-lookups", "single", _ITEM, "apache-conf:names-in-log"),
    _scene("few-workers", "single", _page(f"{_STOCK}, concurrency: 4"), "apache-conf:small-server"),
    _scene("session-lock", "single", _page(f"{_STOCK}, concurrency: 4, {_VISITOR}"), "php-module:visitors"),
    _scene("upload-middleware", "only at size", _page(_UPLOAD % "8MiB", ", slower_than: 1s"), "php-module:uploadguard"),
    _scene("crs-forms", "only at size", _page(f"post: /items/7, form: {{{_FIELDS}}}"), "apache-module:security2"),
    _scene("rate-limit", "only at size", _page('get: /prices.txt, encoding: ""'), "apache-module:ratelimit"),
    _scene(
        "security-pair",
        "together",
        _page(_UPLOAD % "20MiB", ", slower_than: 1s"),
        "apache-module:security2 apache-conf:upload-inspection",
    ),
    _scene("multiviews", "together", _ITEM, "apache-module:negotiation apache-conf:language-pages"),
    _scene(
        "country-pair",
        "together",
        _page("get: /items/7, headers: {X-Country: de}"),
        "apache-conf:countries apache-conf:untrusted-headers",
    ),
    _scene("opcache-off", "off", _page("get: /report"), "php-module:opcache"),
    _scene("opcache-setting", "off", _page("get: /report"), "php-ini:opcache.enable"),
    _scene("page-cache-off", "off", _page(_STOCK), "apache-module:cache_disk"),
    _scene(
        "legacy-urls xdebug-profile",
        "two at once",
        _page("get: /catalogue.php"),
        "apache-conf:legacy-urls",
        "php-module:xdebug",
    ),
    _scene("tenth-visit", "tail only", _page("get: /items/7", ", measure: tail"), "php-module:visits"),
    _scene("crs-idle", "memory only", _page("get: /items/7", ", measure: memory"), "apache-module:security2"),
    _scene("geodata", "memory only", _page("get: /items/7", ", measure: memory"), "php-module:geodata"),
    replace(
        _scene("httpd-fpm", "layout", _HOME, "apache-conf:/etc/httpd/conf.d/old-addresses.conf"), packages=("gawk",)
    ),
    _scene("httpd-prefix", "layout", _HOME, f"apache-conf:{_PREFIX}/conf/extra/httpd-old-addresses.conf"),
    replace(
        _scene(
            "nginx-fpm", "layout", _page("get: /plan.pdf"), "nginx-directive:/etc/nginx/extra/speed.conf:limit_rate"
        ),
        packages=("nginx",),
    ),
    replace(
        _scene("nginx-fpm nginx-crawlers", "layout", _HOME, "nginx-conf:/etc/nginx/conf.d/crawlers.conf"),
        packages=("nginx", "libnginx-mod-http-lua"),
    ),
    _scene("docker-php", "layout", _page("get: /terms.php"), "php-ini:pcre.jit"),
    _scene("two-php", "layout", _page("get: /export.php"), "php-ini:zlib.output_compression"),
)
INNOCENT = tuple(
    Scene("innocent", "nobody", (), _page(page), frozenset(), loaded=True)
    for page in ("get: /report", _STOCK, "get: /catalogue.php", _UPLOAD % "1MiB")
)
"""The same host, asked for one page or another."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A host that somebody else has made slow: a folder with its script, playbook, truth, and the packages it needs."""

    folder: Path
    kind: str = "planted"
    loaded: bool = False

    @property
    def name(self) -> str:
        """The folder's."""
        return self.folder.name

    @property
    def scripts(self) -> tuple[Path, ...]:
        """Run behind the shop and its further pages, in this order."""
        return tuple(sorted(self.folder.glob("setup*.sh")))

    @property
    def packages(self) -> tuple[str, ...]:
        """Debian's."""
        file = self.folder / "install.txt"
        return tuple(file.read_text().split()) if file.exists() else ()

    @property
    def components(self) -> frozenset[str]:
        """Each is a right answer, or a part of it."""
        return frozenset((self.folder / "components.txt").read_text().split())

    @property
    def truth(self) -> frozenset[frozenset[str]]:
        """All of them."""
        return frozenset({self.components})

    @property
    def lines(self) -> frozenset[str]:
        """``FILE:LINE``: those that a right answer tells, where it is lines of files."""
        file = self.folder / "lines.txt"
        return frozenset(file.read_text().split()) if file.exists() else frozenset()

    def playbook(self, strategy: str) -> str:
        """Theirs."""
        return f"{(self.folder / 'playbook.yml').read_text()}strategy: {strategy}\n"

    def is_right(self, named: set[frozenset[str]]) -> bool:
        """Whether somebody was named, and nobody else than those."""
        return bool(named) and frozenset().union(*named) <= self.components


def planted() -> Iterator[Planted]:
    """Every one of them, and those rebuilt from what people reported in public."""
    yield from (Planted(folder) for folder in sorted(_PLANTED.iterdir()))
    yield from (Planted(folder, "reported") for folder in sorted(_REPORTED.iterdir()))
