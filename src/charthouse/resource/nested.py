"""Keys that hold objects or lists of objects: columns of JSON, or rows of a table that point back to the row shown.

Objects are read inside the row's own SELECT (``json_build_object``), so that a list stays one query.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, cast

import msgspec
from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import OuterRef, Subquery
from django.db.models.expressions import Combinable, F
from django.db.models.functions import Coalesce

from charthouse.resource import sql
from charthouse.resource.fields import ABSENT, REQUIRED, Field, Ref, Wrong, collect, decoded, missing_row
from charthouse.resource.values import value as one_value


def parse_members(fields: Sequence[Field], value: Any, model: type[models.Model] | None) -> dict[str, Any]:
    """An object's own keys, those that were given. ``model`` None: the object lives in a JSON column."""
    value = decoded(value)
    if not isinstance(value, dict):
        raise Wrong(
            {"non_field_errors": [f"Invalid data. Expected a dictionary, but got {type(value).__name__}."]}
        )
    parsed: dict[str, Any] = {}
    wrong: dict[str, Any] = {}
    for member in fields:
        if not member.writable or member.name not in value:
            if member.writable and member.access is REQUIRED:
                wrong[member.name] = ["This field is required."]
            continue
        given = value[member.name]
        try:
            if model is not None:
                parsed[member.name] = one_value(member, model, given)
            elif given is not None:
                parsed[member.name] = member.parse(given)
            elif member.access is REQUIRED:
                raise Wrong("This field may not be null.")
            else:
                parsed[member.name] = None
        except Wrong as error:
            wrong[member.name] = error.messages
    if wrong:
        raise Wrong(wrong)
    return parsed


def _finished(members: Mapping[str, Any], value: Any) -> Any:
    opened = msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value
    for item in opened if isinstance(opened, list) else [opened]:
        if item is not None:
            for name, finish in members.items():
                item[name] = finish(item[name])
    return opened


def _listed(value: Any, at_most: int) -> list[Any]:
    value = decoded(value)
    if not isinstance(value, list):
        raise Wrong(f'Expected a list of items but got type "{type(value).__name__}".')
    if len(value) > at_most:
        raise Wrong(f"Ensure this field has no more than {at_most} elements.")
    return value


@dataclass(frozen=True, kw_only=True, eq=False)
class Members(Field):
    """What all objects share: ``fields``, their own keys."""

    fields: tuple[Field, ...]
    many: ClassVar[bool] = False

    def of(self, model: type[models.Model] | None) -> type[models.Model] | None:
        """The model that the members are columns of, in a row of ``model``; None where they are JSON's."""
        return None

    def plain(self) -> "Members":
        """The same without the members that are shown with verbose alone."""
        members = tuple(m.plain() for m in self.fields if not m.verbose)
        return self if members == self.fields else replace(self, fields=members)

    @property
    def finish(self) -> Any:
        """Objects leave the database as JSON text; it is opened only for members that SQL can't complete."""
        members = {m.name: m.finish for m in self.fields if m.readable and m.finish}
        return partial(_finished, members) if members else None

    def references(self, value: Any) -> Iterable[tuple[Ref, int, tuple[str, ...]]]:
        items = () if value is None else enumerate(value) if isinstance(value, list) else [("", value)]
        for index, item in items:
            at = (self.name, *([str(index)] if isinstance(value, list) else []))
            for member in self.fields:
                for ref, row_id, path in member.within(item).references(item.get(member.name)):
                    yield ref, row_id, (*at, *path)

    def schema(self) -> dict[str, Any]:
        properties = {}
        for member in self.fields:
            inner = member.schema()
            properties[member.name] = (
                {"anyOf": [inner, {"type": "null"}]} if self._may_be_null(member) else inner
            )
        required = [member.name for member in self.fields if member.access is REQUIRED]
        schema: dict[str, Any] = {"type": "object", "properties": properties}
        return schema | ({"required": required} if required else {})

    def _may_be_null(self, member: Field) -> bool:
        return True


