"""Nothing new may refer to a row that is archived, in any resource of either API."""

import pytest

from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import Resource
from charthouse.gateway.drchrono.registry import get_registry
from charthouse.identity import tenancy
from tests.cases import each_case

from .world import World

# What may be referred to while it is archived, and why.
PUT_AWAY = {
    "tasks": "a note may be added to a task that is put away",
    "messages": "a note may be added to a message that is put away",
}
REFERENCES = [
    (resource, key)
    for resource in get_registry()
    for key in resource.writable
    if key.type.refers_to and not key.type.is_list and {"POST", "PATCH"} & {*resource.method_set}
]


@pytest.fixture(scope="module")
def archived(world: World) -> dict[str, int]:
    """An archived row of every resource that others refer to, by path."""
    rows = {}
    for path in {key.type.refers_to for _, key in REFERENCES}:
        resource = get_registry()[path]
        rows[path] = world.new(path)
        columns = {"archived": True} if "archived" in resource.column_names else {"is_active": False}
        with tenancy.within(world.practice):
            assert resource.model._default_manager.filter(pk=rows[path]).update(**columns) == 1
    return rows


@each_case(("resource", "key"), REFERENCES, ids=[f"{r.path}.{k.name}" for r, k in REFERENCES])
def test_a_new_reference_to_an_archived_row_is_refused(
    world: World, archived: dict[str, int], resource: Resource, key: Key
) -> None:
    to = key.type.refers_to
    answer = world.write(resource, {key.name: archived[to]})
    if to in PUT_AWAY:
        assert answer.status_code < 300, answer.text
    else:
        assert answer.status_code == 400, answer.text
        assert key.name in answer.json()
