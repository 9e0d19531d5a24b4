"""The shape of JSON: its keys, and in place of each value the name of its format. Nothing of a value is in it."""

import json
import re
from collections.abc import Iterator
from typing import Any

Shape = Any  # {key: shape}, [distinct shapes], or the name of a format

UNKNOWN = ("null", "empty")  # they say nothing of the format that a value would have
_FORMATS = (
    ("date", r"\d{4}-\d\d-\d\d"),
    ("time", r"\d\d:\d\d(:\d\d)?"),
    ("timestamp", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?"),
    ("timestamp with zone", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)"),
    ("spaced timestamp", r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?"),
    ("decimal", r"-?\d+\.\d+"),
    ("digits", r"-?\d+"),
    ("uuid", r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    ("url", r"https?://\S+"),
    ("email", r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    ("phone", r"(\+?1[ -]?)?\(?\d{3}\)?[ -]?\d{3}-\d{4}"),
)
_COMPILED = [(name, re.compile(pattern)) for name, pattern in _FORMATS]
# Formats that a reader parses: one in place of another is a difference. Others may look like each other by chance.
_PARSED = {name for name, _ in _FORMATS} - {"digits", "email", "phone"}
_KEY = re.compile(r"[A-Za-z][A-Za-z_\-\[\]]*(\d{1,2}[A-Za-z_\-\[\]]*)*")
MAX_KEY = 64  # characters


def read_shape(value: Any) -> Shape:
    """The shape of a value of JSON. Keys that do not look like names, such as ids, become ``*``."""
    if isinstance(value, dict):
        return {_read_key(name): read_shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        distinct = {json.dumps(shape, sort_keys=True): shape for shape in map(read_shape, value)}
        return [distinct[key] for key in sorted(distinct)]
    return name_format(value)


def _read_key(name: str) -> str:
    return name if len(name) <= MAX_KEY and _KEY.fullmatch(name) else "*"


def name_format(value: Any) -> str:
    """The format of a plain value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if value == "":
        return "empty"
    return next((name for name, pattern in _COMPILED if pattern.fullmatch(str(value))), "text")


def get_type(format_name: str) -> str:
    """The type of JSON that a format is of."""
    if format_name in ("null", "boolean", "object", "array"):
        return format_name
    return "number" if format_name in ("integer", "number") else "string"


def list_formats(shape: Shape, path: str = "") -> dict[str, set[str]]:
    """The formats of each key by its path (``results[].id``)."""
    found: dict[str, set[str]] = {}
    for where, name in _walk(shape, path):
        found.setdefault(where, set()).add(name)
    return found


def _walk(shape: Shape, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(shape, dict):
        yield path, "object"
        for name, inner in shape.items():
            yield from _walk(inner, f"{path}.{name}" if path else name)
    elif isinstance(shape, list):
        yield path, "array"
        for inner in shape:
            yield from _walk(inner, f"{path}[]")
    else:
        yield path, str(shape)


def compare_shapes(ours: Shape, theirs: Shape) -> Iterator[tuple[str, str, str, str]]:
    """Yield (kind, path, ours, theirs) of each difference; kind is key, type or format. What one side shows no example
    of, such as the keys of rows of an empty list, is no difference."""
    own, other = list_formats(ours), list_formats(theirs)
    for path in sorted(own.keys() | other.keys()):
        if not (_is_shown(path, own) and _is_shown(path, other)):
            continue
        if path not in own or path not in other:
            yield "key", path, _join(own.get(path, set())), _join(other.get(path, set()))
            continue
        mine, their = own[path] - set(UNKNOWN), other[path] - set(UNKNOWN)
        if not mine or not their:
            continue
        if not {get_type(name) for name in mine} & {get_type(name) for name in their}:
            yield "type", path, _join(mine), _join(their)
        elif not mine & their and (mine | their) & _PARSED and (mine <= _PARSED) + (their <= _PARSED) > 0:
            yield "format", path, _join(mine), _join(their)


def _is_shown(path: str, formats: dict[str, set[str]]) -> bool:
    """Whether the object or list that a key would be in was there."""
    above = path.rpartition(".")[0]
    if path.endswith("[]"):
        return path in formats
    while above:
        if "object" not in formats.get(above, set()):
            return False
        above = above.rpartition(".")[0]
    return True


def _join(names: set[str]) -> str:
    return " | ".join(sorted(names))
