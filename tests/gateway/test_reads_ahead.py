"""A read that is sent together with the statement that authenticates the caller: one trip, and never somebody else's
rows."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import httpx
import pytest
from django.db import connections

from charthouse.domains.patients.models import Patient
from charthouse.engine.sql.statements import BoundStatement
from charthouse.identity import bearer_tokens, known_actors, tenancy, token_pairs
from charthouse.identity.database.base import DatabaseWrapper
from charthouse.identity.models import ApiUser, Application, Practice, User
from charthouse.identity.oauth_models import Calls
from tests import support
from tests.conftest import POOLED
from tests.support import Clinic

pytestmark = pytest.mark.skipif(POOLED, reason="behind a pooler nothing is sent ahead")


@dataclass
class Trips:
    """What calls sent to the database: a list of statements for each trip, and what was read ahead."""

    statements: list[list[bytes]] = field(default_factory=list)
    ahead: list[int] = field(default_factory=list)  # numbers of rows that PostgreSQL found


@contextmanager
def watch_trips() -> Iterator[Trips]:
    trips, both, one = Trips(), DatabaseWrapper._run_both, DatabaseWrapper._run_prepared
    caller = threading.current_thread()

    def run_both(self: Any, statement: bytes, parameters: Any, ahead: BoundStatement) -> Any:
        trips.statements.append([statement, ahead.text])
        found = both(self, statement, parameters, ahead)
        trips.ahead.append(found[1].ntuples)
        return found

    def run_prepared(self: Any, statement: bytes, parameters: Any) -> Any:
        if threading.current_thread() is caller:  # and not the writer of the request log
            trips.statements.append([statement])
        return one(self, statement, parameters)

    with (
        mock.patch.object(DatabaseWrapper, "_run_both", run_both),
        mock.patch.object(DatabaseWrapper, "_run_prepared", run_prepared),
    ):
        yield trips


def add_patient(clinic: Clinic, **values: Any) -> Patient:
    with tenancy.within(clinic.id):
        return Patient.objects.create(
            practice_id=clinic.id, doctor_id=clinic.doctor.pk, gender="Other", **values
        )


@pytest.fixture
def clinic(database: None) -> Clinic:
    return support.make_practice()


@pytest.fixture
def patient(clinic: Clinic) -> Patient:
    return add_patient(clinic, first_name="Ada")


@pytest.fixture
def app() -> support.App:
    return support.make_app(hourly_limit=1000)


@pytest.fixture
def caller(clinic: Clinic, app: support.App) -> httpx.Client:
    return support.client(support.issue_token(clinic.user, app))


def list_ids(caller: httpx.Client, path: str = "/api/patients") -> list[int]:
    answer = caller.get(path)
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json().get("results", answer.json().get("data"))]


@pytest.mark.parametrize("path", ["/api/patients/{}", "/api/patients", "/api/patients?first_name=Ada"])
def test_from_the_second_call_on_a_read_is_one_trip(
    caller: httpx.Client, patient: Patient, path: str
) -> None:
    first = caller.get(path.format(patient.pk))
    with watch_trips() as trips:
        second = caller.get(path.format(patient.pk))
    assert [len(trip) for trip in trips.statements] == [2]
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()


@pytest.mark.parametrize("path", ["/api/v1/patients/{}", "/api/v1/patients", "/api/v1/patients/{}/tags"])
def test_a_read_of_an_api_user_is_one_trip(clinic: Clinic, patient: Patient, path: str) -> None:
    with support.make_api_user(clinic.practice).client() as caller:
        first = caller.get(path.format(patient.pk))
        with watch_trips() as trips:
            second = caller.get(path.format(patient.pk))
    assert len(trips.ahead) == 1
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()


def test_writes_and_operations_send_nothing_ahead(caller: httpx.Client, patient: Patient) -> None:
    for _ in range(2):
        with watch_trips() as trips:
            assert caller.patch(f"/api/patients/{patient.pk}", json={"last_name": "L"}).status_code == 204
            assert caller.get(f"/api/patients/{patient.pk}/ccda").status_code == 200
    assert trips.ahead == []


def revoke(clinic: Clinic, app: support.App) -> None:
    token_pairs.deauthorize(app.row.pk, clinic.user.pk)


def deactivate(clinic: Clinic, app: support.App) -> None:
    User.objects.filter(pk=clinic.user.pk).update(is_active=False)


def use_up_the_quota(clinic: Clinic, app: support.App) -> None:
    Application.objects.filter(pk=app.row.pk).update(hourly_limit=1)


@pytest.mark.parametrize(("refuse", "status"), [(revoke, 401), (deactivate, 401), (use_up_the_quota, 429)])
def test_a_caller_who_is_refused_reads_nothing_ahead(
    caller: httpx.Client,
    clinic: Clinic,
    app: support.App,
    patient: Patient,
    refuse: Callable[[Clinic, support.App], None],
    status: int,
) -> None:
    """Not even the database finds a row: the tenant is the one of the token, and there is none."""
    assert list_ids(caller) == [patient.pk]
    tenancy.clear_tenant()
    refuse(clinic, app)
    with watch_trips() as trips:
        assert caller.get("/api/patients").status_code == status
    assert set(trips.ahead) == {0}
    with watch_trips() as trips:  # and the guess is gone
        assert caller.get("/api/patients").status_code == status
    assert trips.ahead == []


def test_what_the_caller_may_no_longer_read_is_dropped(
    caller: httpx.Client, clinic: Clinic, patient: Patient
) -> None:
    assert list_ids(caller) == [patient.pk]
    tenancy.clear_tenant()
    User.objects.filter(pk=clinic.user.pk).update(permissions=[])
    with watch_trips() as trips:
        assert caller.get("/api/patients").status_code == 403
    assert len(trips.ahead) == 1
    User.objects.filter(pk=clinic.user.pk).update(permissions=clinic.user.permissions)
    with watch_trips() as trips:
        assert list_ids(caller) == [patient.pk]  # who was refused is guessed to be refused again
    assert trips.ahead == []


def test_sharing_that_ends_is_respected_at_once(clinic: Clinic, app: support.App, patient: Patient) -> None:
    other = support.make_doctor(clinic.practice)
    colleague = support.make_user(clinic.practice, doctor=other)
    caller = support.client(support.issue_token(colleague, app))
    assert list_ids(caller) == [patient.pk]
    tenancy.clear_tenant()
    Practice.objects.filter(pk=clinic.id).update(sharing=[])
    assert list_ids(caller) == []
    assert caller.get(f"/api/patients/{patient.pk}").status_code == 404


def test_a_user_who_moves_to_another_practice_reads_that_one(
    caller: httpx.Client, clinic: Clinic, patient: Patient
) -> None:
    """The guess is of the former practice: the database finds none of its rows, as the tenant is the new one."""
    there = support.make_practice()
    found = add_patient(there, first_name="Ben")
    assert list_ids(caller) == [patient.pk]
    tenancy.clear_tenant()
    User.objects.filter(pk=clinic.user.pk).update(
        practice=there.practice, doctor_id=there.doctor.pk, is_primary=False
    )
    with watch_trips() as trips:
        assert list_ids(caller) == [found.pk]
    assert trips.ahead == [0]


def test_a_switch_of_an_api_user_is_respected_at_once(clinic: Clinic, patient: Patient) -> None:
    program = support.make_api_user(clinic.practice)
    with program.client() as caller:
        path = f"/api/v1/patients/{patient.pk}"
        assert caller.get(path).json()["first_name"] == "Ada"
        with tenancy.within(clinic.id):
            ApiUser.objects.filter(pk=program.row.pk).update(anonymize=True)
        assert caller.get(path).json()["first_name"] != "Ada"
        with tenancy.within(clinic.id):
            ApiUser.objects.filter(pk=program.row.pk).update(enabled=False)
        with watch_trips() as trips:
            assert caller.get(path).status_code == 401
        assert set(trips.ahead) == {0}


def test_wrong_credentials_send_nothing_ahead(clinic: Clinic, patient: Patient) -> None:
    program = support.make_api_user(clinic.practice)
    with program.client() as caller, watch_trips() as trips:
        assert caller.get("/api/v1/patients").status_code == 200
        with support.client(auth=(program.row.username, "sk_wrong")) as wrong:
            assert wrong.get("/api/v1/patients").status_code == 401
        with support.client("wrong") as stranger:
            assert stranger.get("/api/patients").status_code == 401
    assert trips.ahead == []


def test_an_error_of_the_authentication_reads_nothing(caller: httpx.Client, patient: Patient) -> None:
    """The connection still has the tenant of the former call, and what was read ahead is not looked at."""
    assert list_ids(caller) == [patient.pk]
    broken = b"select 1/0 from (select $1::text, $2::text, $3::text) as one"
    with mock.patch.object(bearer_tokens, "AUTHENTICATE_SQL", broken):
        answer = caller.get("/api/patients")
    assert answer.status_code == 400
    assert str(patient.pk) not in answer.text
    assert list_ids(caller) == [patient.pk]


def test_an_error_of_the_read_is_the_calls(caller: httpx.Client, app: support.App, patient: Patient) -> None:
    """The call is counted, and the connection goes on."""
    assert list_ids(caller) == [patient.pk]
    bind = BoundStatement

    def break_read(text: bytes, parameters: list[bytes | None], custom_plan: bool) -> BoundStatement:
        return bind(b"select 1/0 from (%s) as read" % text, parameters, custom_plan)

    with mock.patch("charthouse.engine.sql.statements.BoundStatement", break_read):
        assert caller.get("/api/patients").status_code == 400
    assert list_ids(caller) == [patient.pk]
    tenancy.clear_tenant()
    assert Calls.objects.get(application=app.row).calls == 3


def test_the_first_call_of_an_hour_is_counted_and_reads(
    caller: httpx.Client, app: support.App, patient: Patient
) -> None:
    """What was sent behind the statement that counts further calls is not taken for an empty answer."""
    assert list_ids(caller) == [patient.pk]
    with tenancy.within(None):
        Calls.objects.filter(application=app.row).delete()
    with watch_trips() as trips:
        assert list_ids(caller) == [patient.pk]
    assert trips.ahead == [0, 1]
    tenancy.clear_tenant()
    assert Calls.objects.get(application=app.row).calls == 1


def test_a_call_without_limits_is_one_trip(clinic: Clinic, patient: Patient) -> None:
    with support.client(support.issue_token(clinic.user, support.make_app())) as unlimited:
        assert list_ids(unlimited) == [patient.pk]
        with watch_trips() as trips:
            assert list_ids(unlimited) == [patient.pk]
    assert [trip[0] for trip in trips.statements] == [bearer_tokens.AUTHENTICATE_FREE_SQL]


def test_limits_that_are_changed_count_at_the_next_call(
    caller: httpx.Client, app: support.App, patient: Patient
) -> None:
    """Each kind of limits has a statement of its own, and is found out from the call before."""
    for limits, statement in (
        ({"hourly_limit": 1000, "second_limit": None}, bearer_tokens.AUTHENTICATE_SQL),
        ({"hourly_limit": None, "second_limit": 1000}, bearer_tokens.AUTHENTICATE_BURST_SQL),
        ({"hourly_limit": None, "second_limit": None}, bearer_tokens.AUTHENTICATE_FREE_SQL),
        ({"hourly_limit": 1000, "second_limit": 1000}, bearer_tokens.AUTHENTICATE_BURST_SQL),
    ):
        Application.objects.filter(pk=app.row.pk).update(**limits)
        for _ in range(3):
            with watch_trips() as trips:
                assert list_ids(caller) == [patient.pk]
        assert [trip[0] for trip in trips.statements] == [statement]
    Application.objects.filter(pk=app.row.pk).update(hourly_limit=1, second_limit=None)
    assert caller.get("/api/patients").status_code == 429
    tenancy.clear_tenant()
    assert Calls.objects.get(application=app.row).calls == 3 * 3


def test_a_lost_connection_is_replaced(caller: httpx.Client, app: support.App, patient: Patient) -> None:
    assert list_ids(caller) == [patient.pk]
    pid = tenancy.get_connection().connection.pgconn.backend_pid
    with connections["owner"].cursor() as owner:
        owner.execute("select pg_terminate_backend(%s, 5000)", [pid])
    with watch_trips() as trips:
        assert list_ids(caller) == [patient.pk]
    assert trips.ahead == [1]  # of the second attempt
    tenancy.clear_tenant()
    assert Calls.objects.get(application=app.row).calls == 2


def test_the_number_of_known_actors_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    actor = mock.Mock()
    monkeypatch.setattr(known_actors, "_actors", {})
    monkeypatch.setattr(known_actors, "MAX_ACTORS", 3)
    for number in range(10):
        known_actors.remember(str(number), actor)
        assert known_actors.recall(str(number)) == (actor, "")
        assert len(known_actors._actors) <= 3
