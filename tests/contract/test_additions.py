"""What the hosted API has grown since its reference, against the declarations: what is missing is computed, and none of
it is, but for what tests/contract/facts.py leaves out and says why."""

from collections.abc import Iterator

from charthouse.engine.declaration.resources import Resource
from charthouse.gateway.drchrono.registry import get_registry

from . import facts


def _list_served(path: str) -> Iterator[tuple[str, str]]:
    """Every ("method" | "parameter" | "key", name) that a path has, by resource and operation."""
    resource = get_registry().resources.get(path)
    if resource is not None:
        yield from (("method", method) for method in resource.method_set)
        yield from (("parameter", declared.name) for declared in resource.filters)
        yield from (("key", declared.name) for declared in resource.keys)
    for method, operation in get_registry().operations.get(path.replace(":id", "{id}"), {}).items():
        yield "method", method
        yield from (("parameter", declared.name) for declared in operation.filters)
        yield from (("key", declared.name) for declared in (*operation.keys, *operation.answer))
        rows = [declared for declared in operation.answer if declared.name == "results"]
        yield from (("key", member.name) for each in rows for member in each.type.keys)


def test_nothing_of_the_hosted_api_is_missing() -> None:
    later = set(facts.list_missing_additions()) | set(facts.not_built_yet())
    missing = sorted(
        (path, kind, name)
        for path, kind, name in facts.list_additions()
        if path not in later
        and not facts.is_left_out(path, kind, name)
        and (kind, name) not in set(_list_served(path))
    )
    assert missing == []


def test_what_is_not_built_only_shrinks() -> None:
    assert [path for path in facts.list_missing_additions() if list(_list_served(path))] == [], (
        "take it off the list"
    )


def test_nothing_is_left_out_that_is_there() -> None:
    """A reason that has become untrue, or is about nothing, goes."""
    live = {(path, kind): set() for path, kind, _ in facts.list_additions()}
    for path, kind, name in facts.list_additions():
        live[path, kind].add(name)
    for path, kind, name in facts.LEFT_OUT:
        names = live.get((path, kind), set()) if name == "*" else {name} & live.get((path, kind), set())
        served = {there for which, there in _list_served(path) if which == kind}
        assert names - served, f"{path}: {kind} {name} is there"


def test_additions_are_marked() -> None:
    """An endpoint, key or parameter that the reference doesn't have says so in the documentation."""
    reference = {endpoint.path: endpoint for endpoint in facts.list_endpoints() if not endpoint.action}
    for path, kind, name in facts.list_additions():
        resource: Resource | None = get_registry().resources.get(path)
        if resource is None or kind == "method" or facts.is_left_out(path, kind, name):
            continue
        if path not in reference:
            assert resource.addition, path
            continue
        declared = (resource.keys_by_name if kind == "key" else resource.filters_by_name)[name]
        known = reference[path].fields if kind == "key" else reference[path].filters
        assert declared.addition or name in known, f"{path}: {kind} {name}"
