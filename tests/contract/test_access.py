"""Who may do what: tokens, scopes, permissions, sharing, practices, for every resource and method."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from charthouse.engine.declaration.policy import ALWAYS
from charthouse.engine.declaration.resources import METHODS, Operation, Resource
from charthouse.gateway.drchrono.registry import get_registry
from charthouse.identity import tenancy
from charthouse.identity.models import SHARING, Practice, User
from tests import support
from tests.cases import each_case

from .world import EVERY, World

RESOURCES = list(get_registry())
each = each_case("resource", RESOURCES, ids=lambda r: r.path)
TENANTED = [r for r in RESOURCES if r.has_practice]  # the others are directories that all practices read
each_of_a_practice = each_case("resource", TENANTED, ids=lambda r: r.path)


def list_requests(world: World, resource: Resource, methods: Any = None) -> Iterator[tuple[str, str]]:
    """Every method and URL that the resource has, over a row that may be lost."""
    row_id = world.new(resource.path)
    for method in methods or resource.method_set:
        if method in ("GET", "POST"):
            yield method, f"/api/{resource.path}"
        if method != "POST":
            yield method, f"/api/{resource.path}/{row_id}"
    for operation in list_row_operations(resource):
        if methods is None or operation.method in methods:
            yield operation.method, f"/api/{resource.path}/{row_id}/{operation.name}"


def list_row_operations(resource: Resource) -> list[Operation]:
    return [operation for operation in resource.operations if operation.is_of_row]


# -- 401 --------------------------------------------------------------------------------------------------------

BAD = ("", "Bearer", "Bearer ", "Bearer nonsense", "Basic dXNlcjpwYXNz", "Token x", "Bearer a b c")


@each
def test_without_a_good_token(world: World, resource: Resource) -> None:
    with support.client() as nobody:
        for method, url in list_requests(world, resource):
            answer = nobody.request(method, url, json={})
            assert answer.status_code == 401
            assert answer.json()["detail"]
        for header in BAD:
            assert nobody.get(f"/api/{resource.path}", headers={"Authorization": header}).status_code == 401


def test_unknown_endpoints_are_404(world: World) -> None:
    for url in ("nothing", "patients_", "patients/1/2/3", "", "users/me", "%00", "patients//1"):
        assert world.client.get(f"/api/{url}").status_code == 404, url


# -- 403 --------------------------------------------------------------------------------------------------------


@each
def test_without_a_scope(world: World, resource: Resource) -> None:
    """Each scope is needed, in its own form: read for GET, write for everything else."""
    for scope in resource.policy.scopes:
        for kind, reading in (("read", True), ("write", False)):
            client = world.client_without(f"{scope}:{kind}")
            for method, url in list_requests(world, resource):
                status = client.request(method, url, json={}).status_code
                assert (status == 403) == ((method == "GET") == reading), (
                    f"{method} {url} without {scope}:{kind}"
                )


@each
def test_without_a_permission(world: World, resource: Resource) -> None:
    """Each of its permissions is needed, and no other."""
    for method, url in list_requests(world, resource):
        needed = resource.policy.list_permissions(method == "GET")
        for name in needed:
            answer = world.client_without(name).request(method, url, json={})
            assert answer.status_code == 403, f"{method} {url} without {name}"
        answer = world.client_with_only(needed).request(method, url, json={})
        assert answer.status_code != 403, f"{method} {url} with {needed}"


# -- 405 --------------------------------------------------------------------------------------------------------


@each
def test_methods_that_it_does_not_have(world: World, resource: Resource) -> None:
    row_id = world.row(resource.path)
    allowed = {
        f"/api/{resource.path}": {"GET", "POST"} & set(resource.method_set)
        | set(get_registry().operations.get(resource.path, ())),
        f"/api/{resource.path}/{row_id}": {"GET", "PUT", "PATCH", "DELETE"} & set(resource.method_set),
    }
    allowed |= {
        f"/api/{resource.path}/{row_id}/{operation.name}": {operation.method}
        for operation in list_row_operations(resource)
    }
    for url, methods in allowed.items():
        for method in (*METHODS, "OPTIONS", "TRACE", "BREW"):
            if method not in methods:
                answer = world.client.request(method, url)
                assert answer.status_code == 405
                assert set(answer.headers["Allow"].split(", ")) == methods


@each
def test_head_is_get_without_a_body(world: World, resource: Resource) -> None:
    url = f"/api/{resource.path}/{world.row(resource.path)}"
    head, get = world.client.head(url), world.client.get(url)
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


# -- 404 --------------------------------------------------------------------------------------------------------

NEVER = ("0", "-1", "999999999999", str(2**63), "9" * 40, "1.0", "x", "1e3", "٣", "%20", "1%00", "null")


@each_of_a_practice
def test_rows_that_are_not_there(world: World, other: World, resource: Resource) -> None:
    """An id that never was, that can't be, or that is another practice's: the same answer, byte for byte."""
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        if method in resource.method_set:
            foreign = world.client.request(
                method, f"/api/{resource.path}/{other.row(resource.path)}", json={}
            )
            assert foreign.status_code == 404
            for text in NEVER:
                answer = world.client.request(method, f"/api/{resource.path}/{text}", json={})
                assert (answer.status_code, answer.content) == (404, foreign.content), text
    for operation in list_row_operations(resource):
        for row_id in (other.row(resource.path), *NEVER):
            body = {key.name: "x" for key in operation.keys}
            url = f"/api/{resource.path}/{row_id}/{operation.name}"
            answer = world.client.request(operation.method, url, json=body)
            assert answer.status_code == 404


@each
def test_references_to_other_practices_are_refused_like_ids_that_never_were(
    world: World, other: World, resource: Resource
) -> None:
    for key in resource.writable:
        to = key.type.refers_to
        if not to or key.type.is_list:
            continue
        answers = []
        for row_id in (other.row(to), 999_999_999):
            answer = world.write(resource, {key.name: row_id})
            assert answer.status_code == 400, f"{key.name}: {answer.text}"
            answers.append(re.sub(rf"(?<!\d){row_id}(?!\d)", "ID", answer.text))
        assert answers[0] == answers[1]
        assert key.name in answer.json()


# -- practice by sharing by permission ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def colleague(world: World) -> httpx.Client:
    """Another doctor of the practice, with every permission and the same app."""
    tenancy.clear_tenant()
    doctor = support.make_doctor(world.clinic.practice, first_name="Colin")
    return world.client_with(doctor=doctor, scopes=EVERY, app=world.app)


@pytest.fixture
def sharing(world: World) -> Iterator[Any]:
    """Switch sharing of the practice; put back afterwards."""

    def switch(names: Any) -> None:
        with tenancy.within(world.practice):
            Practice.objects.filter(pk=world.practice).update(sharing=list(names))

    yield switch
    switch(SHARING)


def list_ids(client: httpx.Client, resource: Resource) -> set[str]:
    """Ids, or whole rows where the object shows no id, of all pages of a list."""
    found: set[str] = set()
    url: Any = f"/api/{resource.path}?{_write_needed(resource)}"
    while url:
        page = client.get(url).json()
        found |= {str(row.get("id", row)) for row in page["results"]}
        url = page["next"]
    return found


# Lists that have the caller's own rows alone unless this parameter asks for all.
OWN_LISTS = {"doctor_work_schedule": "show_all", "office_work_schedule": "show_all"}


@each_case(("path", "parameter"), OWN_LISTS.items())
def test_lists_of_ones_own_rows_show_others_only_when_asked(
    world: World, colleague: httpx.Client, path: str, parameter: str
) -> None:
    """Else the list of exceptions would hide that everybody's rows are shown."""
    row_id = world.row(path)
    plain, all_of_them = (
        {row["id"] for row in _rows(colleague, f"/api/{path}", query)} for query in ({}, {parameter: "true"})
    )
    assert row_id in all_of_them
    assert plain < all_of_them


