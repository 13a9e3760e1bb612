"""The variables of a host that modbisect reads, and what it says to those it does not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from modbisect.inventory.address import MAX_PORT, check_address, check_user, default_base_url
from modbisect.inventory.values import Host
from modbisect.model import Role, origin_of
from modbisect.playbook.fields import Line, OneOrMany, Window, check_base_url
from modbisect.playbook.secret import PROMPT, check_reference
from modbisect.playbook.text import clean, did_you_mean, shown
from modbisect.playbook.validation import Strict, file_schema


def _path(text: str) -> str:
    try:
        return str(Path(text).expanduser())
    except RuntimeError:
        raise ValueError('there is no such user for "~"') from None


def _origin(text: str) -> str:
    origin = origin_of(check_base_url(text))
    if not origin or text.rstrip("/").count("/") > 2:  # noqa: PLR2004 - those of "https://"
        raise ValueError(f'{shown(text)} must end behind the host or its port: write one such as "https://sso.test"')
    return origin


def _password(text: str) -> str:
    return text if text == PROMPT else check_reference(text)


FilePath = Annotated[Line, AfterValidator(_path)]


class HostVars(Strict):
    """Variables of a host or a group; others are there for other tools."""

    ansible_host: Annotated[str, AfterValidator(check_address)] | None = Field(
        default=None, description="Host name or address to connect to; left out: the name in the inventory."
    )
    ansible_port: Annotated[int, Field(ge=1, le=MAX_PORT)] | None = Field(
        default=None, description="Port of the SSH server."
    )
    ansible_user: Annotated[str, AfterValidator(check_user)] | None = Field(
        default=None, description="User to log in as."
    )
    ansible_ssh_private_key_file: FilePath | None = Field(default=None, description="Key to log in with.")
    ansible_connection: Literal["ssh", "local"] = Field(
        default="ssh", description="How to reach the host; local: it is this machine."
    )
    ansible_become: bool = Field(default=False, description="Of no effect: modbisect becomes root by itself.")
    ansible_become_method: Literal["sudo"] = Field(default="sudo", description="Only sudo is known.")
    ansible_become_user: Literal["root"] = Field(default="root", description="Only root is known.")
    modbisect_role: Literal["production", "staging", "experimental"] = Field(
        default="production", description="How much may be done to the host."
    )
    modbisect_window: Window | None = Field(
        default=None,
        description="Hours in which runs are allowed, by the clock of the machine modbisect runs on, or in the zone "
        "that is named; left out: always.",
    )
    modbisect_base_url: Annotated[str, AfterValidator(check_base_url)] | None = Field(
        default=None,
        description="Where the site begins; left out: http:// and the address. Its scheme, host and port are where "
        "secrets of playbooks may go.",
    )
    modbisect_secret_origins: OneOrMany[Annotated[str, AfterValidator(_origin)]] = Field(
        default=[],
        description="Where else secrets of playbooks may go, as https://sso.example.org or https://10.0.0.1:8443.",
    )
    modbisect_known_hosts: FilePath | None = Field(
        default=None, description="File of known host keys, in place of the user's."
    )
    modbisect_become_password: Annotated[str, AfterValidator(_password)] | None = Field(
        default=None, description='Where sudo\'s password is: "env:NAME", "file:/PATH" or "prompt".'
    )
    modbisect_tunnel: bool = Field(
        default=False, description="The site listens only on the host: go through the SSH connection."
    )
    modbisect_hypervisor: Annotated[str, AfterValidator(check_address)] | None = Field(
        default=None,
        description="The machine on which the host is a virtual machine, of Xen or libvirt: a host of this inventory, "
        "or an address. It is only asked.",
    )
    modbisect_domain: Line | None = Field(
        default=None, description="What the host is called there, by name or UUID; left out: its own UUID tells."
    )

    def value(self, name: str) -> Host:
        """The host of that name."""
        local = self.ansible_connection == "local"
        address = self.ansible_host or ("localhost" if local else name)
        return Host(
            name=name,
            address=address,
            port=self.ansible_port,
            user=self.ansible_user,
            key_file=self.ansible_ssh_private_key_file,
            known_hosts=self.modbisect_known_hosts,
            connection=self.ansible_connection,
            become_password=self.modbisect_become_password,
            role=Role(self.modbisect_role),
            window=self.modbisect_window,
            base_url=self.modbisect_base_url or default_base_url(address),
            secret_origins=tuple(self.modbisect_secret_origins),
            tunnel=self.modbisect_tunnel,
            hypervisor=self.modbisect_hypervisor or "",
            domain=self.modbisect_domain or "",
        )


_SSH_CONFIG = "put what they say into ~/.ssh/config, which modbisect reads"

REFUSED = {
    "ansible_ssh_common_args": _SSH_CONFIG,
    "ansible_ssh_extra_args": _SSH_CONFIG,
    "ansible_ssh_args": _SSH_CONFIG,
    "ansible_ssh_host": "this is the old name; write ansible_host",
    "ansible_ssh_port": "this is the old name; write ansible_port",
    "ansible_ssh_user": "this is the old name; write ansible_user",
    "ansible_private_key_file": "write ansible_ssh_private_key_file",
}
"""Variables that change where a connection goes: to ignore one might reach another host."""

_LOGIN = "modbisect logs in with a key or an agent"
_SUDO = "use modbisect_become_password"

INSTEAD = {
    "ansible_password": _LOGIN,
    "ansible_ssh_pass": _LOGIN,
    "ansible_ssh_password": _LOGIN,
    "ansible_become_pass": _SUDO,
    "ansible_become_password": _SUDO,
    "ansible_sudo_pass": _SUDO,
}
"""Variables that are ignored, with what does the same."""

VAULTED_VALUE = "vaulted values are not read here: name a secret as env:NAME or file:/PATH"
TEMPLATE = "templates ({{ }}) are not rendered here: write the value out"


def is_template(text: str) -> bool:
    """Whether Ansible would render it."""
    return bool(re.search(r"\{[{%]", text))


def wrong_name(name: str) -> str:
    """What is wrong with a variable because of its name; empty where nothing is."""
    if name in REFUSED:
        return f"{name} is not read here; {REFUSED[name]}"
    if not name.startswith("modbisect_") or name in HostVars.model_fields:
        return ""
    known = [known for known in HostVars.model_fields if known.startswith("modbisect_")]
    near = did_you_mean(name, known, 0.85) or f"; there are: {', '.join(known)}"
    return f"unknown variable {shown(name)}{near}"


def ignored(name: str) -> str:
    """That a variable of Ansible's is not read, and what to write in its place; empty for one of other tools."""
    if not name.startswith("ansible_"):
        return ""
    advice = f"; {INSTEAD[name]}" if name in INSTEAD else did_you_mean(name, HostVars.model_fields, 0.85)
    return f"{clean(name)} is ignored{advice}"


def json_schema() -> dict[str, object]:
    """The JSON Schema (2020-12) of inventories, ready for ``json.dumps``."""
    variables = {**file_schema(HostVars), "additionalProperties": True}
    named_groups = {"type": ["object", "null"], "additionalProperties": {"$ref": "#/$defs/group"}}
    group = {
        "type": ["object", "null"],
        "description": "A group; a variable of a child wins over its parent's, a host's own over both.",
        "additionalProperties": False,
        "properties": {
            "hosts": {
                "description": "Hosts by name; ranges such as web[01:03] are several.",
                "type": ["object", "null"],
                "additionalProperties": {"anyOf": [{"$ref": "#/$defs/vars"}, {"type": "null"}]},
            },
            "children": {"description": "Groups in this group.", **named_groups},
            "vars": {"anyOf": [{"$ref": "#/$defs/vars"}, {"type": "null"}]},
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "modbisect inventory",
        "description": "Hosts and groups in Ansible's YAML format.",
        "$defs": {"vars": variables, "group": group},
        "type": "object",
        "additionalProperties": {"$ref": "#/$defs/group"},
    }
