"""Servers: what is tested, restarted and watched when components are switched; their shell lies beside this.

``survey.sh`` reads what runs; ``live.sh`` is the guard's hand on the running servers, with ``apache.sh`` (Debian's),
``httpd.sh``, ``nginx.sh`` and ``fpm.sh`` for what is theirs alone; ``scratch.sh`` tests configurations of Apache on a
copy, ``told.sh`` says what may be told of the words of a configuration test.
"""

from modbisect.servers.server import APACHE, HTTPD, NGINX, Server, server_of

__all__ = ["APACHE", "HTTPD", "NGINX", "Server", "server_of"]
