"""A practice with rows of every resource, made from the declarations alone.

A resource that can be written is filled through the API, from its declared ``example``; one that can only be read
gets its row through its model. A resource for which neither works fails the kit: then its ``example`` isn't one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import httpx
from django.db import models
from django.db.models import Q

from charthouse import clock
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.values import REQUIRED
from charthouse.engine.sql.expressions import BoundParameter
from charthouse.gateway.drchrono.registry import get_registry
from charthouse.identity import tenancy
from charthouse.identity.models import PERMISSIONS, SCOPES, User
from tests import support

from . import values

_numbers = count(1)
EVERY = [f"{scope}:{kind}" for scope in SCOPES for kind in ("read", "write")]

# Rows that come into being with a row of another resource, under the same id.
MADE_WITH = {"clinical_notes": "appointments", "appointments_list": "appointments"}
# Rows that tell of a deletion.
TELLS_OF = {"line_item_deletions": "line_items"}
# References by which there is one row at most: each body names a row of its own.
ONE_FOR = {("yellow_notepad", "template_id"), ("telehealth_appointments", "appointment")}


@dataclass(eq=False)
class World:
    """``clinic``: its practice; ``client``: its primary user with every scope and permission, calling from ``app``."""

    clinic: support.Clinic
    app: support.App
    client: httpx.Client
    rows: dict[str, list[int]] = field(default_factory=dict)
    _lacking: dict[str, httpx.Client] = field(default_factory=dict)
    _only: dict[str, httpx.Client] = field(default_factory=dict)

    @property
    def practice(self) -> int:
        return self.clinic.id

    def next(self) -> int:
        """A number that no other row was made with."""
        return next(_numbers)

    def client_with(
        self,
        *,
        scopes: Iterable[str] | None = None,
        permissions: Iterable[str] = PERMISSIONS,
        doctor: Any = None,
        app: support.App | None = None,
    ) -> httpx.Client:
        """Somebody else of this practice, with an app of their own by default."""
        tenancy.clear_tenant()
        user = support.make_user(
            self.clinic.practice,
            permissions=permissions,
            doctor=doctor or self.clinic.doctor,
            role=User.Role.DOCTOR,
        )
        return support.client(support.issue_token(user, app or support.make_app(), scopes))

    def client_without(self, right: str) -> httpx.Client:
        """Somebody with every scope and permission but this one; the same client each time."""
        if right not in self._lacking:
            self._lacking[right] = self.client_with(
                scopes=[scope for scope in EVERY if scope != right],
                permissions=[permission for permission in PERMISSIONS if permission != right],
            )
        return self._lacking[right]

    def client_with_only(self, permissions: Iterable[str]) -> httpx.Client:
        """Somebody with every scope and these permissions; the same client each time."""
        name = ", ".join(sorted(permissions))
        if name not in self._only:
            self._only[name] = self.client_with(permissions=permissions)
        return self._only[name]

    # -- rows ---------------------------------------------------------------------------------------------------

    def row(self, path: str) -> int:
        """The id of a row of this resource; the first that was made, or one made now."""
        made = self.rows.get(path)
        return made[0] if made else self.new(path)

    def new(self, path: str, **values: Any) -> int:
        """The id of a fresh row."""
        resource = get_registry()[path]
        if path in MADE_WITH:
            row_id = self.new(MADE_WITH[path])
        elif path in TELLS_OF:
            row_id = self.delete_row(TELLS_OF[path])
        else:
            row_id = self.post(resource, **values) if "POST" in resource.method_set else self.build(resource)
        self.rows.setdefault(path, []).append(row_id)
        return row_id

    def delete_row(self, path: str) -> int:
        """The id of a row that was made and deleted."""
        row_id = self.post(get_registry()[path])
        answer = self.client.delete(f"/api/{path}/{row_id}")
        assert answer.status_code == 204, answer.text
        return row_id

    def post(self, resource: Resource, **given: Any) -> int:
        answer = self.client.post(f"/api/{resource.path}", json=self.payload(resource) | given)
        assert answer.status_code == 201, f"{resource.path}: its example is refused: {answer.text[:600]}"
        return int(answer.json()["id"])

    def write(
        self, resource: Resource, values: dict[str, Any], body: dict[str, Any] | None = None
    ) -> httpx.Response:
        """Give some keys of a row other values: of the first one, or of a new one where none can be changed."""
        if "PATCH" in resource.method_set:
            return self.client.patch(f"/api/{resource.path}/{self.row(resource.path)}", json=values)
        return self.client.post(f"/api/{resource.path}", json=(body or self.payload(resource)) | values)

    def payload(self, resource: Resource) -> dict[str, Any]:
        """A body that a create accepts: the declared example with the ids of this world, on a day of its own."""
        n = self.next()
        body = {}
        for declared in resource.writable:
            if declared.name in resource.example:
                fresh = (resource.path, declared.name) in ONE_FOR
                example = resource.example[declared.name]
                body[declared.name] = (
                    self.new(declared.type.refers_to) if fresh else self._fit(declared, example, n)
                )
            elif declared.access is REQUIRED and not declared.required_unless:
                body[declared.name] = self.good(resource, declared, n)
        return body

    def good(self, resource: Resource, declared: Key, n: int) -> Any:
        return values.make_good(declared, resource.model, n, self.row, resource.example.get(declared.name))

    def _fit(self, declared: Key, example: Any, n: int) -> Any:
        if example is None:
            return None
        of = declared.type
        if isinstance(of, Reference):
            return self.row(of.to)
        if isinstance(of, Timestamp):
            return (
                values.make_past_moment(n)
                if of.past
                else values.make_moment(n, hours=declared.name == "end_time")
            )
        if of.keys:
            items = example if isinstance(example, list) else [example]
            refs = [m for m in of.keys if isinstance(m.type, Reference) and m.writable]
            fitted = [
                {**item, **{m.name: self.row(m.type.refers_to) for m in refs if m.name in item}}
                for item in items
            ]
            return fitted if isinstance(example, list) else fitted[0]
        return example

    def visible(self, resource: Resource) -> "models.QuerySet[Any]":
        """The rows that ``client`` may see, found by plain conditions."""
        bound = {
            "practice": self.practice,
            "caller_doctor": self.clinic.doctor.pk,
            "caller_app": self.app.row.pk,
            "caller": self.clinic.user.pk,
        }
        rows = resource.model._default_manager.filter(_bind(resource.rows, bound))
        return rows.filter(practice=self.practice) if resource.has_practice else rows

    # -- rows that no call makes --------------------------------------------------------------------------------

    def build(self, resource: Resource) -> int:
        """A row of a read-only resource, with a row in each list of objects that it shows."""
        made = self.instance(resource.model)
        for declared in resource.keys:
            source = declared.source
            if source.writes_rows and source.link:
                first = {c.name: 1 for c in source.to._meta.concrete_fields if c.name in ("index", "rank")}
                self.instance(source.to, **{f"{source.link}_id": made, **first, **source.where})
        return made

    def instance(self, model: type[models.Model], **given: Any) -> int:
        """A row of a table with something in every column. Its id."""
        if model is User:
            tenancy.clear_tenant()
            return int(support.make_user(self.clinic.practice, doctor=self.clinic.doctor).pk)
        for column in _make_one_for_each(model):
            if column.attname not in given:
                of, there = self._of_its_own(model, column)
                if there is not None:
                    return there
                given[column.attname] = of
        n = self.next()
        columns: dict[str, Any] = {}
        for column in model._meta.concrete_fields:
            if column.attname in given or column.primary_key or column.name in ("archived", "created_at"):
                continue
            if column.name == "practice":
                columns["practice_id"] = self.practice
            elif column.related_model is model:
                columns[column.attname] = None  # or the first row would need one before it
            elif column.is_relation:
                columns[column.attname] = self._find_related(column)
            else:
                columns[column.attname] = _fill_column(column, n)
        with tenancy.within(self.practice):
            row: Any = model(**columns, **given)
            row.save(force_insert=True)
        return int(row.pk)

    def rows_of(self, model: type[models.Model], row_id: int) -> dict[str, Any]:
        """All columns of a row, whatever its state."""
        with tenancy.within(self.practice):
            return model._default_manager.filter(pk=row_id).values().get()

    def _of_its_own(self, model: type[models.Model], column: Any) -> tuple[int | None, int | None]:
        """A row that ``column`` may refer to, of a table with one row for each; or the row there is, if it came with
        that one and nobody has asked for it yet."""
        asked = {
            i
            for resource in get_registry()
            if resource.model is model
            for i in self.rows.get(resource.path, ())
        }
        for of in (self._find_related(column), self._find_related(column, fresh=True)):
            with tenancy.within(self.practice):
                rows = model._default_manager.filter(practice=self.practice, **{column.attname: of})
                there = rows.values_list("pk", flat=True).first()
            if there is None or there not in asked:
                return of, there
        raise AssertionError(model)

    def _find_related(self, column: Any, *, fresh: bool = False) -> int | None:
        model = column.related_model
        if model is User:
            return self.instance(User) if fresh else int(self.clinic.user.pk)
        for resource in get_registry():
            if resource.model is model:
                return self.new(resource.path) if fresh else self.row(resource.path)
        return None if column.null else self.instance(model)


def _make_one_for_each(model: type[models.Model]) -> list[Any]:
    """The references by which the table has one row at most."""
    named = [
        name
        for constraint in model._meta.constraints
        if isinstance(constraint, models.UniqueConstraint)
        for name in {*constraint.fields} - {"practice"}
        if {*constraint.fields} == {"practice", name}
    ]
    return [column for column in map(model._meta.get_field, named) if column.is_relation]


def _bind(condition: Q, bound: Mapping[str, Any]) -> Q:
    """The condition with values in the place of the engine's parameters."""
    children = [
        _bind(child, bound)
        if isinstance(child, Q)
        else (child[0], bound[child[1].name] if isinstance(child[1], BoundParameter) else child[1])
        for child in condition.children
    ]
    return Q(*children, _connector=condition.connector, _negated=condition.negated)


