"""Wire values: what every type needs to read one.

Types of the wire follow reference drchrono/resources.yaml (``conventions.types``); the texts of errors are those of
Django REST framework, which clients of both APIs already parse.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any

import msgspec

ABSENT: Any = object()


class Access(Enum):
    """Who may write a key, and whether it is shown."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    READ_ONLY = "read_only"
    WRITE_ONLY = "write_only"


REQUIRED, OPTIONAL, READ_ONLY, WRITE_ONLY = Access

# What an anonymous caller is shown of a value: all of it, nothing, a phone number's area code, a date's year.
SHOWN, REMOVED, AREA_CODE, YEAR = "shown", "removed", "area code", "year"


class InvalidValue(Exception):
    """A value that is not acceptable. ``messages``: a list, or a mapping for the members of an object."""

    def __init__(self, messages: Any) -> None:
        super().__init__(messages)
        self.messages = [messages] if isinstance(messages, str) else messages


def parse_text(value: Any) -> str:
    """Text that PostgreSQL can hold. Numbers pass as their digits, as the hosted API lets them. Raises InvalidValue."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InvalidValue("Not a valid string.")
    text = str(value)
    if "\x00" in text:
        raise InvalidValue("Null characters are not allowed.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidValue("Not a valid string.") from None
    return text


def parse_list(value: Any, max_items: int) -> list[Any]:
    """A list of at most so many items, its items as given. Raises InvalidValue."""
    value = decode_json_text(value)
    if not isinstance(value, list):
        raise InvalidValue(f'Expected a list of items but got type "{name_type(value)}".')
    if len(value) > max_items:
        raise InvalidValue(f"Ensure this field has no more than {max_items} elements.")
    return value


def parse_each(items: list[Any], parse: Callable[[Any], Any]) -> list[Any]:
    """Parse each item. Raises InvalidValue with a mapping index → messages when any is wrong."""
    parsed, errors = [], {}
    for index, item in enumerate(items):
        try:
            parsed.append(parse(item))
        except InvalidValue as error:
            errors[str(index)] = error.messages
    if errors:
        raise InvalidValue(errors)
    return parsed


def decode_json_text(value: Any) -> Any:
    """Lists and objects arrive as JSON text in forms. Raises InvalidValue."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            raise InvalidValue("Value must be valid JSON.") from None
    return value


def name_type(value: Any) -> str:
    return type(value).__name__


def describe_missing_row(row_id: Any, merged_into: int | None = None) -> str:
    if merged_into is not None:
        return f'Invalid pk "{row_id}" - object was merged into {merged_into}.'
    return f'Invalid pk "{row_id}" - object does not exist.'
