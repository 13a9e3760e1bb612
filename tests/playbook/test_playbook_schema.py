"""The JSON Schemas say what the loaders do."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from modbisect import inventory, playbook
from modbisect.errors import UsageError

PLAYBOOK = playbook.json_schema()
INVENTORY = inventory.json_schema()


def objects(schema: object) -> Iterator[dict[str, object]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value)


def properties(schema: object) -> Iterator[tuple[str, dict[str, object]]]:
    for found in objects(schema):
        if isinstance(found.get("properties"), dict):
            yield from found["properties"].items()  # type: ignore[attr-defined]


def test_every_key_is_described() -> None:
    named = dict(properties(PLAYBOOK))
    assert {"probes", "get", "file", "slower_than", "keep", "cap", "days"} <= named.keys()
    definitions = PLAYBOOK["$defs"]
    assert isinstance(definitions, dict)
    for name, value in properties(PLAYBOOK):
        behind = definitions.get(str(value.get("$ref")).removeprefix("#/$defs/"), {})
        assert value.get("description") or behind.get("description"), name
    variables = INVENTORY["$defs"]["vars"]["properties"]  # type: ignore[index]
    assert {"ansible_host", "modbisect_role"} <= variables.keys()
    assert [name for name, value in variables.items() if not value.get("description")] == []


@pytest.mark.parametrize("schema", [PLAYBOOK, INVENTORY])
def test_it_is_json_and_every_reference_leads_somewhere(schema: dict[str, object]) -> None:
    text = json.dumps(schema)
    definitions = schema["$defs"]
    assert isinstance(definitions, dict)
    for found in objects(json.loads(text)):
        reference = found.get("$ref")
        if isinstance(reference, str):
            assert reference.removeprefix("#/$defs/") in definitions


def test_a_playbook_has_no_nulls_and_no_other_keys() -> None:
    for found in objects(PLAYBOOK):
        assert found.get("type") != "null"
        assert found.get("default", {}) in ({}, []) or not isinstance(found["default"], dict)
        assert "default" not in found or found["default"] is not None
        if "properties" in found:
            assert found["additionalProperties"] is False


def test_one_value_may_stand_for_a_list_of_one() -> None:
    expect = PLAYBOOK["$defs"]["ExpectModel"]["properties"]  # type: ignore[index]
    one, many = expect["status"]["anyOf"]
    assert one["type"] == "integer"
    assert many == {"type": "array", "items": one}


def test_defaults_with_a_unit_are_what_a_file_would_hold() -> None:
    defaults = {name: value["default"] for name, value in properties(PLAYBOOK) if "default" in value}
    text = f"""
probes: {{home: {{get: /, timeout: {defaults["timeout"]}, connect_timeout: {defaults["connect_timeout"]}}}}}
symptom: {{at_least: {defaults["at_least"]}}}
"""
    assert playbook.parse_playbook(text) == playbook.parse_playbook("probes: {home: {get: /}}")


def test_a_key_of_the_schema_is_known_to_the_loader() -> None:
    for name in PLAYBOOK["properties"]:  # type: ignore[attr-defined]
        with pytest.raises(UsageError) as caught:
            playbook.parse_playbook(f"{name}: {{}}\nx: 1")
        assert str(caught.value).count("unknown key") == 1
