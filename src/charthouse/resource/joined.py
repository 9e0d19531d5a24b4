"""Keys that are spelled otherwise than their columns, and read-only objects inside a row's: of its own columns, or of
the row that a reference points to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import models
from django.db.models import Case, OuterRef, Subquery, When
from django.db.models.expressions import Combinable

from charthouse.resource import sql
from charthouse.resource.fields import READ_ONLY, Access, Field, Wrong, plain_text
from charthouse.resource.nested import Members

if TYPE_CHECKING:
    from charthouse.resource.declare import Resource


@dataclass(frozen=True, kw_only=True, eq=False)
class Parts(Members):
    """An object whose members are keys of the row itself."""

    access: Access = READ_ONLY

    def of(self, model: type[models.Model] | None) -> type[models.Model] | None:
        return model

    def column(self, model: type[models.Model]) -> Any:
        return None

    def sql(self) -> Combinable:
        return sql.Json(**{member.name: member.sql() for member in self.fields})


@dataclass(frozen=True, kw_only=True, eq=False)
class Whole(Parts):
    """In a function's answer: an object as its resource shows it."""

    resource: "Resource"
    fields: tuple[Field, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", self.resource.shown(True))


@dataclass(frozen=True, kw_only=True, eq=False)
class Linked(Members):
    """The row of ``to`` that ``via``, the path of a reference of this row (or ``match``), points to; null where
    there is none, or where it was put away. ``match`` makes the queryset, over ``OuterRef``. A model of a domain that
    this one doesn't know is named: ``to="patients.Patient"``."""

    to: Any  # type[models.Model]
    via: str = ""
    match: "Callable[[], models.QuerySet[Any]] | None" = None
    access: Access = READ_ONLY

    def __post_init__(self) -> None:
        if isinstance(self.to, str):
            object.__setattr__(self, "to", apps.get_model(self.to))

    def of(self, model: type[models.Model] | None) -> type[models.Model]:
        return self.to  # type: ignore[no-any-return]

    def column(self, model: type[models.Model]) -> Any:
        return None

    def sql(self) -> Combinable:
        if self.match is not None:
            rows = self.match()
        else:
            rows = self.to._default_manager.filter(
                practice=OuterRef("practice_id"), pk=OuterRef(f"{self.via}_id")
            )
        if any(column.name == "archived" for column in self.to._meta.concrete_fields):
            rows = rows.filter(archived=False)
        members = {member.name: member.sql() for member in self.fields}
        return Subquery(rows.order_by().values_list(sql.Json(**members))[:1])


@dataclass(frozen=True, kw_only=True, eq=False)
class Constant(Field):
    """The same text in every row."""

    value: str
    access: Access = READ_ONLY
    stored: bool = False
    nullable: bool | None = False

    def sql(self) -> Combinable:
        return sql.Text(self.value)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": [self.value]}


@dataclass(frozen=True, kw_only=True, eq=False)
class Coded(Field):
    """A value that the wire spells otherwise than its column: ``codes`` has wire text → stored value, ``also`` other
    spellings that are accepted. ``otherwise`` is shown for a stored value that has no code."""

    codes: Mapping[str, Any]
    also: Mapping[str, Any] = field(default_factory=dict)
    otherwise: str = ""

    def parse(self, value: Any) -> Any:
        text = plain_text(value)
        for spelled in (self.codes, self.also):
            if text in spelled:
                return spelled[text]
        raise Wrong(f'"{text[:100]}" is not a valid choice.')

    def sql(self) -> Combinable:
        whens = [
            When(**{self.path: stored}, then=sql.Text(spelled)) for spelled, stored in self.codes.items()
        ]
        return Case(*whens, default=sql.Text(self.otherwise), output_field=models.TextField())

    def schema(self) -> dict[str, Any]:
        shown = [*self.codes] + ([self.otherwise] if self.otherwise not in self.codes else [])
        return {"type": "string", "enum": shown}

    def written_schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": [*self.codes, *self.also]}
