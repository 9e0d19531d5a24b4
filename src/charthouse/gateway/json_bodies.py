"""JSON bodies. Where a value can't be read as JSON allows it (NaN, 1e400, half a surrogate pair), its key is named."""

import codecs
import json
import math
from dataclasses import dataclass
from typing import Any

import msgspec

from charthouse.engine.errors import Invalid, Malformed, summarize_errors
from charthouse.engine.execution import conformance

MAX_EXAMINED = 1024 * 1024  # bytes of a body in which wrong values are looked for
MAX_DIGITS = 4300  # of an integer, as Python converts it; so many are checked for each key by its own limits
NO_NUMBER = "NaN and Infinity are not numbers in JSON."
TOO_LARGE = "This number is too large."
NO_UNICODE = "This text is not valid Unicode."

_decode = msgspec.json.Decoder().decode


def parse_json(body: bytes) -> Any:
    """Parse a JSON text in UTF-8; a byte order mark is ignored (RFC 8259, section 8.1).

    Raises Invalid where single values can't be read, and in strict mode; Malformed where the text can't be.
    """
    text = body.removeprefix(codecs.BOM_UTF8)
    try:
        parsed = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        _refuse_values(text)
        raise Malformed(f"JSON parse error - {_describe(error)}") from None
    conformance.check_repeated_keys(body)
    return parsed


def _describe(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return "invalid UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


@dataclass(frozen=True)
class _Unreadable:
    """Takes the place of a value that can't be read."""

    message: str


def _refuse_values(text: bytes) -> None:
    """Raises Invalid, or Malformed if the body is a list, if single values are at fault and nothing else is."""
    if len(text) > MAX_EXAMINED:
        return
    try:
        whole = json.loads(
            text.decode("utf-8", "surrogateescape"),
            parse_constant=lambda _: _Unreadable(NO_NUMBER),
            parse_int=lambda digits: int(digits) if len(digits) <= MAX_DIGITS else _Unreadable(TOO_LARGE),
        )
        errors = _find_faults(whole)
    except (ValueError, RecursionError):
        return
    if isinstance(whole, dict) and errors:
        raise Invalid(errors)
    if isinstance(whole, list) and errors:
        raise Malformed(f"JSON parse error - {summarize_errors(errors)}")


def _find_faults(value: Any) -> Any:
    """Return the messages of what can't be read: of an object or a list by name or index. Raises ValueError for a name
    that can't be shown."""
    if isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else ((str(n), part) for n, part in enumerate(value))
        found = {name: _find_faults(part) for name, part in parts}
        "".join(found).encode()
        return {name: fault for name, fault in found.items() if fault}
    if isinstance(value, _Unreadable):
        return [value.message]
    if isinstance(value, float) and math.isinf(value):
        return [TOO_LARGE]
    return [NO_UNICODE] if isinstance(value, str) and not _is_unicode(value) else None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