@dataclass(frozen=True, kw_only=True, eq=False)
class Embedded(Members):
    """An object, or a list of them (``many``), in a JSON column. ``open``: with keys beside the declared ones."""

    many: bool = False  # type: ignore[misc]
    open: bool = False
    at_most: int = 1000

    def parse(self, value: Any) -> Any:
        def one(item: Any) -> dict[str, Any]:
            parsed = parse_members(self.fields, item, None)
            for member in self.fields:
                if member.writable and member.name not in parsed and member.default is not ABSENT:
                    parsed[member.name] = member.default
            return parsed

        return collect(_listed(value, self.at_most), one) if self.many else one(value)

    def shown(self, column: Combinable) -> Combinable:
        return sql.AsJson(column)

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": super().schema()} if self.many else super().schema()


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows(Members):
    """Objects that are rows of ``to`` whose attribute ``link`` points to the row shown.

    ``where`` are fixed values of such rows (the rank of a coverage); ``order`` their order on the wire. With ``link``
    empty, all rows of the practice that fit ``where``. A model of a domain that this one doesn't know is named, not
    imported: ``to="clinical.ClinicalNote"``.
    """

    to: Any  # type[models.Model]
    link: str
    where: Mapping[str, Any] = field(default_factory=dict)
    order: tuple[str, ...] = ("id",)

    def __post_init__(self) -> None:
        if isinstance(self.to, str):
            object.__setattr__(self, "to", apps.get_model(self.to))

    def of(self, model: type[models.Model] | None) -> type[models.Model] | None:
        return cast("type[models.Model]", self.to)

    def rows(self) -> "models.QuerySet[Any]":
        """The rows of one outer row, inside its SELECT."""
        fit = {**self.where, "practice": OuterRef("practice_id"), "archived": False}
        if self.link:
            fit[self.link] = OuterRef("pk")
        rows: models.QuerySet[Any] = self.to._default_manager.filter(**fit)
        return rows.order_by(*self.order)

    def object(self) -> sql.Json:
        return sql.Json(**{member.name: member.sql() for member in self.fields if member.readable})

    def column(self, model: type[models.Model]) -> Any:
        return None

    def accepts_null(self, model: type[models.Model]) -> bool:
        return True

    def store(self, row: Any, value: Any) -> bool:
        """Write the parsed value of this key of ``row``. Whether that changed anything."""
        raise NotImplementedError

    def write(self, child: Any, values: Mapping[str, Any]) -> bool:
        """Put an object's parsed keys into its row, and save it if that changes it."""
        changed = child._state.adding or child.archived
        for member in self.fields:
            if member.name in values and member.stored:
                kept = member.keep(values[member.name], child.practice_id)
                changed = changed or getattr(child, member.attribute) != kept
                setattr(child, member.attribute, kept)
        if changed:
            child.archived = False
            child.save()
        return bool(changed)

    def put_away(self, child: Any) -> bool:
        """Soft-delete a row; whether it was there."""
        if child.archived:
            return False
        child.archived = True
        child.save(update_fields=["archived", "updated_at"])
        return True

    def fresh(self, row: Any) -> Any:
        link = {f"{self.link}_id": row.pk} if self.link else {}
        return self.to(practice_id=row.practice_id, **link, **self.where)

    def existing(self, row: Any) -> "models.QuerySet[Any]":
        rows: models.QuerySet[Any] = self.to._default_manager.filter(practice=row.practice_id)
        return rows.filter(**{self.link: row.pk}, **self.where)


