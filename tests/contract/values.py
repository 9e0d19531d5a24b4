"""Values for the keys of any declaration: good ones that differ from the default, and hostile ones.

A key whose good values can't be told from its type (a pattern, a rule of its domain) says one with ``example=``.
"""

import base64
import math
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import models

from charthouse.engine.declaration.composites import List, MappedChoice
from charthouse.engine.declaration.contact_types import EmailAddress, PhoneNumber
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.times import Date, Time, Timestamp
from charthouse.engine.declaration.types import (
    Boolean,
    Decimal,
    Integer,
    Measurement,
    Text,
    Type,
    check_color,
)
from charthouse.engine.declaration.values import ABSENT, REQUIRED, InvalidValue
from charthouse.files.types import File

Row = Callable[[str], int]  # the id of a row of a resource that the caller may refer to
Model = type[models.Model]

PIXEL = base64.b64encode(
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
    )
).decode()
TEXTS = ("abc", "abc_1", "A1", "12345", "123-45-6789", "2025550143", "a@example.org", "https://example.org/")


def is_object(of: Type) -> bool:
    """Whether its values are objects, or lists of them; of an open one no key may be declared."""
    return of.control == "object" or bool(of.keys) or (of.item is not None and is_object(of.item))


def make_good(key: Key, model: Model | None, n: int, row: Row, sample: Any = None) -> Any:
    """The ``n``-th wire value of a key, which isn't its default; two neighbours differ where the type has room.

    ``sample``: what the resource's own example has for an object.
    """
    if is_object(key.type):
        return _make_good_object(key, n, row, sample if key.example is ABSENT else key.example)
    of = key.type
    if key.example is not ABSENT and not (isinstance(of, Text) and of.choices):
        return key.example
    return _make_good_value(key, of, model, n, row)


def _make_good_value(key: Key, of: Type, model: Model | None, n: int, row: Row) -> Any:
    for kind, make in _MAKERS.items():
        if isinstance(of, kind):
            return make(key, of, model, n, row)
    raise AssertionError(f"no values for {type(of).__name__}: teach tests/contract/values.py this type")


def _make_good_object(key: Key, n: int, row: Row, sample: Any) -> Any:
    inner = get_row_model(key)
    item = {m.name: make_good(m, inner, n, row) for m in key.type.keys if m.writable}
    refs = {m.name for m in key.type.keys if isinstance(m.type, Reference)}
    given = (sample[0] if isinstance(sample, list) else sample) or {}
    item |= {name: value for name, value in given.items() if name not in refs}
    return [item] if key.type.is_list else item


def get_row_model(key: Key) -> Model | None:
    """The table whose rows an object is written into; None for the objects of a JSON column."""
    return key.source.member_model(None) if key.source.writes_rows else None


def _text(key: Key, of: Text, model: Model | None, n: int, row: Row) -> str:
    if of.check is check_color:
        return f"#{0x100000 + n:06X}"
    column = key.find_column(model) if model else None
    if of.choices:
        default = key.find_default(model) if model and key.access is not REQUIRED else None
        choices = [choice for choice in of.choices if choice and choice != default]
        return choices[n % len(choices)]
    if isinstance(of, PhoneNumber | EmailAddress):
        return f"555-201-{n % 10_000:04}" if isinstance(of, PhoneNumber) else f"amara{n}@example.org"
    longest = min(of.max_length or 200, getattr(column, "max_length", None) or 200)
    candidates = [f"{key.name[:20]} {n}"[-longest:].strip(), *TEXTS] if not of.pattern else list(TEXTS)
    fitting = [text for text in candidates if len(text) <= longest and re.fullmatch(of.pattern or ".*", text)]
    assert fitting, f"{key.name}: give it an example= that fits its pattern"
    return fitting[n % len(fitting)] if of.pattern else fitting[0]


def _integer(key: Key, of: Integer, model: Model | None, n: int, row: Row) -> int:
    low, high = max(of.minimum, 1), min(of.maximum, 2**15 - 1)
    return low + n % min(high - low + 1, 200)  # columns may be narrower than their type


def _boolean(key: Key, of: Boolean, model: Model | None, n: int, row: Row) -> bool:
    default = key.find_default(model) if model else False
    return bool(n % 2) is bool(default) if default is not None else bool(n % 2)


def _timestamp(key: Key, of: Timestamp, model: Model | None, n: int, row: Row) -> str:
    shown = make_past_moment(n) if of.past else make_moment(n)
    return shown.replace("T", " ") if of.spaced else shown


def _list(key: Key, of: List, model: Model | None, n: int, row: Row) -> list[Any]:
    return [_make_good_value(key, of.item, None, n, row)]


