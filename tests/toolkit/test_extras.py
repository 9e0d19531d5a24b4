"""Extras: headers of limits, idempotency keys, ETags; and that nothing of them shows where they are off."""

import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from charthouse.database_server.embedded_postgres import database_url
from tests.toolkit.sandboxes import RunningSandbox
from tests.toolkit.test_modes import Caller
from tests.waiting import until


@pytest.fixture(autouse=True)
def _no_extras(sandbox: RunningSandbox) -> Iterator[None]:
    yield
    sandbox.extras.clear()


@pytest.fixture
def practice(sandbox: RunningSandbox) -> Any:
    return sandbox.practices.create(patients=1)


def count(ask: Caller) -> int:
    return int(ask("GET", "/api/v1/patients").json()["total_count"])


def test_nothing_shows_where_they_are_off(sandbox: RunningSandbox, practice: Any) -> None:
    ask = Caller(sandbox, practice)
    for path in ("/api/patients", "/api/v1/patients"):
        given = {"first_name": "Two", "last_name": "Fold", "dob": "1980-01-01", "sex": "M"}
        if "v1" not in path:
            given = {"gender": "Other", "doctor": practice.doctor.id}
        for _ in range(2):
            made = ask("POST", path, json=given, headers={"Idempotency-Key": "same"})
            assert made.status_code < 300, made.text
        one = ask("GET", f"{path}/{made.json()['id']}", headers={"If-None-Match": "*"})
        assert one.status_code == 200
        shown = {name.lower() for name in (*one.headers, *made.headers)}
        assert not [name for name in shown if name.startswith(("ratelimit", "etag", "idempotency"))]
        changed = ask("PATCH", f"{path}/{made.json()['id']}", json={}, headers={"If-Match": '"none"'})
        assert changed.status_code < 300
    assert count(ask) == 5


def test_limits_are_in_headers(sandbox: RunningSandbox, practice: Any) -> None:
    app = sandbox.apps.create(user=practice.user, hourly_limit=3)
    token = sandbox.tokens.mint(user=practice.user, client_id=app.client_id).access_token
    sandbox.extras.set(app=app.client_id, rate_limit_headers=True)
    sandbox.extras.set(api_user=practice.api_user.username, rate_limit_headers=True)
    left = []
    for _ in range(4):
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.get(f"{sandbox.base_url}/api/doctors", headers=headers)
        left.append(int(answer.headers["RateLimit-Remaining"]))
        assert answer.headers["RateLimit-Limit"] == "3"
        assert 0 < int(answer.headers["RateLimit-Reset"]) <= 3600
    assert (left, answer.status_code) == ([2, 1, 0, 0], 429)
    ask = Caller(sandbox, practice)
    first, second = (ask("GET", "/api/v1/patients").headers for _ in range(2))
    assert int(first["RateLimit-Limit"]) > 0
    assert int(second["RateLimit-Remaining"]) in (
        int(first["RateLimit-Remaining"]) - 1,
        int(first["RateLimit-Limit"]) - 1,  # the next minute has begun
    )
    assert "RateLimit-Limit" not in ask("GET", "/api/doctors").headers  # an app of its own, without extras
    unknown = httpx.get(f"{sandbox.base_url}/api/doctors", headers={"Authorization": "Bearer x"})
    assert "RateLimit-Limit" not in unknown.headers


@pytest.mark.parametrize("path", ["/api/patients", "/api/v1/patients"])
def test_a_key_is_used_once(sandbox: RunningSandbox, practice: Any, path: str) -> None:
    sandbox.extras.set(idempotency_keys=True)
    ask, key = Caller(sandbox, practice), uuid4().hex
    given: dict[str, Any] = {"first_name": "Once", "last_name": "Only", "dob": "1980-01-01", "sex": "M"}
    if "v1" not in path:
        given = {"first_name": "Once", "gender": "Other", "doctor": practice.doctor.id}
    wrong = ask("POST", path, json={}, headers={"Idempotency-Key": key})
    assert wrong.status_code == 400  # nothing was done: the key may be used again
    first = ask("POST", path, json=given, headers={"Idempotency-Key": key})
    again = ask("POST", path, json=given, headers={"Idempotency-Key": key})
    assert first.status_code in (200, 201), first.text
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert (again.headers.get("Idempotency-Replayed"), "Idempotency-Replayed" in first.headers) == (
        "true",
        False,
    )
    assert count(ask) == 2
    other = ask("POST", path, json=given | {"first_name": "Other"}, headers={"Idempotency-Key": key})
    assert other.status_code == 409
    assert "another request" in other.text
    for bad in ("", "x" * 256):
        assert ask("POST", path, json=given, headers={"Idempotency-Key": bad}).status_code == 400
    stranger = Caller(sandbox, sandbox.practices.create(patients=0))
    assert stranger("POST", path, json=given, headers={"Idempotency-Key": key}).status_code != 409
    sandbox.clock.advance(by="25h")
    ask = Caller(sandbox, practice)
    later = ask("POST", path, json=given, headers={"Idempotency-Key": key})
    assert "Idempotency-Replayed" not in later.headers


