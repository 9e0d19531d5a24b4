"""The synthetic practice: the same again for the same seed, true to the record's rules, seen through the API."""

import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.db import connection, connections

from charthouse import clock
from charthouse.audit import request_log
from charthouse.domains.documents.models import Document
from charthouse.domains.patients.models import PortalRequest
from charthouse.domains.patients.models.portal_requests import REQUEST_TYPES
from charthouse.domains.patients.portal_requests import settle
from charthouse.domains.questionnaires.answers import submit_answers
from charthouse.domains.questionnaires.models import Assignment
from charthouse.gateway.cerbo.extended_details import LISTS as EXTENDED
from charthouse.gateway.cerbo.registry import get_registry as cerbo_registry
from charthouse.gateway.drchrono.registry import get_registry
from charthouse.identity import rowsecurity, tenancy, token_pairs
from charthouse.identity.models import Application
from charthouse.sandbox import description as describe
from charthouse.sandbox import seed as practice
from tests.cases import each_case
from tests.conftest import TEMPLATE, WORKER, _execute
from tests.portal.guests import sign_in
from tests.support import client

SECRET = {"password", "client_secret", "sealed_secret", "token_checksum"}
DAYS = {"start_date": "2000-01-01", "end_date": "2039-01-01"}
PARAMETERS = {"since": "2000-01-01", "payer_type": "emdeon"}


@contextmanager
def using(database: str, data: Path) -> Iterator[None]:
    """Everything in this block happens in another database and data directory."""
    before = settings.DATA
    own = {alias: connections[alias].settings_dict["NAME"] for alias in connections}
    settings.DATA = data
    _point_to(dict.fromkeys(own, database))
    try:
        yield
    finally:
        settings.DATA = before
        _point_to(own)


def _point_to(names: dict[str, str]) -> None:
    tenancy.clear_tenant()
    request_log.stop()  # its thread is on the database of before
    request_log.reset()
    for alias, name in names.items():
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name


class Built:
    """A practice in a database of its own."""

    def __init__(self, name: str, data: Path, seed: int, patients: int) -> None:
        self.database, self.data = f"charthouse_{WORKER}_{name}", data
        self.steps: list[tuple[str, int, int]] = []
        _execute(f'create database "{self.database}" template {TEMPLATE}')
        with self.open():
            practice.build(seed, patients, lambda *step: self.steps.append(step))
            self.described = describe.write(data / "sandbox.json", "http://testserver")

    def open(self) -> Any:
        return using(self.database, self.data)

    def rows(self) -> dict[str, list[Any]]:
        """Everything but what is secret, by table."""
        with self.open(), connections["owner"].cursor() as cursor:
            cursor.execute(
                "select table_name, array_agg(column_name::text order by ordinal_position) "
                "from information_schema.columns where table_schema = 'public' and table_name ~ "
                "'^(identity_(user|practice|application)|"
                "(practice|patients|scheduling|clinical|medications|labs|billing|inventory|questionnaires)_)'"
                " group by 1"
            )
            found = {}
            for table, columns in cursor.fetchall():
                told = ", ".join(f'"{c}"' for c in columns if c not in SECRET | {"created", "updated"})
                cursor.execute(f"select {told} from {table} order by id")  # noqa: S608
                found[table] = cursor.fetchall()
        return found


