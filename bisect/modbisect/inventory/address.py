"""Names and addresses of hosts: what may stand there, and hosts that are in no inventory."""

from __future__ import annotations

import ipaddress
import re

from modbisect.errors import UsageError
from modbisect.inventory.values import Host
from modbisect.playbook.text import shown

MAX_PORT = 65535

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})")
_IPV6 = re.compile(r"[0-9A-Fa-f:.]{2,45}")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\$?")
_TARGET = re.compile(r"(?:(?P<user>[^@]*)@)?(?:\[(?P<v6>[^]]*)\]|(?P<name>[^:@\[\]]*))(?::(?P<port>[0-9]{1,5}))?")


def check_address(text: str) -> str:
    """``text`` when it is a host name or an IP address, and so nothing that a shell or ssh takes for more."""
    if _NAME.fullmatch(text) or _is_ipv6(text):
        return text
    port = "; a port goes under ansible_port" if ":" in text else ""
    raise ValueError(f'{shown(text)} is no host name or address; use letters, digits, "_", "." and "-"{port}')


def check_user(text: str) -> str:
    """``text`` when it can be the name of a user."""
    if not _USER.fullmatch(text):
        raise ValueError(f"{shown(text)} is no user name")
    return text


def default_base_url(address: str) -> str:
    """Where the site of a host begins when nobody says."""
    return f"http://[{address}]/" if _is_ipv6(address) else f"http://{address}/"


def adhoc_host(text: str) -> Host:
    """The host of a command line, ``[user@]host[:port]`` or ``local``; its role is production.

    Raises:
        UsageError: It is neither.
    """
    if text == "local":
        return Host("local", "localhost", connection="local", base_url=default_base_url("localhost"))
    match = _TARGET.fullmatch(text)
    advice = 'write "user@host:port", "user@[address]:port" for IPv6, or "local"'
    if _is_ipv6(text):
        return Host(text, text, base_url=default_base_url(text))
    if not match or (match["v6"] is not None and not _is_ipv6(match["v6"])):
        raise UsageError(f"{shown(text)} is no host", advice=advice)
    try:
        address = check_address(match["v6"] or match["name"])
        user = match["user"] if match["user"] is None else check_user(match["user"])
    except ValueError as error:
        raise UsageError(str(error), advice=advice) from None
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 1 <= port <= MAX_PORT:
        raise UsageError(f"port {port} is not from 1 to {MAX_PORT}", advice=advice)
    return Host(address, address, port, user, base_url=default_base_url(address))


def _is_ipv6(text: str) -> bool:
    if not _IPV6.fullmatch(text):
        return False
    try:
        return ipaddress.ip_address(text).version == 6  # noqa: PLR2004 - the version's own number
    except ValueError:
        return False
