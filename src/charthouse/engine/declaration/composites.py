"""Types that stand on others: mapped choices, lists, and types with some of their methods replaced."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Any

from django.db import models
from django.db.models import Case, When
from django.db.models.expressions import Combinable

from charthouse.engine.declaration.json_schema import Schema, list_of
from charthouse.engine.declaration.types import References, Type
from charthouse.engine.declaration.values import InvalidValue, parse_each, parse_list, parse_text
from charthouse.engine.sql import expressions as sql

Parse = Callable[[Any], Any]  # wire value → Python value; raises InvalidValue


@dataclass(frozen=True, kw_only=True, eq=False)
class MappedChoice(Type):
    """A value that the wire spells otherwise than its column: ``codes`` has wire text → stored value. ``otherwise`` is
    shown for a stored value that has no code; None: the value itself is, and any text may be written."""

    codes: Mapping[str, Any] = field(kw_only=False)
    otherwise: str | None = ""
    never_null = True

    def parse(self, value: Any) -> Any:
        text = parse_text(value)
        if text in self.codes:
            return self.codes[text]
        if self.otherwise is None:
            return text
        raise InvalidValue(f'"{text[:100]}" is not a valid choice.')

    def select(self, column: Combinable) -> Combinable:
        path = getattr(column, "name", "")  # a column always is an F
        whens = [When(**{path: stored}, then=sql.Literal(spelled)) for spelled, stored in self.codes.items()]
        default = column if self.otherwise is None else sql.Literal(self.otherwise)
        return Case(*whens, default=default, output_field=models.TextField())

    def find_departure(self, value: Any) -> str:
        return (
            "" if value in self.codes else "This is none of the documented values; it is taken all the same."
        )

    def list_choices(self) -> Sequence[str]:
        return [*self.codes]

    def schema(self) -> Schema:
        if self.otherwise is None:
            return {"type": "string"}
        shown = [*self.codes] + ([self.otherwise] if self.otherwise not in self.codes else [])
        return {"type": "string", "enum": shown}

    def write_schema(self, *, in_json: bool = False) -> Schema:
        if self.otherwise is None:
            return {"type": "string"}
        return {"type": "string", "enum": [*self.codes]}


@dataclass(frozen=True, kw_only=True, eq=False)
class List(Type):
    """A list of values: of plain ones in an array column, of objects in a JSON column or the rows of a table.

    commas      a comma-separated text is accepted as well
    named       the list in a reader's words, where that is not "list of" and its items' own
    """

    item: Type = field(kw_only=False)
    commas: bool = False
    max_items: int = 1000
    named: str = ""
    control = "list"
    keeps_blank = True
    is_list = True
    sample = ()

    @property
    def keys(self) -> tuple[Any, ...]:
        return self.item.item_keys

    @property
    def refers_to(self) -> str:
        return self.item.refers_to

    def with_keys(self, keys: tuple[Any, ...]) -> Type:
        return replace(self, item=self.item.with_keys(keys))  # type: ignore[attr-defined]

    def parse(self, value: Any) -> list[Any]:
        if self.commas and isinstance(value, str) and value.lstrip()[:1] not in ("[", "{"):
            value = [part.strip() for part in value.split(",") if part.strip()]
        return parse_each(parse_list(value, self.max_items), self.item.parse)

    def select(self, column: Combinable) -> Combinable:
        return self.item.select(column) if self.keys else column

    @property
    def render(self) -> Callable[[Any], Any] | None:
        return self.item.render if self.keys else None

    def find_references(self, value: Any) -> References:
        for index, item in enumerate(value or () if self.keys else ()):
            for to, row_id, path in self.item.find_references(item):
                yield to, row_id, (str(index), *path)

    def schema(self) -> Schema:
        return list_of(self.item.schema())

    def read_schema(self, *, in_json: bool = False) -> Schema:
        return list_of(self.item.read_schema(in_json=True))

    def write_schema(self, *, in_json: bool = False) -> Schema:
        schema = list_of(self.item.write_schema(in_json=True))
        return schema if self.keys else {**schema, "maxItems": self.max_items}

    def list_choices(self) -> Sequence[str]:
        return self.item.list_choices()

    @property
    def word(self) -> str:
        if self.keys:
            return "list of objects"
        return self.named or f"list of {self.item.word}"

    def make_sample(self) -> Any:
        return []


def convert(
    of: Type,
    *,
    parse: Callable[[Parse, Any], Any] | None = None,
    find_references: Callable[[Any], References] | None = None,
    select: Callable[[Combinable], Combinable] | None = None,
    render: Callable[[Any], Any] | None = None,
    read: Schema | None = None,
    written: Schema | None = None,
) -> Type:
    """A type with some of its methods replaced, for what one or two keys need.

    parse            (the type's own ``parse``, wire value) → Python value
    find_references  parsed value → the rows that it points to
    select           column → expression
    render           selected value → wire value
    read, written    JSON Schema of what is shown, and of what is written
    """
    own: Any = type(of)
    replaced: dict[str, Any] = {
        "parse": parse and (lambda self, value: parse(partial(own.parse, self), value)),
        "find_references": find_references and staticmethod(find_references),
        "select": select and staticmethod(select),
        "render": render and property(lambda self: render),
        "read_schema": read and (lambda self, **_: dict(read)),
        "write_schema": written and (lambda self, **_: dict(written)),
    }
    methods = {name: method for name, method in replaced.items() if method is not None}
    converted: Callable[..., Type] = type(own.__name__, (own,), methods)
    return converted(**{part.name: getattr(of, part.name) for part in fields(of) if part.init})
