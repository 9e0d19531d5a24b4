"""Every key and every list of Cerbo's resources: written, read back, left out, wrong, paged."""

import json
from contextlib import suppress
from typing import Any

import pytest
from django.db import IntegrityError, models, transaction

from charthouse.engine.declaration.composites import MappedChoice
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.values import Access
from charthouse.engine.execution import reading
from charthouse.gateway.cerbo.registry import get_registry
from charthouse.identity import tenancy
from tests.cases import each_case
from tests.contract.test_statements import count_statements

from . import values
from .cerbo_world import CerboWorld

RESOURCES = list(get_registry())
CREATED = [r for r in RESOURCES if "POST" in r.method_set]
WRITABLE = [(r, f) for r in CREATED for f in r.writable]
LISTED = [r for r in RESOURCES if "GET" in r.list_methods]
PAGED = [r for r in LISTED if not r.filters_by_name.keys() & {"terms", "term"}]
each = each_case("resource", RESOURCES, ids=lambda r: r.path)
each_created = each_case("resource", CREATED, ids=lambda r: r.path)
each_listed = each_case("resource", LISTED, ids=lambda r: r.path)
each_key = each_case(
    ("resource", "key"),
    WRITABLE,
    ids=[f"{r.path}.{f.name}" for r, f in WRITABLE],
)

# Keys whose value reads otherwise than it was written, or that go with others: a test of their own in tests/domains.
SPECIAL = {
    ("patients", "inactive"),
    ("tags", "note_displays_on_dashboard"),
    ("task", "completed_on"),
    ("task", "associated_resource_type"),
    ("task", "associated_resource_id"),
    ("appointments", "start_date_time"),
    ("appointments", "end_date_time"),
    ("appointments", "telemedicine"),
    ("inventory", "linked_product_type"),
    ("inventory", "linked_product_id"),
}
# Keys that are refused where they are missing, though the reference requires none.
NEEDED = {("encounters", "pt_id")}
# What a change needs beside the key.
BESIDE: dict[tuple[str, str], dict[str, Any]] = {
    ("task", "remind_minutes_before"): {"due_date": "2030-03-02 17:00:00"},
    ("tags", "displays_on_dash"): {"note_displays_on_dashboard": False},
    # A reading without its value is refused, though the reference requires none.
    ("patients/{patient_id}/vitals/height", "units"): {"height": "65"},
    ("patients/{patient_id}/vitals/weight", "units"): {"weight": "60"},
    ("patients/{patient_id}/vitals/{vital_id}", "comments"): {"value": "20/20"},
}


@each_key
def test_written_and_read_back(cerbo: CerboWorld, resource: Resource, key: Key) -> None:
    """A value that isn't the default, by POST and by PATCH; both answer with the object as it then is."""
    if (resource.path, key.name) in SPECIAL:
        return
    n = cerbo.next()
    for verb in ("POST", "PATCH"):
        value = cerbo.good(resource, key, n := n + 1)
        body = BESIDE.get((resource.path, key.name), {}) | {key.name: value}
        if verb == "POST":
            answer = cerbo.post(resource, cerbo.payload(resource) | body)
        elif "PATCH" in resource.method_set:
            answer = cerbo.client.patch(cerbo.object_url(resource, cerbo.new(resource.path)), json=body)
        else:
            return
        assert answer.status_code == 200, answer.text
        if key.readable:
            shown = answer.json()[key.name]
            assert values.agrees(key.type, value, shown), f"{verb}: {value!r} reads {shown!r}"
        if resource.reads:
            again = cerbo.client.get(cerbo.object_url(resource, int(answer.json()["id"])))
            assert again.json() == answer.json()


@each_key
def test_left_out(cerbo: CerboWorld, resource: Resource, key: Key) -> None:
    body = {name: value for name, value in cerbo.payload(resource).items() if name != key.name}
    answer = cerbo.post(resource, body)
    needed = key.access is Access.REQUIRED or key.required_unless
    if needed or (resource.path, key.name) in NEEDED:
        assert answer.status_code == 400
        assert answer.json()["error"]["fields"][key.name] == ["This field is required."]
        assert key.name in answer.json()["error"]["message"]
    elif not any(
        path == resource.path and name in body and key.name in beside
        for (path, name), beside in BESIDE.items()
    ):
        assert answer.status_code == 200, answer.text


