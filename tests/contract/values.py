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

from charthouse.files.fields import File
from charthouse.resource import fields as kinds
from charthouse.resource import times
from charthouse.resource import values as parsing
from charthouse.resource.fields import ABSENT, Field, ListOf
from charthouse.resource.joined import Coded
from charthouse.resource.nested import Embedded, Many, Members, Rows

Row = Callable[[str], int]  # the id of a row of a resource that the caller may refer to
Model = type[models.Model]

PIXEL = base64.b64encode(
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
    )
).decode()
TEXTS = ("abc", "abc_1", "A1", "12345", "123-45-6789", "2025550143", "a@example.org", "https://example.org/")
LISTED = Many | ListOf


def good(field: Field, model: Model | None, n: int, row: Row, sample: Any = None) -> Any:
    """The ``n``-th wire value of a key, which isn't its default; two neighbours differ where the type has room.

    ``sample``: what the resource's own example has for an object.
    """
    if isinstance(field, Members):
        return _good_object(field, n, row, sample if field.example is ABSENT else field.example)
    if field.example is not ABSENT and not (isinstance(field, kinds.Text) and field.choices):
        return field.example
    for kind, make in _MAKERS.items():
        if isinstance(field, kind):
            return make(field, model, n, row)
    raise AssertionError(f"no values for {type(field).__name__}: teach tests/contract/values.py this type")


def _good_object(field: Members, n: int, row: Row, sample: Any) -> Any:
    inner = field.to if isinstance(field, Rows) else None
    item = {m.name: good(m, inner, n, row) for m in field.fields if m.writable}
    refs = {m.name for m in field.fields if isinstance(m, kinds.Ref)}
    given = (sample[0] if isinstance(sample, list) else sample) or {}
    item |= {name: value for name, value in given.items() if name not in refs}
    return [item] if isinstance(field, Many) or (isinstance(field, Embedded) and field.many) else item


def _text(field: kinds.Text, model: Model | None, n: int, row: Row) -> str:
    column = field.column(model) if model else None
    if field.choices:
        default = field.absent(model) if model and field.access is not kinds.REQUIRED else None
        choices = [choice for choice in field.choices if choice and choice != default]
        return choices[n % len(choices)]
    longest = min(field.max_length or 200, getattr(column, "max_length", None) or 200)
    candidates = [f"{field.name[:20]} {n}"[-longest:].strip(), *TEXTS] if not field.pattern else list(TEXTS)
    fitting = [
        text for text in candidates if len(text) <= longest and re.fullmatch(field.pattern or ".*", text)
    ]
    assert fitting, f"{field.name}: give it an example= that fits its pattern"
    return fitting[n % len(fitting)] if field.pattern else fitting[0]


def _integer(field: kinds.Integer, model: Model | None, n: int, row: Row) -> int:
    low, high = max(field.minimum, 1), min(field.maximum, 2**15 - 1)
    return low + n % min(high - low + 1, 200)  # columns may be narrower than their type


def _boolean(field: Field, model: Model | None, n: int, row: Row) -> bool:
    default = field.absent(model) if model else False
    return bool(n % 2) is bool(default) if default is not None else bool(n % 2)


_MAKERS: dict[type[Field], Callable[[Any, Any, int, Row], Any]] = {
    File: lambda field, model, n, row: PIXEL,
    kinds.Color: lambda field, model, n, row: f"#{0x100000 + n:06X}",
    kinds.Text: _text,
    kinds.Integer: _integer,
    kinds.Ref: lambda field, model, n, row: row(field.to),
    kinds.Boolean: _boolean,
    kinds.Measure: lambda field, model, n, row: n % 90 + 1.5,
    kinds.Decimal: lambda field, model, n, row: f"{n % 900 + 1}.25",
    times.Date: lambda field, model, n, row: (date(2001, 1, 1) + timedelta(days=n)).isoformat(),
    times.Moment: lambda field, model, n, row: moment(n).replace("T", " "),
    Coded: lambda field, model, n, row: list(field.codes)[n % len(field.codes)],
    times.Timestamp: lambda field, model, n, row: moment(n),
    times.Time: lambda field, model, n, row: time(8 + n % 8, 15).isoformat(),
    ListOf: lambda field, model, n, row: [good(field.item, None, n, row)],
}


def moment(n: int, hours: int = 0) -> str:
    """The ``n``-th day from a Monday of 2030, at half past nine or so many hours later."""
    return (datetime(2030, 1, 7, 9, 30) + timedelta(days=n, hours=hours)).isoformat()  # noqa: DTZ001  wall clock


def agrees(field: Field, written: Any, read: Any) -> bool:
    """Whether what was read is what was written, in the form that this type is shown in."""
    if isinstance(field, Members):
        return _object_agrees(field, written, read)
    if read is None or written is None:
        return read == written
    if isinstance(field, File):
        return isinstance(read, str) and read.startswith("http")
    if isinstance(field, ListOf):
        return len(written) == len(read) and all(
            agrees(field.item, w, r) for w, r in zip(written, read, strict=True)
        )
    if isinstance(field, kinds.Measure):
        return math.isclose(float(written), float(read))
    if isinstance(field, kinds.Decimal):
        return isinstance(read, str) and float(written) == float(read)
    if isinstance(field, kinds.Ref | kinds.Id):
        return int(written) == int(read)
    return bool(written == read) and type(written) is type(read)


def _object_agrees(field: Members, written: Any, read: Any) -> bool:
    by_name = {member.name: member for member in field.fields}
    if isinstance(written, list):
        return isinstance(read, list) and all(
            any(_object_agrees(field, item, other) for other in read) for item in written
        )
    return isinstance(read, dict) and all(
        agrees(by_name[name], value, read.get(name))
        for name, value in written.items()
        if by_name[name].readable
    )


def wrong(field: Field) -> Any:
    """What no key of this type takes."""
    return 5 if isinstance(field, Members) else {"no": [1]}


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


def hostile_inside(field: Field) -> Iterator[Any]:
    """Every hostile value where it belongs inside a key: in its list, or in all keys of its object at once.

    An object with one wrong key is refused whole, so there is a second one, of those keys alone that take the value.
    """
    for value in HOSTILE:
        if isinstance(field, ListOf):
            yield [value]
        if isinstance(field, Members):
            listed = isinstance(field, Many) or (isinstance(field, Embedded) and field.many)
            inner = field.to if isinstance(field, Rows) else None
            for item in (
                {member.name: value for member in field.fields},
                {member.name: value for member in field.fields if takes(member, inner, value)},
            ):
                yield [item] if listed else item


def takes(field: Field, model: Model | None, value: Any) -> bool:
    """Whether the value gets past the parser, and so to the checks and to the database."""
    try:
        field.parse(value) if model is None else parsing.value(field, model, value)
    except (kinds.Wrong, NotImplementedError):
        return False
    return True
