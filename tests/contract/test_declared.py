"""Every endpoint of the reference, against the declarations: nothing missing, nothing of another type or access."""

from typing import Any

import pytest

from charthouse.dialects.drchrono.registry import registry
from charthouse.resource import fields as kinds
from charthouse.resource import times
from charthouse.resource.declare import ALWAYS, Resource
from charthouse.resource.fields import Access, Field, ListOf
from charthouse.resource.filters import DateRange, Flag, RefIs
from charthouse.resource.nested import Embedded, Many, Members, RelatedIds

from . import facts
from .world import MADE_WITH, TELLS_OF

BUILT = [e for e in facts.endpoints() if e.path in registry().resources and not e.action]
FUNCTIONS = [e for e in facts.endpoints() if e.function in registry().functions and e not in BUILT]
ACTIONS = [e for e in facts.endpoints() if e.action and facts.built(e) and e not in FUNCTIONS]
each = pytest.mark.parametrize("endpoint", BUILT, ids=str)


def test_what_is_not_built_yet_only_shrinks(record_property: Any) -> None:
    missing = [str(e) for e in facts.endpoints() if not facts.built(e)]
    record_property(
        "coverage", f"{len(facts.endpoints()) - len(missing)} of {len(facts.endpoints())} endpoints"
    )
    grown = sorted(set(missing) - set(facts.not_built_yet()))
    assert not grown, f"the reference has {grown}, and this version has lost them"
    done = sorted(set(facts.not_built_yet()) - set(missing))
    assert not done, f"{done} are built: take them off data/not_built.txt"


def test_every_resource_is_in_the_reference_or_marked_as_an_addition() -> None:
    known = {endpoint.path for endpoint in facts.endpoints()}
    assert [r.path for r in registry() if r.path not in known and not r.addition] == []


@each
def test_methods(endpoint: facts.Endpoint) -> None:
    declared = set(registry()[endpoint.path].method_set)
    assert endpoint.methods <= declared
    assert declared <= endpoint.methods | endpoint.methods_added


@each
def test_scopes_permissions_and_sharing(endpoint: facts.Endpoint) -> None:
    resource, said = registry()[endpoint.path], endpoint.facts
    assert set(resource.scopes) == set(said["scopes"])
    assert set(resource.permissions) == set(said["permissions"])
    assert resource.sharing == (ALWAYS if said["sharing"] == "always" else said["sharing"])
    assert resource.permissions_on == said.get("permissions_apply_to", "all")


@each
def test_page_sizes(endpoint: facts.Endpoint) -> None:
    resource, said = registry()[endpoint.path], endpoint.facts["page_size"]
    assert (resource.page_size.default, resource.page_size.maximum) == (said["default"], said["max"])
    if resource.has_verbose and "verbose_default" in said:
        assert resource.page_size.verbose == said["verbose_default"] == said["verbose_max"]


@each
def test_verbose_keys(endpoint: facts.Endpoint) -> None:
    resource = registry()[endpoint.path]
    seed = {f.name for f in resource.fields if f.verbose and not f.addition}
    added = set(endpoint.facts.get("live_verbose", {}).get("keys_extra", ()))
    assert endpoint.verbose_keys <= seed
    assert seed - added == endpoint.verbose_keys


@each
def test_required_filters(endpoint: facts.Endpoint) -> None:
    resource, said = registry()[endpoint.path], endpoint.facts
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
each_key = pytest.mark.parametrize(("endpoint", "name"), KEYS, ids=[f"{e}.{name}" for e, name in KEYS])


@each_key
def test_key(endpoint: facts.Endpoint, name: str) -> None:
    resource, said = registry()[endpoint.path], endpoint.fields[name]
    assert name in resource.by_name, "missing"
    declared = resource.by_name[name]
    assert not declared.addition, "of the reference, not an addition"
    assert declared.access is Access(facts.access(endpoint, name))
    _check_type(declared, facts.wire_type(endpoint, name), said)
    if "nested" in said:
        _check_members(declared, facts.nested(said["nested"]))
    if said.get("nullable"):
        assert declared.accepts_null(resource.model) or declared.access is Access.READ_ONLY
    if "required_unless" in said:
        assert declared.required_unless == said["required_unless"]
    if "requires" in said:
        assert declared.requires == said["requires"]
    if "pattern" in said:
        assert declared.pattern.strip("^$") == said["pattern"].strip("^$")


def _check_members(declared: Field, members: Any) -> None:
    assert isinstance(declared, Members)
    there = {member.name: member for member in declared.fields}
    assert sorted(set(members) - set(there)) == [], "missing keys of the object"
    for name, said in members.items():
        _check_type(there[name], said["type"], said)
        if said.get("access") == "read_only":
            assert not there[name].writable, f"{name} is read-only"


