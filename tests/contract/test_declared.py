"""Every endpoint of the reference, against the declarations: nothing missing, nothing of another type or access."""

from datetime import timedelta
from typing import Any

import pytest

from charthouse import clock
from charthouse.engine.declaration.filters import EQUALS, Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import ALWAYS
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Decimal, Text, Type
from charthouse.engine.declaration.values import Access, InvalidValue
from charthouse.gateway.drchrono.registry import get_registry
from tests.cases import each_case

from . import facts, values
from .world import MADE_WITH, TELLS_OF

BUILT = [e for e in facts.list_endpoints() if e.path in get_registry().resources and not e.action]
OPERATIONS = [e for e in facts.list_endpoints() if e.template in get_registry().operations and e not in BUILT]
ROW_OPERATIONS = [e for e in facts.list_endpoints() if e.action and facts.is_built(e) and e not in OPERATIONS]
each = each_case("endpoint", BUILT)


def test_what_is_not_built_yet_only_shrinks(record_property: Any) -> None:
    missing = [str(e) for e in facts.list_endpoints() if not facts.is_built(e)]
    record_property(
        "coverage", f"{len(facts.list_endpoints()) - len(missing)} of {len(facts.list_endpoints())} endpoints"
    )
    grown = sorted(set(missing) - set(facts.not_built_yet()))
    assert not grown, f"the reference has {grown}, and this version has lost them"
    done = sorted(set(facts.not_built_yet()) - set(missing))
    assert not done, f"{done} are built: take them off data/not_built.txt"


def test_every_resource_is_in_the_reference_or_marked_as_an_addition() -> None:
    known = {endpoint.path for endpoint in facts.list_endpoints()}
    assert [r.path for r in get_registry() if r.path not in known and not r.addition] == []


@each
def test_methods(endpoint: facts.Endpoint) -> None:
    declared = set(get_registry()[endpoint.path].method_set)
    assert endpoint.methods <= declared
    assert declared <= endpoint.methods | endpoint.methods_added


@each
def test_scopes_permissions_and_sharing(endpoint: facts.Endpoint) -> None:
    resource, said = get_registry()[endpoint.path], endpoint.facts
    assert set(resource.policy.scopes) == set(said["scopes"])
    assert set(resource.policy.permissions) == set(said["permissions"])
    assert resource.policy.sharing == (ALWAYS if said["sharing"] == "always" else said["sharing"])
    only_writes = said.get("permissions_apply_to", "all") == "writes"
    assert said.get("permissions_apply_to", "all") in ("all", "writes")
    assert resource.policy.reads_need_none == only_writes


@each
def test_page_sizes(endpoint: facts.Endpoint) -> None:
    resource, said = get_registry()[endpoint.path], endpoint.facts["page_size"]
    assert (resource.page_size.default, resource.page_size.maximum) == (said["default"], said["max"])
    if resource.has_verbose and "verbose_default" in said:
        assert resource.page_size.verbose == said["verbose_default"] == said["verbose_max"]


@each
def test_verbose_keys(endpoint: facts.Endpoint) -> None:
    resource = get_registry()[endpoint.path]
    seed = {f.name for f in resource.keys if f.verbose and not f.addition}
    added = set(endpoint.facts.get("live_verbose", {}).get("keys_extra", ()))
    assert endpoint.verbose_keys <= seed
    assert seed - added == endpoint.verbose_keys


@each
def test_required_filters(endpoint: facts.Endpoint) -> None:
    resource, said = get_registry()[endpoint.path], endpoint.facts
    required = {name for name, filter_ in said.get("filters", {}).items() if filter_.get("required")}
    assert {f.name for f in resource.filters if f.required} == required
    groups = said.get("list_requires_any_of", [])
    assert len(resource.one_of) == len(groups)
    for group, declared in zip(groups, resource.one_of, strict=True):
        assert set(group) <= set(declared)
        extra = set(declared) - set(group)
        assert all(resource.filters_by_name[name].addition for name in extra)


# -- keys -------------------------------------------------------------------------------------------------------

KEYS = [(endpoint, name) for endpoint in BUILT for name in endpoint.fields]
each_key = each_case(
    ("endpoint", "name"),
    KEYS,
    ids=[f"{e}.{name}" for e, name in KEYS],
)