@dataclass(frozen=True, kw_only=True, eq=False)
class One(Rows):
    """At most one such row: an object or null. ``always``: shown with empty members when there is no row."""

    always: bool = False

    def parse(self, value: Any) -> dict[str, Any]:
        return parse_members(self.fields, value, self.to)

    def sql(self) -> Combinable:
        found = Subquery(self.rows().values_list(self.object())[:1])
        if not self.always:
            return found
        empty = {member.name: member.absent(self.to) for member in self.fields if member.readable}
        return Coalesce(found, sql.Json(**{name: sql.constant(value) for name, value in empty.items()}))

    def store(self, row: Any, value: Any) -> bool:
        """Null puts the row away; an object changes the keys it names, and starts anew where none was there."""
        child = self.existing(row).first()
        if value is None:
            return child is not None and self.put_away(child)
        if child is None or child.archived:
            kept = child
            child = self.fresh(row)
            if kept is not None:
                child.pk, child._state.adding, child.created_at = kept.pk, False, kept.created_at
                child.archived = True
            for member in self.fields:
                if member.default is not ABSENT and member.stored:
                    setattr(child, member.attribute, member.absent(self.to))
            if self.always and self._says_nothing(child, value):
                return False
        return self.write(child, value)

    def _says_nothing(self, fresh: Any, value: Mapping[str, Any]) -> bool:
        """Whether an object is the empty one that is shown where there is no row."""
        stored = [member for member in self.fields if member.name in value and member.stored]
        return all(getattr(fresh, member.attribute) == value[member.name] for member in stored)


@dataclass(frozen=True, kw_only=True, eq=False)
class Many(Rows):
    """A list of such rows. A written item is matched by ``key`` (its wire name, or several) to a row that is
    there already; rows that no item names are kept, or put away with ``replace``."""

    key: str | tuple[str, ...] = "id"
    replace: bool = False
    at_most: int = 1000

    def parse(self, value: Any) -> list[dict[str, Any]]:
        items = collect(_listed(value, self.at_most), lambda item: self._item(item))
        keys = [key for item in items if (key := self._key(item)) is not None]
        if len(set(keys)) < len(keys):
            raise Wrong(f"Each {' and '.join(self._names)} may be given once.")
        return items

    @property
    def _names(self) -> tuple[str, ...]:
        return (self.key,) if isinstance(self.key, str) else self.key

    def _key(self, item: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """What a written item is known by, None for a new one."""
        key = tuple(item.get(name) for name in self._names)
        return None if None in key else key

    def _item(self, value: Any) -> dict[str, Any]:
        parsed = parse_members(self.fields, value, self.to)
        if self.key == "id" and decoded(value).get("id") is not None:
            parsed["id"] = Ref("id", to="").parse(decoded(value)["id"])
        return parsed

    def sql(self) -> Combinable:
        order = [F(path.lstrip("-")).desc() if path[0] == "-" else F(path).asc() for path in self.order]
        rows = self.rows().order_by().values_list(sql.JsonList(self.object(), order=order))
        return Subquery(sql.ungrouped(rows))

    def store(self, row: Any, value: Any) -> bool:
        named_by = {member.name: member for member in self.fields}
        attributes = [named_by[name].attribute if name in named_by else "id" for name in self._names]
        there = {tuple(getattr(child, a) for a in attributes): child for child in self.existing(row)}
        named, changed = set(), False
        for item in value or []:
            given = self._key(item)
            if self.key == "id" and given is not None and given not in there:
                raise Wrong(missing_row(given[0]))
            child = there.get(given) if given is not None else None
            child = child or self.fresh(row)
            changed |= self.write(child, {name: part for name, part in item.items() if name != "id"})
            named.add(child.pk)
        if self.replace:
            for child in there.values():
                changed |= child.pk not in named and self.put_away(child)
        return changed

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": super().schema()}


@dataclass(frozen=True, kw_only=True, eq=False)
class RelatedIds(Field):
    """Read-only list of distinct ids, over a relation that points here: ``appointments__office``.

    The relation is named, not imported: it may come from a domain that this one doesn't know.
    """

    over: str
    base: type[models.Model]

    def column(self, model: type[models.Model]) -> Any:
        return None

    def sql(self) -> Combinable:
        relation_name, target = self.over.split("__")
        relation: Any = self.base._meta.get_field(relation_name)
        rows = relation.related_model._default_manager.filter(
            practice=OuterRef("practice_id"), archived=False, **{relation.field.name: OuterRef("pk")}
        )
        return ArraySubquery(rows.order_by(f"{target}_id").values_list(f"{target}_id", flat=True).distinct())

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "integer"}}
