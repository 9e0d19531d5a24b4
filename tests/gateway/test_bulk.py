"""Bulk lists: begun by POST, gathered by the worker, asked for by uuid."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from charthouse import clock
from charthouse.domains.patients.models import Patient
from charthouse.gateway.drchrono.bulk_lists import LISTS, BulkList
from charthouse.identity import tenancy
from charthouse.identity.models import PERMISSIONS, SHARING, Practice
from charthouse.jobs import actions, tasks
from charthouse.jobs.models import RUN_TIMEOUT, Job, JobRows
from tests import support
from tests.contract import world as worlds
from tests.domains.caller import Caller
from tests.domains.scheduling.calendar import DAY, Calendar
from tests.jobs.worker import work_off

INVALID = (400, {"detail": "Invalid uuid specified"})


@pytest.fixture(scope="module")
def world(database: None) -> worlds.World:
    return worlds.make("Bulk")


def begin(client: httpx.Client, path: str, **parameters: Any) -> str:
    answer = client.post(f"/api/{path}", params=parameters)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body["status"] == "In progress"
    url = next(word for word in body["description"].split() if "uuid=" in word).rstrip(",")
    assert dict(parse_qsl(urlsplit(url).query)) == {"uuid": body["uuid"]}
    return str(body["uuid"])


def ask(client: httpx.Client, path: str, uuid: str) -> Any:
    answer = client.get(f"/api/{path}", params={"uuid": uuid})
    assert answer.status_code == 200, answer.text
    return answer.json()


def read_whole(client: httpx.Client, path: str, **parameters: Any) -> Any:
    uuid = begin(client, path, **parameters)
    work_off()
    found = ask(client, path, uuid)
    assert found["status"] == "Complete"
    return found


@pytest.mark.parametrize("bulk", LISTS.values(), ids=lambda bulk: bulk.path)
def test_a_bulk_list_shows_what_the_plain_list_shows(world: worlds.World, bulk: BulkList) -> None:
    """The same objects, keys and all, page by page, also with verbose."""
    for _ in range(3):
        world.new(bulk.resource.path)
    wide = {"since": "2000-01-01"} if bulk.resource.one_of else {}
    for verbose in ({}, {"verbose": "true"}) if bulk.resource.has_verbose else ({},):
        plain = world.client.get(
            f"/api/{bulk.resource.path}", params=wide | verbose | {"page_size": 50}
        ).json()
        assert not plain["next"] or bulk.resource.page_size.maximum < 50
        found = read_whole(world.client, bulk.path, order_by=bulk.orders[-1], **verbose)
        count = found["pagination"]["count"]
        assert found["pagination"] == {"count": count, "pages": 1, "page_size": 1000, "page": 1}
        assert len(found["results"]) == count
        rows = {str(row): row for row in found["results"]}
        if not plain["next"]:
            assert rows == {str(row): row for row in plain["results"]}
        moments = [row["updated_at"] for row in found["results"] if "updated_at" in row]
        assert moments == sorted(moments)


def test_pages_of_a_list_stay_as_they_were_when_it_was_begun() -> None:
    calendar = Calendar()
    made = [calendar.book(f"{DAY}T{hour:02}:00:00")["id"] for hour in (11, 9, 15, 13, 10)]
    in_time = [made[1], made[4], made[0], made[3], made[2]]
    first = read_whole(calendar.http, "appointments_list", page_size=2)
    assert [row["id"] for row in first["results"]] == in_time[:2]
    assert first["pagination"] == {"count": 5, "pages": 3, "page_size": 2, "page": 1}
    calendar.book(f"{DAY}T08:00:00")
    calendar.change_and_read({"id": in_time[2]}, notes="x")
    calendar.http.delete(f"/api/appointments/{in_time[3]}")
    second = begin(calendar.http, "appointments_list", page_size=2, page=2)
    page = ask(calendar.http, "appointments_list", second)  # no worker: the ids are there
    assert [row["id"] for row in page["results"]] == in_time[2:4]
    assert [(row["notes"], row["deleted_flag"]) for row in page["results"]] == [("x", False), ("", True)]
    for number, ids in ((3, in_time[4:]), (4, []), (10**20, [])):
        uuid = begin(calendar.http, "appointments_list", page_size=2, page=number)
        assert [row["id"] for row in ask(calendar.http, "appointments_list", uuid)["results"]] == ids
    after = read_whole(calendar.http, "appointments_list", page_size="100000")
    assert after["pagination"] == {"count": 5, "pages": 1, "page_size": 1000, "page": 1}
    other = begin(calendar.http, "appointments_list", page=2, page_size=2, order_by="updated_at")
    assert ask(calendar.http, "appointments_list", other)["status"] == "In progress"


def test_long_lists_come_in_order_over_many_chunks() -> None:
    caller = Caller()
    with tenancy.within(caller.clinic.id):
        many = [
            Patient(practice=caller.clinic.practice, doctor=caller.doctor, gender="Other")
            for _ in range(2 * JobRows.CHUNK + 345)
        ]
        ids = [row.pk for row in Patient.objects.bulk_create(many, batch_size=500)]
    seen = []
    for page in range(1, 5):
        uuid = begin(caller.http, "patients_list", page_size=700, page=page)
        work_off()
        seen += [row["id"] for row in ask(caller.http, "patients_list", uuid)["results"]]
    assert seen == ids


def test_filters_are_those_of_the_plain_list() -> None:
    calendar = Calendar()
    booked = [calendar.book(f"{DAY}T09:00:00"), calendar.book("2026-03-03T09:00:00", status="Confirmed")]
    calendar.http.delete(f"/api/appointments/{booked[0]['id']}")
    for parameters, wanted in (
        ({}, [1]),
        ({"show_archived": "true"}, [0, 1]),
        ({"date": DAY, "show_archived": "true"}, [0]),
        ({"status": "Confirmed"}, [1]),
        ({"status": "Arrived"}, []),
        ({"patient": 2**40}, []),
    ):
        found = read_whole(calendar.http, "appointments_list", **parameters)
        assert [row["id"] for row in found["results"]] == [booked[at]["id"] for at in wanted]
        assert found["pagination"]["pages"] == min(1, len(wanted))
    for name, text in (("date", "x"), ("doctor", "1 2"), ("order_by", "color"), ("date_range", DAY)):
        answer = calendar.http.post("/api/appointments_list", params={name: text})
        assert (answer.status_code, list(answer.json())) == (400, [name])


def test_service_date_range_of_line_items(world: worlds.World) -> None:
    item = world.client.get(f"/api/line_items/{world.row('line_items')}").json()
    day = world.client.get(f"/api/appointments/{item['appointment']}").json()["scheduled_time"][:10]
    for days, there in ((f"{day}/{day}", True), ("2001-01-01/2001-01-02", False)):
        found = read_whole(world.client, "line_items_list", service_date_range=days)["results"]
        assert (item["id"] in {row["id"] for row in found}) == there


def test_nobody_else_asks_for_a_list() -> None:
    """Another app, another person of the practice, another practice, another list, a uuid that never was."""
    caller = Caller()
    caller.new()
    uuid = begin(caller.http, "patients_list")
    assert ask(caller.http, "patients_list", uuid)["status"] == "In progress"
    work_off()
    tenancy.clear_tenant()
    strangers = [
        support.client(support.issue_token(caller.user, support.make_app())),
        Caller(caller.clinic).http,
        Caller().http,
    ]
    for client in strangers:
        answer = client.get("/api/patients_list", params={"uuid": uuid})
        assert (answer.status_code, answer.json()) == INVALID
    for path, text in (
        ("appointments_list", uuid),
        ("patients_list", "0f8fad5b-d9cb-469f-a165-70867728950e"),
        ("patients_list", "x"),
        ("patients_list", "'"),
        ("patients_list", uuid + "0"),
    ):
        answer = caller.http.get(f"/api/{path}", params={"uuid": text})
        assert (answer.status_code, answer.json()) == INVALID
    assert caller.http.get("/api/patients_list").json() == {"uuid": ["This query parameter is required."]}
    assert len(ask(caller.http, "patients_list", uuid)["results"]) == 1


def test_a_page_is_rendered_with_the_rights_of_now() -> None:
    clinic = support.make_practice()
    tenancy.clear_tenant()
    own, theirs = Caller(clinic), Caller(clinic, doctor=support.make_doctor(clinic.practice))
    mine, other = own.new()["id"], theirs.new()["id"]
    uuid = begin(own.http, "patients_list")
    work_off()
    assert [row["id"] for row in ask(own.http, "patients_list", uuid)["results"]] == [mine, other]
    tenancy.clear_tenant()
    Practice.objects.filter(pk=clinic.id).update(sharing=[])
    assert [row["id"] for row in ask(own.http, "patients_list", uuid)["results"]] == [mine]
    assert [row["id"] for row in read_whole(own.http, "patients_list")["results"]] == [mine]
    own.user.permissions = [p for p in PERMISSIONS if p != "Manage Patients"]
    tenancy.clear_tenant()
    own.user.save(update_fields=["permissions"])
    assert own.http.get("/api/patients_list", params={"uuid": uuid}).status_code == 403
    Practice.objects.filter(pk=clinic.id).update(sharing=list(SHARING))


def test_a_list_is_forgotten_after_its_hour() -> None:
    caller = Caller()
    caller.new()
    uuid = begin(caller.http, "patients_list")
    work_off()
    with clock.shift(timedelta(minutes=50)):
        assert ask(caller.http, "patients_list", uuid)["status"] == "Complete"
        following = begin(caller.http, "patients_list", page=2, page_size=1)
    with clock.shift(timedelta(minutes=61)):
        tasks.sweep()
        answer = caller.http.get("/api/patients_list", params={"uuid": uuid})
        assert (answer.status_code, answer.json()) == INVALID
        assert ask(caller.http, "patients_list", following)["pagination"]["count"] == 1, "it needs the rows"
    with clock.shift(timedelta(minutes=111)):
        tasks.sweep()
        with tenancy.within(caller.clinic.id):
            assert not Job.objects.exists()
            assert not JobRows.objects.exists()


def test_a_list_that_can_not_be_gathered_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    caller = Caller()

    def broken(self: BulkList, job: Job) -> None:
        raise RuntimeError("out of order")

    uuid = begin(caller.http, "patients_list")
    monkeypatch.setattr(BulkList, "gather", broken)
    work_off()
    monkeypatch.undo()
    answer = caller.http.get("/api/patients_list", params={"uuid": uuid})
    assert answer.status_code == 500
    assert answer.json() == {
        "status": "Failed",
        "uuid": uuid,
        "detail": "The list could not be prepared. Start another.",
    }
    lost = begin(caller.http, "patients_list")  # its worker was killed
    with clock.shift(RUN_TIMEOUT + timedelta(seconds=1)):
        assert caller.http.get("/api/patients_list", params={"uuid": lost}).status_code == 500
    work_off()


def test_an_app_has_so_many_lists_at_once_and_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    caller = Caller()
    monkeypatch.setattr(actions, "MAX_RUNNING", 3)
    monkeypatch.setattr(actions, "MAX_PER_HOUR", 4)
    for _ in range(3):
        begin(caller.http, "patients_list")
    refused = caller.http.post("/api/patients_list")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, str(actions.RETRY_AFTER))
    other = Caller(caller.clinic)
    begin(other.http, "patients_list")
    work_off()
    begin(caller.http, "patients_list")
    refused = caller.http.post("/api/patients_list")
    assert refused.status_code == 429
    assert 3500 < int(refused.headers["Retry-After"]) <= 3600
    work_off()
