"""Annotations in Grafana: ``grafana://TOKEN@host:3000``, or ``grafanas://`` for HTTPS.

A path is that which Grafana is served below; ``?dashboard=UID`` puts them on one dashboard alone. See "Annotations" of
Grafana's HTTP API: POST /api/annotations, with the token of a service account.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from urllib.parse import parse_qs, unquote, urlsplit

from modbisect.notify.values import Notice, NotSent

_SECONDS = 10.0


def annotate(url: str, notice: Notice) -> None:
    """Write it as an annotation from its beginning to its end.

    Raises:
        NotSent: Grafana cannot be reached, or does not take it.
    """
    parts = urlsplit(url)
    scheme = "https" if parts.scheme == "grafanas" else "http"
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise NotSent("its port is none") from None
    if not parts.hostname or not parts.username:
        raise NotSent("it is not grafana://TOKEN@HOST")
    now = time.time()
    body: dict[str, object] = {
        "time": round((notice.began or now) * 1000),
        "timeEnd": round((notice.ended or now) * 1000),
        "tags": ["modbisect", *filter(None, (notice.host, *notice.tags))],
        "text": f"{notice.title}\n{notice.text}",
    }
    if dashboard := parse_qs(parts.query).get("dashboard"):
        body["dashboardUID"] = dashboard[0]
    request = urllib.request.Request(  # noqa: S310  # the scheme is one of two
        f"{scheme}://{parts.hostname}{port}{parts.path.rstrip('/')}/api/annotations",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {unquote(parts.username)}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS):  # noqa: S310
            pass
    except urllib.error.HTTPError as error:
        raise NotSent(f"Grafana answered {error.code} {error.reason}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise NotSent(f"Grafana cannot be reached: {reason}") from None