def _rows(client: httpx.Client, url: Any, query: dict[str, str]) -> Iterator[Any]:
    page = client.get(url, params=query).json()
    yield from page["results"]
    while page["next"]:
        page = client.get(page["next"]).json()
        yield from page["results"]


def _write_needed(resource: Resource) -> str:
    from .test_lists import fill_needed

    own = {OWN_LISTS[resource.path]: "true"} if resource.path in OWN_LISTS else {}
    return "&".join(f"{name}={value}" for name, value in (fill_needed(resource) | own).items())


@each
def test_sharing_decides_whose_rows_are_seen(
    world: World, other: World, colleague: httpx.Client, sharing: Any, resource: Resource
) -> None:
    row_id = world.row(resource.path)
    url = f"/api/{resource.path}/{row_id}"
    for names in (
        SHARING,
        [s for s in SHARING if s != resource.policy.sharing],
        [resource.policy.sharing],
        [],
    ):
        sharing(names)
        theirs = resource.policy.sharing == ALWAYS or resource.policy.sharing in names
        assert world.client.get(url).status_code == 200, "one's own rows are always there"
        assert colleague.get(url).status_code == (200 if theirs else 404)
        rows = list_ids(colleague, resource)
        if "id" in resource.keys_by_name:
            assert (str(row_id) in rows) == theirs
            assert str(row_id) in list_ids(world.client, resource)
        elif not theirs:
            assert rows == set()
        if "PATCH" in resource.method_set:
            assert colleague.patch(url, json={}).status_code == (204 if theirs else 404)
        if resource.has_practice:
            assert colleague.get(f"/api/{resource.path}/{other.row(resource.path)}").status_code == 404


