"""Calls as they are recorded: what was asked and how it was answered, without values."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from charthouse.toolkit.compare.shapes import Shape, name_format, read_shape

ID = "{}"
BASES = ("/api/v1/", "/api/")
# Parameters whose values are no data of anybody: they say how to answer.
_PLAIN = frozenset(
    {"page", "page_size", "limit", "offset", "verbose", "order_by", "show_archived", "anonymize"}
)
_PLAIN_VALUE = re.compile(r"\d{1,6}|true|false|id|updated_at|scheduled_time")
_NAME = re.compile(r"[a-z][a-z_]*")
_RESOURCE = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Exchange:
    """One call. ``path``: with {} in place of ids; ``query``: name → value, or the name of its format in < >;
    ``body`` and ``answer``: shapes, None where there is no JSON; ``media``: the media type of the answer."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Shape
    status: int
    media: str
    answer: Shape

    @property
    def name(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.query.items())
        return f"{self.method} {self.path}{f'?{query}' if query else ''}"


def make_exchange(
    method: str, target: str, body: bytes, status: int, media: str, answer: bytes, words: Collection[str] = ()
) -> Exchange:
    """Make the record of a call. No value is in it but those of parameters for paging and the like. ``words``: what may
    stand in a path besides the name of a resource."""
    parts = urlsplit(target)
    query = {_clean_name(name): _clean_value(name, value) for name, value in parse_qsl(parts.query, True)}
    return Exchange(
        method,
        _clean_path(parts.path, words),
        query,
        _read_json(body),
        status,
        media.partition(";")[0].strip().lower(),
        _read_json(answer),
    )


def _clean_path(path: str, words: Collection[str]) -> str:
    """A path with {} in place of ids. The name of the resource stays, and after it only words of the API."""
    base = next((base for base in BASES if path.startswith(base)), "/")
    first, *others = path[len(base) :].rstrip("/").split("/")
    kept = [first if _RESOURCE.fullmatch(first) else ID, *(each if each in words else ID for each in others)]
    return base + "/".join(kept)


def _clean_name(name: str) -> str:
    return name if _NAME.fullmatch(name.removesuffix("[]")) else "*"


def _clean_value(name: str, value: str) -> str:
    return value if name in _PLAIN and _PLAIN_VALUE.fullmatch(value) else f"<{name_format(value)}>"


def _read_json(content: bytes) -> Shape:
    try:
        return read_shape(json.loads(content)) if content else None
    except ValueError:
        return None


def write_exchange(path: Path, exchange: Exchange) -> None:
    """Add a call to a file of records, one a line."""
    with path.open("a") as file:
        file.write(json.dumps(asdict(exchange)) + "\n")


def read_exchanges(lines: Iterable[str]) -> list[Exchange]:
    """Read records. Raises ValueError for a line that is none."""
    found = []
    for number, line in enumerate(lines, 1):
        try:
            values: Any = json.loads(line)
            found.append(Exchange(**values))
        except (ValueError, TypeError):
            raise ValueError(f"line {number} is no recorded call") from None
    return found
