"""Row security and keys, with the engine's own filters taken away: the database alone keeps practices apart."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from charthouse.dialects.drchrono.registry import registry
from charthouse.identity import tenancy
from charthouse.resource import plan, write
from charthouse.resource.declare import Resource
from charthouse.resource.fields import Field, Ref

from .test_access import listed
from .world import World

TENANTED = [r for r in registry() if r.tenanted]
REFS = [(r, f) for r in TENANTED for f in r.writable if isinstance(f, Ref) and f.stored and r.model and f.to]
each = pytest.mark.parametrize("resource", TENANTED, ids=lambda r: r.path)


@pytest.fixture
def unfiltered(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Every row of the table is visible, as far as the engine goes. Statements compiled before don't count."""
    monkeypatch.setattr(plan, "visible", lambda resource, owned, **_: resource.model._default_manager.all())
    _forget()
    yield
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    for resource in registry():
        resource.shapes.clear()
    registry().statements.clear()


@each
def test_without_the_filter_of_the_engine(
    world: World, other: World, resource: Resource, unfiltered: None
) -> None:
    """Another practice's rows are neither listed nor read nor written."""
    row_id = other.row(resource.path)
    if "id" in resource.by_name:
        ids = listed(world.client, resource)
        assert str(world.row(resource.path)) in ids
        assert str(row_id) not in ids
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        if method in resource.method_set:
            answer = world.client.request(method, f"/api/{resource.path}/{row_id}", json={})
            assert answer.status_code == 404, f"{method} reached a row of another practice"


@each
def test_without_a_practice_there_are_no_rows(world: World, resource: Resource) -> None:
    world.row(resource.path)
    if resource.model._meta.app_label == "identity":
        return  # who signs in has no practice yet
    tenancy.leave()
    assert not resource.model._default_manager.exists()


@each
def test_plain_sql_of_the_web_role_reaches_no_other_practice(
    world: World, other: World, resource: Resource
) -> None:
    table, row_id = resource.model._meta.db_table, other.row(resource.path)
    with tenancy.within(world.practice), connection.cursor() as cursor:
        cursor.execute(f'select count(*) from "{table}" where id = %s', [row_id])  # noqa: S608
        assert cursor.fetchone() == (0,)
        cursor.execute(f'update "{table}" set id = id where id = %s', [row_id])  # noqa: S608
        assert cursor.rowcount == 0
    moved = f'update "{table}" set practice_id = %s where id = %s'  # noqa: S608
    with tenancy.within(world.practice), pytest.raises(DatabaseError):
        _run(moved, [other.practice, world.row(resource.path)])


def _run(statement: str, parameters: list[Any]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        cursor.execute("set constraints all immediate")


@pytest.mark.parametrize(("resource", "field"), REFS, ids=[f"{r.path}.{f.name}" for r, f in REFS])
def test_without_the_check_of_references(
    world: World, other: World, resource: Resource, field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row can't point into another practice: the key that carries the practice refuses it."""
    foreign = other.row(field.to)  # type: ignore[attr-defined]
    world.row(resource.path)
    body = world.payload(resource) if "POST" in resource.method_set else {}
    monkeypatch.setattr(write, "check_references", lambda changes, fields=None: None)
    monkeypatch.setattr(resource, "checks", ())
    monkeypatch.setattr(resource, "after", ())
    answer = world.write(resource, {field.name: foreign}, body)
    assert answer.status_code == 400, "the database took it"
    column = field.column(resource.model)
    point = f'update "{resource.model._meta.db_table}" set "{column.column}" = %s where id = %s'  # noqa: S608
    with tenancy.within(world.practice), pytest.raises(IntegrityError):
        _run(point, [foreign, world.row(resource.path)])
