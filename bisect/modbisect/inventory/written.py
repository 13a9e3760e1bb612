"""An inventory for a host that a command line named."""

from __future__ import annotations

import yaml

from modbisect.inventory.values import Host
from modbisect.model import Role


def inventory_text(host: Host) -> str:
    """The inventory of one host, as a file of a person's would be."""
    known: dict[str, object] = {}
    if host.connection != "ssh":
        known["ansible_connection"] = host.connection
    elif host.address != host.name:
        known["ansible_host"] = host.address
    if host.port:
        known["ansible_port"] = host.port
    if host.user:
        known["ansible_user"] = host.user
    known["modbisect_role"] = host.role.value
    known["modbisect_base_url"] = host.base_url
    text = yaml.safe_dump({"all": {"hosts": {host.name: known}}}, sort_keys=False)
    said = "# On production nothing is switched: say staging or experimental where components may be.\n"
    return (said if host.role is Role.PRODUCTION else "") + text