@each_key
def test_key(endpoint: facts.Endpoint, name: str) -> None:
    resource, said = get_registry()[endpoint.path], facts.field(endpoint, name)
    assert name in resource.keys_by_name, "missing"
    declared = resource.keys_by_name[name]
    assert not declared.addition, "of the reference, not an addition"
    assert declared.access is Access(facts.access(endpoint, name))
    _check_type(declared, facts.get_wire_type(endpoint, name), said)
    if "nested" in said:
        _check_members(declared, facts.list_nested(said["nested"]))
    if said.get("nullable"):
        assert declared.accepts_null(resource.model) or declared.access is Access.READ_ONLY
    if "required_unless" in said:
        assert declared.required_unless == said["required_unless"]
    if "requires" in said:
        assert declared.requires == said["requires"]
    if "pattern" in said:
        of = declared.type
        assert isinstance(of, Text)
        assert of.pattern.strip("^$") == said["pattern"].strip("^$")


def _check_members(declared: Key, members: Any) -> None:
    assert values.is_object(declared.type)
    there = {member.name: member for member in declared.type.keys}
    assert sorted(set(members) - set(there)) == [], "missing keys of the object"
    for name, said in members.items():
        _check_type(there[name], said["type"], said)
        if said.get("access") == "read_only":
            assert not there[name].writable, f"{name} is read-only"


def _check_type(declared: Key, wanted: str, said: Any) -> None:
    """The type of a declaration, against a type of the reference."""
    _check_shape(declared.name, declared.type, wanted, said, writable=declared.writable)


def _check_shape(name: str, of: Type, wanted: str, said: Any, *, writable: bool) -> None:
    if wanted.startswith("array<"):
        inner = wanted.removeprefix("array<").removesuffix(">")
        assert of.is_list, f"{name} is no list"
        if inner == "object":
            assert values.is_object(of)
        else:
            assert of.item is not None
            assert not values.is_object(of)
            _check_shape(name, of.item, inner, {}, writable=writable)
        return
    if wanted == "object":
        assert values.is_object(of)
        assert not of.is_list
        return
    assert not values.is_object(of), f"{name} is a {wanted}"
    assert not of.is_list, f"{name} is a {wanted}"
    shown = of.schema()
    numbers = {"integer": "integer", "int64": "integer", "number": "number", "float": "number"}
    kind = (numbers | {"boolean": "boolean"}).get(wanted, "string")
    assert shown["type"] in (kind, "integer" if kind == "number" else kind), f"{name}: {shown}"
    formats = {"date": Date, "timestamp": Timestamp, "decimal": Decimal}

    if wanted in formats:
        assert isinstance(of, formats[wanted])
    if "ref" in said and not isinstance(of, Id) and wanted == "integer":
        assert isinstance(of, Reference), f"{name} refers to {said['ref']}"
        assert of.to == said["ref"].removeprefix(facts.BASE)
    if "enum" in said and isinstance(of, Text) and writable:
        assert of.choices is not None, f"{name} has a table of values"
        missing = set(map(str, said["enum"])) - set(of.choices) - {""}
        assert not missing, f"{name} lacks {missing}"
        assert of.open == bool(said.get("enum_open")), f"{name}: open or closed?"


ADDED = [(e, name) for e in BUILT for name in e.fields_added if name in get_registry()[e.path].keys_by_name]


@each_case(("endpoint", "name"), ADDED, ids=[f"{e}.{name}" for e, name in ADDED])
def test_added_key_is_marked(endpoint: facts.Endpoint, name: str) -> None:
    assert get_registry()[endpoint.path].keys_by_name[name].addition


@each
def test_no_key_or_filter_of_our_own(endpoint: facts.Endpoint) -> None:
    resource = get_registry()[endpoint.path]
    keys = {f.name for f in resource.keys if not f.addition} - {"id"}
    assert sorted(keys - set(endpoint.fields)) == []
    ours = {name for path, name in facts.OUR_OWN if path == endpoint.path}
    added = {f.name for f in resource.keys if f.addition} - ours
    assert sorted(added - set(endpoint.fields_added)) == []
    filters = {f.name for f in resource.filters if not f.addition}
    assert sorted(filters - set(endpoint.filters)) == []
    added = {f.name for f in resource.filters if f.addition} - ours
    assert sorted(added - set(endpoint.filters_added)) == []


