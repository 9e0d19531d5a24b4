"""Every key of every resource, written and read: required, optional, read-only, write-only, verbose, default."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from charthouse import clock
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Date
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import ABSENT, Access
from charthouse.gateway.drchrono.registry import get_registry
from tests.cases import each_case

from . import values
from .world import World

RESOURCES = list(get_registry())
WRITES = [r for r in RESOURCES if set(r.method_set) & {"POST", "PUT", "PATCH"}]
WRITABLE = [(r, f) for r in WRITES for f in r.writable]
each = each_case("resource", RESOURCES, ids=lambda r: r.path)
each_written = each_case("resource", WRITES, ids=lambda r: r.path)
each_key = each_case(
    ("resource", "key"),
    WRITABLE,
    ids=[f"{r.path}.{f.name}" for r, f in WRITABLE],
)


# Keys that make sense together only, with a body that has them all; and keys that only a create may set.
SERIES = {"recur_end_date": "2029-01-09", "recurs_every": 4, "recurring_days": [0, 2]}
TOGETHER: dict[tuple[str, str], Callable[[int], dict[str, Any]]] = {
    (path, name): lambda n: (
        SERIES
        | {
            "scheduled_time": f"2028-{n % 12 + 1:02}-{n % 28 + 1:02}T09:30:00",
            "recur_start_date": "2029-01-01",
        }
    )
    for path in ("appointments", "appointments_list")
    for name in ("recur_start_date", *SERIES)
} | {
    ("schedule_blocks", name): lambda n: {
        "start_time": f"2028-{n % 12 + 1:02}-{n % 28 + 1:02}T12:00:00",
        "end_time": f"2028-{n % 12 + 1:02}-{n % 28 + 1:02}T13:00:00",
    }
    for name in ("start_time", "end_time")
}
_RESULT = ("specimen_received", "test_performed", "results_released")
TOGETHER |= {
    ("lab_results", name): lambda n: dict.fromkeys(_RESULT, values.make_past_moment(n)) for name in _RESULT
}
TOGETHER |= {
    ("patient_vaccine_records", name): lambda n: {
        "administered_start": values.make_past_moment(n),
        "next_dose_date": values.make_moment(n)[:10],
    }
    for name in ("administered_start", "next_dose_date")
}
CREATE_ONLY = set(TOGETHER)


# Amounts that are computed until somebody says them: saying what was computed fixes it.
FIXED_WHEN_SAID = {"line_items"}


def read(world: World, resource: Resource, row_id: int) -> Any:
    answer = world.client.get(f"/api/{resource.path}/{row_id}", params={"verbose": "true"})
    assert answer.status_code == 200, answer.text
    return settle(answer)


def settle(answer: Any) -> Any:
    """The object, without the part of its links to files that changes each second."""
    return json.loads(re.sub(r"/files/[\w.-]+", "/files/a-link", answer.text))


def with_needs(world: World, resource: Resource, key: Key, value: Any, n: int) -> dict[str, Any]:
    """A body with the key, and with what the key can't be without."""
    body = {key.name: value}
    if key.requires:
        needed = resource.keys_by_name[key.requires]
        body[needed.name] = world.good(resource, needed, n)
    return body


def check_shown(key: Key, written: Any, shown: Any, verb: str) -> None:
    if not key.readable:
        assert key.name not in shown, f"{verb}: write-only, yet shown"
    elif key.is_stored or key.name in shown:
        assert values.agrees(key.type, written, shown[key.name]), (
            f"{verb}: {written!r} reads {shown[key.name]!r}"
        )


@each_key
def test_written_and_read_back(world: World, resource: Resource, key: Key) -> None:
    """A value that isn't the default, through each verb that the resource has."""
    n = world.next()
    value = world.good(resource, key, n)
    if "POST" in resource.method_set:
        body = world.payload(resource) | with_needs(world, resource, key, value, n)
        if together := TOGETHER.get((resource.path, key.name)):
            body |= {**together(n), "allow_overlapping": True}
            value = body[key.name]
        made = world.client.post(f"/api/{resource.path}", json=body)
        assert made.status_code == 201, made.text
        check_shown(key, value, made.json(), "POST")
        row_id = int(made.json()["id"])
        check_shown(key, value, read(world, resource, row_id), "GET after POST")
    if (resource.path, key.name) in CREATE_ONLY:
        return
    for verb, operation in (("PATCH", "modify"), ("PUT", "replace")):
        if verb not in resource.method_set:
            continue
        row_id = world.new(resource.path)
        value = world.good(resource, key, n := n + 1)
        body = with_needs(world, resource, key, value, n)
        body = body if operation == "modify" else world.payload(resource) | body
        answer = world.client.request(verb, f"/api/{resource.path}/{row_id}", json=body)
        assert answer.status_code == 204, answer.text
        check_shown(key, value, read(world, resource, row_id), verb)


@each_key
def test_left_out(world: World, resource: Resource, key: Key) -> None:
    """Required: refused and named. Optional: its default, or what absence reads as."""
    if "POST" not in resource.method_set:
        return
    body = {name: value for name, value in world.payload(resource).items() if name != key.name}
    if key.required_unless:
        body.pop(key.required_unless, None)
    made = world.client.post(f"/api/{resource.path}", json=body)
    if key.access is Access.REQUIRED or key.required_unless:
        assert made.status_code == 400
        assert made.json()[key.name] == ["This field is required."]
        if "PUT" in resource.method_set:
            put = world.client.put(f"/api/{resource.path}/{world.row(resource.path)}", json=body)
            assert put.status_code == 400
            assert put.json()[key.name] == ["This field is required."]
    elif key.name not in resource.example or not _is_needed_by_others(resource, key):
        assert made.status_code == 201, made.text
        default = key.default
        if key.readable and default is not ABSENT and not callable(default):
            render = key.type.render
            assert values.agrees(key.type, render(default) if render else default, made.json()[key.name])


