"""Where a redirect leads, and what may go along."""

from __future__ import annotations

from dataclasses import replace

from modbisect.model import Probe, origin_of

_POST_GOES_ON_AS_GET = (301, 302)
_ALL_GO_ON_AS_GET = 303


def redirected(probe: Probe, status: int, url: str) -> Probe:
    """The request for ``url`` that follows the redirect ``status`` of ``probe``, methods changing as in browsers.

    Another origin gets a bare GET (HEAD for a HEAD): no header, cookie, password or body that the playbook has set.
    What is bare stays so, even when the site is led back to.
    """
    origin = origin_of(probe.url)
    if not origin or origin_of(url) != origin:
        return replace(_without_body(probe, url), headers=(), cookies=(), auth=None)
    method = probe.method.upper()
    if status == _ALL_GO_ON_AS_GET or (method == "POST" and status in _POST_GOES_ON_AS_GET):
        return _without_body(probe, url)
    return replace(probe, url=url)


def _without_body(probe: Probe, url: str) -> Probe:
    method = "HEAD" if probe.method.upper() == "HEAD" else "GET"
    return replace(probe, url=url, method=method, body=None, form=(), form_secrets=(), upload=None)