def _fill_column(column: Any, n: int) -> Any:
    """A value for a column, its default where it has one that says more than nothing."""
    if column.has_default() and column.get_default() not in ("", None, 0):
        return column.get_default()
    if column.choices:
        return column.choices[0][0]
    kind = column.get_internal_type()
    made: dict[str, Any] = {
        "DateField": date(1980, 1, 1) + timedelta(days=n),
        "DateTimeField": clock.now(),
        "BooleanField": False,
        "DecimalField": n % 99 + 1,
        "TimeField": datetime(2000, 1, 1, 9).time(),  # noqa: DTZ001
        "JSONField": [],
        "ArrayField": [],
    }
    if kind in made:
        return made[kind]
    if "Integer" in kind:
        return column.get_default() if column.has_default() else n
    longest = column.max_length or 200
    return f"{column.name} {n}"[:longest] if longest > 5 else "CA"[:longest]


def make(name: str = "Contract") -> World:
    """A practice with one row of every resource."""
    tenancy.clear_tenant()
    clinic = support.make_practice(name)
    app = support.make_app()
    client = support.client(support.issue_token(clinic.user, app))
    world = World(clinic, app, client)
    world.rows["doctors"], world.rows["users"] = [clinic.doctor.pk], [clinic.user.pk]
    for resource in get_registry():
        world.row(resource.path)
    return world
