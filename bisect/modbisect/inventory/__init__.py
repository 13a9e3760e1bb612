"""Inventories of any form that Ansible reads: hosts and groups, and the choice of hosts by pattern."""

from modbisect.inventory.address import adhoc_host
from modbisect.inventory.ansible import decrypted
from modbisect.inventory.forms import VAULTED
from modbisect.inventory.load import load_inventory, parse_inventory
from modbisect.inventory.schema import json_schema
from modbisect.inventory.values import Beneath, Host, Inventory
from modbisect.inventory.written import inventory_text

__all__ = [
    "VAULTED",
    "Beneath",
    "Host",
    "Inventory",
    "adhoc_host",
    "decrypted",
    "inventory_text",
    "json_schema",
    "load_inventory",
    "parse_inventory",
]
