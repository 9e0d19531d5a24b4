"""The rows of the sandbox and ``sandbox.json``, in one sandbox that these tests share."""

import json
import os
import re
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password
from django.db import connection, connections, transaction

from charthouse import clock
from charthouse.domains.documents.models import Document
from charthouse.domains.patients.models import PortalRequest
from charthouse.domains.patients.models.portal_requests import REQUEST_TYPES
from charthouse.domains.patients.portal_requests import settle
from charthouse.domains.questionnaires.answers import submit_answers
from charthouse.domains.questionnaires.models import Assignment
from charthouse.gateway.cerbo.delta import TYPES
from charthouse.gateway.cerbo.extended_details import LISTS as EXTENDED
from charthouse.gateway.cerbo.registry import get_registry as get_cerbo_registry
from charthouse.gateway.drchrono.registry import get_registry
from charthouse.identity import rowsecurity, tenancy, token_pairs
from charthouse.identity.models import Application
from charthouse.identity.permission_presets import PRESETS
from charthouse.sandbox import description, oauth_apps
from charthouse.sandbox.data.questionnaires import QUESTIONNAIRES
from charthouse.sandbox.examples import find_unseeded_resources
from tests.cases import each_case
from tests.portal.portal_patients import sign_in
from tests.sandbox.cerbo_lists import REQUIRED_PARAMETERS, CerboLists
from tests.sandbox.contradictions import CONTRADICTIONS
from tests.sandbox.databases import PROGRESS, SandboxDatabase, query
from tests.support import client

DAYS = {"start_date": "2000-01-01", "end_date": "2039-01-01"}
PARAMETERS = {"since": "2000-01-01", "payer_type": "emdeon"}


@pytest.fixture(autouse=True)
def open_sandbox(sandbox: SandboxDatabase) -> Iterator[None]:
    """Use the database of the sandbox."""
    with sandbox.open():
        yield


# -- rows -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("contradiction", CONTRADICTIONS)
def test_rows_are_consistent(contradiction: str) -> None:
    assert query("select count(*) > 20 from billing_invoice") == [(True,)]
    assert query("select count(*) > 20 from billing_subscription") == [(True,)]
    assert query(
        "select count(*) > 0 from medications_medication where name like 'Amoxicillin%suspension'"
    ) == [(True,)]
    assert query(contradiction) == []


def test_every_row_has_its_creation_in_the_change_feed() -> None:
    """With the values of the row, but for columns that are left out of the feed; and new changes are recorded."""
    created = "changes_change c where table_name = %s and row_id = t.id and c.practice_id = t.practice_id"
    created += " and operation = 'insert' and not after ?| %s::text[]"
    with connections["owner"].cursor() as cursor:
        followed = [found for found in rowsecurity.iterate_followed_tables(cursor) if found[1]]
        for table, _, unfollowed in followed:
            missing = (
                f"from {table} t where practice_id is not null and 1 <> (select count(*) from {created})"  # noqa: S608
            )
            cursor.execute(f"select count(*) {missing}", [table, list(unfollowed)])
            assert cursor.fetchone() == (0,), table
    assert rowsecurity.list_missing_protections(using="owner") == []
    rows = "patients_tag t join changes_change c on c.table_name = 'patients_tag' and c.row_id = t.id"
    assert query(f"select count(*) > 5, bool_and(after = to_jsonb(t)) from {rows}") == [(True, True)]  # noqa: S608


def test_appointments_have_every_status() -> None:
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


def test_no_row_was_written_in_the_future() -> None:
    for table in (
        "patients_patient",
        "patients_coverage",
        "scheduling_appointment",
        "scheduling_statustransition",
    ):
        ((created, updated),) = query(f"select max(created_at), max(updated_at) from {table}")  # noqa: S608
        assert max(created, updated) <= clock.now(), table


def test_the_load_restores_keys_and_sets_sequences() -> None:
    assert rowsecurity.list_missing_protections() == []
    assert not query("select conname from pg_constraint where not convalidated")
    with tenancy.within(1):
        ((highest,),) = query("select max(id) from patients_patient")
        with connection.cursor() as cursor:
            cursor.execute("select nextval(pg_get_serial_sequence('patients_patient', 'id'))")
            assert cursor.fetchone()[0] == highest + 1


def test_each_step_reports_progress_to_its_end(sandbox: SandboxDatabase) -> None:
    assert {what for what, _, _ in sandbox.steps} == set(PROGRESS)
    for what in PROGRESS:
        *_, (done, of) = [step[1:] for step in sandbox.steps if step[0] == what]
        assert done == of