@each_created
def test_every_wrong_key_is_named_at_once(cerbo: CerboWorld, resource: Resource) -> None:
    body = {key.name: values.make_wrong(key) for key in resource.writable}
    answer = cerbo.post(resource, body)
    assert answer.status_code == 400
    assert set(answer.json()["error"]["fields"]) == set(body)
    if "PATCH" in resource.method_set:
        url = cerbo.object_url(resource, cerbo.row(resource.path))
        answer = cerbo.client.patch(url, json=body)
        assert answer.status_code == 400
        assert set(answer.json()["error"]["fields"]) == set(body)


@each_created
def test_an_object_is_taken_back_as_it_was_read(cerbo: CerboWorld, resource: Resource) -> None:
    """With all that is read-only or empty in it: the other API leaves out more than this one requires."""
    if "PATCH" not in resource.method_set:
        return
    row_id = cerbo.new(resource.path)
    _delete_rows(cerbo, resource, row_id)
    url = cerbo.object_url(resource, row_id)
    before = cerbo.other.rows_of(resource.model, row_id)
    shown = cerbo.client.patch(url, json={}).json()
    answer = cerbo.client.patch(url, json=shown)
    assert answer.status_code == 200, answer.text
    assert answer.json() == shown
    after = cerbo.other.rows_of(resource.model, row_id)
    assert after == before, {
        name: (before[name], after[name]) for name in after if after[name] != before[name]
    }


def _delete_rows(cerbo: CerboWorld, resource: Resource, row_id: int) -> None:
    """Empty what a row may be without, but for what the database needs, and for words that stand for nothing, too."""
    for key in resource.writable:
        column = key.find_column(resource.model) if key.is_stored else None
        is_text = isinstance(column, models.CharField | models.TextField) and column.blank
        if column is None or isinstance(key.type, MappedChoice) or not (column.null or is_text):
            continue
        with tenancy.within(cerbo.other.clinic.id), suppress(IntegrityError), transaction.atomic():
            resource.model._default_manager.filter(pk=row_id).update(
                **{column.attname: None if column.null else ""}
            )


@each_created
def test_a_change_that_changes_nothing_writes_nothing(cerbo: CerboWorld, resource: Resource) -> None:
    """``updated_at`` and who changed it stay, whatever a client puts back of what it has read."""
    if "PATCH" not in resource.method_set:
        return
    row_id = cerbo.new(resource.path)
    url = cerbo.object_url(resource, row_id)
    before = cerbo.other.rows_of(resource.model, row_id)
    shown = cerbo.client.patch(url, json={}).json()
    readable = {f.name for f in resource.writable if f.readable} - {
        n for p, n in SPECIAL if p == resource.path
    }
    answer = cerbo.client.patch(url, json={name: shown[name] for name in readable})
    assert answer.status_code == 200, answer.text
    assert answer.json() == shown
    assert cerbo.other.rows_of(resource.model, row_id) == before


@each
def test_delete(cerbo: CerboWorld, resource: Resource) -> None:
    """The row stays in the table, leaves list and address, and can't be deleted again."""
    if "DELETE" not in resource.method_set:
        return
    row_id = cerbo.new(resource.path)
    url = cerbo.object_url(resource, row_id)
    answer = cerbo.client.delete(url)
    assert answer.status_code == 200
    assert answer.json()["id"] == row_id
    assert answer.json()["result"] is True
    assert cerbo.client.delete(url).status_code == 404
    if resource.reads:
        assert cerbo.client.get(url).status_code == 404
    if "PATCH" in resource.method_set:
        assert cerbo.client.patch(url, json={}).status_code == 404
    row = cerbo.other.rows_of(resource.model, row_id)
    assert row["archived"] is True


# -- lists ------------------------------------------------------------------------------------------------------


@each_listed
def test_a_walk_by_offset_shows_every_row_once(cerbo: CerboWorld, resource: Resource) -> None:
    for _ in range(3):
        if resource.path != "users" and not resource.path.endswith("/search"):
            cerbo.new(resource.path)
    whole = cerbo.page(resource).json()
    assert whole["object"] == "list"
    assert whole["total_count"] == len(whole["data"]) or whole["has_more"]
    seen: list[Any] = []
    while True:
        page = cerbo.page(resource, limit="2", offset=str(len(seen))).json()
        seen += page["data"]
        assert page["total_count"] == whole["total_count"]
        assert page["has_more"] == (len(seen) < whole["total_count"])
        if not page["has_more"]:
            break
    assert seen[: len(whole["data"])] == whole["data"]
    beyond = cerbo.page(resource, offset="100000").json()
    assert beyond == {"object": "list", "total_count": whole["total_count"], "has_more": False, "data": []}