def _is_needed_by_others(resource: Resource, key: Key) -> bool:
    return any(key.name in (f.requires, f.required_unless) for f in resource.keys)


@each_written
def test_every_wrong_key_is_named_at_once(world: World, resource: Resource) -> None:
    """Each key gets what no key takes; all that are refused are refused together, and nothing is written."""
    row_id = world.row(resource.path)
    before = read(world, resource, row_id)
    body = {key.name: values.make_wrong(key) for key in resource.writable}
    answers = [("PATCH", f"/{row_id}"), ("PUT", f"/{row_id}"), ("POST", "")]
    for verb, rest in answers:
        if verb in resource.method_set:
            answer = world.client.request(verb, f"/api/{resource.path}{rest}", json=body)
            assert answer.status_code == 400, answer.text
            assert set(answer.json()) == set(body)
    assert read(world, resource, row_id) == before


@each_written
def test_read_only_and_unknown_keys_are_ignored(world: World, resource: Resource) -> None:
    row_id = world.new(resource.path)
    before = read(world, resource, row_id)
    body = {f.name: "x" for f in resource.keys if not f.writable} | {
        "no such key": {"a": [1]},
        "__class__": 1,
    }
    if "PATCH" in resource.method_set:
        answer = world.client.patch(f"/api/{resource.path}/{row_id}", json=body)
        assert answer.status_code == 204, answer.text
        assert read(world, resource, row_id) == before
    if "POST" in resource.method_set:
        made = world.client.post(f"/api/{resource.path}", json=world.payload(resource) | body)
        assert made.status_code == 201, made.text


@each_case("path", sorted(FIXED_WHEN_SAID))
def test_what_is_fixed_when_said_is_an_exception(world: World, path: str) -> None:
    """Else the list of exceptions would hide what has been mended."""
    row_id = world.new(path)
    before = read(world, get_registry()[path], row_id)
    with clock.shift(timedelta(hours=1)):
        world.client.patch(f"/api/{path}/{row_id}", json=before)
    assert read(world, get_registry()[path], row_id)["updated_at"] != before["updated_at"]


@each_written
def test_what_get_gave_can_be_put_back(world: World, resource: Resource) -> None:
    """A client that reads an object, changes nothing and writes it back changes nothing."""
    row_id = world.new(resource.path)
    if resource.path in FIXED_WHEN_SAID:  # from then on it holds for them as well, key by key
        _put_back(world, resource, row_id, touched=True)
    _put_back(world, resource, row_id, touched=any(_must_be_sent(f) for f in resource.writable))


def _put_back(world: World, resource: Resource, row_id: int, *, touched: bool) -> None:
    """Write what GET gave. ``touched``: what is sent along counts as a change, of ``updated_at`` alone."""
    before = read(world, resource, row_id)
    files = {f.name for f in resource.writable if f.type.upload}
    body = {name: value for name, value in before.items() if name not in files}
    body |= {f.name: world.payload(resource)[f.name] for f in resource.writable if _must_be_sent(f)}
    for verb in ("PUT", "PATCH"):
        if verb in resource.method_set:
            with clock.shift(timedelta(hours=1)):  # a moved ``updated_at`` shows
                answer = world.client.request(verb, f"/api/{resource.path}/{row_id}", json=body)
            assert answer.status_code == 204, answer.text
            after = read(world, resource, row_id)
            if touched and "updated_at" in before:
                after["updated_at"] = before["updated_at"]
            assert after == before, verb


def _must_be_sent(key: Key) -> bool:
    return key.access is Access.REQUIRED and (key.type.upload or not key.readable)


@each
def test_verbose_keys_are_shown_with_verbose_only(world: World, resource: Resource) -> None:
    url = f"/api/{resource.path}/{world.row(resource.path)}"
    plain, verbose = (
        settle(world.client.get(url)),
        settle(world.client.get(url, params={"verbose": "true"})),
    )
    extra = [f.name for f in resource.keys if f.verbose and f.readable]
    assert set(verbose) - set(plain) == set(extra)
    assert list(verbose) == [f.name for f in resource.keys if f.readable]
    same = {f.name for f in resource.list_shown(False) if f is resource.keys_by_name[f.name]}
    assert {name: verbose[name] for name in plain if name in same} == {name: plain[name] for name in same}
    for text in ("false", "", "0", "nonsense"):
        assert settle(world.client.get(url, params={"verbose": text})) == plain


@each_written
def test_forms(world: World, resource: Resource) -> None:
    """Plain keys, form-encoded and multipart, as clients of the hosted API send them."""
    plain = [f for f in resource.writable if _fits_a_form(f)]
    if "PATCH" not in resource.method_set or not plain:
        return
    row_id = world.new(resource.path)
    for n, send in enumerate(("data", "files")):
        written = {f.name: world.good(resource, f, n) for f in plain[:8] if not f.requires}
        text = {name: str(value) for name, value in written.items()}
        given: Any = text if send == "data" else {name: (None, value) for name, value in text.items()}
        answer = world.client.patch(f"/api/{resource.path}/{row_id}", **{send: given})
        assert answer.status_code == 204, answer.text
        shown = read(world, resource, row_id)
        for key in plain[:8]:
            if key.name in written:
                check_shown(key, written[key.name], shown, send)


def _fits_a_form(key: Key) -> bool:
    plain = Text | Reference | Date | Integer | Boolean
    return key.is_stored and isinstance(key.type, plain)