# -- filters ----------------------------------------------------------------------------------------------------

FILTERS = [(endpoint, name) for endpoint in BUILT for name in endpoint.filters]


@each_case(("endpoint", "name"), FILTERS, ids=[f"{e}?{name}" for e, name in FILTERS])
def test_filter(endpoint: facts.Endpoint, name: str) -> None:
    resource, said = get_registry()[endpoint.path], endpoint.filters[name]
    assert name in resource.filters_by_name, "missing"
    declared = resource.filters_by_name[name]
    assert set(declared.needs) == set(said.get("requires", ()))
    if said["type"] in ("boolean", "any"):
        assert declared.is_flag
    if said["type"] == "date_range":
        assert declared.schema()["format"] == "date-range"
        if "max_days" in said:
            _check_longest_range(declared, said["max_days"])
    if "ref" in said and _names_one_row(declared):
        assert declared.refers_to == said["ref"].removeprefix(facts.BASE)
    if "enum" in said:
        assert set(said["enum"]) <= set(declared.schema().get("enum", ()))


def _check_longest_range(declared: Filter, days: int) -> None:
    """Of days to come, so many are accepted and not one more."""
    first = clock.now().date()
    declared.parse(f"{first}/{first + timedelta(days=days)}", {})
    with pytest.raises(InvalidValue):
        declared.parse(f"{first}/{first + timedelta(days=days + 1)}", {})


def _names_one_row(declared: Filter) -> bool:
    return isinstance(declared.type, Reference) and declared.operator is EQUALS


# -- operations of a row ----------------------------------------------------------------------------------------


@each_case("endpoint", ROW_OPERATIONS)
def test_operation_of_a_row(endpoint: facts.Endpoint) -> None:
    operation = get_registry()[endpoint.path].operations_by_name[endpoint.action]
    assert endpoint.methods == {operation.method}
    there = {key.name: key for key in operation.keys}
    assert set(there) == set(endpoint.fields)
    for name, said in endpoint.fields.items():
        assert there[name].access is Access(said["access"])
        _check_type(there[name], said["type"], said)


# -- other operations -------------------------------------------------------------------------------------------


@each_case("endpoint", OPERATIONS)
def test_operation(endpoint: facts.Endpoint) -> None:
    """Its methods, parameters and the keys of its answer are those of the reference, and no others unmarked."""
    declared = get_registry().operations[endpoint.template]
    assert endpoint.methods == {method for method, operation in declared.items() if not operation.addition}
    for operation in declared.values():
        assert set(operation.policy.scopes) == set(endpoint.facts["scopes"])
        if not operation.resource:
            assert set(operation.policy.permissions) == set(endpoint.facts["permissions"])
    if read := declared.get("GET"):
        assert set(endpoint.filters) == {f.name for f in read.filters if not f.addition}
        assert {f.name for f in read.filters if f.addition} <= set(endpoint.filters_added)
        answers = {key.name: key for key in read.answer}
        assert set(answers) == set(endpoint.fields)
        for name, said in endpoint.fields.items():
            _check_type(answers[name], said["type"], said)


def test_every_operation_is_in_the_reference_or_marked_as_an_addition() -> None:
    known = {endpoint.template for endpoint in facts.list_endpoints()}
    found = [
        f"{operation.method} {operation.path}"
        for operation in get_registry().list_operations()
        if operation.path not in known and not operation.addition
    ]
    assert found == []


@each_case(("path", "name"), facts.TYPE_CHOSEN)
def test_a_type_is_chosen_only_where_the_reference_says_another(path: str, name: str) -> None:
    (endpoint,) = [e for e in facts.list_endpoints() if (e.path, e.action) == (path, "")]
    assert facts.TYPE_CHOSEN[path, name] != endpoint.fields[name]["type"]


@each_case("path", sorted(TELLS_OF | MADE_WITH))
def test_only_what_no_call_can_make_is_made_by_another_row(path: str) -> None:
    assert "POST" not in get_registry()[path].method_set