@each_listed
def test_limits_out_of_bounds_are_clamped(
    cerbo: CerboWorld, resource: Resource, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = []
    bind = reading.bind

    def watched(statement: Any, given: Any) -> Any:
        if "limit" in given:
            limits.append(given["limit"] - 1)
        return bind(statement, given)

    monkeypatch.setattr(reading, "bind", watched)
    most = resource.page_size.maximum
    expected = {"1": 1, "7": 7, str(most): most, "1000000": most}
    expected |= dict.fromkeys(("", "0", "-1", "x", "1.5", "9" * 30, "٣"), most)
    for text, limit in expected.items():
        assert cerbo.page(resource, limit=text).status_code == 200
        assert limits[0] == limit, text
        limits.clear()


@each_listed
def test_a_list_is_one_statement_and_one_for_the_count(cerbo: CerboWorld, resource: Resource) -> None:
    """The count is asked for only where the page doesn't say it. (Where nothing is there, one more statement asks
    whether what stands above it is: so there is a row.)"""
    cerbo.row(resource.path)
    for parameters in ({}, {"limit": "1"}):
        page = cerbo.page(resource, **parameters).json()  # the first time prepares
        sent = count_statements(lambda: cerbo.page(resource, **parameters))  # noqa: B023
        assert sent == (3 if page["has_more"] else 2)


HOSTILE = ("\x00", "%", "_", "\\", "'", "{}", ",,,", "-1", "1" * 200, "ä" * 2_000, "2024-02-30", "9999-12-31")


@each_listed
def test_hostile_parameters_never_fail(cerbo: CerboWorld, resource: Resource) -> None:
    for parameter in resource.filters:
        if f"{{{parameter.name}}}" in resource.path:
            continue
        for text in HOSTILE:
            answer = cerbo.page(resource, **{parameter.name: text})
            assert answer.status_code in (200, 400), text


BODIES: tuple[tuple[bytes, str, tuple[int, ...]], ...] = (
    (b"", "application/json", (400,)),
    (b"{", "application/json", (400,)),
    (b"[" * 100_000, "application/json", (400,)),
    (b"null", "application/json", (400,)),
    (b"[]", "application/x-www-form-urlencoded", (400,)),
    (b'{"a": 1}', "application/x-www-form-urlencoded", (400,)),
    (b"a=%ff%fe&b=\xff", "application/x-www-form-urlencoded", (400,)),
    (b"x", "text/plain", (400,)),
    (b"{}", "application/xml", (415,)),
    (b"x", "multipart/form-data; boundary=b", (400,)),
)


@each_created
@each_case("number", range(len(BODIES)), ids=[f"{n}: {b[:12]!r} {m}" for n, (b, m, _) in enumerate(BODIES)])
def test_bodies_that_can_not_be_read(cerbo: CerboWorld, resource: Resource, number: int) -> None:
    body, media, statuses = BODIES[number]
    answer = cerbo.client.post(cerbo.list_url(resource), content=body, headers={"Content-Type": media})
    assert answer.status_code in statuses, answer.text[:300]


@each_created
def test_hostile_values_never_fail(cerbo: CerboWorld, resource: Resource) -> None:
    """Each value for all keys at once, then for those alone that take it; one by one where they don't go together."""

    def post(body: dict[str, Any]) -> int:
        whole = json.dumps(cerbo.payload(resource) | body)
        answer = cerbo.client.post(cerbo.list_url(resource), content=whole)
        assert answer.status_code in (200, 400), f"{str(body)[:90]!r}: {answer.text[:300]}"
        return answer.status_code

    for value in values.HOSTILE:
        taken = {k.name: value for k in resource.writable if values.takes(k, resource.model, value)}
        post({key.name: value for key in resource.writable})
        if post(taken) != 200 and len(taken) > 1:
            for name in taken:
                post({name: value})