def test_of_two_at_once_one_is_done(sandbox: RunningSandbox, practice: Any) -> None:
    sandbox.extras.set(app=practice.app.client_id, idempotency_keys=True)
    ask, answers = Caller(sandbox, practice), list[httpx.Response]()
    given, started = {"gender": "Other", "doctor": practice.doctor.id}, threading.Barrier(6)

    def create() -> None:
        started.wait()
        answers.append(ask("POST", "/api/patients", json=given, headers={"Idempotency-Key": "race"}))

    threads = [threading.Thread(target=create) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 5
    assert count(ask) == 2


def test_a_crash_in_between_leaves_neither_row_nor_key(sandbox: RunningSandbox, practice: Any) -> None:
    sandbox.extras.set(app=practice.app.client_id, idempotency_keys=True)
    ask, answers = Caller(sandbox, practice), list[httpx.Response]()
    given = {"gender": "Other", "doctor": practice.doctor.id}

    def create() -> None:
        answers.append(ask("POST", "/api/patients", json=given, headers={"Idempotency-Key": "crash"}))

    with psycopg.connect(database_url(sandbox.data)) as other:
        other.execute("lock table patients_patient in share row exclusive mode")
        thread = threading.Thread(target=create)
        thread.start()
        until(lambda: end_those_who_wait(sandbox), "the write waits, and its server process ends")
        thread.join()
    assert answers[0].status_code == 503
    create()
    assert answers[1].status_code == 201
    assert "Idempotency-Replayed" not in answers[1].headers
    assert count(ask) == 2


def end_those_who_wait(sandbox: RunningSandbox) -> bool:
    """End the server processes of the sandbox's database that wait for a lock, as a crash does."""
    with psycopg.connect(database_url(sandbox.data), autocommit=True) as server:
        waiting = "select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'"
        return bool(server.execute(waiting).fetchall())


def test_a_revoked_caller_gets_no_stored_answer(sandbox: RunningSandbox, practice: Any) -> None:
    token = sandbox.tokens.mint(user=practice.user)
    sandbox.extras.set(app=token.client_id, idempotency_keys=True)

    def create() -> httpx.Response:
        headers = {"Authorization": f"Bearer {token.access_token}", "Idempotency-Key": "k"}
        given = {"gender": "Other", "doctor": practice.doctor.id}
        return httpx.post(f"{sandbox.base_url}/api/patients", headers=headers, json=given)

    assert [create().status_code, create().status_code] == [201, 201]
    other_pair = sandbox.tokens.mint(user=practice.user, client_id=token.client_id)  # ends the former
    assert create().status_code == 401
    token = other_pair
    assert create().headers["Idempotency-Replayed"] == "true"


def test_writes_are_refused_where_the_object_has_changed(sandbox: RunningSandbox, practice: Any) -> None:
    sandbox.extras.set(etags=True)
    ask = Caller(sandbox, practice)
    for path in (f"/api/patients/{practice.patients[0].id}", f"/api/v1/patients/{practice.patients[0].id}"):
        name = "first_name"
        tag = ask("GET", path).headers["ETag"]
        assert ask("GET", path).headers["ETag"] == tag
        for known in (tag, f'"other", W/{tag}', "*"):  # compared weakly, RFC 9110, section 13.1.2
            unchanged = ask("GET", path, headers={"If-None-Match": known})
            assert (unchanged.status_code, unchanged.content) == (304, b""), known
        weak = ask("PATCH", path, json={name: "Weak"}, headers={"If-Match": f"W/{tag}"})
        assert weak.status_code == 412
        changed = ask("PATCH", path, json={name: "New"}, headers={"If-Match": tag})
        assert changed.status_code in (200, 204), changed.text
        stale = ask("PATCH", path, json={name: "Newer"}, headers={"If-Match": tag})
        assert stale.status_code == 412
        assert ask("GET", path).json()[name] == "New"
        fresh = ask("GET", path).headers["ETag"]
        assert fresh != tag
        either = ask("PATCH", path, json={name: "Ada"}, headers={"If-Match": f'"x", {fresh}'})
        assert either.status_code in (200, 204)
        assert ask("PATCH", path, json={}, headers={"If-Match": "*"}).status_code in (200, 204)
    assert "ETag" not in ask("GET", "/api/patients").headers


def test_of_two_conditional_writes_at_once_one_passes(sandbox: RunningSandbox, practice: Any) -> None:
    sandbox.extras.set(etags=True)
    ask, statuses = Caller(sandbox, practice), list[int]()
    path = f"/api/patients/{practice.patients[0].id}"
    tag, started = ask("GET", path).headers["ETag"], threading.Barrier(4)

    def change(number: int) -> None:
        started.wait()
        given = {"first_name": f"Writer {number}"}
        statuses.append(ask("PATCH", path, json=given, headers={"If-Match": tag}).status_code)

    threads = [threading.Thread(target=change, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [204, 412, 412, 412]
