"""Row security and keys, with the engine's own filters taken away: the database alone keeps practices apart."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.execution import planning, writing
from charthouse.gateway.drchrono.registry import get_registry
from charthouse.identity import tenancy
from tests.cases import each_case

from .test_access import list_ids
from .world import World

TENANTED = [r for r in get_registry() if r.has_practice]
REFERENCES = [
    (r, k) for r in TENANTED for k in r.writable if k.type.refers_to and not k.type.is_list and k.is_stored
]
each = each_case("resource", TENANTED, ids=lambda r: r.path)


@pytest.fixture
def unfiltered(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Every row of the table is visible, as far as the engine goes. Statements compiled before don't count."""
    monkeypatch.setattr(
        planning, "select_visible", lambda resource, owned, **_: resource.model._default_manager.all()
    )
    get_registry().plans.clear()
    yield
    monkeypatch.undo()
    get_registry().plans.clear()


@each
def test_without_the_filter_of_the_engine(
    world: World, other: World, resource: Resource, unfiltered: None
) -> None:
    """Another practice's rows are neither listed nor read nor written."""
    row_id = other.row(resource.path)
    if "id" in resource.keys_by_name:
        ids = list_ids(world.client, resource)
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
    tenancy.clear_tenant()
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


@each_case(("resource", "key"), REFERENCES, ids=[f"{r.path}.{k.name}" for r, k in REFERENCES])
def test_without_the_check_of_references(
    world: World, other: World, resource: Resource, key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row can't point into another practice: the key that carries the practice refuses it."""
    foreign = other.row(key.type.refers_to)
    world.row(resource.path)
    body = world.payload(resource) if "POST" in resource.method_set else {}
    monkeypatch.setattr(writing, "check_change_references", lambda changes: None)
    monkeypatch.setattr(resource, "checks", ())
    monkeypatch.setattr(resource, "after", ())
    answer = world.write(resource, {key.name: foreign}, body)
    assert answer.status_code == 400, "the database took it"
    column = key.find_column(resource.model)
    point = f'update "{resource.model._meta.db_table}" set "{column.column}" = %s where id = %s'  # noqa: S608
    with tenancy.within(world.practice), pytest.raises(IntegrityError):
        _run(point, [foreign, world.row(resource.path)])