@pytest.fixture(scope="session")
def sandbox(database: None, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """More patients than the first practice has of its own, so that there is an annex."""
    return Built("sandbox", tmp_path_factory.mktemp("sandbox"), 7, 330)


@pytest.fixture(autouse=True)
def inside(sandbox: Built) -> Iterator[None]:
    with sandbox.open():
        yield


def test_the_same_seed_gives_the_same_rows(tmp_path: Path) -> None:
    first = Built("first", tmp_path / "first", 3, 25).rows()
    second = Built("second", tmp_path / "second", 3, 25).rows()
    assert len(first["patients_patient"]) == 25 + 40
    for table, rows in first.items():
        assert rows == second[table], table
    other = Built("other", tmp_path / "other", 4, 25).rows()
    assert other["patients_patient"] != first["patients_patient"]


def test_people_stay_who_they_are_whenever_they_are_built(tmp_path: Path) -> None:
    with clock.shift(timedelta(days=45)):
        later = Built("later", tmp_path, 7, 330)
        with later.open():
            then = query(PEOPLE)
    assert query(PEOPLE) == then


PEOPLE = "select id, first_name, last_name, gender, date_of_birth, address, chart_id from patients_patient order by id"


def query(statement: str) -> list[tuple[Any, ...]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


OVERLAPPING = """
    select a.id, b.id from scheduling_appointment a join scheduling_appointment b
        on a.id < b.id and a.practice_id = b.practice_id
       and (a.doctor_id = b.doctor_id or a.office_id = b.office_id and a.exam_room = b.exam_room)
       and a.scheduled_time < b.scheduled_time + b.duration * interval '1 minute'
       and b.scheduled_time < a.scheduled_time + a.duration * interval '1 minute'
"""
OUT_OF_PLACE = """
    select a.id from scheduling_appointment a
      join practice_office o on o.id = a.office_id
      join practice_doctor d on d.id = o.doctor_id,
           lateral (select a.scheduled_time at time zone d.timezone as starts) s,
           lateral (select starts + a.duration * interval '1 minute' as ends) e
     where extract(hour from starts) < o.start_hour
        or ends > date_trunc('day', starts) + o.end_hour * interval '1 hour'
        or extract(isodow from starts) > 5
        or not exists (select from practice_examroom r where r.office_id = o.id and r.index = a.exam_room)
"""
ANOTHER_HISTORY = """
    select * from (
        select distinct on (a.id) a.id, status, to_status
          from scheduling_appointment a join scheduling_statustransition t on t.appointment_id = a.id
         order by a.id, changed_at desc, t.id desc
    ) last where to_status <> status
"""
DONE_TOO_EARLY = """
    select id from scheduling_appointment
     where status in ('Complete', 'No Show', 'In Session') and scheduled_time > now()
"""


NOTE_AMISS = """
    select a.id from scheduling_appointment a left join clinical_clinicalnote n on n.appointment_id = a.id
     where (a.patient_id is null) <> (n.id is null) or n.patient_id <> a.patient_id or n.id <> a.id
        or n.locked_at < a.scheduled_time or n.locked_at > now()
"""
SIGNED_TOO_EARLY = """
    select n.id, f.name from clinical_clinicalnote n
      join clinical_clinicalnotefieldvalue v on v.appointment_id = n.appointment_id
      join clinical_clinicalnotefieldtype t on t.id = v.clinical_note_field_id
      join clinical_clinicalnotefieldtype f using (clinical_note_template_id)
     where n.locked_at is not null and f.required and not exists (
        select from clinical_clinicalnotefieldvalue o
         where o.appointment_id = n.appointment_id and o.clinical_note_field_id = f.id)
"""


@pytest.mark.parametrize(
    "wrong",
    [OVERLAPPING, OUT_OF_PLACE, ANOTHER_HISTORY, DONE_TOO_EARLY, NOTE_AMISS, SIGNED_TOO_EARLY],
)
def test_the_calendar_is_one_that_could_be(wrong: str) -> None:
    assert query(wrong) == []


PAID_TOO_MUCH = """
    select i.id from billing_invoice i,
        lateral (select sum(round(amount * quantity * discount_multiplier, 2)
                            - coalesce(amt_paid_by_insurance, 0)) as asked
                   from billing_invoiceline l join billing_charge c on c.id = l.charge_id where l.invoice_id = i.id) a,
        lateral (select coalesce(sum(amount), 0) as paid from billing_invoicepayment p where p.invoice_id = i.id) p
     where asked is null or paid > asked
"""
CHARGED_AMISS = """
    select s.id from billing_subscription s left join billing_charge c on c.subscription_id = s.id
     group by s.id, s.billed having count(c.id) <> s.billed
        or bool_or(c.transaction_date <> billing_turn(s.start_date, s.schedule_frequency, c.period))
"""


@pytest.mark.parametrize("wrong", [PAID_TOO_MUCH, CHARGED_AMISS])
def test_the_accounts_add_up(wrong: str) -> None:
    assert query("select count(*) > 20 from billing_invoice") == [(True,)]
    assert query("select count(*) > 20 from billing_subscription") == [(True,)]
    assert query(wrong) == []


def test_every_status_is_there() -> None:
    found = {row[0] for row in query("select distinct status from scheduling_appointment")}
    assert found >= {
        "",
        "Complete",
        "Confirmed",
        "Not Confirmed",
        "Cancelled",
        "No Show",
        "Rescheduled",
        "Arrived",
    }


def test_nothing_was_written_in_the_future() -> None:
    for table in (
        "patients_patient",
        "patients_coverage",
        "scheduling_appointment",
        "scheduling_statustransition",
    ):
        ((created, updated),) = query(f"select max(created_at), max(updated_at) from {table}")  # noqa: S608
        assert max(created, updated) <= clock.now(), table


def test_the_load_leaves_keys_indexes_and_sequences_in_order() -> None:
    assert rowsecurity.list_missing_protections() == []
    assert not query("select conname from pg_constraint where not convalidated")
    with tenancy.within(1):
        ((highest,),) = query("select max(id) from patients_patient")
        with connection.cursor() as cursor:
            cursor.execute("select nextval(pg_get_serial_sequence('patients_patient', 'id'))")
            assert cursor.fetchone()[0] == highest + 1


def test_progress_reaches_its_end(sandbox: Built) -> None:
    assert {what for what, _, _ in sandbox.steps} == {"Practices", "Patients", "Indexes and checks"}
    for what in ("Practices", "Patients", "Indexes and checks"):
        *_, (done, of) = [step[1:] for step in sandbox.steps if step[0] == what]
        assert done == of


# -- sandbox.json -----------------------------------------------------------------------------------------------


def test_sandbox_json_tells_what_opens_it(sandbox: Built) -> None:
    path = sandbox.data / "sandbox.json"
    assert json.loads(path.read_text()) == sandbox.described
    assert stat.S_IMODE(os.stat(path).st_mode) == stat.S_IMODE(
        os.stat(sandbox.data / "sandbox-credentials.json").st_mode
    ) == 0o600  # fmt: skip
    first, second = sandbox.described["practices"]
    assert first["patients_count"] == 330
    assert second["patients_count"] == 40
    assert [len(first["offices"]), len(second["offices"])] == [3, 1]
    for described in (first, second):
        assert {"id", "name", "doctors", "offices", "patients_count", "users", "oauth_apps"} <= set(described)
        assert described["api_users"]
        assert [set(guest) for guest in described["portal_users"]] == [{"patient", "username", "password"}]
        for user in described["users"]:
            assert {"username", "password", "role", "permissions"} <= set(user)
            assert user["role"] in ("doctor", "staff")
        for app in described["oauth_apps"]:
            assert set(app) == {
                "name", "client_id", "client_secret", "redirect_uri", "scopes", "access_token", "refresh_token",
                "rate_limit",
            }  # fmt: skip
    assert [app["rate_limit"] for app in first["oauth_apps"]] == [500, None]
    assert [user["permissions"] for user in first["users"]][-1] == ["Access Scheduling"]
    assert sum(user["is_primary"] for user in first["users"]) == 1


def test_api_users_of_every_kind_of_limit(sandbox: Built) -> None:
    first, second = (practice["api_users"] for practice in sandbox.described["practices"])
    usual = {"read_only": False, "anonymize": False, "endpoints": [], "ips": []}
    kinds = [{name for name, value in usual.items() if user[name] != value} for user in first]
    assert kinds == [set(), {"read_only"}, {"read_only", "anonymize"}, {"endpoints"}, {"ips"}]
    assert len(second) == 1
    statuses = []
    for user in first:
        with client(auth=(user["username"], user["secret"])) as program:
            answer = program.get("/api/v1/patients?limit=1")
            statuses.append(answer.status_code)
            if answer.status_code == 200:
                assert answer.json()["total_count"] > 300
    assert statuses == [200, 200, 200, 200, 403]


def test_a_patient_signs_in_to_the_portal(sandbox: Built) -> None:
    for described in sandbox.described["practices"]:
        (guest,) = described["portal_users"]
        browser = client()
        answer = sign_in(browser, guest["username"], guest["password"])
        assert answer.status_code == 302, answer.text
        assert described["name"] in browser.get("/portal").text
        for page in ("documents", "messages", "questionnaires", "images"):
            text = browser.get(f"/portal/{page}").text
            assert f'href="/portal/{page}/' in text, f"{page}: {text}"
        assert " minutes</p>" in browser.get("/portal/appointments").text


def test_log_ins_and_secrets_are_right_and_kept_as_digests(sandbox: Built) -> None:
    page = client()
    user = sandbox.described["practices"][0]["users"][0]
    form = page.get("/sign-in")
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)
    assert found
    answer = page.post(
        "/sign-in",
        data={"username": user["username"], "password": user["password"], "csrfmiddlewaretoken": found[1]},
    )
    assert answer.status_code == 302
    app = sandbox.described["practices"][0]["oauth_apps"][0]
    assert check_password(
        app["client_secret"], Application.objects.get(client_id=app["client_id"]).client_secret
    )
    everything = json.dumps(
        query(
            "select password from identity_user union all select client_secret from identity_application "
            "union all select password from patients_portalaccess"
        )
    )
    for described in sandbox.described["practices"]:
        for secret in [u["password"] for u in described["users"] + described["portal_users"]] + [
            a["client_secret"] for a in described["oauth_apps"]
        ]:
            assert secret not in everything


def token_of(sandbox: Built, place: int) -> str:
    return sandbox.described["practices"][place]["oauth_apps"][-1]["access_token"]


@pytest.mark.parametrize("place", [0, 1])
@each_case("path", sorted(resource.path for resource in get_registry()))
def test_every_endpoint_answers_with_rows(sandbox: Built, place: int, path: str) -> None:
    resource = get_registry()[path]
    wanted = {name: value for name, value in PARAMETERS.items() if name in resource.filters_by_name}
    wanted |= {f.name: DAYS[f.name] for f in resource.filters if f.required and f.name in DAYS}
    answer = client(token_of(sandbox, place)).get(f"/api/{path}", params=wanted)
    assert answer.status_code == 200, answer.text
    assert answer.json()["results"]


CATALOGUES = (
    *("supplements", "supplements/search/vitamin%20tablet"),
    *("laboratories?city=%25", "laboratories?company-brand=summit%20diagnostics"),
    *("inventory", "inventory?type=rx", "inventory?include_discontinued=true"),
    *("charge_master", "charges?start_date=2020-01-01&date_method=transaction", "patients/subscriptions"),
    *("drugs/frequencies", "drugs/search/tablet", "drugs/search/zoloft?favorites-only=true"),
)
OF_PATIENTS = ("supplements", "rxs", "portal/enqueued", "laboratories", "pharmacies", "specialists")
OF_PATIENTS += ("charges", "estimates", "invoices", "subscriptions")
OF_PATIENTS += ("documents", "questionnaires", "portal/secure_messages")


# What a list of Cerbo can't be asked for without; and names in paths that are no row's.
ASKED = {
    "appointments": {"start_date": "2000-01-01", "end_date": "2099-12-31"},
    "laboratories": {"city": "%"},
    "specialists": {"city": "%"},
    "patients/search": {"last_name": "%"},
    "charges": {"start_date": "2020-01-01"},
}
IN_PATHS = {"terms": "vitamin%20tablet", "term": "tablet"}
CERBO_LISTS = [resource for resource in cerbo_registry() if "GET" in resource.list_methods]


@pytest.mark.parametrize("place", [0, 1])
def test_every_list_of_cerbo_has_rows(sandbox: Built, place: int) -> None:
    """Of somebody among the first patients, where it is of patients."""
    user = sandbox.described["practices"][place]["api_users"][0]
    with client(auth=(user["username"], user["secret"])) as program:
        known: dict[str, list[Any]] = {}

        def rows(path: str) -> list[Any]:
            if path not in known:
                ids = [row["id"] for row in rows("patients")] if "{patient_id}" in path else [""]
                of_each = (listed(path.replace("{patient_id}", str(one)), ASKED.get(path, {})) for one in ids)
                known[path] = [row for found in of_each for row in found]
            return known[path]

        def listed(path: str, asked: dict[str, str]) -> list[Any]:
            answer = program.get(f"/api/v1/{path}", params=asked | {"limit": "20"})
            if answer.status_code == 404 and "patients/" in path:  # a row, but not of this patient
                return []
            assert answer.status_code == 200, f"{path}: {answer.text}"
            return answer.json()["data"]

        for resource in CERBO_LISTS:
            paths = [re.sub(r"{(\w+)}", lambda found: IN_PATHS.get(found[1], found[0]), resource.path)]
            for parent in resource.parents:
                ids = [row["id"] for row in rows(parent.to)]
                paths = [path.replace(f"{{{parent.name}}}", str(one)) for path in paths for one in ids]
            asked = ASKED.get(resource.path, {})
            assert any(listed(path, asked) for path in paths), resource.path
        whole = [
            program.get(f"/api/v1/patients/{row['id']}/extended_details").json() for row in rows("patients")
        ]
        for key in EXTENDED:
            assert any(one[key] for one in whole), key
        day = clock.now().date()
        soon = {"start_date": str(day), "end_date": str(day + timedelta(days=10))}
        found = program.get("/api/v1/appointments/availability", params=soon).json()
        types = [of for one in found["user_availabilies"] for of in one["availability_by_type"]]
        assert any(of["available_windows"] for of in types)


@pytest.mark.parametrize("place", [0, 1])
def test_what_cerbo_alone_shows_has_rows(sandbox: Built, place: int) -> None:
    user = sandbox.described["practices"][place]["api_users"][0]
    with client(auth=(user["username"], user["secret"])) as program:
        for path in CATALOGUES:
            assert program.get(f"/api/v1/{path}").json()["data"], path
        patients = [row["id"] for row in program.get("/api/v1/patients?limit=20").json()["data"]]
        for path in OF_PATIENTS:
            answers = (program.get(f"/api/v1/patients/{patient}/{path}") for patient in patients)
            assert any(answer.json()["data"] for answer in answers), path
        waiting = [program.get(f"/api/v1/patients/{one}/portal/enqueued").json()["data"] for one in patients]
        assert {row["request_type"] for rows in waiting for row in rows} == set(REQUEST_TYPES)


def test_documents_wait_for_a_review() -> None:
    with tenancy.within(1):
        assert Document.objects.filter(practice=1, review_by_everyone=True).exists()


def test_what_waits_in_the_queue_can_be_taken_into_the_chart() -> None:
    with tenancy.within(1):
        for kind in REQUEST_TYPES:
            request = PortalRequest.objects.filter(practice=1, request_type=kind, status="open").first()
            assert request is not None, kind
            assert settle(request, 11, accept=True).patient_id == request.patient_id
        asked = Assignment.objects.filter(practice=1, answered_at=None).first()
        assert asked is not None
        assert submit_answers(asked, {"days": 2, "worst": "4"}).status == "open"


@pytest.mark.parametrize("place", [0, 1])
def test_the_audit_begins_with_the_accounts(sandbox: Built, place: int) -> None:
    answer = client(token_of(sandbox, place)).get("/api/audit_log", params={"since": "2000-01-01"})
    users = sandbox.described["practices"][place]["users"]
    first = answer.json()["results"][: len(users)]
    assert {(row["type"], row["action"]) for row in first} == {("Account", "Create")}


def test_reports_and_the_portal_have_something_to_say(sandbox: Built) -> None:
    api = client(token_of(sandbox, 0))
    first = clock.now().date()
    days = f"{first}/{first + timedelta(days=7)}"
    assert api.get("/api/availability", params={"date_range": days}).json()["results"]
    totals = api.get("/api/day_sheet_totals", params=DAYS | {"group_by": "doctor"}).json()
    for name in ("charges", "insurance_payments", "adjustments", "patient_payments"):
        assert float(totals["totals"][name]) > 0, name
    patients = [row["id"] for row in api.get("/api/patients").json()["results"] if row["email"]]
    accesses = [api.get(f"/api/patients/{row}/onpatient_access").json() for row in patients]
    assert {bool(found[0]["activated_on"]) for found in accesses if found} == {True, False}


def test_a_chart_and_a_visit_are_full(sandbox: Built) -> None:
    api = client(token_of(sandbox, 0))
    patients = api.get("/api/patients", params={"verbose": "true"}).json()["results"]
    for key in (
        "primary_insurance",
        "secondary_insurance",
        "custom_demographics",
        "patient_flags",
        "referring_doctor",
    ):
        assert any(patient[key] for patient in patients), key
    visits = api.get("/api/appointments", params={"verbose": "true", "since": "2000-01-01"}).json()["results"]
    for key in ("vitals", "custom_vitals", "custom_fields", "status_transitions", "reminders"):
        assert any(visit[key] for visit in visits), key


# -- the next start ---------------------------------------------------------------------------------------------


def again(sandbox: Built, path: Path) -> dict[str, Any]:
    return describe.write(path / "sandbox.json", "http://testserver")


def works(token: str) -> bool:
    return client(token).get("/api/users").status_code == 200


def test_tokens_stay_the_same_and_live_on(sandbox: Built, tmp_path: Path) -> None:
    token = token_of(sandbox, 1)
    with clock.shift(timedelta(days=3)):
        assert not works(token)
        assert again(sandbox, tmp_path)["practices"] == sandbox.described["practices"]
        assert works(token)


def test_tokens_that_were_ended_are_replaced(sandbox: Built, tmp_path: Path) -> None:
    old = sandbox.described["practices"][0]["oauth_apps"][0]
    token_pairs.revoke_token(old["refresh_token"], Application.objects.get(client_id=old["client_id"]))
    new = again(sandbox, tmp_path)["practices"][0]["oauth_apps"][0]
    assert not works(old["access_token"])
    assert works(new["access_token"])
    assert {**new, "access_token": "", "refresh_token": ""} == {
        **old,
        "access_token": "",
        "refresh_token": "",
    }


@pytest.mark.parametrize(("value", "limits"), [("off", [None, None]), ("7", [7, None]), (None, [500, None])])
def test_the_rate_limit_can_be_set(
    sandbox: Built, tmp_path: Path, value: str | None, limits: list[Any]
) -> None:
    practice.set_rate_limit(value)
    first, second = again(sandbox, tmp_path)["practices"]
    practice.set_rate_limit(None)
    assert [app["rate_limit"] for app in first["oauth_apps"]] == limits
    assert [app["rate_limit"] for app in second["oauth_apps"]] == [limits[0]]


@pytest.mark.parametrize("value", ["", "0", "-1", "many", "1.5"])
def test_a_rate_limit_is_a_number_or_off(value: str) -> None:
    with pytest.raises(ValueError, match="rate limit"):
        practice.set_rate_limit(value)