def test_every_resource_that_can_be_created_has_rows() -> None:
    assert find_unseeded_resources(set()) == []


# -- lists of the APIs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("practice", [0, 1])
@each_case("path", sorted(resource.path for resource in get_registry()))
def test_every_list_of_drchrono_has_rows(sandbox: SandboxDatabase, practice: int, path: str) -> None:
    resource = get_registry()[path]
    parameters = {name: value for name, value in PARAMETERS.items() if name in resource.filters_by_name}
    parameters |= {f.name: DAYS[f.name] for f in resource.filters if f.required and f.name in DAYS}
    answer = client(sandbox.get_token(practice)).get(f"/api/{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    assert answer.json()["results"]


CERBO_LISTS = [resource for resource in get_cerbo_registry() if "GET" in resource.list_methods]
CATALOGS = (
    *("supplements", "supplements/search/vitamin%20tablet"),
    *("laboratories?city=%25", "laboratories?company-brand=summit%20diagnostics"),
    *("inventory", "inventory?type=rx", "inventory?include_discontinued=true"),
    *("charge_master", "charges?start_date=2020-01-01&date_method=transaction", "patients/subscriptions"),
    *("drugs/frequencies", "drugs/search/tablet", "drugs/search/zoloft?favorites-only=true"),
)
LISTS_OF_PATIENTS = ("supplements", "rxs", "portal/enqueued", "laboratories", "pharmacies", "specialists")
LISTS_OF_PATIENTS += ("charges", "estimates", "invoices", "subscriptions")
LISTS_OF_PATIENTS += ("documents", "questionnaires", "portal/secure_messages")


@pytest.mark.parametrize("practice", [0, 1])
def test_every_list_of_cerbo_has_rows(sandbox: SandboxDatabase, practice: int) -> None:
    user = sandbox.description["practices"][practice]["api_users"][0]
    with client(auth=(user["username"], user["secret"])) as api:
        lists = CerboLists(api)
        for resource in CERBO_LISTS:
            parameters = REQUIRED_PARAMETERS.get(resource.path, {})
            assert any(lists.read(path, parameters) for path in lists.list_paths(resource)), resource.path
        details = [
            api.get(f"/api/v1/patients/{row['id']}/extended_details").json()
            for row in lists.read_all("patients")
        ]
        for key in EXTENDED:
            assert any(one[key] for one in details), key


@pytest.mark.parametrize("practice", [0, 1])
def test_cerbo_offers_appointment_slots(sandbox: SandboxDatabase, practice: int) -> None:
    user = sandbox.description["practices"][practice]["api_users"][0]
    day = clock.now().date()
    days = {"start_date": str(day), "end_date": str(day + timedelta(days=10))}
    with client(auth=(user["username"], user["secret"])) as api:
        found = api.get("/api/v1/appointments/availability", params=days).json()
    by_type = [of_type for one in found["user_availabilies"] for of_type in one["availability_by_type"]]
    assert any(of_type["available_windows"] for of_type in by_type)


@pytest.mark.parametrize("practice", [0, 1])
def test_resources_of_cerbo_alone_have_rows(sandbox: SandboxDatabase, practice: int) -> None:
    user = sandbox.description["practices"][practice]["api_users"][0]
    with client(auth=(user["username"], user["secret"])) as api:
        for path in CATALOGS:
            assert api.get(f"/api/v1/{path}").json()["data"], path
        patients = [row["id"] for row in api.get("/api/v1/patients?limit=20").json()["data"]]
        for path in LISTS_OF_PATIENTS:
            answers = (api.get(f"/api/v1/patients/{patient}/{path}") for patient in patients)
            assert any(answer.json()["data"] for answer in answers), path
        waiting = [api.get(f"/api/v1/patients/{one}/portal/enqueued").json()["data"] for one in patients]
        assert {row["request_type"] for rows in waiting for row in rows} == set(REQUEST_TYPES)


@pytest.mark.parametrize("practice", [0, 1])
def test_no_delta_reports_what_the_sandbox_was_filled_with(sandbox: SandboxDatabase, practice: int) -> None:
    user = sandbox.description["practices"][practice]["api_users"][0]
    now = clock.now()
    week = {"start_date": f"{now - timedelta(days=6):%Y-%m-%d}", "end_date": f"{now:%Y-%m-%d %H:%M:%S}"}
    with client(auth=(user["username"], user["secret"])) as api:
        for kind in TYPES:
            answer = api.get(f"/api/v1/delta/{kind}", params=week).json()
            assert answer["delta_data"]["added"] == [], kind


def test_some_documents_wait_for_review() -> None:
    with tenancy.within(1):
        assert Document.objects.filter(practice=1, review_by_everyone=True).exists()


def test_open_portal_requests_can_be_accepted() -> None:
    with tenancy.within(1), transaction.atomic():
        for kind in REQUEST_TYPES:
            request = PortalRequest.objects.filter(practice=1, request_type=kind, status="open").first()
            assert request is not None, kind
            assert settle(request, 11, accept=True).patient_id == request.patient_id
        assignment = Assignment.objects.filter(practice=1, answered_at=None).first()
        assert assignment is not None
        spec = next(one for one in QUESTIONNAIRES if one.name == assignment.questionnaire.name)
        answers = {question.key: question.answers[0] for question in spec.questions}
        assert submit_answers(assignment, answers).status == "open"
        transaction.set_rollback(True)  # other tests need the open requests


@pytest.mark.parametrize("practice", [0, 1])
def test_the_audit_log_starts_with_the_accounts(sandbox: SandboxDatabase, practice: int) -> None:
    answer = client(sandbox.get_token(practice)).get("/api/audit_log", params={"since": "2000-01-01"})
    users = sandbox.description["practices"][practice]["users"]
    first = answer.json()["results"][: len(users)]
    assert {(row["type"], row["action"]) for row in first} == {("Account", "Create")}


def test_reports_have_amounts_and_the_portal_has_accesses(sandbox: SandboxDatabase) -> None:
    api = client(sandbox.get_token(0))
    first = clock.now().date()
    days = f"{first}/{first + timedelta(days=7)}"
    assert api.get("/api/availability", params={"date_range": days}).json()["results"]
    totals = api.get("/api/day_sheet_totals", params=DAYS | {"group_by": "doctor"}).json()
    for name in ("charges", "insurance_payments", "adjustments", "patient_payments"):
        assert float(totals["totals"][name]) > 0, name
    patients = [row["id"] for row in api.get("/api/patients").json()["results"] if row["email"]]
    accesses = [api.get(f"/api/patients/{row}/onpatient_access").json() for row in patients]
    assert {bool(found[0]["activated_on"]) for found in accesses if found} == {True, False}


def test_patients_and_appointments_have_values_in_every_key(sandbox: SandboxDatabase) -> None:
    api = client(sandbox.get_token(0))
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


# -- sandbox.json -----------------------------------------------------------------------------------------------


def test_the_file_describes_practices_with_their_credentials(sandbox: SandboxDatabase) -> None:
    path = sandbox.data / "sandbox.json"
    assert json.loads(path.read_text()) == sandbox.description
    assert stat.S_IMODE(os.stat(path).st_mode) == stat.S_IMODE(
        os.stat(sandbox.data / "sandbox-credentials.json").st_mode
    ) == 0o600  # fmt: skip
    first, second = sandbox.description["practices"]
    assert first["patients_count"] == 330
    assert second["patients_count"] == 40
    assert [len(first["offices"]), len(second["offices"])] == [3, 1]
    for practice in (first, second):
        assert {"id", "name", "doctors", "offices", "patients_count", "users", "oauth_apps"} <= set(practice)
        assert practice["api_users"]
        assert [set(user) for user in practice["portal_users"]] == [{"patient", "username", "password"}]
        for user in practice["users"]:
            assert {"username", "password", "role", "permissions"} <= set(user)
            assert user["role"] in ("doctor", "staff")
        for app in practice["oauth_apps"]:
            assert set(app) == {
                "name", "client_id", "client_secret", "redirect_uri", "scopes", "access_token", "refresh_token",
                "rate_limit",
            }  # fmt: skip
    assert [app["rate_limit"] for app in first["oauth_apps"]] == [500, None]
    assert [user["permissions"] for user in first["users"]][-1] == list(PRESETS["Front desk"])
    assert sum(user["is_primary"] for user in first["users"]) == 1


def test_api_users_have_each_kind_of_limit(sandbox: SandboxDatabase) -> None:
    first, second = (practice["api_users"] for practice in sandbox.description["practices"])
    unlimited = {"read_only": False, "anonymize": False, "endpoints": [], "ips": []}
    limits = [{name for name, value in unlimited.items() if user[name] != value} for user in first]
    assert limits == [set(), {"read_only"}, {"read_only", "anonymize"}, {"endpoints"}, {"ips"}]
    assert len(second) == 1
    statuses = []
    for user in first:
        with client(auth=(user["username"], user["secret"])) as api:
            answer = api.get("/api/v1/patients?limit=1")
            statuses.append(answer.status_code)
            if answer.status_code == 200:
                assert answer.json()["total_count"] > 300
    assert statuses == [200, 200, 200, 200, 403]


def test_a_patient_can_sign_in_to_the_portal(sandbox: SandboxDatabase) -> None:
    for practice in sandbox.description["practices"]:
        (user,) = practice["portal_users"]
        browser = client()
        answer = sign_in(browser, user["username"], user["password"])
        assert answer.status_code == 302, answer.text
        assert practice["name"] in browser.get("/portal").text
        for page in ("documents", "messages", "questionnaires", "images"):
            text = browser.get(f"/portal/{page}").text
            assert f'href="/portal/{page}/' in text, f"{page}: {text}"
        assert re.search(r"\d minut[eo]s</p>", browser.get("/portal/appointments").text)  # in either language


def test_a_user_can_sign_in(sandbox: SandboxDatabase) -> None:
    browser = client()
    user = sandbox.description["practices"][0]["users"][0]
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get("/sign-in").text)
    assert found
    answer = browser.post(
        "/sign-in",
        data={"username": user["username"], "password": user["password"], "csrfmiddlewaretoken": found[1]},
    )
    assert answer.status_code == 302