@each_of_a_practice
def test_lists_show_no_row_of_another_practice(world: World, other: World, resource: Resource) -> None:
    if "id" in resource.keys_by_name:
        assert not list_ids(world.client, resource) & list_ids(other.client, resource)


@each
def test_a_user_without_a_doctor_sees_only_what_is_shared(
    world: World, sharing: Any, resource: Resource
) -> None:
    tenancy.clear_tenant()
    user = support.make_user(world.clinic.practice, doctor=None, role=User.Role.STAFF)
    with support.client(support.issue_token(user, support.make_app())) as client:
        sharing([])
        rows = list_ids(client, resource)
        assert bool(rows) == (resource.policy.sharing == ALWAYS)


# -- operations -------------------------------------------------------------------------------------------------

OPERATIONS = get_registry().list_operations()
each_operation = each_case("operation", OPERATIONS, ids=lambda o: f"{o.method} {o.path}")


def _url(world: World, operation: Operation, row_id: Any = None) -> str:
    if operation.is_of_row and row_id is None:
        row_id = world.row(operation.of)
    return "/api/" + operation.path.replace("{id}", str(row_id))


@each_operation
def test_an_operation_needs_token_scopes_and_permissions(world: World, operation: Operation) -> None:
    url = _url(world, operation)
    with support.client() as nobody:
        assert nobody.request(operation.method, url, json={}).status_code == 401
    kind = "read" if operation.reading else "write"
    for scope in operation.policy.scopes:
        client = world.client_without(f"{scope}:{kind}")
        assert client.request(operation.method, url, json={}).status_code == 403, scope
    for name in operation.policy.list_permissions(bool(operation.reading)):
        client = world.client_without(name)
        assert client.request(operation.method, url, json={}).status_code == 403, name


@each_operation
def test_methods_that_the_url_of_an_operation_does_not_have(world: World, operation: Operation) -> None:
    methods = set(get_registry().operations[operation.path])
    if resource := get_registry().resources.get(operation.path):
        methods |= {"GET", "POST"} & set(resource.method_set)
    for method in (*METHODS, "OPTIONS", "TRACE", "BREW"):
        if method not in methods:
            answer = world.client.request(method, _url(world, operation))
            assert answer.status_code == 405
            assert set(answer.headers["Allow"].split(", ")) == methods


@each_case("operation", [o for o in OPERATIONS if o.is_of_row], ids=lambda o: f"{o.method} {o.path}")
def test_an_operation_of_a_row_that_is_not_there(world: World, other: World, operation: Operation) -> None:
    body = {declared.name: "x" for declared in operation.keys}
    for row_id in (other.row(operation.of), *NEVER):
        answer = world.client.request(operation.method, _url(world, operation, row_id), json=body)
        assert answer.status_code == 404
