"""Kind ``apache-conf``: what a2enconf and a2disconf switch."""

from __future__ import annotations

import re

from modbisect.kinds.apache import HANDS_OUT_SOURCE, Farm, serves_by_fpm
from modbisect.kinds.found import Found


class ApacheConf(Farm):
    """A snippet for the whole server."""

    name = "apache-conf"
    noun = "Apache conf"
    word = "conf"
    tool = "conf"

    def pin(self, found: Found, name: str) -> str:
        """The conf that hands pages to the FPM that serves."""
        serves = re.fullmatch(r"php[0-9.]*-fpm", name) and serves_by_fpm(found)
        return HANDS_OUT_SOURCE if serves else ""
