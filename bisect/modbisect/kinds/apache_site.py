"""Kind ``apache-site``: what a2ensite and a2dissite switch."""

from __future__ import annotations

from modbisect.kinds.apache import Farm
from modbisect.model import Component


class ApacheSite(Farm):
    """A virtual host."""

    name = "apache-site"
    noun = "Apache site"
    word = "sites"
    tool = "site"

    def is_vital(self, component: Component) -> bool:  # noqa: ARG002
        """Without it its site is another's, or nobody's."""
        return True
