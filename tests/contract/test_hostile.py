"""What nobody sane sends: refused or taken, never a 500, and nothing half written."""

import json
from typing import Any

from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import Resource
from charthouse.gateway.drchrono.registry import get_registry
from charthouse.identity import tenancy
from tests.cases import each_case

from . import values
from .test_keys import WRITABLE, each_written
from .world import World

NESTED = [(r, k) for r, k in WRITABLE if k.type.is_list or values.is_object(k.type)]
CREATED = [r for r in get_registry() if "POST" in r.method_set]


def rows(world: World, resource: Resource) -> int:
    with tenancy.within(world.practice):
        return int(resource.model._default_manager.count())


def send(world: World, method: str, url: str, body: Any) -> Any:
    """JSON as Python writes it: lone surrogates escaped, numbers of any size, NaN."""
    return world.client.request(
        method, url, content=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )


@each_written
def test_hostile_values_of_keys(world: World, resource: Resource) -> None:
    """Each value for all keys at once, then for those alone that take it; one by one where they don't go together."""
    row_id = world.new(resource.path)
    for value in values.HOSTILE:
        whole = {key.name: value for key in resource.writable}
        taken = {k.name: value for k in resource.writable if values.takes(k, resource.model, value)}
        check(world, resource, row_id, whole)
        if check(world, resource, row_id, taken) != 204 and len(taken) > 1:
            for name in taken:
                check(world, resource, row_id, {name: value})
    read = world.client.get(f"/api/{resource.path}/{row_id}", params={"verbose": "true"})
    assert read.status_code == 200


@each_case(
    ("resource", "key"),
    NESTED,
    ids=[f"{r.path}.{k.name}" for r, k in NESTED],
)
def test_hostile_values_inside_keys(world: World, resource: Resource, key: Key) -> None:
    row_id = world.new(resource.path)
    for value in values.list_hostile_inside(key):
        check(world, resource, row_id, {key.name: value})
    read = world.client.get(f"/api/{resource.path}/{row_id}", params={"verbose": "true"})
    assert read.status_code == 200


def check(world: World, resource: Resource, row_id: int, body: Any) -> int:
    """The status of a PATCH, or of a PUT or POST where there is none."""
    method = next(m for m in ("PATCH", "PUT", "POST") if m in resource.method_set)
    url = f"/api/{resource.path}" + (f"/{row_id}" if method != "POST" else "")
    whole = body if method == "PATCH" else world.payload(resource) | body
    answer = send(world, method, url, whole)
    assert answer.status_code in (201, 204, 400, 409), f"{str(body)[:90]!r}: {answer.text[:300]}"
    return int(answer.status_code)


@each_case("resource", CREATED, ids=lambda r: r.path)
def test_a_refused_create_writes_nothing(world: World, resource: Resource) -> None:
    """Of a list with one wrong item nothing is written; each item answers for itself, in its place."""
    good = [world.payload(resource) for _ in range(3)]
    key = resource.writable[0]
    wrong = world.payload(resource) | {key.name: values.make_wrong(key)}
    before = rows(world, resource)
    answer = send(world, "POST", f"/api/{resource.path}", [good[0], wrong, good[1]])
    assert answer.status_code == 400
    first, second, third = answer.json()
    assert (first, third) == ({}, {})
    assert key.name in second
    for body in ([], [None], [[]], ["x"], None, 5, "x", [good[0], 5], [wrong] * 3, [good[0]] * 1001):
        answer = send(world, "POST", f"/api/{resource.path}", body)
        assert answer.status_code == (201 if body == [] else 400), str(body)[:80]
    assert rows(world, resource) == before
    answer = send(world, "POST", f"/api/{resource.path}", good)
    assert answer.status_code == 201
    assert len({item["id"] for item in answer.json()}) == 3
    assert rows(world, resource) >= before + 3


BODIES: tuple[tuple[bytes, str, tuple[int, ...]], ...] = (
    (b"", "application/json", (204,)),
    (b"", "", (204,)),
    (b"\xef\xbb\xbf{}", "application/json", (204,)),
    (b"{", "application/json", (400,)),
    (b"\xff\xfe{}", "application/json", (400,)),
    (b'{"a": "\xff"}', "application/json", (400,)),
    (b'{"a": "\\ud800"}', "application/json", (204, 400)),
    (b'{"a": 1, "a": 2}', "application/json", (204,)),
    (b"[" * 100_000, "application/json", (400,)),
    (b'{"a":' * 50_000, "application/json", (400,)),
    (b'{"a": NaN}', "application/json", (400,)),
    (b'{"a": ' + b"9" * 100_000 + b"}", "application/json", (204, 400)),
    (b'{"a": 1e999999999}', "application/json", (204, 400)),
    (b'{"\\u0000": "\\u0000"}', "application/json", (204,)),
    (b"null", "application/json", (400,)),
    (b"5", "application/json", (400,)),
    (b'"x"', "application/json", (400,)),
    (b"[]", "application/json", (400,)),
    (b"{}", "application/json; charset=utf-8", (204,)),
    (b"{}", "APPLICATION/JSON", (204,)),
    (b"{}", "", (204,)),
    (b"{}", "text/plain", (415,)),
    (b"{}", "application/xml", (415,)),
    (b"{}", "application/x-unknown; a=\x00", (415,)),
    (b"a=%ff%fe&b=\xff", "application/x-www-form-urlencoded", (204, 400)),
    (b"&".join(b"k%d=1" % n for n in range(5_000)), "application/x-www-form-urlencoded", (400,)),
    (b"", "multipart/form-data", (204,)),
    (b"x", "multipart/form-data; boundary=", (400,)),
    (b"x", "multipart/form-data; boundary=b", (204, 400)),
    (b"--b\r\n\r\n\xff\r\n--b--\r\n", "multipart/form-data; boundary=b", (204, 400)),
    (b'--b\r\nContent-Disposition: form-data; name="a"; filename="../../x\x00"\r\n\r\nx\r\n--b--\r\n',
     "multipart/form-data; boundary=b", (204, 400)),
    (b'--b\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--b--\r\n',
     "multipart/form-data; boundary=b", (204, 400)),
)  # fmt: skip


@each_written
@each_case("number", range(len(BODIES)), ids=[f"{n}: {b[:12]!r} {m}" for n, (b, m, _) in enumerate(BODIES)])
def test_bodies_that_can_not_be_read(world: World, resource: Resource, number: int) -> None:
    body, media, statuses = BODIES[number]
    headers = {"Content-Type": media} if media else {}
    if "PATCH" in resource.method_set:
        url = f"/api/{resource.path}/{world.row(resource.path)}"
        answer = world.client.patch(url, content=body, headers=headers)
        assert answer.status_code in statuses, answer.text[:300]
    else:  # what a change may leave out, a create may not
        answer = world.client.post(f"/api/{resource.path}", content=body, headers=headers)
        assert answer.status_code in {*statuses, 201, 400} - {204}, answer.text[:300]
