"""Two unmodified OAuth client libraries against a real server over HTTP, imported where they are used."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import requests

from tests.support import CALLBACK, PASSWORD, App, Clinic, make_app, make_practice
from tests.waiting import PATIENCE


@pytest.fixture
def clinic() -> Clinic:
    clinic = make_practice()
    clinic.user.set_password(PASSWORD)
    clinic.user.save()
    return clinic


@pytest.fixture
def app() -> App:
    return make_app()


@pytest.fixture(autouse=True)
def plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow both libraries to use http."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


def click_through(address: str, username: str) -> str:
    """Open the authorization URL of an app, sign in and allow; return the URL of the final redirect."""
    with requests.Session() as browser:
        page = browser.get(address)
        assert urlsplit(page.url).path == "/sign-in"
        page = browser.post(
            page.url, data=parse_hidden_fields(page.text) | {"username": username, "password": PASSWORD}
        )
        assert urlsplit(page.url).path == "/o/authorize/"
        answer = browser.post(
            page.url, data=parse_hidden_fields(page.text) | {"decision": "allow"}, allow_redirects=False
        )
        assert answer.status_code == 302
        return str(answer.headers["Location"])


def parse_hidden_fields(page: str) -> dict[str, str]:
    return {k: unescape(v) for k, v in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)}


def get_user_id(session: Any, server: str) -> int:
    """Return the id of the user that the session acts for, by the redirect of users/current."""
    answer = session.get(f"{server}/api/users/current")
    assert answer.status_code == 200, answer.text
    return int(answer.json()["id"])


def ask_status(server: str, token: dict[str, Any]) -> int:
    """Return the status of a call with the token."""
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    return httpx.get(f"{server}/api/users", headers=headers, timeout=PATIENCE).status_code


@pytest.mark.parametrize("pkce", [None, "S256"])
def test_requests_oauthlib(live_server: str, clinic: Clinic, app: App, pkce: str | None) -> None:
    from requests_oauthlib import OAuth2Session

    saved: list[dict[str, Any]] = []
    session = OAuth2Session(
        app.client_id,
        redirect_uri=CALLBACK,
        scope=["user:read", "patients:read", "patients:write"],
        pkce=pkce,
        auto_refresh_url=f"{live_server}/o/token/",
        auto_refresh_kwargs={"client_id": app.client_id, "client_secret": app.client_secret},
        token_updater=saved.append,
    )
    address, state = session.authorization_url(f"{live_server}/o/authorize/")
    back = click_through(address, clinic.user.username)
    assert parse_qs(urlsplit(back).query)["state"] == [state]
    token = session.fetch_token(
        f"{live_server}/o/token/",
        authorization_response=back,
        client_secret=app.client_secret,
        include_client_id=True,
    )
    assert token["expires_in"] == 172800
    assert get_user_id(session, live_server) == clinic.user.pk
    session.token = {**token, "expires_at": 1}  # the library refreshes it
    assert get_user_id(session, live_server) == clinic.user.pk
    assert saved[0]["access_token"] != token["access_token"]
    assert ask_status(live_server, token) == 401


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
def test_authlib(live_server: str, clinic: Clinic, app: App, method: str) -> None:
    from authlib.integrations.requests_client import OAuth2Session

    saved: list[dict[str, Any]] = []
    session = OAuth2Session(
        app.client_id,
        app.client_secret,
        redirect_uri=CALLBACK,
        scope="user patients",
        code_challenge_method="S256",
        token_endpoint=f"{live_server}/o/token/",
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        update_token=lambda token, **old: saved.append(token),
    )
    verifier = "v" * 48
    address, state = session.create_authorization_url(f"{live_server}/o/authorize/", code_verifier=verifier)
    back = click_through(address, clinic.user.username)
    token = dict(session.fetch_token(authorization_response=back, state=state, code_verifier=verifier))
    assert set(token["scope"].split()) == {"user:read", "user:write", "patients:read", "patients:write"}
    assert get_user_id(session, live_server) == clinic.user.pk
    session.token = {**token, "expires_at": 1}
    assert get_user_id(session, live_server) == clinic.user.pk
    assert saved[0]["refresh_token"] != token["refresh_token"]
    assert ask_status(live_server, token) == 401
    new = session.token
    assert (
        session.revoke_token(f"{live_server}/o/revoke_token/", token=new["access_token"]).status_code == 200
    )
    assert ask_status(live_server, new) == 401


def test_the_sample_code_of_drchrono_sends_all_parameters_in_the_query(
    live_server: str, clinic: Clinic, app: App
) -> None:
    address = (
        f"{live_server}/o/authorize/?redirect_uri={CALLBACK}&response_type=code&client_id={app.client_id}"
    )
    code = parse_qs(urlsplit(click_through(address, clinic.user.username)).query)["code"][0]
    answer = httpx.post(
        f"{live_server}/o/token/",
        params={
            "code": code,
            "grant_type": "authorization_code",
            "redirect_uri": CALLBACK,
            "client_id": app.client_id,
            "client_secret": app.client_secret,
        },
        timeout=PATIENCE,
    )
    assert answer.status_code == 200
    assert ask_status(live_server, answer.json()) == 200