def _check_type(declared: Field, wanted: str, said: Any) -> None:
    """The kind of a declaration, against a type of the reference."""
    if wanted.startswith("array<"):
        inner = wanted.removeprefix("array<").removesuffix(">")
        if inner == "object":
            assert isinstance(declared, Many) or (isinstance(declared, Embedded) and declared.many)
        elif isinstance(declared, RelatedIds):
            assert inner == "integer"
        else:
            assert isinstance(declared, ListOf), f"{declared.name} is no list"
            _check_type(declared.item, inner, {})
        return
    if wanted == "object":
        assert isinstance(declared, Members)
        assert not isinstance(declared, Many)
        return
    assert not isinstance(declared, Members | ListOf | RelatedIds), f"{declared.name} is a {wanted}"
    shown = declared.schema()
    numbers = {"integer": "integer", "int64": "integer", "number": "number", "float": "number"}
    kind = (numbers | {"boolean": "boolean"}).get(wanted, "string")
    assert shown["type"] in (kind, "integer" if kind == "number" else kind), f"{declared.name}: {shown}"
    formats = {"date": times.Date, "timestamp": times.Timestamp, "decimal": kinds.Decimal}
    if wanted in formats:
        assert isinstance(declared, formats[wanted])
    if "ref" in said and not isinstance(declared, kinds.Id) and wanted == "integer":
        assert isinstance(declared, kinds.Ref), f"{declared.name} refers to {said['ref']}"
        assert declared.to == said["ref"].removeprefix(facts.BASE)
    if "enum" in said and isinstance(declared, kinds.Text) and declared.writable:
        assert declared.choices is not None, f"{declared.name} has a table of values"
        missing = set(map(str, said["enum"])) - set(declared.choices) - {""}
        assert not missing, f"{declared.name} lacks {missing}"
        assert declared.open == bool(said.get("enum_open")), f"{declared.name}: open or closed?"


ADDED = [(e, name) for e in BUILT for name in e.fields_added if name in registry()[e.path].by_name]


@pytest.mark.parametrize(("endpoint", "name"), ADDED, ids=[f"{e}.{name}" for e, name in ADDED])
def test_added_key_is_marked(endpoint: facts.Endpoint, name: str) -> None:
    assert registry()[endpoint.path].by_name[name].addition


@each
def test_no_key_or_filter_of_our_own(endpoint: facts.Endpoint) -> None:
    resource = registry()[endpoint.path]
    keys = {f.name for f in resource.fields if not f.addition} - {"id"}
    assert sorted(keys - set(endpoint.fields)) == []
    ours = {name for path, name in facts.OUR_OWN if path == endpoint.path}
    added = {f.name for f in resource.fields if f.addition} - ours
    assert sorted(added - set(endpoint.fields_added)) == []
    filters = {f.name for f in resource.filters if not f.addition}
    assert sorted(filters - set(endpoint.filters)) == []
    added = {f.name for f in resource.filters if f.addition} - ours
    assert sorted(added - set(endpoint.filters_added)) == []


# -- filters ----------------------------------------------------------------------------------------------------

FILTERS = [(endpoint, name) for endpoint in BUILT for name in endpoint.filters]


@pytest.mark.parametrize(("endpoint", "name"), FILTERS, ids=[f"{e}?{name}" for e, name in FILTERS])
def test_filter(endpoint: facts.Endpoint, name: str) -> None:
    resource, said = registry()[endpoint.path], endpoint.filters[name]
    assert name in resource.filters_by_name, "missing"
    declared = resource.filters_by_name[name]
    assert set(declared.needs) == set(said.get("requires", ()))
    if said["type"] in ("boolean", "any"):
        assert isinstance(declared, Flag)
    if said["type"] == "date_range":
        assert isinstance(declared, DateRange)
        assert declared.max_days == said.get("max_days", declared.max_days)
    if "ref" in said and isinstance(declared, RefIs):
        assert declared.to == said["ref"].removeprefix(facts.BASE)
    if "enum" in said:
        assert set(said["enum"]) <= set(declared.schema().get("enum", ()))


# -- actions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", ACTIONS, ids=str)
def test_action(endpoint: facts.Endpoint) -> None:
    resource: Resource = registry()[endpoint.path]
    action = resource.actions_by_name[endpoint.action]
    assert endpoint.methods == {action.method}
    there = {declared.name: declared for declared in action.fields}
    assert set(there) == set(endpoint.fields)
    for name, said in endpoint.fields.items():
        assert there[name].access is Access(said["access"])
        _check_type(there[name], said["type"], said)


# -- functions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", FUNCTIONS, ids=str)
def test_function(endpoint: facts.Endpoint) -> None:
    """Its methods, parameters and the keys of its answer are those of the reference, and no others unmarked."""
    declared = registry().functions[endpoint.function]
    assert endpoint.methods == {method for method, function in declared.items() if not function.addition}
    for function in declared.values():
        assert set(function.scopes) == set(endpoint.facts["scopes"])
        if not function.resource:
            assert set(function.permissions) == set(endpoint.facts["permissions"])
    if read := declared.get("GET"):
        assert set(endpoint.filters) == {f.name for f in read.parameters if not f.addition}
        assert {f.name for f in read.parameters if f.addition} <= set(endpoint.filters_added)
        answers = {field.name: field for field in read.answers}
        assert set(answers) == set(endpoint.fields)
        for name, said in endpoint.fields.items():
            _check_type(answers[name], said["type"], said)


def test_every_function_is_in_the_reference_or_marked_as_an_addition() -> None:
    known = {endpoint.function for endpoint in facts.endpoints()}
    found = [
        f"{method} {path}"
        for path, methods in registry().functions.items()
        for method, function in methods.items()
        if path not in known and not function.addition
    ]
    assert found == []


@pytest.mark.parametrize(("path", "name"), facts.TYPE_CHOSEN)
def test_a_type_is_chosen_only_where_the_reference_says_another(path: str, name: str) -> None:
    (endpoint,) = [e for e in facts.endpoints() if (e.path, e.action) == (path, "")]
    assert facts.TYPE_CHOSEN[path, name] != endpoint.fields[name]["type"]


@pytest.mark.parametrize("path", sorted(TELLS_OF | MADE_WITH))
def test_only_what_no_call_can_make_is_made_by_another_row(path: str) -> None:
    assert "POST" not in registry()[path].method_set
