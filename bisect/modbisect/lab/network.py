"""The lab's network: one bridge of private addresses on the box, and a network namespace a host.

The box is the bridge's .1, host number N is .N. Nothing routes further: hosts reach the box and each other.
"""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path

from modbisect.lab import store
from modbisect.lab.errors import LabError, run

FIRST, LAST = 10, 250
_POOL = ipaddress.IPv4Network("10.213.0.0/16")


def subnet() -> ipaddress.IPv4Network:
    """The lab's /24: the stored one, or the first of 10.213.0.0/16 that this box has no route into (stored then)."""
    stored = store.state_root() / "network.json"
    taken = _routes(besides=_bridge())
    if stored.is_file():
        kept = ipaddress.IPv4Network(json.loads(stored.read_text())["subnet"])
        # Running hosts cannot move; with none of them the bridge may be gone, and its range taken since.
        if _exists(_bridge()) or not any(kept.overlaps(route) for route in taken):
            return kept
    for net in _POOL.subnets(new_prefix=24):
        if not any(net.overlaps(route) for route in taken):
            stored.write_text(json.dumps({"subnet": str(net)}))
            stored.chmod(0o600)
            return net
    raise LabError(f"this box has routes into all of {_POOL}: the lab finds no free /24 for its hosts")


def address(index: int) -> str:
    """The address of host number `index`, in the stored network."""
    stored = json.loads((store.state_root() / "network.json").read_text())
    return str(ipaddress.IPv4Network(stored["subnet"])[index])


def connect(name: str, index: int) -> Path:
    """Give a host its namespace, address and cable to the bridge, newly made; the path of the namespace."""
    net = subnet()
    bridge = _bridge()
    if not _exists(bridge):
        run("ip", "link", "add", bridge, "address", _mac(net[1]), "type", "bridge")
    run("ip", "addr", "replace", f"{net[1]}/{net.prefixlen}", "dev", bridge)
    run("ip", "link", "set", bridge, "up")
    disconnect(name, index)
    space, cable = _space(name), _cable(index)
    run("ip", "netns", "add", space)
    run("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "address", _mac(net[index]), "netns", space)
    run("ip", "link", "set", cable, "master", bridge, "up")
    run("ip", "-n", space, "link", "set", "lo", "up")
    run("ip", "-n", space, "addr", "add", f"{net[index]}/{net.prefixlen}", "dev", "eth0")
    run("ip", "-n", space, "link", "set", "eth0", "up")
    return Path("/run/netns") / space


def disconnect(name: str, index: int) -> None:
    """Remove a host's cable and namespace; no error when they are gone already."""
    if _exists(_cable(index)):
        run("ip", "link", "del", _cable(index))
    if (Path("/run/netns") / _space(name)).exists():
        run("ip", "netns", "del", _space(name))


def remove() -> None:
    """Remove the bridge."""
    if _exists(_bridge()):
        run("ip", "link", "del", _bridge())


def _bridge() -> str:
    return f"mbl-{store.lab_id()}"


def _cable(index: int) -> str:
    return f"mbl{store.lab_id()}.{index}"


def _space(name: str) -> str:
    return f"modbisect-{store.lab_id()}-{name}"


def _mac(address: ipaddress.IPv4Address) -> str:
    """One hardware address for an IP address, whichever boot: the neighbours' ARP caches stay right.

    A bridge without one of its own changes it as hosts come and go.
    """
    return "02:6c:" + address.packed.hex(":")


def _exists(link: str) -> bool:
    return (Path("/sys/class/net") / link).exists()


def _routes(besides: str) -> list[ipaddress.IPv4Network]:
    routes = json.loads(run("ip", "-4", "-j", "route", "show", "table", "all"))
    return [
        ipaddress.IPv4Network(route["dst"], strict=False)
        for route in routes
        if route.get("dst", "default") != "default" and route.get("dev") != besides
    ]
