"""The request log: contents of entries, what is excluded, and that none is lost."""

import os
import signal
import socket
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from typing import Any

import httpx
import pytest
from django.db import DatabaseError, connection, connections, transaction

from charthouse import clock
from charthouse.audit import request_log
from charthouse.audit.models import ApiCall
from charthouse.gateway import logged_queries
from charthouse.identity import tenancy
from charthouse.identity.models import AccessToken, User
from tests import support
from tests.waiting import PATIENCE, until


@pytest.fixture
def clinic() -> support.Clinic:
    return support.make_practice()


def list_calls(**of: Any) -> list[ApiCall]:
    """Flush the log and list its rows in the order of their ids, of all practices."""
    request_log.flush()
    return list(ApiCall.objects.using("owner").filter(**of).order_by("id"))


def create_patient(clinic: support.Clinic, client: httpx.Client, **values: Any) -> int:
    body = {"doctor": clinic.doctor.pk, "gender": "Female", "first_name": "Ines", "last_name": "Ito"} | values
    answer = client.post("/api/patients", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def test_the_fields_of_an_entry(clinic: support.Clinic) -> None:
    app = support.make_app()
    with support.client(support.issue_token(clinic.user, app)) as client:
        made = create_patient(clinic, client)
        before = clock.now()
        answer = client.get(f"/api/patients/{made}?verbose=true")
        client.get("/api/patients")
    post, one, page = list_calls(practice_id=clinic.id)
    assert (post.method, post.path, post.status, post.gate) == ("POST", "/api/patients", 201, "")
    assert (post.resource, post.row_id, post.patients) == ("patients", made, [made])
    assert (one.method, one.path, one.resource, one.row_id) == (
        "GET", f"/api/patients/{made}", "patients", made
    )  # fmt: skip
    assert (one.user_id, one.app_id, one.api_user_id) == (clinic.user.pk, app.row.pk, None)
    assert one.dialect == "drchrono"
    assert before <= one.at <= clock.now()
    assert 0 < one.microseconds < 60_000_000
    assert one.request.hex == answer.headers["X-Request-Id"]
    assert (page.row_id, page.patients) == (None, [made])
    assert len({post.request, one.request, page.request}) == 3


@pytest.mark.parametrize("most", [1, 2, 10_000])
def test_the_patients_of_many_entries_are_looked_up_together(
    clinic: support.Clinic, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Each entry gets those of its own rows: of other patients, of none, of another practice, beside ones it has."""
    monkeypatch.setattr(request_log, "MAX_LOOKED_UP", most)
    other, entries, expected = support.make_practice(), [], []
    request_log.flush()
    for where in (clinic, other):
        with support.client(support.issue_token(where.user, support.make_app())) as client:
            patients = [create_patient(where, client, last_name=name) for name in ("Ash", "Birch", "Cedar")]
            rows = [
                client.post("/api/problems", json={"patient": patient, "doctor": where.doctor.pk}).json()[
                    "id"
                ]
                for patient in patients
            ]
        request_log.flush()
        for ids, own, wanted in (
            (rows[:1], [], patients[:1]),
            (rows[1:], [], patients[1:]),
            ([rows[0], 2**40], [], patients[:1]),
            ([2**40], [], []),
            (rows[:1], patients[2:], [patients[0], patients[2]]),
        ):
            entry = request_log.LogEntry(
                clock.now(), f"{len(entries):032x}", "drchrono", "GET", "/api/x", "", practice_id=where.id
            )
            entry.subject_rows = {"clinical_problem": "{" + ",".join(map(str, ids)) + "}"}
            entry.patients = "{" + ",".join(map(str, own)) + "}"
            entries.append(entry)
            expected.append(wanted)
    for entry in entries:
        request_log.add(entry)
    request_log.flush()
    found = ApiCall.objects.using("owner").filter(path="/api/x", practice_id__in=(clinic.id, other.id))
    assert [sorted(call.patients) for call in found.order_by("id")] == expected


def test_the_patients_of_a_response(clinic: support.Clinic) -> None:
    with support.client(support.issue_token(clinic.user, support.make_app())) as client:
        ids = [create_patient(clinic, client, last_name=name) for name in ("Ash", "Birch", "Cedar")]
        for patient in ids[1:] * 2:
            answer = client.post("/api/problems", json={"patient": patient, "doctor": clinic.doctor.pk})
            assert answer.status_code == 201, answer.text
        client.get("/api/problems")
        client.patch(f"/api/patients/{ids[0]}", json={"nick_name": "A"})
        client.get(f"/api/patients/{ids[0]}/nothing")
    *_, problems, patch, wrong = list_calls(practice_id=clinic.id)
    assert problems.patients == ids[1:]
    assert (patch.row_id, patch.status) == (ids[0], 204)
    assert (wrong.gate, wrong.patients) == ("not found", [])


def test_the_check_that_refused_a_call(clinic: support.Clinic) -> None:
    everything = support.issue_token(clinic.user, support.make_app())
    little = support.issue_token(clinic.user, support.make_app(), ["calendar"])
    nobody = support.make_user(clinic.practice, permissions=(), doctor=clinic.doctor)
    powerless = support.issue_token(nobody, support.make_app())
    limited = support.issue_token(clinic.user, support.make_app(hourly_limit=0))
    cases = [
        (None, "GET", "/api/patients", {}, "token"),
        ("nonsense", "GET", "/api/patients", {}, "token"),
        (limited, "GET", "/api/patients", {}, "quota"),
        (little, "GET", "/api/patients", {}, "scope"),
        (powerless, "GET", "/api/patients", {}, "permission"),
        (everything, "POST", "/api/patients", {"json": {"gender": "x"}}, "validation"),
        (everything, "POST", "/api/patients", {"content": "{"}, "request"),
        (everything, "GET", "/api/patients/999999999", {}, "not found"),
        (everything, "GET", "/api/nothing", {}, "not found"),
        (everything, "DELETE", "/api/users", {}, "method"),
    ]
    for token, method, url, body, gate in cases:
        with support.client(token) as client:
            answer = client.request(method, url, **body)
        (row,) = list_calls(request=answer.headers["X-Request-Id"])
        assert (row.gate, row.status) == (gate, answer.status_code)


def test_a_refused_caller_is_named_if_known(clinic: support.Clinic) -> None:
    """By token or by name, with the reason; of others nothing is written."""
    app = support.make_app()
    tokens = {
        name: support.issue_token(support.make_user(clinic.practice), app)
        for name in ("revoked", "expired", "inactive")
    }
    found = {
        name: AccessToken.objects.get(token_checksum=sha256(tokens[name].encode()).hexdigest())
        for name in tokens
    }
    AccessToken.objects.filter(pk=found["revoked"].pk).update(revoked=clock.now())
    AccessToken.objects.filter(pk=found["expired"].pk).update(expires=clock.now() - timedelta(minutes=1))
    User.objects.filter(pk=found["inactive"].user_id).update(is_active=False)
    limited = support.make_app(hourly_limit=0)
    of_quota = support.issue_token(clinic.user, limited)
    cases = [
        (
            "/api/offices",
            {"headers": {"Authorization": f"Bearer {token}"}},
            name,
            (app.row.pk, None, found[name].user_id),
        )
        for name, token in tokens.items()
    ]
    cases.append(
        (
            "/api/offices",
            {"headers": {"Authorization": f"Bearer {of_quota}"}},
            "quota",
            (limited.row.pk, None, clinic.user.pk),
        )
    )
    kinds = {
        "secret": {}, "disabled": {"enabled": False}, "address": {"ips": ["198.51.100.0/24"]},
        "endpoint": {"endpoints": ["tags"]}, "read_only": {"read_only": True},
    }  # fmt: skip
    for gate, values in kinds.items():
        program = support.make_api_user(clinic.practice, **values)
        auth = (program.row.username, "wrong-secret" if gate == "secret" else program.secret)
        cases.append(("/api/v1/patients", {"auth": auth}, gate, (None, program.row.pk, None)))
    unknown = [
        ("/api/offices", {"headers": {"Authorization": "Bearer unknown-7431"}}, "token"),
        ("/api/v1/patients", {"auth": ("pk_unknown7431", "wrong-secret")}, "token"),
        ("/api/v1/patients", {}, "token"),
    ]
    with support.client() as caller:
        for url, options, gate, who in cases:
            method = "POST" if gate == "read_only" else "GET"
            number = caller.request(method, url, **options).headers["X-Request-Id"]
            (row,) = list_calls(request=number)
            assert row.gate == gate
            assert (row.practice_id, (row.app_id, row.api_user_id, row.user_id)) == (clinic.id, who), gate
            assert row.patients == []
        bearer = {"Authorization": f"Bearer {tokens['expired']}"}
        for url, options, who in (  # a URL that does not exist is answered before anybody is examined
            ("/api/nothing", {"headers": bearer}, (app.row.pk, None, found["expired"].user_id)),
            ("/api/v1/nothing", {"auth": (program.row.username, "any")}, (None, program.row.pk, None)),
        ):
            number = caller.get(url, **options).headers["X-Request-Id"]
            (row,) = list_calls(request=number)
            assert (row.gate, row.resource, row.practice_id) == ("not found", "", clinic.id)
            assert (row.app_id, row.api_user_id, row.user_id) == who
        for url, options, gate in unknown:
            number = caller.get(url, **options).headers["X-Request-Id"]
            (row,) = list_calls(request=number)
            assert (row.gate, row.practice_id, row.api_user_id, row.app_id) == (gate, None, None, None)
            assert "7431" not in _all_of(number)


def test_queries_are_logged_without_what_may_say_something_about_a_patient(clinic: support.Clinic) -> None:
    program = support.make_api_user(clinic.practice)
    token = support.issue_token(clinic.user, support.make_app())
    appointments = (
        f"since=2026-01-01T00:00:00&patient=12&status=Arrived&doctor={clinic.doctor.pk}&page_size=20"
    )
    with support.client(token) as caller:
        for path, query, shown in (
            ("/api/appointments", f"{appointments}&verbose=true", f"{appointments}&verbose=true"),
            ("/api/patients", "last_name=Hush&date_of_birth=1984-05-06", "last_name=…&date_of_birth=…"),
            ("/api/patients", "email=a%40b.co&since=2026-01-01&ethnicity=Hush", "email=…&since=2026-01-01&ethnicity=…"),
            ("/api/patients", "lastname=Hush&Hush=1&Hush&hush", "lastname=…&…&…&…"),
            ("/api/patients", "doctor=Hush&cursor=YTUw&page=", "doctor=…&cursor=…&page="),
            ("/api/nothing", "doctor=12&page=2", "doctor=…&page=2"),
            ("/api/patients", "a=1&" * 1001, "…"),
            ("/api/patients", f"{'doctor=123456789&' * 30}page=1", None),
            ("/api/patients", "", ""),
        ):  # fmt: skip
            number = caller.get(f"{path}?{query}").headers["X-Request-Id"]
            (row,) = list_calls(request=number)
            assert "hush" not in _all_of(number).lower(), query
            assert len(row.query) <= logged_queries.MAX_LENGTH
            assert shown is None or row.query == shown
        auth = (program.row.username, program.secret)
        for path, query, shown in (
            ("patients", "first=Hush&limit=5&anonymize=true", "first=…&limit=5&anonymize=true"),
            ("appointments/availability", "provider_ids%5B%5D=7", "provider_ids[]=7"),
        ):
            answer = caller.get(f"/api/v1/{path}?{query}", auth=auth)
            (row,) = list_calls(request=answer.headers["X-Request-Id"])
            assert row.query == shown


def test_a_flood_with_a_known_name_is_merged(clinic: support.Clinic) -> None:
    """Else whoever knows the name of an API user could fill the disk."""
    program = support.make_api_user(clinic.practice)
    request_log.flush()
    for n in range(100):
        entry = request_log.LogEntry(
            clock.now(), f"{n:032x}", "cerbo", "GET", "/api/v1/flood", "", gate="token"
        )
        entry.claimed = ("name", program.row.username)
        request_log._waiting.append(entry)
    rows = list_calls(practice_id=clinic.id, api_user_id=program.row.pk)
    assert len(rows) == request_log.MAX_UNAUTHENTICATED + 1
    assert sum(row.times for row in rows) == 100


def test_the_gate_of_a_conflict(clinic: support.Clinic) -> None:
    practice = support.make_practice(refuse_duplicate_patients=True)
    with support.client(support.issue_token(practice.user, support.make_app())) as client:
        create_patient(practice, client, date_of_birth="1980-01-01")
        again = {"first_name": "Ines", "last_name": "Ito", "date_of_birth": "1980-01-01"}
        answer = client.post(
            "/api/patients", json={"doctor": practice.doctor.pk, "gender": "Female", **again}
        )
        assert answer.status_code == 409
    assert list_calls(practice_id=practice.id)[-1].gate == "conflict"


def test_without_a_token_there_is_an_entry_without_a_practice() -> None:
    secret = "a-token-that-nobody-may-read"
    with support.client(secret) as client:
        number = client.get("/api/patients").headers["X-Request-Id"]
    (row,) = list_calls(request=number)
    assert (row.status, row.practice_id, row.user_id, row.app_id) == (401, None, None, None)
    assert secret not in _all_of(number)


def test_calls_of_the_other_api_are_logged_as_well(clinic: support.Clinic) -> None:
    with support.client(support.issue_token(clinic.user, support.make_app())) as client:
        patient = create_patient(clinic, client)
    program = support.make_api_user(clinic.practice)
    name, secret = program.row.username, program.secret
    numbers = []
    with program.client() as caller:
        numbers.append(caller.get(f"/api/v1/patients/{patient}").headers["X-Request-Id"])
    with support.client() as caller:
        url = f"http://{name}:{secret}@testserver/api/v1/patients/{patient}?x={secret}"
        numbers.append(caller.get(url).headers["X-Request-Id"])
    with support.client(auth=(name, "wrong-secret")) as caller:
        numbers.append(caller.get("/api/v1/patients").headers["X-Request-Id"])
    one, by_url, wrong = (list_calls(request=number)[0] for number in numbers)
    assert (one.dialect, one.path, one.status) == ("cerbo", f"/api/v1/patients/{patient}", 200)
    assert (one.practice_id, one.api_user_id, one.app_id) == (clinic.id, program.row.pk, None)
    assert (one.row_id, one.patients) == (patient, [patient])
    assert by_url.path == one.path
    assert (wrong.status, wrong.practice_id, wrong.api_user_id) == (401, clinic.id, program.row.pk)
    for number in numbers:
        for credential in (secret, "wrong-secret", b64encode(f"{name}:{secret}".encode()).decode()):
            assert credential not in _all_of(number)


def test_no_row_contains_secrets(clinic: support.Clinic) -> None:
    canary = "Zebedee-7431"
    token = support.issue_token(clinic.user, support.make_app())
    with support.client(token) as client:
        patient = create_patient(clinic, client, last_name=canary)
        client.get(f"/api/patients?last_name={canary}", headers={"X-Request-Id": canary, "Cookie": canary})
        client.get(f"/api/patients/{patient}", headers={"User-Agent": canary, "Referer": canary})
        client.post("/api/patients", content=canary, headers={"Content-Type": f"text/{canary}"})
    rows = list_calls(practice_id=clinic.id)
    assert len(rows) == 4
    for row in rows:
        text = _all_of(row.request)
        assert canary not in text
        assert token not in text
        assert "?" not in row.path


def _all_of(number: Any) -> str:
    with connections["owner"].cursor() as cursor:
        cursor.execute("select c::text from audit_apicall c where request = %s", [number])
        return "\n".join(text for (text,) in cursor.fetchall())


def test_any_path_can_be_stored(clinic: support.Clinic) -> None:
    """None of these entries may block later ones."""
    numbers = []
    with support.client(support.issue_token(clinic.user, support.make_app())) as client:
        for path in (
            "%00",
            "%ff%fe",
            "é",
            "%F0%9F%92%A9",
            "x" * 5000,
            "%0d%0aSet-Cookie:a",
            "%7Bjson%22",
            "\\",
        ):
            numbers.append(client.get(f"/api/{path}").headers["X-Request-Id"])
        numbers.append(client.request("B" * 300, "/api/patients").headers["X-Request-Id"])
    written = list_calls(request__in=numbers)
    assert len(written) == len(numbers)
    assert all(len(row.path) <= 200 and row.path.isprintable() for row in written)


def test_the_web_role_can_only_insert_and_read_its_own(clinic: support.Clinic) -> None:
    with support.client(support.issue_token(clinic.user, support.make_app())) as client:
        client.get("/api/patients")
    other = support.make_practice()
    (row,) = list_calls(practice_id=clinic.id)
    with tenancy.within(clinic.id):
        assert ApiCall.objects.filter(pk=row.pk).exists()
    with tenancy.within(other.id):
        assert not ApiCall.objects.filter(pk=row.pk).exists()
    tenancy.clear_tenant()
    assert not ApiCall.objects.exists()
    for statement in (
        "update audit_apicall set status = 200",
        "delete from audit_apicall",
        "truncate audit_apicall",
    ):
        with tenancy.within(clinic.id), pytest.raises(DatabaseError), transaction.atomic():
            connection.cursor().execute(statement)


def test_unauthenticated_calls_are_merged() -> None:
    at, ip = clock.now(), "203.0.113.77"
    known = request_log.LogEntry(at, "f" * 32, "drchrono", "GET", "/api/flood", ip, practice_id=1, app_id=77)
    strange = [
        request_log.LogEntry(
            at, f"{n:032x}", "drchrono", "GET", "/api/flood", ip, app_id=n % 2 or None, gate="token"
        )
        for n in range(500)
    ]
    written = request_log._merge_unauthenticated([*strange[:250], known, *strange[250:]])
    assert known in written
    assert len(written) == 1 + request_log.MAX_UNAUTHENTICATED + 2
    assert sum(entry.times for entry in written) == 501
    assert {entry.app_id for entry in written if entry.times > 1} == {None, 1}


def test_the_buffer_is_bounded_and_no_entry_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that adds an entry to a full buffer writes it; the writer thread never runs here."""
    request_log.flush()
    monkeypatch.setattr(request_log, "_start_writer", lambda: None)
    monkeypatch.setattr(request_log, "_writer", None)
    monkeypatch.setattr(request_log, "MAX_BACKLOG", 50)
    path = f"/api/{clock.now().timestamp()}"
    for n in range(230):
        request_log.add(
            request_log.LogEntry(clock.now(), f"{n:032x}", "drchrono", "GET", path, "", practice_id=5)
        )
        assert len(request_log._waiting) <= 51
    assert len(list_calls(path=path)) == 230


def test_the_buffer_is_bounded_while_the_database_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    request_log.flush()
    monkeypatch.setattr(request_log, "_start_writer", lambda: None)
    monkeypatch.setattr(request_log, "_writer", None)
    monkeypatch.setattr(request_log, "MAX_BACKLOG", 10)
    real = request_log._write_batch

    def fail(batch: Any) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(request_log, "_write_batch", fail)
    path = f"/api/{clock.now().timestamp()}"
    for n in range(50):
        request_log.add(
            request_log.LogEntry(clock.now(), f"{n:032x}", "drchrono", "GET", path, "", practice_id=5)
        )
    assert len(request_log._waiting) == 20
    monkeypatch.setattr(request_log, "_write_batch", real)
    assert len(list_calls(path=path)) == 20


def test_an_invalid_entry_does_not_block_others() -> None:
    path = f"/api/{clock.now().timestamp()}"
    request_log.add(
        request_log.LogEntry(clock.now(), "no number", "drchrono", "GET", path, "", practice_id=5)
    )
    request_log.add(request_log.LogEntry(clock.now(), "0" * 32, "drchrono", "GET", path, "", practice_id=5))
    assert len(list_calls(path=path)) == 1


# -- real servers ---------------------------------------------------------------------------------------------------


def count_waiting_statements(cursor: Any) -> int:
    """Count the statements that wait for a lock on the patient table."""
    cursor.execute(
        "select count(*) from pg_locks where relation = 'patients_patient'::regclass and not granted"
    )
    return int(cursor.fetchone()[0])


def test_a_call_is_logged_if_the_client_disconnects(live_server: str, clinic: support.Clinic) -> None:
    token = support.issue_token(clinic.user, support.make_app())
    host, port = live_server.removeprefix("http://").split(":")
    # The client disconnects while its call waits for the table.
    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        cursor.execute("lock table patients_patient in access exclusive mode")
        with socket.create_connection((host, int(port))) as line:
            line.sendall(
                f"GET /api/patients HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
            )
            until(lambda: count_waiting_statements(cursor))
    (row,) = until(lambda: list_calls(practice_id=clinic.id))
    assert (row.path, row.status, row.ip) == ("/api/patients", 200, "127.0.0.1")


def test_two_processes_log_every_call(live_server: str, clinic: support.Clinic) -> None:
    token = support.issue_token(clinic.user, support.make_app())

    def calls(_: int) -> list[str]:
        with httpx.Client(
            base_url=live_server, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE
        ) as client:
            return [client.get("/api/offices").headers["X-Request-Id"] for _ in range(50)]

    with ThreadPoolExecutor(6) as pool:
        numbers = {number for made in pool.map(calls, range(6)) for number in made}
    assert len(numbers) == 300
    until(lambda: len(list_calls(practice_id=clinic.id)) >= 300)
    assert {row.request.hex for row in list_calls(practice_id=clinic.id)} == numbers


@pytest.fixture
def server() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run a web server as ``charthouse serve`` does, for a test that ends it."""
    yield from _run_server({})


@pytest.fixture
def server_with_log_first() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    yield from _run_server({"CHARTHOUSE_LOG_FIRST": "1"})


def _run_server(environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "charthouse", "serve", "--port", str(port), "--workers", "1"]
    process = subprocess.Popen(command, env=os.environ | environment, start_new_session=True)
    try:
        until(lambda: process.poll() is not None or _is_listening(port))
        yield process, f"http://127.0.0.1:{port}"
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(PATIENCE)


def _is_listening(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def test_a_server_writes_all_entries_before_it_stops(
    server: tuple[subprocess.Popen[bytes], str], clinic: support.Clinic
) -> None:
    process, url = server
    token = support.issue_token(clinic.user, support.make_app())
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE) as client:
        for _ in range(20):
            assert client.get("/api/offices").status_code == 200
    process.terminate()
    process.wait(PATIENCE)
    assert len(list_calls(practice_id=clinic.id)) == 20


def test_with_log_first_a_kill_loses_no_answered_call(
    server_with_log_first: tuple[subprocess.Popen[bytes], str], clinic: support.Clinic
) -> None:
    process, url = server_with_log_first
    token = support.issue_token(clinic.user, support.make_app())
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE) as client:
        for _ in range(20):
            assert client.get("/api/offices").status_code == 200
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)
    assert len(list_calls(practice_id=clinic.id)) == 20
