"""The host that is struck: how it is made, and where on it lies what a run switches."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from modbisect import lab

_STATE = ("/etc/systemd", "/etc/cron.d", "/var/lib/apache2", "/var/lib/php/modules", "/srv/site")


@dataclass(frozen=True, slots=True)
class Ground:
    """One kind of host."""

    scripts: tuple[Path, ...]
    unit: str
    """The main server's."""
    pids: tuple[str, ...]
    """Files with the pid of a server's parent, the main one's first."""
    kept: tuple[str, ...]
    """What a run must leave as it was."""
    switched: tuple[str, ...]
    """The folders in which a run switches."""
    homes: tuple[str, ...]
    """Those that links in them lead to."""
    page: bytes
    """What the site's first page says."""
    spec: str
    """A write set of these, as the guard reads it."""
    components: tuple[str, ...]
    """What a whole run may switch: enough for some dozen trials."""
    packages: tuple[str, ...] = ()
    strategy: str = "auto"

    def there(self, root: Path) -> Ground:
        """Without what is not on the host whose root folder this is."""

        def on_it(paths: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(path for path in paths if (root / path.lstrip("/")).exists())

        return replace(self, pids=on_it(self.pids), kept=on_it(self.kept), switched=on_it(self.switched))


_DEBIAN = ("/etc/apache2/mods-enabled", "/etc/apache2/conf-enabled", "/etc/apache2/sites-enabled")
_PHP = "/etc/php/8.2/apache2/conf.d"
_SOME = ("apache-module:[acs]*", "apache-conf:*", "php-module:[a-c]*")


def spec(unit: str, folders: tuple[str, ...], files: tuple[str, ...]) -> str:
    """A write set as the guard reads it."""
    lines = ("owner bench", *(f"dir {one}" for one in folders), *(f"file {one}" for one in files), f"unit {unit}")
    return "".join(f"{line}\n" for line in lines)


SMALL = Ground(
    scripts=(Path(__file__).parent / "small.sh",),
    unit="apache2.service",
    pids=("/run/apache2/apache2.pid",),
    kept=("/etc/apache2", "/etc/php", *_STATE),
    switched=(*_DEBIAN, _PHP),
    homes=("/etc/apache2/mods-available", "/etc/php/8.2/mods-available"),
    page=b"All 42 items",
    spec=spec(
        "apache2.service",
        (*_DEBIAN, _PHP),
        ("/etc/apache2/apache2.conf", "/srv/site/.htaccess", "/srv/site/config.php"),
    ),
    components=_SOME,
)
"""The bench's own: a small site, so that a trial is short, and all that the faults need."""

_FPM = ("/run/php/php8.2-fpm.pid", "/run/php/php7.4-fpm.pid", "/run/php-fpm/php-fpm.pid")
_SHOP = replace(
    SMALL,
    scripts=(),
    pids=("/run/apache2/apache2.pid", *_FPM),
    kept=(*SMALL.kept, "/usr/local/etc/php", "/etc/mysql", "/var/www", "/usr/share/wordpress", "/etc/wordpress"),
    page=b"All items",
    strategy="one-at-a-time",  # where somebody is to blame, another one is done before most strikes
    spec=spec("apache2.service", _DEBIAN, ("/etc/apache2/apache2.conf",)),
    components=(*_SOME, "php-ini:*", "fpm-pool:*", "htaccess:*", "wordpress-plugin:*", "app-part:*"),
)
_NO_DEBIAN = {
    "httpd-fpm": replace(
        _SHOP,
        unit="httpd.service",
        pids=("/run/httpd/httpd.pid", *_FPM),
        kept=("/etc/httpd", "/etc/php.d", "/etc/php.ini", "/etc/php-fpm.d", *_STATE),
        switched=("/etc/httpd/conf.d", "/etc/httpd/conf.modules.d", "/etc/php.d", "/etc/php-fpm.d"),
        homes=(),
        spec=spec("httpd.service", ("/etc/php.d",), ("/etc/httpd/conf.d/autoindex.conf",)),
    ),
    "httpd-prefix": replace(
        _SHOP,
        unit="httpd.service",
        pids=("/usr/local/apache2/logs/httpd.pid",),
        kept=("/usr/local/apache2/conf", "/usr/local/etc/php", *_STATE),
        switched=("/usr/local/apache2/conf", "/usr/local/apache2/conf/extra", "/usr/local/etc/php/conf.d"),
        homes=(),
        spec=spec("httpd.service", ("/usr/local/etc/php/conf.d",), ("/usr/local/apache2/conf/httpd.conf",)),
    ),
    "nginx-fpm": replace(
        _SHOP,
        unit="nginx.service",
        pids=("/run/nginx.pid", *_FPM),
        kept=("/etc/nginx", "/etc/php", *_STATE),
        switched=("/etc/nginx", "/etc/nginx/extra", "/etc/nginx/modules-enabled", "/etc/php/8.2/fpm/conf.d"),
        homes=("/etc/php/8.2/mods-available",),
        spec=spec("nginx.service", ("/etc/nginx/modules-enabled",), ("/etc/nginx/nginx.conf",)),
        components=("nginx-directive:*", "nginx-module:*", "php-module:[a-d]*", "php-ini:*", "fpm-pool:*"),
    ),
}


def named(name: str) -> Ground:
    """The bench's own for an empty name; else the host of one of ``benchmarks/culprits``.

    Raises:
        SystemExit: there is none of that name.
    """
    if not name:
        return SMALL
    sys.path.append(str(Path(__file__).parents[1] / "culprits"))
    from scenes import SCENES, planted  # noqa: PLC0415  # a folder of its own, with names that others have as well

    scenes = {scene.name: scene for scene in (*SCENES, *planted())}
    if name not in scenes:
        raise SystemExit(f"no host is called {name}; there are {', '.join(scenes)}")
    scene = scenes[name]
    scripts = (lab.SETUPS / "shop.sh", lab.SETUPS / "pages.sh", *scene.scripts)
    return replace(_NO_DEBIAN.get(name, _SHOP), scripts=scripts, packages=scene.packages)
