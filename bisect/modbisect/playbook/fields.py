"""The kinds of value that stand in a file, each with its check and its place in the JSON Schema."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from modbisect.kinds import EXAMPLE, KINDS
from modbisect.playbook.hours import HOURS_PATTERN, Hours, parse_hours
from modbisect.playbook.secret import REFERENCE_PATTERN, check_reference
from modbisect.playbook.text import clean, did_you_mean, shown
from modbisect.playbook.units import SIZE_PATTERN, TIME_PATTERN, format_seconds, parse_seconds, parse_size

T = TypeVar("T")

_MONTH = 30 * 24 * 3600.0
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_PROBE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_URL = re.compile(r"[!-~]{1,2000}")
_HOST = re.compile(r"[a-z0-9_][a-z0-9_.-]{0,252}|[0-9a-f:.]{2,45}")
_CONNECT_TO = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}")
_OTHER_KEY = {
    "accept-encoding": 'use the key "encoding"',
    "authorization": 'use the key "auth", which keeps the secret out of this file',
    "connection": 'use the key "keep_alive"',
    "content-length": "leave it out",
    "cookie": 'use the key "cookies"',
    "host": 'write a whole URL, and where to connect to under "connect_to"',
    "transfer-encoding": "leave it out",
}


def _above_zero(value: float) -> float:
    if value <= 0:
        raise ValueError("must be more than zero")
    return value


def _at_most_a_month(seconds: float) -> float:
    if seconds > _MONTH:
        raise ValueError(f"must be at most {format_seconds(_MONTH)}")
    return seconds


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


class _OrOne:
    """Tells in the JSON Schema that a list of one may be written without brackets."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        many = handler(schema)
        return {"anyOf": [many["items"], many]}


def check_base_url(text: str) -> str:
    """``text`` when it is an http(s) URL with a host, and no user, query or fragment."""
    if not _URL.fullmatch(text):
        raise ValueError(f"{shown(text)} is not a URL: it must be 1 to 2000 ASCII characters without a space")
    try:
        url = urlsplit(text)
        host, _ = url.hostname, url.port
    except ValueError as error:
        raise ValueError(f"{shown(text)} is not a URL: {clean(str(error))}") from None
    if url.scheme not in {"http", "https"} or not _HOST.fullmatch(host or ""):
        raise ValueError(f'{shown(text)} is not the URL of a site; write one such as "http://web1.example.org/"')
    if url.username is not None or url.password is not None:
        raise ValueError('a URL must not hold a user or a password; use a probe\'s "auth"')
    if url.query or url.fragment:
        raise ValueError(f'{shown(text)} must end before "?" and "#"')
    return text


def check_url(text: str) -> str:
    """``text`` when it is a path on the site (``/cart?id=1``) or a whole http(s) URL."""
    if "#" in text:
        raise ValueError(f'{shown(text)} holds a "#", and what follows one is never sent; leave it out')
    if re.match(r"https?:", text):
        check_base_url(text.partition("?")[0])
    elif not text.startswith("/"):
        example = "" if ":" in text else f": write {shown(f'/{text}')}"
        raise ValueError(f'{shown(text)} must begin with "/", "http://" or "https://"{example}')
    elif text.startswith("//"):
        raise ValueError(f'{shown(text)} must begin with one "/", or with "http://"')
    if not _URL.fullmatch(text):
        raise ValueError(f"{shown(text)} must be ASCII without spaces; write %20 for a space")
    return text


def _probe_name(text: str) -> str:
    if not _PROBE_NAME.fullmatch(text):
        raise ValueError(f'{shown(text)} is no name for a probe; use letters, digits, "_", "." and "-"')
    return text


def _token(text: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise ValueError(f"{shown(text)} is no name that HTTP allows")
    return text


def _header_name(text: str) -> str:
    if text.lower() in _OTHER_KEY:
        raise ValueError(f"this header is set by modbisect itself; {_OTHER_KEY[text.lower()]}")
    return _token(text)


def _one_line(text: str) -> str:
    if re.search(r"[\r\n]", text):
        raise ValueError("must be one line")
    return text


def _regex(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"{shown(text)} is not a regular expression: {clean(str(error))}") from None
    return text


def _glob(text: str) -> str:
    kind, colon, name = text.partition(":")
    kinds = [known.name for known in KINDS]
    if text == "*" or (colon and name and any(fnmatchcase(known, kind) for known in kinds)):
        return text
    if not colon:
        raise ValueError(f'{shown(text)} has no kind; write one such as "{EXAMPLE.partition(":")[0]}:{clean(text)}"')
    raise ValueError(f"{shown(text)} matches no kind of component{did_you_mean(kind, kinds)}")


def config_file(text: str) -> str:
    """A path on the host.

    Raises:
        ValueError: it is none, or one that holds more than plain letters.
    """
    if not re.fullmatch(r"(/[A-Za-z0-9_.+-]+)+", text) or "/.." in text:
        raise ValueError(f"{shown(text)} is no whole path of a plain name")
    return text


def _absolute(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError(f"{shown(text)} must be an absolute path: who runs this may stand elsewhere")
    return _one_line(text)


def _connect_to(text: str) -> str:
    if not _CONNECT_TO.fullmatch(text):
        raise ValueError(f'{shown(text)} is not "address:port"; write one such as "127.0.0.1:8080"')
    return text


_TimeText = Annotated[str, Field(pattern=TIME_PATTERN, examples=["200ms", "2s", "10m"])]
_SizeText = Annotated[str, Field(pattern=SIZE_PATTERN, examples=["20MiB", "64KB"])]

Time = Annotated[
    float,
    BeforeValidator(parse_seconds, json_schema_input_type=_TimeText),
    AfterValidator(_above_zero),
    AfterValidator(_at_most_a_month),
]
"""A time with its unit, above zero and at most a month; seconds."""
_HoursText = Annotated[str, Field(pattern=HOURS_PATTERN, examples=["22:00-06:00", "22:00-06:00 Europe/Berlin"])]
Window = Annotated[Hours, BeforeValidator(parse_hours, json_schema_input_type=_HoursText)]
"""A maintenance window."""
Size = Annotated[int, BeforeValidator(parse_size, json_schema_input_type=_SizeText), AfterValidator(_above_zero)]
"""A size with its unit, above zero; bytes."""
OneOrMany = Annotated[list[T], BeforeValidator(_as_list), _OrOne()]
"""One value, or a list of them."""

Line = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_one_line)]
ProbeName = Annotated[str, AfterValidator(_probe_name)]
Url = Annotated[str, AfterValidator(check_url)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
CookieName = Annotated[str, AfterValidator(_token)]
HeaderValue = Annotated[str, AfterValidator(_one_line)]
Regex = Annotated[str, AfterValidator(_regex)]
Glob = Annotated[str, AfterValidator(_glob)]
ConfigFile = Annotated[str, AfterValidator(config_file)]
AbsolutePath = Annotated[str, AfterValidator(_absolute)]
ConnectTo = Annotated[str, AfterValidator(_connect_to)]
Secret = Annotated[str, AfterValidator(check_reference), Field(json_schema_extra={"pattern": REFERENCE_PATTERN})]
"""A reference to a secret, ``env:NAME`` or ``file:PATH``, never the secret."""
