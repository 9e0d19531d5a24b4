"""Who may do what with every operation of Cerbo: credentials, endpoints, read-only, practices, methods."""

import re
from collections.abc import Iterator
from typing import Any

from charthouse.engine.declaration.resources import METHODS, Operation, Resource
from charthouse.gateway.cerbo.registry import get_registry, get_router
from tests import support
from tests.cases import each_case

from . import cerbo_facts as facts
from .cerbo_world import BASE, CerboWorld

OPERATIONS = facts.list_built()
RESOURCES = list(get_registry())
each = each_case("operation", OPERATIONS, ids=str)
each_resource = each_case("resource", RESOURCES, ids=lambda r: r.path)
NEVER = ("0", "-1", "999999999999", str(2**63), "9" * 40, "1.0", "x", "1e3", "٣", "%20", "null")


def compose_address(world: CerboWorld, operation: facts.Operation) -> str:
    """A URL of the operation, over a row that may be lost."""
    target = operation.target
    assert target
    found = target.declaration
    row_id = None
    if "{id}" in target.path:
        of = get_registry()[found.of] if isinstance(found, Operation) else found
        row_id = world.new(of.path)
    return world.url(target.path, found, row_id, **world.texts(found))


BAD = ("", "Basic", "Basic ", "Basic nonsense", "Basic Og==", "Bearer x", "Basic cGtfeDp5", "Basic /w==")


@each
def test_without_credentials(cerbo: CerboWorld, operation: facts.Operation) -> None:
    url = compose_address(cerbo, operation)
    with support.client() as nobody:
        assert nobody.request(operation.method, url, json={}).status_code == 401
        for header in BAD:
            answer = nobody.request(operation.method, url, json={}, headers={"Authorization": header})
            assert answer.status_code == 401, header
            assert answer.headers["WWW-Authenticate"].startswith("Basic")
            assert answer.json()["error"]["message"]


@each
def test_endpoints_that_an_api_user_is_not_given(cerbo: CerboWorld, operation: facts.Operation) -> None:
    url, group = compose_address(cerbo, operation), operation.facts["permission"]["resource"]
    with cerbo.limited(endpoints=["another_one"]) as client:
        assert client.request(operation.method, url, json={}).status_code == 403
    with cerbo.limited(endpoints=["another_one", group]) as client:
        assert client.request(operation.method, url, json={}).status_code != 403


@each
def test_read_only(cerbo: CerboWorld, operation: facts.Operation) -> None:
    url = compose_address(cerbo, operation)
    with cerbo.limited(read_only=True) as client:
        refused = client.request(operation.method, url, json={}).status_code == 403
    assert refused == (operation.facts["permission"]["class"] == "write")


@each
def test_other_methods(cerbo: CerboWorld, operation: facts.Operation) -> None:
    url = compose_address(cerbo, operation)
    targets, _ = get_router().find(url.removeprefix(BASE))
    for method in (*METHODS, "OPTIONS", "TRACE"):
        if method not in targets:
            answer = cerbo.client.request(method, url)
            assert answer.status_code == 405
            assert set(answer.headers["Allow"].split(", ")) == set(targets)


def _texts(world: CerboWorld, operation: facts.Operation) -> Iterator[tuple[str, bool]]:
    """The names of the ids in a path, and whether each is the row's own."""
    target = operation.target
    assert target
    found = target.declaration
    if "{id}" in target.path:
        yield "id", True
    for parent in found.parents:
        yield parent.name, False


@each
def test_rows_that_are_not_there(
    cerbo: CerboWorld, other_cerbo: CerboWorld, operation: facts.Operation
) -> None:
    """An id that never was, that can't be, or that is another practice's: the same answer, byte for byte."""
    target = operation.target
    assert target
    found = target.declaration
    of = found
    if isinstance(found, Operation):
        of = get_registry()[found.of] if found.of else None
    for name, own in _texts(cerbo, operation):
        path = of.path if own else next(p.to for p in found.parents if p.name == name)
        foreign = str(other_cerbo.row(path))
        answers = set()
        for text in (foreign, *NEVER):
            filled: dict[str, Any] = {**cerbo.texts(found), "id": "1" if own else None, name: text}
            row_id = cerbo.row(of.path) if "{id}" in target.path else None
            url = cerbo.url(target.path, found, **{**filled, "row_id": row_id} if not own else filled)
            answer = cerbo.client.request(operation.method, url, json={})
            assert answer.status_code in (404, 400), f"{url}: {answer.text}"
            if answer.status_code == 404:
                answers.add(answer.content)
        assert len(answers) == 1


def test_unknown_urls(cerbo: CerboWorld) -> None:
    for url in (
        "",
        "nothing",
        "patients/1/nothing",
        "patients//images",
        "users/1/2",
        "%00",
        "patients/1/images/2/3/4",
    ):
        assert cerbo.client.get(BASE + url).status_code == 404, url


def test_head_is_get_without_a_body(cerbo: CerboWorld) -> None:
    head, get = cerbo.client.head(f"{BASE}patients"), cerbo.client.get(f"{BASE}patients")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


@each_resource
def test_references_to_other_practices_are_refused_like_ids_that_never_were(
    cerbo: CerboWorld, other_cerbo: CerboWorld, resource: Resource
) -> None:
    if "POST" not in resource.method_set:
        return
    for key in resource.writable:
        to = key.type.refers_to
        if not to or key.type.is_list:
            continue
        answers = []
        for row_id in (other_cerbo.row(to), 999_999_999):
            answer = cerbo.post(resource, cerbo.payload(resource) | {key.name: row_id})
            assert answer.status_code == 400, f"{key.name}: {answer.text}"
            assert key.name in answer.json()["error"]["fields"]
            answers.append(re.sub(rf"(?<!\d){row_id}(?!\d)", "ID", answer.text))
        assert answers[0] == answers[1]
