"""All that Apprise knows: some hundred services, each by its URL."""

from __future__ import annotations

import logging
import re

from modbisect.notify.values import MISSING, Notice, NotSent

_LEAST = 4
"""Letters of a part of a URL that may be a secret."""


class _Said(logging.Handler):
    """The last that Apprise has to say: it tells a reason nowhere else."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.words = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.words = record.getMessage()


def by_apprise(url: str, notice: Notice) -> None:
    """Send it.

    Raises:
        NotSent: Apprise is not installed, knows no such URL, or the service did not take it.
    """
    try:
        from apprise import Apprise, NotifyFormat, NotifyType  # noqa: PLC0415  # an extra
    except ImportError:
        raise NotSent(MISSING) from None
    said, logger = _Said(), logging.getLogger("apprise")
    heard, logger.propagate = logger.propagate, False
    logger.addHandler(said)
    try:
        services = Apprise()
        if not services.add(url):
            raise NotSent(_without(url, said.words) or "Apprise knows no such URL")
        taken = services.notify(
            title=notice.title,
            body=notice.text,
            notify_type=NotifyType(notice.level.value),
            body_format=NotifyFormat.TEXT,
        )
        if not taken:
            raise NotSent(_without(url, said.words) or "the service did not take it")
    finally:
        logger.removeHandler(said)
        logger.propagate = heard


def _without(url: str, words: str) -> str:
    """Words in which no part of a URL stands that may be a secret."""
    scheme, _, rest = url.partition("://")
    host = rest.rpartition("@")[2].partition("/")[0].partition(":")[0]
    for part in sorted({url, *re.split(r"[/?&=:@#,]", rest)}, key=len, reverse=True):
        if len(part) >= _LEAST and part not in (scheme, host):
            words = words.replace(part, "...")
    return words
