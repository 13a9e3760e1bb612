"""Pydantic models against YAML nodes: every error told at its place in the file."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import ErrorDetails, core_schema
from yaml import Node, ScalarNode

from modbisect.playbook.nodes import Document, Loc, find, find_key, place
from modbisect.playbook.text import clean, did_you_mean, shown

M = TypeVar("M", bound="Strict")


class Strict(BaseModel):
    """A mapping in a file: no unknown keys, and no value taken for what it is not."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class At(ValueError):
    """A problem of a whole mapping that is best told at one key of it."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key


class FileSchema(GenerateJsonSchema):
    """JSON Schema as the files are read: a key may be left out, and never be null."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - pydantic's signature
        """No titles: they would only repeat the keys."""
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Only what the value may be when it is there."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """None is no value that could be written, and a mapping's own keys tell their defaults."""
        default = schema.get("default")
        if default is None or isinstance(default, BaseModel):
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)


def file_schema(model: type[BaseModel]) -> dict[str, object]:
    """The JSON Schema of the files that ``model`` reads, ready for ``json.dumps``."""
    return model.model_json_schema(schema_generator=FileSchema)


def validate(document: Document, model: type[M], node: Node) -> M | None:
    """The mapping at ``node`` as a ``model``; None when it is not one: then ``document`` knows why."""
    data = document.plain(node)
    told = document.places()
    try:
        return model.model_validate(data)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False):
            where, text = _explain(model, node, error)
            if place(where) not in told:
                document.add(where, text)
        return None


def wrong_values(invalid: ValidationError) -> Iterator[tuple[str, str]]:
    """What is wrong with values that stand in no file: the key of each, and ``key: problem``."""
    for error in invalid.errors(include_url=False):
        yield str(error["loc"][0]), f"{_path(error['loc'])}: {_wrong_value(error)}"


def _explain(model: type[Strict], root: Node, error: ErrorDetails) -> tuple[Node, str]:
    """Where a pydantic error stands in the file, and what it says to a person."""
    loc: Loc = error["loc"]
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, At):
        loc = (*loc, cause.key)
    if error["type"] == "extra_forbidden" or "[key]" in loc:
        loc = loc[:-1] if loc[-1] == "[key]" else loc
        node = find_key(root, loc)
    else:
        node = find(root, loc[:-1] if error["type"] == "missing" else loc)
    if error["type"] == "extra_forbidden":
        path, text = _path(loc[:-1]), _unknown_key(_model_at(model, loc[:-1]), str(loc[-1]))
    elif error["type"] == "missing":
        path, text = _path(loc[:-1]), f'needs the key "{loc[-1]}"'
    else:
        path, text = _path(loc), _wrong_value(error, node)
    return node, f"{path}: {text}" if path else text


def _path(loc: Loc) -> str:
    """``probes.home.expect.status[0]``, safe to print."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{clean(step)}" for step in loc)
    return text.removeprefix(".")


def _unknown_key(model: type[Strict], key: str) -> str:
    known = list(model.model_fields)
    return f"unknown key {shown(key)}{_OTHER_WORDS.get(key) or did_you_mean(key, known)}"


_OTHER_WORDS = {"exclude": '; components that stay as found are listed under "keep"'}


def _wrong_value(error: ErrorDetails, node: Node | None = None) -> str:
    """What is wrong with a value, from pydantic's error type."""
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        expected = context["expected"].replace("'", '"')
        return f"must be {expected}, not {shown(given)}"
    if kind == "string_type" and isinstance(given, bool | int | float) and isinstance(node, ScalarNode):
        what = "true or false" if isinstance(given, bool) else "a number"
        return f"{clean(node.value)} is {what} to YAML, and text is wanted; quote it: {shown(node.value)}"
    if kind in {"too_short", "string_too_short"}:
        return "must not be empty"
    wanted = _WANTED.get(kind)
    if wanted:
        return f"must be {wanted}{_found(given)}"
    message = error["msg"].replace("Input should", "must").replace("String should", "must")
    return re.sub(r"^\w+ should", "must", message)


_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping: keys, each with a value",
    "model_type": "a mapping: keys, each with a value",
}


def _found(value: object) -> str:
    if isinstance(value, dict):
        return ", not a mapping"
    return ", not a list" if isinstance(value, list) else f", not {shown(value)}"


def _model_at(model: type[Strict], loc: Loc) -> type[Strict]:
    """The model of the mapping at ``loc``."""
    steps = iter(loc)
    for step in steps:
        annotation = model.model_fields[str(step)].annotation
        if get_origin(annotation) in {dict, list}:
            next(steps, None)
        model = next(_models(annotation), model)
    return model


def _models(annotation: object) -> Iterator[type[Strict]]:
    if inspect.isclass(annotation) and issubclass(annotation, Strict):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
