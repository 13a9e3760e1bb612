"""A `Probe` as options of a libcurl handle: all that is the same for every request."""

from __future__ import annotations

from urllib.parse import urlencode

import pycurl

import modbisect
from modbisect.model import Auth, Probe
from modbisect.probe.upload import Files

_HTTP = {"1.1": pycurl.CURL_HTTP_VERSION_1_1, "2": pycurl.CURL_HTTP_VERSION_2TLS}
_AUTH = {"basic": pycurl.HTTPAUTH_BASIC, "digest": pycurl.HTTPAUTH_DIGEST}


def apply(curl: pycurl.Curl, probe: Probe, files: Files) -> None:
    """Sets ``curl`` up for ``probe``, but for time limits, redirects and where the body goes.

    Raises:
        ValueError: The probe asks for what does not exist, or would smuggle in a header.
        OSError: The file to upload cannot be made.
    """
    if probe.http not in _HTTP:
        raise ValueError(f"HTTP version {probe.http!r} is none of {', '.join(_HTTP)}")
    curl.setopt(pycurl.URL, probe.url.encode())
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.HTTP_VERSION, _HTTP[probe.http])
    curl.setopt(pycurl.HTTPHEADER, _headers(probe))
    curl.setopt(pycurl.USERAGENT, f"modbisect/{modbisect.__version__}".encode())
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.PROXY, b"")  # whatever the environment says: the site is measured, not a proxy
    if probe.encoding:
        curl.setopt(pycurl.ACCEPT_ENCODING, probe.encoding.encode())
    _set_body(curl, probe, files)
    _set_auth(curl, probe.auth)
    _set_connection(curl, probe)
    if probe.local_ports:
        low, high = probe.local_ports
        curl.setopt(pycurl.LOCALPORT, low)
        curl.setopt(pycurl.LOCALPORTRANGE, high - low + 1)


def _headers(probe: Probe) -> list[bytes]:
    lines = [(name, value) for name, value in probe.headers]
    if probe.cookies:
        lines.append(("Cookie", "; ".join(f"{name}={value}" for name, value in probe.cookies)))
    if probe.auth and probe.auth.scheme == "bearer":
        lines.append(("Authorization", f"Bearer {probe.auth.secret}"))
    for name, value in lines:
        if not name or ":" in name or not (name + value).isprintable():
            raise ValueError("a header, cookie or bearer token has a character that no header may have")
    # "Name;" is how libcurl is told to send a header without a value, "Name:" how to leave one out:
    # "Expect: 100-continue" would cost a second wherever the server ignores it.
    given = [f"{name}: {value}" if value else f"{name};" for name, value in lines]
    asked = any(name.lower() == "expect" for name, _ in lines)
    return [line.encode() for line in ([] if asked else ["Expect:"]) + given]


def _set_body(curl: pycurl.Curl, probe: Probe, files: Files) -> None:
    """As the curl command does it: a body makes a GET a POST; other methods stay what they are."""
    method = probe.method.upper()
    if method == "HEAD":
        curl.setopt(pycurl.NOBODY, 1)
        return
    form = (*probe.form, *probe.form_secrets)
    if probe.upload:
        upload = probe.upload
        file = (
            *(pycurl.FORM_FILE, str(files.of_size(upload.size)).encode()),
            *(pycurl.FORM_FILENAME, upload.filename.encode()),
            *(pycurl.FORM_CONTENTTYPE, upload.content_type.encode()),
        )
        fields = [(name.encode(), (pycurl.FORM_CONTENTS, value.encode())) for name, value in form]
        curl.setopt(pycurl.HTTPPOST, [*fields, (upload.field.encode(), file)])
    elif form:
        curl.setopt(pycurl.POSTFIELDS, urlencode(form).encode())
    elif probe.body is not None:
        curl.setopt(pycurl.POSTFIELDS, probe.body.encode())
    elif method == "POST":
        curl.setopt(pycurl.POSTFIELDS, b"")
    if method not in ("GET", "POST"):
        curl.setopt(pycurl.CUSTOMREQUEST, method.encode())


def _set_auth(curl: pycurl.Curl, auth: Auth | None) -> None:
    if auth is None or auth.scheme == "bearer":
        return
    if auth.scheme not in _AUTH:
        raise ValueError(f"authentication {auth.scheme!r} is none of basic, digest, bearer")
    curl.setopt(pycurl.HTTPAUTH, _AUTH[auth.scheme])
    curl.setopt(pycurl.USERNAME, auth.user.encode())
    curl.setopt(pycurl.PASSWORD, auth.secret.encode())


def _set_connection(curl: pycurl.Curl, probe: Probe) -> None:
    curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, round(probe.connect_timeout * 1000)))
    if not probe.keep_alive:
        curl.setopt(pycurl.FRESH_CONNECT, 1)
        curl.setopt(pycurl.FORBID_REUSE, 1)
    if probe.connect_to:
        # For every host, not just the URL's: a redirect must not lead off the host under test.
        curl.setopt(pycurl.CONNECT_TO, [f"::{probe.connect_to}".encode()])
    if probe.ca_file:
        curl.setopt(pycurl.CAINFO, probe.ca_file.encode())
    if not probe.verify:
        curl.setopt(pycurl.SSL_VERIFYPEER, 0)
        curl.setopt(pycurl.SSL_VERIFYHOST, 0)