def test_the_database_has_only_digests_of_secrets(sandbox: SandboxDatabase) -> None:
    app = sandbox.description["practices"][0]["oauth_apps"][0]
    assert check_password(
        app["client_secret"], Application.objects.get(client_id=app["client_id"]).client_secret
    )
    stored = json.dumps(
        query(
            "select password from identity_user union all select client_secret from identity_application "
            "union all select password from patients_portalaccess"
        )
    )
    for practice in sandbox.description["practices"]:
        passwords = [user["password"] for user in practice["users"] + practice["portal_users"]]
        for secret in passwords + [app["client_secret"] for app in practice["oauth_apps"]]:
            assert secret not in stored


# -- the next start ---------------------------------------------------------------------------------------------


def describe_again(path: Path) -> list[dict[str, Any]]:
    """Write the file as the next start does. The practices in it."""
    practices: list[dict[str, Any]] = description.write(path / "sandbox.json", "http://testserver")[
        "practices"
    ]
    return practices


def is_valid(token: str) -> bool:
    return client(token).get("/api/users").status_code == 200


def test_tokens_are_extended(sandbox: SandboxDatabase, tmp_path: Path) -> None:
    token = sandbox.get_token(1)
    with clock.shift(timedelta(days=3)):
        assert not is_valid(token)
        assert describe_again(tmp_path) == sandbox.description["practices"]
        assert is_valid(token)


