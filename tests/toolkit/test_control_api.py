"""The control API: who may use it, what it refuses, who may call after it."""

import io
import subprocess
import sys
from typing import Any

import httpx
import pytest
from django.conf import settings

from charthouse.sandbox.control import api as control_api
from charthouse.toolkit.client import SandboxError
from charthouse.toolkit.controls import CONTROLS
from charthouse.toolkit.declaration import BASE, InvalidParameters
from tests.support import client
from tests.toolkit.sandboxes import RunningSandbox


def send(sandbox: RunningSandbox, method: str, path: str, **options: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {sandbox.described['control']['key']}"}
    return httpx.request(method, f"{sandbox.base_url}{BASE}{path}", **{"headers": headers} | options)


def call(sandbox: RunningSandbox, token: str, path: str = "users/current") -> httpx.Response:
    url, headers = f"{sandbox.base_url}/api/{path}", {"Authorization": f"Bearer {token}"}
    return httpx.get(url, headers=headers, follow_redirects=True)


def test_other_servers_have_no_control_api(database: None) -> None:
    with client() as caller:
        for path in ("", "/clock", "/openapi.json"):
            assert caller.get(f"{BASE}{path}").status_code == 404
    code = (
        "import sys, charthouse.wsgi; print([m for m in sys.modules if m.startswith('charthouse.sandbox')])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


def test_other_machines_find_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever key they have: the address is asked for first."""
    settings.DATA.mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(control_api, "load_control_key", lambda: "key")
    started: list[str] = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": f"{BASE}/clock", "HTTP_AUTHORIZATION": "Bearer x"}
    for address, status in (
        ("192.0.2.7", "404"),
        ("2001:db8::7", "404"),
        ("127.0.0.1", "401"),
        ("::1", "401"),
    ):
        given = environ | {"REMOTE_ADDR": address, "wsgi.input": io.BytesIO()}
        b"".join(control_api.application(given, lambda line, headers: started.append(line)))
        assert started.pop().startswith(status), address


def test_calls_without_the_key_are_refused(sandbox: RunningSandbox) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}):
        answer = send(sandbox, "GET", "/clock", headers=headers)
        assert answer.status_code == 401
        assert "sandbox.json" in answer.json()["error"]["message"]
    assert send(sandbox, "GET", "/openapi.json", headers={}).status_code == 200


def test_wrong_calls_are_refused_with_every_fault(sandbox: RunningSandbox) -> None:
    assert send(sandbox, "GET", "/clocks").status_code == 404
    wrong_method = send(sandbox, "DELETE", "/clock/set")
    assert (wrong_method.status_code, wrong_method.headers["Allow"]) == (405, "POST")
    assert send(sandbox, "POST", "/clock/set", content=b"{").status_code == 400
    assert "non_field_errors" in send(sandbox, "POST", "/clock/set", json=[1]).json()["error"]["fields"]
    wrong = send(sandbox, "POST", "/tokens", json={"user": 7, "state": "old", "colour": "red"})
    assert wrong.status_code == 400
    assert set(wrong.json()["error"]["fields"]) == {"user", "state", "colour"}
    missing = send(sandbox, "POST", "/clock/advance", json={})
    assert missing.json()["error"]["fields"] == {"by": ["This parameter is required."]}
    for group, verb, given in (
        ("tokens", "mint", {"user": "nobody"}),
        ("tokens", "mint", {"client_id": "none"}),
        ("tokens", "mint", {"scopes": ["patients:fly"]}),
        ("api_users", "create", {"endpoints": ["nothing"]}),
        ("api_users", "create", {"ips": ["300.1.1.1"]}),
        ("users", "create", {"permissions": ["Fly"]}),
        ("practices", "create", {"sharing": ["share_all"]}),
        ("practices", "create", {"name": "x" * 101}),
        ("clock", "set", {"to": "tomorrow"}),
        ("clock", "advance", {"by": "999d999999h"}),
    ):
        with pytest.raises((SandboxError, InvalidParameters)) as refused:
            getattr(getattr(sandbox, group), verb)(**given)
        assert next(iter(given)) in str(refused.value)


def test_openapi_document_lists_every_control(sandbox: RunningSandbox) -> None:
    document = send(sandbox, "GET", "/openapi.json").json()
    listed = {(path, method) for path, item in document["paths"].items() for method in item}
    assert listed == {(BASE + control.path, control.method.lower()) for control in CONTROLS}


def test_tokens_of_any_state_and_scope(sandbox: RunningSandbox) -> None:
    user = sandbox.practices.create(patients=0).user
    live = sandbox.tokens.mint(user=user, scopes=["user:read"])
    other = sandbox.tokens.mint(user=user)
    assert call(sandbox, live.access_token).json()["username"] == user
    assert call(sandbox, live.access_token, "patients").status_code == 403
    assert call(sandbox, other.access_token, "patients").status_code == 200
    expired = call(sandbox, sandbox.tokens.mint(user=user, state="expired").access_token)
    assert (expired.status_code, expired.json()) == (401, {"detail": "The access token has expired."})
    revoked = call(sandbox, sandbox.tokens.mint(user=user, state="revoked").access_token)
    assert (revoked.status_code, revoked.json()) == (401, {"detail": "The access token has been revoked."})


def test_apps_have_limits_and_refresh(sandbox: RunningSandbox) -> None:
    user = sandbox.practices.create(patients=0).user
    app = sandbox.apps.create(user=user, hourly_limit=2, scopes=["user"])
    token = sandbox.tokens.mint(user=user, client_id=app.client_id)
    assert token.scope == "user:read user:write"
    asked = [call(sandbox, token.access_token, "doctors").status_code for _ in range(3)]
    assert asked == [200, 200, 429]
    with pytest.raises(SandboxError, match="may not have patients"):
        sandbox.tokens.mint(user=user, client_id=app.client_id, scopes=["patients:read"])
    form = {"grant_type": "refresh_token", "refresh_token": token.refresh_token}
    form |= {"client_id": app.client_id, "client_secret": app.client_secret}
    assert httpx.post(f"{sandbox.base_url}/o/token/", data=form).status_code == 200
    assert call(sandbox, token.access_token).status_code == 401


def test_practices_see_nothing_of_each_other(sandbox: RunningSandbox) -> None:
    one, other = sandbox.practices.create(patients=2), sandbox.practices.create(patients=1)
    (patient,) = call(sandbox, other.token.access_token, "patients").json()["results"]
    assert patient["id"] == other.patients[0].id
    assert len(call(sandbox, one.token.access_token, "patients").json()["results"]) == 2
    assert call(sandbox, one.token.access_token, f"patients/{patient['id']}").status_code == 404
    booked = httpx.post(
        f"{sandbox.base_url}/api/appointments",
        json={"doctor": one.doctor.id, "office": one.office, "exam_room": one.exam_room, "duration": 30}
        | {"patient": one.patients[0].id, "scheduled_time": "2027-03-01T09:00:00"},
        headers={"Authorization": f"Bearer {one.token.access_token}"},
    )
    assert booked.status_code == 201, booked.text
    for practice, expected in ((one, 2), (other, 1)):
        auth = (practice.api_user.username, practice.api_user.secret)
        listed = httpx.get(f"{sandbox.base_url}/api/v1/patients", auth=auth).json()
        assert listed["total_count"] == expected


def test_api_users_have_limits(sandbox: RunningSandbox) -> None:
    practice = sandbox.practices.create().id

    def ask(method: str, **limits: Any) -> int:
        user = sandbox.api_users.create(practice=practice, **limits)
        auth = (user.username, user.secret)
        return httpx.request(method, f"{sandbox.base_url}/api/v1/patients", auth=auth, json={}).status_code

    assert ask("GET") == 200
    assert ask("POST") == 400
    assert ask("POST", read_only=True) == 403
    assert ask("GET", endpoints=["tags"]) == 403
    assert ask("GET", ips=["192.0.2.0/24"]) == 403
    assert ask("GET", enabled=False) == 401


def test_users_have_permissions_and_sign_in(sandbox: RunningSandbox) -> None:
    practice = sandbox.practices.create(patients=0).id
    user = sandbox.users.create(practice=practice, permissions=["Manage Patients"])
    token = sandbox.tokens.mint(user=user.username).access_token
    assert call(sandbox, token, "patients").status_code == 200
    assert call(sandbox, token, "appointments?since=2026-01-01").status_code == 403
    with httpx.Client(base_url=sandbox.base_url, follow_redirects=True) as browser:
        browser.get("/sign-in")
        form = {"username": user.username, "password": user.password}
        form["csrfmiddlewaretoken"] = browser.cookies["charthouse_csrf"]
        answer = browser.post("/sign-in", data=form, headers={"Referer": f"{sandbox.base_url}/sign-in"})
        assert answer.status_code == 200
        assert not answer.url.path.startswith("/sign-in")
