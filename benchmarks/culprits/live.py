"""What ``scan`` says is on, beside what the live processes have loaded and what the serving PHP says of itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from modbisect import lab

# Answered by whoever serves the site's PHP; taken away at once, and the folder's time is put back. A PHP confined to
# some folders tells of its settings alone.
_PAGE = r"""<?php
$maps = @file_get_contents('/proc/self/maps') ?: '';
preg_match_all('~/([^/\s]+\.so)\S*$~m', $maps, $loaded);
$there = @scandir(ini_get('extension_dir')) ?: [];
echo json_encode(['loaded' => $loaded[1], 'there' => $there, 'settings' => ini_get_all(null, false)]);
"""
_ASK = r"""
[ ! -d /var/www/html ] || {
  time=$(stat -c %y /var/www/html)
  printf '%s' "$1" >/var/www/html/live-state.php
  curl -s -m 20 http://localhost/live-state.php
  rm /var/www/html/live-state.php
  touch -d "$time" /var/www/html
}
:
"""
_SERVER = r"""
for exe in /proc/[0-9]*/exe; do
  pid=${exe%/exe} pid=${pid#/proc/}
  case $(readlink "$exe") in */apache2 | */httpd | */nginx) : ;; *) continue ;; esac
  [ "$(ps -o ppid= -p "$pid" | tr -d ' ')" != 1 ] || sed 's|.*/||' "/proc/$pid/maps"
done
:
"""
_SET = re.compile(r"^([a-z0-9_.]+) = (\S*) in ")
_OFF = {"": "0", "off": "0", "no": "0", "false": "0", "on": "1", "yes": "1", "true": "1"}


@dataclass(frozen=True, slots=True)
class Live:
    """What runs."""

    server: frozenset[str]
    """File names of the shared objects in the server's parent."""
    php: frozenset[str]
    """Those in the process that served a page of PHP; empty where none did."""
    there: frozenset[str]
    """Extensions that PHP could load."""
    settings: Mapping[str, object]
    """As ``ini_get`` has them, and as strings."""

    @classmethod
    def of(cls, host: str) -> Live:
        """The host as it runs now."""
        server = lab.execute(host, ["sh", "-c", _SERVER]).stdout.decode().split()
        answer = lab.execute(host, ["sh", "-c", _ASK, "sh", _PAGE]).stdout
        try:
            told = json.loads(answer)
        except ValueError:  # this host serves no PHP
            told = {"loaded": [], "there": [], "settings": {}}
        return cls(frozenset(server), frozenset(told["loaded"]), frozenset(told["there"]), told["settings"])


def wrong(live: Live, components: Sequence[Mapping[str, object]]) -> tuple[str, ...]:
    """Each component whose state is another one in what runs, with what that is."""
    return tuple(sorted(_wrong(live, components)))


def compared(live: Live, components: Sequence[Mapping[str, object]]) -> int:
    """How many of them can be held against what runs."""
    return sum(_state(live, str(component["id"])) is not None for component in components)


def _wrong(live: Live, components: Sequence[Mapping[str, object]]) -> Iterator[str]:
    for component in components:
        name, on = str(component["id"]), bool(component["on"])
        state = _state(live, name)
        if state not in (None, on):
            yield f"{name} is {'on' if state else 'off'}"
        said = _SET.match(str(component["detail"])) if name.startswith("php-ini:") else None
        if said and said[1] in live.settings:
            here, there = (_plain(value) for value in (said[2], live.settings[said[1]]))
            if here != there and '"' not in here:
                yield f"{name} is {there}, not {here}"


_NGINX = {"mod-http-ndk": "ndk_http_module.so"}
"""Objects of nginx's modules that are not named as most are."""


def _plain(value: object) -> str:
    text = str(value or "").lower()
    return _OFF.get(text, text)


def _state(live: Live, component: str) -> bool | None:
    """Whether it is loaded; None where that is not to be seen."""
    kind, _, name = component.partition(":")
    if kind == "apache-module":
        known = f"lib{name}" if name.startswith("php") else f"mod_{name}.so"  # mod_wsgi.so-3.11 as well
        return any(each.startswith(known) for each in live.server)
    if kind == "nginx-module":
        object_name = _NGINX.get(name, f"ngx_{name.removeprefix('mod-').replace('-', '_')}_module.so")
        return object_name in live.server
    if kind == "php-module" and f"{name}.so" in live.there:
        return f"{name}.so" in live.php
    return None
