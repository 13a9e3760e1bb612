"""Servers: what is tested, restarted and watched when components are switched; their shell lies beside this.

``survey.sh`` reads what runs; ``live.sh`` is the guard's hand on the running servers, with ``apache.sh`` and ``fpm.sh``
for what is theirs alone; ``scratch.sh`` tests configurations on a copy, ``told.sh`` says what may be told of the words
of a configuration test.
"""

from modbisect.servers.apache import APACHE, Server

__all__ = ["APACHE", "Server"]
