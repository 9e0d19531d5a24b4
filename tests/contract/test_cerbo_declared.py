"""Every operation of Cerbo's reference, against the declarations: nothing missing, nothing of another type."""

from collections.abc import Iterable
from typing import Any

from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import JSON, THE_ROW, Operation, Resource
from charthouse.engine.declaration.values import Access
from charthouse.gateway.cerbo import api
from charthouse.gateway.cerbo.registry import get_registry
from tests.cases import each_case

from . import cerbo_facts as facts
from . import values

BUILT = facts.list_built()
each = each_case("operation", BUILT)


def test_every_operation_of_the_reference_is_served(record_property: Any) -> None:
    record_property("cerbo", f"{len(BUILT)} of {len(facts.list_operations())} operations")
    assert len(facts.list_operations()) == 127
    assert [str(operation) for operation in facts.list_operations() if not operation.target] == []


def test_nothing_of_our_own() -> None:
    """Every URL and method that is served is one of the reference's."""
    known = {(operation.method, operation.path) for operation in facts.list_operations()}
    assert sorted(set(facts._list_targets()) - known) == []


def find_declared(operation: facts.Operation) -> Resource | Operation:
    assert operation.target
    return operation.target.declaration


def find_answering(operation: facts.Operation) -> Resource | Operation:
    """What declares the answer: an operation that answers with its row answers as the row's resource does."""
    found = find_declared(operation)
    if isinstance(found, Operation) and found.answer is THE_ROW:
        assert found.resource is not None
        return found.resource
    return found


@each
def test_group_and_rate_class(operation: facts.Operation) -> None:
    found, said = find_declared(operation), operation.facts["permission"]
    assert found.policy.scopes == (said["resource"],)
    assert found.policy.rate_class == operation.facts["rate_class"]
    reading = found.reading if isinstance(found, Operation) else operation.method == "GET"
    assert reading == (said["class"] != "write")


@each
def test_query_parameters(operation: facts.Operation) -> None:
    there = find_declared(operation).filters_by_name
    for said in operation.parameters("query"):
        name = said["name"]
        if name in facts.PAGING or name == "anonymize":
            continue
        assert name in there, f"lacks the parameter {name}"
        assert there[name].required == said["required"]
        if "enum" in said and not said.get("open_enum"):
            assert set(said["enum"]) <= set(there[name].schema().get("enum", ()))


@each
def test_keys_of_the_body(operation: facts.Operation) -> None:
    writable = {key.name: key for key in find_declared(operation).keys if key.writable}
    for said in operation.parameters("body"):
        name = said["name"]
        found = writable.get(name) or _at(
            writable, name.split(".")
        )  # a member of an object may be named alone
        assert found is not None, f"lacks the key {name}"
        assert found.writable
        if operation.method == "POST" and not said["name"].endswith("[]"):
            required = found.access is Access.REQUIRED
            assert required == said["required"], f"{name}: required?"
        if "enum" in said and not said.get("open_enum"):
            assert {str(e) for e in said["enum"]} <= {str(e) for e in found.type.write_schema()["enum"]}


@each
def test_answer(operation: facts.Operation) -> None:
    found, kind = find_answering(operation), operation.facts["response"]["kind"]
    if kind == "binary":
        assert isinstance(found, Operation)
        assert found.media != JSON
        return
    if operation.answers in facts.OF_THE_CODEC and isinstance(found, Resource):
        assert operation.method == "DELETE"
        keys = set(api.describe_deleted(found, 1))
        assert keys >= {field["name"] for field in facts.list_objects()[operation.answers]["fields"]}
        return
    if isinstance(found, Operation):
        assert found.many == operation.listed
        shown: Iterable[Key] = found.answer
    else:
        shown = found.list_shown(True)
    said = facts.list_objects()[operation.answers]
    if also := operation.facts["response"].get("past_the_queue"):
        said = {"fields": [*said["fields"], *facts.list_objects()[also]["fields"]]}
    check_keys(operation.answers, {key.name: key for key in shown}, said)


def check_keys(name: str, there: dict[str, Key], said: Any) -> None:
    """The keys of an object, and those of objects inside it, with their types."""
    wanted = {field["name"]: field for field in said["fields"]}
    for key, field in wanted.items():
        found = _at(there, key.replace("[]", "").split("."))
        assert found is not None, f"lacks {key}"
        _check_type(found, facts.TYPE_CHOSEN.get((name, key), field["type"]), f"{name}.{key}")
    ours = set(there) - {key.split(".")[0].removesuffix("[]") for key in wanted}
    assert not ours, f"{sorted(ours)} are not the reference's"


def _at(there: dict[str, Key], path: list[str]) -> Key | None:
    found = there.get(path[0])
    if len(path) == 1 or found is None:
        return found
    of = found.type.item or found.type
    if values.is_object(of) and of.open:
        return found
    assert values.is_object(of), f"{path[0]} is no object"
    return _at({member.name: member for member in found.type.keys}, path[1:])


def _check_type(found: Key, wanted: str, where: str) -> None:
    of = found.type
    if values.is_object(of) and of.open and not of.is_list:
        return  # whatever the caller put there
    if wanted.startswith("array"):
        assert of.is_list, f"{where} is no list"
    elif wanted == "object":
        assert values.is_object(of), f"{where} is no object"
        assert not of.is_list, f"{where} is a list"
    else:
        shown = of.schema().get("type")
        assert shown == wanted or (wanted == "number" and shown == "integer"), f"{where} is {shown}"


def test_every_group_can_be_given_to_an_api_user() -> None:
    from charthouse.gateway.cerbo.registry import list_endpoint_groups

    wanted = {operation.facts["permission"]["resource"] for operation in BUILT}
    assert set(list_endpoint_groups()) == wanted
    assert all(resource.policy.scopes for resource in get_registry())
