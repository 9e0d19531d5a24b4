"""Sources of objects: the row's own columns, a related row, child rows.

Objects are read inside the row's own SELECT (``json_build_object``), so that a list is one query.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from django.apps import apps
from django.db import models
from django.db.models import OuterRef, Subquery
from django.db.models.expressions import Combinable, F
from django.db.models.functions import Coalesce

from charthouse.engine.declaration import json_schema
from charthouse.engine.declaration.json_schema import Schema
from charthouse.engine.declaration.objects import parse_object, write_object_schema
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.sources import Model, Source
from charthouse.engine.declaration.types import Type
from charthouse.engine.declaration.values import (
    ABSENT,
    InvalidValue,
    decode_json_text,
    describe_missing_row,
    parse_each,
    parse_list,
)
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.lateral import LateralAggregate

if TYPE_CHECKING:
    from charthouse.engine.declaration.keys import Key


@dataclass(frozen=True, kw_only=True, eq=False)
class _Members(Source):
    """What objects whose members are columns have in common."""

    has_members = True

    def read_schema(self, type: Type, model: Model | None, anonymous: bool) -> Schema:
        of = self.member_model(model)
        members = {key.name: key.read_schema(of, anonymous) for key in type.keys if key.readable}
        schema = json_schema.strict_object(members)
        return json_schema.list_of(schema) if type.is_list else schema

    def write_schema(self, type: Type, model: Model | None) -> Schema:
        of = self.member_model(model) if self.writes_rows else None
        schema = write_object_schema(type.keys, of)
        return json_schema.list_of(schema) if type.is_list else schema


@dataclass(frozen=True, kw_only=True, eq=False)
class SelfRow(_Members):
    """The row itself: the members are keys of its own columns."""

    def member_model(self, model: Model | None) -> Model | None:
        return model

    def select(self, type: Type) -> Combinable:
        return sql.json_object(**{key.name: key.select() for key in type.keys})

    def may_be_null(self, model: Model) -> bool | None:
        return False


@dataclass(frozen=True, kw_only=True, eq=False)
class _OtherTable(_Members):
    """Rows of another table.

    to      a model; one of a domain that this domain does not know is named: ``"clinical.ClinicalNote"``
    match   makes the queryset of the rows to be read, over ``OuterRef``
    """

    to: Any = field(kw_only=False)
    match: "Callable[[], models.QuerySet[Any]] | None" = None

    def __post_init__(self) -> None:
        if isinstance(self.to, str):
            object.__setattr__(self, "to", apps.get_model(self.to))

    def member_model(self, model: Model | None) -> Model | None:
        return cast(Model, self.to)


@dataclass(frozen=True, kw_only=True, eq=False)
class RelatedRow(_OtherTable):
    """The row of ``to`` that a reference points to; null where there is none, or where it is deleted.

    via     path of the reference
    match   instead of ``via``: makes the queryset, over ``OuterRef``
    """

    via: str = ""

    def select(self, type: Type) -> Combinable:
        if self.match is not None:
            rows = self.match()
        else:
            rows = self.to._default_manager.filter(
                practice=OuterRef("practice_id"), pk=OuterRef(f"{self.via}_id")
            )
        if any(column.name == "archived" for column in self.to._meta.concrete_fields):
            rows = rows.filter(archived=False)
        members = {key.name: key.select() for key in type.keys}
        return Subquery(rows.order_by().values_list(sql.json_object(**members))[:1])


@dataclass(frozen=True, kw_only=True, eq=False)
class _Children(_OtherTable):
    """Rows of ``to`` whose attribute ``link`` points to the row shown.

    link    empty: all rows of the practice that match ``where``
    where   fixed values of such rows (the rank of a coverage)
    order   their order on the wire
    only    conditions on other columns, for rows of other kinds in the same table
    match   instead of ``link`` and ``where``: makes the queryset of the rows to be read, over ``OuterRef``
    check   called with a row before it is saved; raises InvalidValue
    """

    check: "Callable[[Any], None] | None" = None
    link: str = ""
    where: Mapping[str, Any] = field(default_factory=dict)
    only: Mapping[str, Any] = field(default_factory=dict)
    order: tuple[str, ...] = ("id",)
    writes_rows = True

    def list_rows(self) -> "models.QuerySet[Any]":
        """The rows of one outer row, inside its SELECT."""
        if self.match is not None:
            return self.match()
        conditions = {**self.where, "practice": OuterRef("practice_id"), "archived": False}
        if self.link:
            conditions[self.link] = OuterRef("pk")
        rows: models.QuerySet[Any] = self.to._default_manager.filter(**conditions)
        return rows.order_by(*self.order).filter(**self.only)

    def find_stored(self, row: Any) -> "models.QuerySet[Any]":
        """The rows of a model instance, deleted ones included."""
        rows: models.QuerySet[Any] = self.to._default_manager.filter(practice=row.practice_id)
        return rows.filter(**{self.link: row.pk}, **self.where).filter(**self.only)

    def _select_object(self, type: Type) -> Combinable:
        return sql.json_object(**{key.name: key.select() for key in type.keys if key.readable})

    def _make(self, row: Any) -> Any:
        link = {f"{self.link}_id": row.pk} if self.link else {}
        return self.to(practice_id=row.practice_id, **link, **self.where)

    def _write(self, keys: Iterable["Key"], child: Any, values: Mapping[str, Any]) -> bool:
        """Set an object's parsed keys in its row, and save it if that changes it."""
        changed = child._state.adding or child.archived
        for key in keys:
            if key.name in values and key.is_stored:
                stored = key.type.store(values[key.name], child.practice_id)
                changed = changed or getattr(child, key.attribute) != stored
                setattr(child, key.attribute, stored)
        if changed:
            child.archived = False
            if self.check is not None:
                self.check(child)
            child.save()
        return bool(changed)

    def _delete(self, child: Any) -> bool:
        """Soft-delete a row. Whether it was there."""
        if child.archived:
            return False
        child.archived = True
        child.save(update_fields=["archived", "updated_at"])
        return True


