"""Types that stand on others: mapped choices, lists, and types with some of their methods replaced."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import models
from django.db.models import Case, When
from django.db.models.expressions import Combinable

from charthouse.engine.declaration.json_schema import Schema, list_of
from charthouse.engine.declaration.types import References, Type
from charthouse.engine.declaration.values import InvalidValue, parse_each, parse_list, parse_text
from charthouse.engine.sql import expressions as sql


@dataclass(frozen=True, kw_only=True, eq=False)
class MappedChoice(Type):
    """A value that the wire spells otherwise than its column: ``codes`` has wire text → stored value, ``also_accepted``
    other spellings that may be written. ``otherwise`` is shown for a stored value that has no code; None: the value
    itself is, and any text may be written."""

    codes: Mapping[str, Any] = field(kw_only=False)
    also_accepted: Mapping[str, Any] = field(default_factory=dict)
    otherwise: str | None = ""
    never_null = True

    def parse(self, value: Any) -> Any:
        text = parse_text(value)
        for spelled in (self.codes, self.also_accepted):
            if text in spelled:
                return spelled[text]
        if self.otherwise is None:
            return text
        raise InvalidValue(f'"{text[:100]}" is not a valid choice.')

    def select(self, column: Combinable) -> Combinable:
        path = getattr(column, "name", "")  # a column always is an F
        whens = [When(**{path: stored}, then=sql.Literal(spelled)) for spelled, stored in self.codes.items()]
        default = column if self.otherwise is None else sql.Literal(self.otherwise)
        return Case(*whens, default=default, output_field=models.TextField())

    def schema(self) -> Schema:
        if self.otherwise is None:
            return {"type": "string"}
        shown = [*self.codes] + ([self.otherwise] if self.otherwise not in self.codes else [])
        return {"type": "string", "enum": shown}

    def write_schema(self, *, in_json: bool = False) -> Schema:
        if self.otherwise is None:
            return {"type": "string"}
        return {"type": "string", "enum": [*self.codes, *self.also_accepted]}


@dataclass(frozen=True, kw_only=True, eq=False)
class List(Type):
    """A list of values: of plain ones in an array column, of objects in a JSON column or the rows of a table.

    commas      a comma-separated text is accepted as well
    fill        a shorter list is filled up to ``max_items`` with this value
    named       the list in a reader's words, where that is not "list of" and its items' own
    """

    item: Type = field(kw_only=False)
    commas: bool = False
    max_items: int = 1000
    fill: Any = None
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
        items = parse_each(parse_list(value, self.max_items), self.item.parse)
        return items if self.fill is None else items + [self.fill] * (self.max_items - len(items))

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


@dataclass(frozen=True, kw_only=True, eq=False)
class Converted(Type):
    """Another type with some of its methods replaced, for what one or two keys need.

    parse_with    ``(inner, value)`` → Python value
    select_with   column → expression
    render_with   selected value → wire value
    find_references_with  ``(inner, parsed value)`` → the rows that it points to
    read, written JSON Schema of what is shown, and of what is written
    """

    inner: Type = field(kw_only=False)
    parse_with: Callable[[Type, Any], Any] | None = None
    find_references_with: Callable[[Type, Any], References] | None = None
    select_with: Callable[[Combinable], Combinable] | None = None
    render_with: Callable[[Any], Any] | None = None
    read: Schema | None = None
    written: Schema | None = None

    def as_required(self, required: bool) -> Type:
        inner = self.inner.as_required(required)
        return self if inner is self.inner else replace(self, inner=inner)

    def with_keys(self, keys: tuple[Any, ...]) -> Type:
        return replace(self, inner=self.inner.with_keys(keys))  # type: ignore[attr-defined]

    def parse(self, value: Any) -> Any:
        return self.inner.parse(value) if self.parse_with is None else self.parse_with(self.inner, value)

    def select(self, column: Combinable) -> Combinable:
        return self.inner.select(column) if self.select_with is None else self.select_with(column)

    @property
    def render(self) -> Callable[[Any], Any] | None:
        return self.inner.render if self.render_with is None else self.render_with

    def find_references(self, value: Any) -> References:
        if self.find_references_with is None:
            return self.inner.find_references(value)
        return self.find_references_with(self.inner, value)

    def schema(self) -> Schema:
        return self.inner.schema() if self.read is None else dict(self.read)

    def read_schema(self, *, in_json: bool = False) -> Schema:
        return self.inner.read_schema(in_json=in_json) if self.read is None else dict(self.read)

    def write_schema(self, *, in_json: bool = False) -> Schema:
        return self.inner.write_schema(in_json=in_json) if self.written is None else dict(self.written)


def _delegate(name: str) -> property:
    return property(lambda self: getattr(self.inner, name))


for _name in (
    *("control", "keeps_blank", "never_null", "upload", "is_list", "output_field", "sample"),
    *("prefers_sample", "keys", "refers_to", "choices", "open", "item", "control_attributes"),
    *("name_attribute", "choose", "store", "parse_parameter", "parameter_schema"),
    *("word", "describe", "list_choices", "list_limits", "is_whole_number", "make_sample", "show_sample"),
):
    setattr(Converted, _name, _delegate(_name))
