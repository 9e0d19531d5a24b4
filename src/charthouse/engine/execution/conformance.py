"""Where a call departs from the documentation although the hosted API takes it: unknown names, other JSON types, values
outside of documented lists. Looked for only where ``modes`` says that somebody wants to know."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from django.db import models

from charthouse.engine.declaration import modes
from charthouse.engine.declaration.json_schema import Schema
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.types import Type
from charthouse.engine.declaration.values import InvalidValue, decode_json_text
from charthouse.engine.errors import Invalid

UNKNOWN_PARAMETER = "There is no such parameter here; it is ignored."
UNKNOWN_KEY = "There is no such key; it is ignored."
READ_ONLY_KEY = "This key can't be written; it is ignored."
MAX_DEPARTURES = 100  # of one body
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}


def check_names(given: Iterable[str], declared: Collection[str]) -> None:
    """Report query parameters that the call does not have. Raises Invalid in strict mode."""
    if not modes.is_watched():
        return
    errors: dict[str, Any] = {}
    for name in given:
        if name not in declared:
            modes.overlook(errors, name, UNKNOWN_PARAMETER)
    if errors:
        raise Invalid(errors)


def check_count(name: str, text: str | None, least: int, most: int | None) -> None:
    """Report a number of rows or pages that can't be read, or is cut to the limits. Raises Invalid in strict mode."""
    if not text or not modes.is_watched():
        return
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    if number is None or number < least or (most is not None and number > most):
        limits = f"from {least}" if most is None else f"from {least} to {most}"
        _report([name], f"This is no number {limits}; it is ignored or cut.")


def check_switch(name: str, text: str | None) -> None:
    """Report a switch that is neither on nor off. Raises Invalid in strict mode."""
    if text and modes.is_watched() and text.lower() not in ("true", "false", "1", "0"):
        _report([name], "This is not true or false; it is read as false.")


def check_repeated_parameters(pairs: Iterable[tuple[str, str]]) -> None:
    """Report query parameters that are given several times and are no lists. Raises Invalid in strict mode."""
    if not modes.is_watched():
        return
    counted = Counter(name for name, _ in pairs if not name.endswith("[]"))
    _report(_list_repeated(counted), "This parameter is given several times; the last counts.")


def check_repeated_keys(text: bytes) -> None:
    """Report keys that an object of a JSON text has several times. Raises Invalid in strict mode."""
    if not modes.is_watched():
        return
    counted: Counter[str] = Counter()

    def count(pairs: list[tuple[str, Any]]) -> None:
        counted.update(
            {name: times for name, times in Counter(name for name, _ in pairs).items() if times > 1}
        )

    with suppress(ValueError, RecursionError):  # what is not read here has been read already
        json.loads(text, object_pairs_hook=count)
    _report(_list_repeated(counted), "This key is given several times; the last counts.")


def _list_repeated(counted: Mapping[str, int]) -> list[str]:
    return [name for name, times in counted.items() if times > 1][:MAX_DEPARTURES]


def _report(names: Iterable[str], message: str) -> None:
    """Report a departure of each. Raises Invalid in strict mode."""
    errors: dict[str, Any] = {}
    for name in names:
        modes.overlook(errors, name, message)
    if errors:
        raise Invalid(errors)


def find_errors(
    keys: Iterable[Key], payload: Mapping[str, Any], model: type[models.Model], example: Mapping[str, Any]
) -> dict[str, Any]:
    """What is wrong with a body in strict mode, by name; in others it is noted. ``example``: the documented one, whose
    values may have other types than the keys."""
    errors: dict[str, Any] = {}
    keys = [*keys]
    shown = {name: type(value) for name, value in example.items()}
    payload = {
        name: value for name, value in payload.items() if not _is_as_shown(keys, name, value, shown.get(name))
    }
    found = _find_departures(keys, payload, model)
    for (name, message), _ in zip(found, range(MAX_DEPARTURES), strict=False):
        modes.overlook(errors, name, message)
    return errors


def _is_as_shown(keys: Iterable[Key], name: str, value: Any, shown: type | None) -> bool:
    """Whether a number is written as text, as in the documented example."""
    return (
        shown is str
        and isinstance(value, str)
        and any(key.name == name and key.writable and key.type.control == "number" for key in keys)
    )


def _find_departures(
    keys: Iterable[Key], payload: Mapping[str, Any], model: type[models.Model] | None, within: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield (dotted name, message) of each departure in an object."""
    declared = {key.name: key for key in keys}
    for name, value in payload.items():
        stem = name.partition(".")[0]  # members may be given by themselves: ``package.code``
        key = declared.get(name) or declared.get(stem)
        if key is None:
            yield f"{within}{name}", UNKNOWN_KEY
        elif not key.writable:
            yield f"{within}{name}", READ_ONLY_KEY
        elif key.name == name:
            yield from _examine(key, value, model, f"{within}{name}")


def _examine(key: Key, value: Any, model: type[models.Model] | None, name: str) -> Iterator[tuple[str, str]]:
    if modes.is_typed() and not _has_type(schema := key.write_schema(model), value):
        yield name, f"The documented type is {_name_type(schema)}; the hosted API takes this silently."
        return
    items = value if key.type.is_list and isinstance(value, list) else [value]
    for item in items:
        if key.type.keys and isinstance(item := _read_json(item), Mapping) and not _is_open(key.type):
            yield from _find_departures(key.type.keys, item, None, f"{name}.")
        elif item not in (None, "") and (message := find_departure(key.type, item)):
            yield name, message


def find_departure(type_: Type, value: Any) -> str:
    """What a value of this type, or an item of a list, departs in: a sentence, or ""."""
    return (type_.item or type_).find_departure(value)


def adapt(type_: Type, value: Any) -> Any:
    """The value as lenient reading takes it: without blanks around it, a choice in its own case."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    return next((one for one in type_.list_choices() if str(one).casefold() == text.casefold()), text)


def _read_json(value: Any) -> Any:
    try:
        return decode_json_text(value)
    except InvalidValue:
        return value


def _is_open(type_: Type) -> bool:
    return bool(getattr(type_.item or type_, "open", False))


def _has_type(schema: Schema, value: Any) -> bool:
    """Whether a value has the JSON type that a schema says."""
    if "anyOf" in schema:
        return any(_has_type(each, value) for each in schema["anyOf"])
    named = schema.get("type")
    names = [named] if isinstance(named, str) else named
    if not names:
        return True
    if isinstance(value, bool):
        return "boolean" in names
    if isinstance(value, float) and value.is_integer() and "integer" in names:
        return True
    known = tuple(each for name in names for each in _TYPES[name])
    return isinstance(value, known)


def _name_type(schema: Schema) -> str:
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_name_type(each) for each in schema["anyOf"]))
    named = schema.get("type", "any")
    return named if isinstance(named, str) else " or ".join(named)