@dataclass(frozen=True, kw_only=True, eq=False)
class ChildRow(_Children):
    """At most one child row: an object or null. ``always``: shown with empty members where there is no row.

    Rows that one column tells apart (``where``) are read together, in one subquery for all keys with the same members.
    """

    always: bool = False

    def parse(self, type: Type, value: Any) -> dict[str, Any]:
        return parse_object(type.keys, value, self.to)

    def select(self, type: Type) -> Combinable:
        if len(self.where) == 1 and self.match is None:
            found = self._select_among_siblings(type)
        else:
            found = Subquery(self.list_rows().values_list(self._select_object(type))[:1])
        if not self.always:
            return found
        empty = {key.name: key.find_default(self.to) for key in type.keys if key.readable}
        return Coalesce(found, sql.json_object(**{name: sql.literal(value) for name, value in empty.items()}))

    def _select_among_siblings(self, type: Type) -> Combinable:
        ((column, value),) = self.where.items()
        siblings = LateralAggregate(
            f"{self.to._meta.db_table}_by_{column}",
            replace(self, where={}).list_rows,
            lambda: {"objects": sql.json_by(F(column), self._select_object(type))},
        )
        return sql.json_member(siblings.column("objects", sql.JSON), str(value))

    def may_be_null(self, model: Model) -> bool | None:
        return not self.always

    def store(self, type: Type, row: Any, value: Any) -> bool:
        """Null deletes the row; an object changes the keys it names, and starts from the defaults where there was
        none."""
        child = self.find_stored(row).first()
        if value is None:
            return child is not None and self._delete(child)
        if child is None or child.archived:
            deleted = child
            child = self._make(row)
            if deleted is not None:
                child.pk, child._state.adding, child.created_at = deleted.pk, False, deleted.created_at
                child.archived = True
            for key in type.keys:
                if key.default is not ABSENT and key.is_stored:
                    setattr(child, key.attribute, key.find_default(self.to))
            if self.always and self._is_empty(type, child, value):
                return False
        return self._write(type.keys, child, value)

    def _is_empty(self, type: Type, new: Any, value: Mapping[str, Any]) -> bool:
        """Whether an object is the empty one that is shown where there is no row."""
        stored = [key for key in type.keys if key.name in value and key.is_stored]
        return all(getattr(new, key.attribute) == value[key.name] for key in stored)


@dataclass(frozen=True, kw_only=True, eq=False)
class ChildRows(_Children):
    """A list of child rows. A written item is matched by ``match_by`` (its wire name, or several) to a row that is
    there already; rows that no item names stay, or are deleted with ``replace_all``."""

    match_by: str | tuple[str, ...] = "id"
    replace_all: bool = False

    def parse(self, type: Type, value: Any) -> list[dict[str, Any]]:
        given = parse_list(value, type.max_items)  # type: ignore[attr-defined]
        items = parse_each(given, lambda item: self._parse_item(type, item))
        identities = [identity for item in items if (identity := self._identify(item)) is not None]
        if len(set(identities)) < len(identities):
            raise InvalidValue(f"Each {' and '.join(self._names)} may be given once.")
        return items

    @property
    def _names(self) -> tuple[str, ...]:
        return (self.match_by,) if isinstance(self.match_by, str) else self.match_by

    def _identify(self, item: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """The values that a written item is matched by, None for a new one."""
        identity = tuple(item.get(name) for name in self._names)
        return None if None in identity else identity

    def _parse_item(self, type: Type, value: Any) -> dict[str, Any]:
        parsed = parse_object(type.keys, value, self.to)
        if self.match_by == "id" and decode_json_text(value).get("id") is not None:
            parsed["id"] = Reference("").parse(decode_json_text(value)["id"])
        return parsed

    def select(self, type: Type) -> Combinable:
        order = [F(path.lstrip("-")).desc() if path[0] == "-" else F(path).asc() for path in self.order]
        rows = self.list_rows().order_by().values_list(sql.json_list(self._select_object(type), order=order))
        return Subquery(sql.ungroup(rows))

    def may_be_null(self, model: Model) -> bool | None:
        return False

    def store(self, type: Type, row: Any, value: Any) -> bool:
        keys = {key.name: key for key in type.keys}
        attributes = [keys[name].attribute if name in keys else "id" for name in self._names]
        stored = {tuple(getattr(child, a) for a in attributes): child for child in self.find_stored(row)}
        named, changed = set(), False
        for item in value or []:
            identity = self._identify(item)
            if self.match_by == "id" and identity is not None and identity not in stored:
                raise InvalidValue(describe_missing_row(identity[0]))
            child = stored.get(identity) if identity is not None else None
            child = child or self._make(row)
            values = {name: part for name, part in item.items() if name != "id"}
            changed |= self._write(type.keys, child, values)
            named.add(child.pk)
        if self.replace_all:
            for child in stored.values():
                changed |= child.pk not in named and self._delete(child)
        return changed