def test_revoked_tokens_are_replaced(sandbox: SandboxDatabase, tmp_path: Path) -> None:
    old = sandbox.description["practices"][0]["oauth_apps"][0]
    token_pairs.revoke_token(old["refresh_token"], Application.objects.get(client_id=old["client_id"]))
    new = describe_again(tmp_path)[0]["oauth_apps"][0]
    assert not is_valid(old["access_token"])
    assert is_valid(new["access_token"])
    tokens = {"access_token": "", "refresh_token": ""}
    assert {**new, **tokens} == {**old, **tokens}
    sandbox.describe()  # for the other tests


@pytest.mark.parametrize(("value", "limits"), [("off", [None, None]), ("7", [7, None]), (None, [500, None])])
def test_the_rate_limit_can_be_set(tmp_path: Path, value: str | None, limits: list[Any]) -> None:
    oauth_apps.set_rate_limit(value)
    first, second = describe_again(tmp_path)
    oauth_apps.set_rate_limit(None)
    assert [app["rate_limit"] for app in first["oauth_apps"]] == limits
    assert [app["rate_limit"] for app in second["oauth_apps"]] == [limits[0]]


@pytest.mark.parametrize("value", ["", "0", "-1", "many", "1.5"])
def test_a_rate_limit_is_a_positive_number_or_off(value: str) -> None:
    with pytest.raises(ValueError, match="rate limit"):
        oauth_apps.set_rate_limit(value)