_MAKERS: dict[type[Type], Callable[[Any, Any, Any, int, Row], Any]] = {
    File: lambda key, of, model, n, row: PIXEL,
    Text: _text,
    Integer: _integer,
    Reference: lambda key, of, model, n, row: row(of.to),
    Boolean: _boolean,
    Measurement: lambda key, of, model, n, row: n % 90 + 1.5,
    Decimal: lambda key, of, model, n, row: f"{n % 900 + 1}.25",
    Date: lambda key, of, model, n, row: (date(2001, 1, 1) + timedelta(days=n % 7000)).isoformat(),
    MappedChoice: lambda key, of, model, n, row: list(of.codes)[n % len(of.codes)],
    Timestamp: _timestamp,
    Time: lambda key, of, model, n, row: time(8 + n % 8, 15).isoformat(),
    List: _list,
}


def make_moment(n: int, hours: int = 0) -> str:
    """The ``n``-th day from a Monday of 2030, at half past nine or so many hours later."""
    return (datetime(2030, 1, 7, 9, 30) + timedelta(days=n, hours=hours)).isoformat()  # noqa: DTZ001  wall clock


def make_past_moment(n: int) -> str:
    """The ``n``-th day from a Monday of 2002, at half past nine."""
    return (datetime(2002, 1, 7, 9, 30) + timedelta(days=n % 7000)).isoformat()  # noqa: DTZ001  UTC


def agrees(of: Type, written: Any, read: Any) -> bool:
    """Whether what was read is what was written, in the form that this type is shown in."""
    if is_object(of):
        return _object_agrees(of, written, read)
    if read is None or written is None:
        return read == written
    if isinstance(of, File):
        return isinstance(read, str) and read.startswith("http")
    if isinstance(of, List):
        return len(written) == len(read) and all(
            agrees(of.item, w, r) for w, r in zip(written, read, strict=True)
        )
    if isinstance(of, Measurement):
        return math.isclose(float(written), float(read))
    if isinstance(of, Decimal):
        return isinstance(read, str) and float(written) == float(read)
    if isinstance(of, Reference | Id):
        return int(written) == int(read)
    return bool(written == read) and type(written) is type(read)


def _object_agrees(of: Type, written: Any, read: Any) -> bool:
    by_name = {member.name: member for member in of.keys}
    if isinstance(written, list):
        return isinstance(read, list) and all(
            any(_object_agrees(of, item, other) for other in read) for item in written
        )
    return isinstance(read, dict) and all(
        agrees(by_name[name].type, value, read.get(name))
        for name, value in written.items()
        if by_name[name].readable
    )


def make_wrong(key: Key) -> Any:
    """What no key of this type takes."""
    return 5 if is_object(key.type) else {"no": [1]}


# -- what nobody sane sends -------------------------------------------------------------------------------------

DEEP: Any = []
for _ in range(150):
    DEEP = [DEEP]

HOSTILE: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**31,
    2**63,
    10**400,
    1e308,
    -0.0,
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "x" * 100_000,
    "9" * 5_000,
    "1e999999999",
    "NaN",
    "Infinity",
    "0000-00-00",
    "9999-12-31T23:59:59",
    "0001-01-01T00:00:00",
    "2024-02-30",
    "2024-01-01T00:00:00+99:99",
    "24:00:00",
    "'; drop table patients_patient; --",
    "{",
    "[[[[",
    "\u202e\u0000\ufffe",
    "\U0001f4a9" * 300,
    [],
    [None],
    [[]],
    [{}],
    {},
    {"id": None},
    {"\x00": "\x00"},
    {"id": {"id": []}},
    DEEP,
    list(range(2_000)),
    [{"id": -1}, {"id": 2**70}, "x", None, 1.5],
    {"a" * 5_000: 1},
)


def list_hostile_inside(key: Key) -> Iterator[Any]:
    """Every hostile value where it belongs inside a key: in its list, or in all keys of its object at once.

    An object with one wrong key is refused whole, so there is a second one, of those keys alone that take the value.
    """
    for value in HOSTILE:
        if not is_object(key.type):
            yield [value]
            continue
        inner = get_row_model(key)
        for item in (
            {member.name: value for member in key.type.keys},
            {member.name: value for member in key.type.keys if takes(member, inner, value)},
        ):
            yield [item] if key.type.is_list else item


def takes(key: Key, model: Model | None, value: Any) -> bool:
    """Whether the value gets past the parser, and so to the checks and to the database."""
    try:
        key.type.parse(value) if model is None else key.parse(value, model)
    except (InvalidValue, NotImplementedError):
        return False
    return True
