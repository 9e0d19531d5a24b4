"""The OAuth endpoints: consent and tokens, as the reference describes them."""

import base64
from datetime import timedelta
from hashlib import sha256
from typing import Any
from unittest.mock import Mock
from urllib.parse import urlsplit
from wsgiref.util import setup_testing_defaults

import httpx
import pytest
from django.db import connection

from charthouse import clock
from charthouse.identity.models import SCOPES, Application
from tests.identity.oauth_flow import (
    authorize,
    call_endpoint,
    exchange_code,
    is_accepted,
    obtain_code,
    obtain_tokens,
    open_signed_in_browser,
    parse_redirect,
    refresh_tokens,
    sign_in,
)
from tests.support import CALLBACK, PASSWORD, App, Clinic, client, make_app, make_practice, make_user

ALL = {f"{base}:{kind}" for base in SCOPES for kind in ("read", "write")}


@pytest.fixture(scope="module")
def clinic(database: None) -> Clinic:
    clinic = make_practice("Harbor Clinic")
    clinic.user.set_password(PASSWORD)
    clinic.user.save()
    return clinic


@pytest.fixture(scope="module")
def browser(clinic: Clinic) -> httpx.Client:
    return open_signed_in_browser(clinic.user.username)


@pytest.fixture
def app() -> App:
    return make_app(name="Chart Reader")


# Consent


def test_authorize_redirects_to_sign_in_and_back(clinic: Clinic, app: App) -> None:
    browser = client()
    page = authorize(browser, app, state="xyz")
    assert page.status_code == 302
    assert urlsplit(page.headers["Location"]).path == "/sign-in"
    answer = sign_in(browser, clinic.user.username, next=f"/o/authorize/?client_id={app.client_id}&state=xyz")
    assert answer.headers["Location"] == f"/o/authorize/?client_id={app.client_id}&state=xyz"


@pytest.mark.parametrize("path", ["/o/authorize", "/o/authorize/"])
def test_the_consent_page_shows_app_user_and_scopes(
    browser: httpx.Client, app: App, clinic: Clinic, path: str
) -> None:
    page = browser.get(
        path, params={"client_id": app.client_id, "response_type": "code", "scope": "patients:read calendar"}
    )
    assert page.status_code == 200
    for text in ("Chart Reader", "Harbor Clinic", clinic.user.username, "Patients: ", "The calendar: "):
        assert text in page.text
    assert "Billing" not in page.text
    assert "https://app.example" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"


def test_app_names_are_escaped(browser: httpx.Client) -> None:
    page = browser.get("/o/authorize/", params={"client_id": make_app(name="<b>x</b>").client_id})
    assert "<b>x</b>" not in page.text


def test_cancel(browser: httpx.Client, app: App) -> None:
    answer = parse_redirect(authorize(browser, app, "cancel", state="s"))
    assert answer == {"error": "access_denied", "state": "s"}


@pytest.mark.parametrize("state", ["x", "a b&c=d#e", "ünïcödé ✓", '{"n": "1"}', "%2F%", "x" * 1500])
def test_state_is_returned_unchanged(browser: httpx.Client, app: App, state: str) -> None:
    answer = parse_redirect(authorize(browser, app, state=state))
    assert answer["state"] == state
    assert answer["code"]


def test_no_state_is_returned_without_one(browser: httpx.Client, app: App) -> None:
    assert set(parse_redirect(authorize(browser, app))) == {"code"}


@pytest.mark.parametrize("mode", ["fragment", "form_post", "query", "nonsense"])
def test_the_answer_is_in_the_query_whatever_a_link_asks_for(
    browser: httpx.Client, app: App, mode: str
) -> None:
    for decision, more in (("allow", {}), ("cancel", {}), ("allow", {"scope": "nonsense"})):
        answer = authorize(browser, app, decision, response_mode=mode, **more)
        assert {"code", "error"} & set(parse_redirect(answer))
        assert "#" not in answer.headers["Location"]


def test_the_query_of_the_redirect_uri_is_preserved(browser: httpx.Client) -> None:
    app = make_app(redirect_uris=[f"{CALLBACK}?tenant=1"])
    answer = authorize(browser, app, redirect_uri=f"{CALLBACK}?tenant=1")
    assert answer.headers["Location"].startswith(f"{CALLBACK}?tenant=1&code=")


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/callback",
        f"{CALLBACK}/",
        f"{CALLBACK}?x=1",
        f"{CALLBACK}#x",
        "http://app.example/callback",
        "https://APP.example/callback",
        "https://app.example:443/callback",
        "https://app.example/callback/../callback",
        "https://user@app.example/callback",
        "https://app.example.evil.example/callback",
        "//app.example/callback",
        "javascript:alert(1)",
        "",
        "\0",
    ],
)
@pytest.mark.parametrize("who", ["signed in", "stranger"])
def test_an_unregistered_redirect_is_an_error_page(
    browser: httpx.Client, app: App, uri: str, who: str
) -> None:
    page = authorize(browser if who == "signed in" else client(), app, redirect_uri=uri)
    assert page.status_code == 400
    assert "Location" not in page.headers
    assert "text/html" in page.headers["Content-Type"]


def test_a_loopback_redirect_uri_matches_only_with_its_port(browser: httpx.Client) -> None:
    app = make_app(redirect_uris=["http://127.0.0.1:9000/cb"])
    assert authorize(browser, app, redirect_uri="http://127.0.0.1:9001/cb").status_code == 400
    assert authorize(browser, app, redirect_uri="http://127.0.0.1:9000/cb").status_code == 302


def test_a_single_registered_redirect_uri_may_be_omitted(browser: httpx.Client, app: App) -> None:
    assert authorize(browser, app, redirect_uri=None).headers["Location"].startswith(CALLBACK)
    two = make_app(redirect_uris=[CALLBACK, f"{CALLBACK}2"])
    assert authorize(browser, two, redirect_uri=None).status_code == 400


@pytest.mark.parametrize("client_id", ["nobody", "", "\0", "x" * 5000, "https://cimd.example/app.json"])
def test_an_unknown_app_is_an_error_page(browser: httpx.Client, app: App, client_id: str) -> None:
    assert authorize(browser, app, client_id=client_id).status_code == 400


def test_an_unsupported_response_type_is_reported_to_the_app(browser: httpx.Client, app: App) -> None:
    for response_type in ("token", "code token", "id_token"):
        answer = authorize(browser, app, response_type=response_type, state="s")
        assert "error=" in answer.headers["Location"]
        assert answer.headers["Location"].startswith(CALLBACK)


def test_errors_are_reported_to_the_app_only_after_signing_in(app: App) -> None:
    answer = authorize(client(), app, scope="nonsense")
    assert urlsplit(answer.headers["Location"]).path == "/sign-in"


def test_a_repeated_parameter_is_an_error_page(browser: httpx.Client, app: App) -> None:
    address = f"/o/authorize/?client_id={app.client_id}&response_type=code&state=1&state=2"
    assert browser.get(address).status_code == 400


@pytest.mark.parametrize("query", ["%", "%zz", "client_id=%ff%fe", "%7f", "a=b;c", "scope=%00", "=&=&&"])
def test_a_malformed_query_is_no_server_error(browser: httpx.Client, app: App, query: str) -> None:
    for prefix in ("", f"client_id={app.client_id}&response_type=code&"):
        assert browser.get(f"/o/authorize/?{prefix}{query}").status_code < 500


def test_consent_requires_a_csrf_token(browser: httpx.Client, app: App) -> None:
    answer = browser.post(
        f"/o/authorize/?client_id={app.client_id}&response_type=code", data={"decision": "allow"}
    )
    assert answer.status_code == 403


def test_operators_cannot_consent(app: App) -> None:
    operator = make_user(None, password=PASSWORD, is_staff=True)
    page = authorize(open_signed_in_browser(operator.username), app)
    assert page.status_code == 403
    assert "no practice" in page.text


# Scopes


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (None, ALL),
        ("patients", {"patients:read", "patients:write"}),
        ("patients:read", {"patients:read"}),
        ("patients:summary", {"patients:summary:read", "patients:summary:write"}),
        ("calendar:write patients:summary:read", {"calendar:write", "patients:summary:read"}),
        ("user user:read", {"user:read", "user:write"}),
    ],
)
def test_scopes(browser: httpx.Client, app: App, asked: str | None, given: set[str]) -> None:
    assert set(obtain_tokens(browser, app, scope=asked)["scope"].split()) == given


def test_no_scope_means_all_allowed_scopes(browser: httpx.Client) -> None:
    assert set(obtain_tokens(browser, make_app(["labs"]))["scope"].split()) == {"labs:read", "labs:write"}


@pytest.mark.parametrize(
    "scope", ["billing", "labs billing:read", "nonsense", "labs:delete", "labs:read:read"]
)
def test_a_scope_that_is_not_allowed(browser: httpx.Client, scope: str) -> None:
    answer = parse_redirect(authorize(browser, make_app(["labs"]), scope=scope, state="s"))
    assert answer == {"error": "invalid_scope", "state": "s"}


# Codes


def test_the_token_response(browser: httpx.Client, app: App) -> None:
    response = exchange_code(app, obtain_code(browser, app))
    answer = response.json()
    assert set(answer) == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 172800)
    assert response.headers["Content-Type"] == "application/json"
    assert "no-store" in response.headers["Cache-Control"]
    assert is_accepted(answer["access_token"])


def test_a_code_expires_after_sixty_seconds(browser: httpx.Client, app: App) -> None:
    early, late = obtain_code(browser, app), obtain_code(browser, app)
    with clock.shift(timedelta(seconds=50)):
        assert exchange_code(app, early).status_code == 200
    with clock.shift(timedelta(seconds=60)):
        assert_refused(exchange_code(app, late), "invalid_grant")


def test_an_access_token_expires_after_48_hours(browser: httpx.Client, app: App) -> None:
    token = obtain_tokens(browser, app)["access_token"]
    with clock.shift(timedelta(hours=47, minutes=59)):
        assert is_accepted(token)
    with clock.shift(timedelta(hours=48)):
        assert not is_accepted(token)
        with client(token) as caller:
            assert caller.get("/api/users/current").json() == {"detail": "The access token has expired."}


def test_reusing_a_code_revokes_its_tokens(browser: httpx.Client, app: App) -> None:
    again = obtain_code(browser, app)
    first = exchange_code(app, again).json()
    second = refresh_tokens(app, first["refresh_token"]).json()
    assert_refused(exchange_code(app, again), "invalid_grant")
    assert not is_accepted(first["access_token"])
    assert not is_accepted(second["access_token"])
    assert_refused(refresh_tokens(app, second["refresh_token"]), "invalid_grant")


def test_a_code_is_bound_to_app_and_redirect_uri(browser: httpx.Client, app: App) -> None:
    good = obtain_code(browser, app)
    assert_refused(exchange_code(make_app(), good), "invalid_grant")
    assert_refused(exchange_code(app, good, redirect_uri="https://evil.example/"), "invalid_grant")
    assert_refused(exchange_code(app, "no such code"), "invalid_grant")
    assert exchange_code(app, good).status_code == 200


def test_a_code_of_an_inactive_user_is_refused(app: App) -> None:
    clinic = make_practice()
    leaver = make_user(clinic.practice, password=PASSWORD)
    browser = open_signed_in_browser(leaver.username)
    good, token = obtain_code(browser, app), obtain_tokens(browser, app)
    leaver.is_active = False
    leaver.save()
    assert_refused(exchange_code(app, good), "invalid_grant")
    assert_refused(refresh_tokens(app, token["refresh_token"]), "invalid_grant")
    assert not is_accepted(token["access_token"])
    assert urlsplit(authorize(browser, app).headers["Location"]).path == "/sign-in"


VERIFIER = "v" * 64
S256 = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.mark.parametrize(("method", "challenge"), [("S256", S256), ("plain", VERIFIER), (None, VERIFIER)])
def test_pkce(browser: httpx.Client, app: App, method: str | None, challenge: str) -> None:
    good = obtain_code(browser, app, code_challenge=challenge, code_challenge_method=method)
    assert_refused(exchange_code(app, good), "invalid_grant")
    assert_refused(exchange_code(app, good, code_verifier="w" * 64), "invalid_grant")
    assert exchange_code(app, good, code_verifier=VERIFIER).status_code == 200


@pytest.mark.parametrize("challenge", ["short", "x" * 129, "\0" * 43, "ü" * 43])
def test_a_malformed_challenge(browser: httpx.Client, app: App, challenge: str) -> None:
    answer = parse_redirect(authorize(browser, app, code_challenge=challenge, state="s"))
    assert (answer["error"], answer["state"]) == ("invalid_request", "s")


def test_a_public_client_requires_pkce(browser: httpx.Client) -> None:
    app = make_app(client_type=Application.CLIENT_PUBLIC)
    assert parse_redirect(authorize(browser, app))["error"] == "invalid_request"
    good = obtain_code(browser, app, code_challenge=S256, code_challenge_method="S256")
    assert exchange_code(app, good, client_secret=None, code_verifier=VERIFIER).status_code == 200


# Pairs


def test_a_refresh_rotates_the_pair(browser: httpx.Client, app: App) -> None:
    first = obtain_tokens(browser, app, scope="patients")
    second = refresh_tokens(app, first["refresh_token"], redirect_uri=CALLBACK).json()
    assert second["scope"].split() == ["patients:read", "patients:write"]
    assert second["expires_in"] == 172800
    assert not is_accepted(first["access_token"])
    assert is_accepted(second["access_token"])
    assert_refused(refresh_tokens(app, first["refresh_token"]), "invalid_grant")
    assert is_accepted(second["access_token"])
    assert refresh_tokens(app, second["refresh_token"]).status_code == 200


def test_a_refresh_token_outlives_its_access_token(browser: httpx.Client, app: App) -> None:
    first = obtain_tokens(browser, app)
    with clock.shift(timedelta(days=400)):
        assert is_accepted(refresh_tokens(app, first["refresh_token"]).json()["access_token"])


def test_a_refresh_may_narrow_but_not_widen_scopes(browser: httpx.Client, app: App) -> None:
    token = obtain_tokens(browser, app, scope="patients:read calendar")["refresh_token"]
    assert_refused(refresh_tokens(app, token, scope="labs:read"), "invalid_scope")
    assert_refused(refresh_tokens(app, token, scope="patients"), "invalid_scope")
    less = refresh_tokens(app, token, scope="calendar").json()
    assert set(less["scope"].split()) == {"calendar:read", "calendar:write"}
    assert "patients:read" in refresh_tokens(app, less["refresh_token"]).json()["scope"].split()


def test_a_refresh_token_is_bound_to_its_app(browser: httpx.Client, app: App) -> None:
    token = obtain_tokens(browser, app)["refresh_token"]
    assert_refused(refresh_tokens(make_app(), token), "invalid_grant")
    assert refresh_tokens(app, token).status_code == 200


def test_a_new_consent_revokes_the_earlier_pair(browser: httpx.Client, app: App, clinic: Clinic) -> None:
    other = make_user(clinic.practice, password=PASSWORD)
    theirs = obtain_tokens(open_signed_in_browser(other.username), app)
    elsewhere = obtain_tokens(browser, make_app())
    first = obtain_tokens(browser, app)
    second = obtain_tokens(browser, app)
    assert not is_accepted(first["access_token"])
    assert_refused(refresh_tokens(app, first["refresh_token"]), "invalid_grant")
    assert is_accepted(second["access_token"])
    assert is_accepted(theirs["access_token"])
    assert is_accepted(elsewhere["access_token"])


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "nonsense"])
def test_revoking_either_token_revokes_the_pair(
    browser: httpx.Client, app: App, which: str, hint: str | None
) -> None:
    pair = obtain_tokens(browser, app)
    assert call_endpoint(make_app(), "revoke_token", token=pair[which]).status_code == 200
    assert is_accepted(pair["access_token"])
    answer = call_endpoint(app, "revoke_token", token=pair[which], token_type_hint=hint)
    if hint == "nonsense":
        assert answer.status_code in (200, 400)
        return
    assert (answer.status_code, answer.text) == (200, "")
    assert not is_accepted(pair["access_token"])
    assert_refused(refresh_tokens(app, pair["refresh_token"]), "invalid_grant")
    assert call_endpoint(app, "revoke_token", token=pair[which]).status_code == 200


# The endpoints


def test_parameters_in_the_query(browser: httpx.Client, app: App) -> None:
    query = {
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "grant_type": "authorization_code",
        "redirect_uri": CALLBACK,
        "code": obtain_code(browser, app),
    }
    pair = client().post("/o/token/", params=query).json()
    query = {"client_id": app.client_id, "client_secret": app.client_secret, "token": pair["access_token"]}
    assert client().post("/o/revoke_token/", params=query).status_code == 200
    assert not is_accepted(pair["access_token"])


def test_secret_by_basic_authentication(browser: httpx.Client, app: App) -> None:
    good = {"grant_type": "authorization_code", "code": obtain_code(browser, app), "redirect_uri": CALLBACK}
    assert client().post("/o/token/", data=good, auth=(app.client_id, "wrong")).status_code == 401
    assert client().post("/o/token/", data=good, auth=(app.client_id, app.client_secret)).status_code == 200


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_secret": None}, "invalid_client"),
        ({"client_secret": ""}, "invalid_client"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"client_id": "\0"}, "invalid_client"),
        ({"client_id": None}, "invalid_client"),
        ({"refresh_token": "wrong"}, "invalid_grant"),
        ({"refresh_token": "\0"}, "invalid_grant"),
        ({"refresh_token": None}, "invalid_request"),
        ({"grant_type": "password", "username": "u", "password": "p"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": None}, "unsupported_grant_type"),
    ],
)
def test_a_failed_token_call_is_401(app: App, parameters: dict[str, Any], error: str) -> None:
    assert_refused(
        call_endpoint(app, **{"grant_type": "refresh_token", "refresh_token": "x"} | parameters), error
    )


def test_revoking_requires_the_client_secret(browser: httpx.Client, app: App) -> None:
    token = obtain_tokens(browser, app)["access_token"]
    assert_refused(call_endpoint(app, "revoke_token", token=token, client_secret="wrong"), "invalid_client")
    assert is_accepted(token)


@pytest.mark.parametrize("path", ["/o/token/", "/o/revoke_token/"])
def test_only_post(path: str) -> None:
    assert client().get(path).status_code == 405


def test_the_trailing_slash_is_required(app: App) -> None:
    assert client().post("/o/token", data={}).status_code == 404


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe%zz", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"a=b", "application/x-www-form-urlencoded; charset=utf-7"),
        (b"a" * 4_000_000, "application/x-www-form-urlencoded"),
        (b"&".join([b"a=b"] * 5000), "application/x-www-form-urlencoded"),
    ],
)
def test_a_malformed_body_is_no_server_error(body: bytes, kind: str) -> None:
    for path in ("/o/token/", "/o/revoke_token/"):
        assert client().post(path, content=body, headers={"Content-Type": kind}).status_code < 500


@pytest.mark.parametrize("header", ["Basic", "Basic !", "Basic \xff", "Basic //8=", "Bearer x", "Basic Ojo="])
def test_a_malformed_authorization_header_is_no_server_error(header: str) -> None:
    from charthouse.wsgi import application

    for path in ("/o/token/", "/o/revoke_token/"):
        environ = {
            "PATH_INFO": path,
            "REQUEST_METHOD": "POST",
            "HTTP_AUTHORIZATION": header,
            "HTTP_HOST": "testserver",
        }
        setup_testing_defaults(environ)
        start = Mock()
        application(environ, start)
        assert start.call_args.args[0][0] == "4"


def test_secrets_are_not_stored_in_the_clear(browser: httpx.Client, app: App) -> None:
    unused = obtain_code(browser, app)
    used = obtain_code(browser, app)
    pair = exchange_code(app, used).json()
    with connection.cursor() as cursor:
        stored = ""
        for table in ("grant", "accesstoken", "refreshtoken", "application"):
            cursor.execute(f"select t::text from identity_{table} t")  # noqa: S608
            stored += "".join(row for (row,) in cursor.fetchall())
    assert app.client_id in stored
    for secret in (unused, used, pair["access_token"], pair["refresh_token"], app.client_secret):
        assert secret not in stored


def test_secrets_are_not_logged(browser: httpx.Client, app: App, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    used = obtain_code(browser, app)
    pair = exchange_code(app, used).json()
    client().post(
        "/o/token/", params={"client_secret": app.client_secret, "refresh_token": pair["refresh_token"]}
    )
    call_endpoint(app, "revoke_token", token=pair["access_token"])
    for secret in (used, pair["access_token"], pair["refresh_token"], app.client_secret):
        assert not [said for said in caplog.records if secret in said.getMessage() and said.name != "httpx"]


def assert_refused(response: httpx.Response, error: str) -> None:
    assert response.status_code == 401, response.text
    assert response.json()["error"] == error
    assert response.headers["Content-Type"] == "application/json"


def test_a_nul_in_the_credentials_of_an_app_is_refused() -> None:
    """The database would read a text up to the NUL, which names the app."""
    app = make_app()
    for client_id, secret in (
        (f"{app.client_id}\0x", app.client_secret),
        (app.client_id, f"{app.client_secret}\0x"),
        (f"\0{app.client_id}", app.client_secret),
    ):
        basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        form = {"grant_type": "refresh_token", "refresh_token": "x"}
        answers = [
            client().post("/o/token/", data=form, headers={"Authorization": f"Basic {basic}"}),
            client().post("/o/token/", data=form | {"client_id": client_id, "client_secret": secret}),
            client().post(
                "/o/revoke_token/", data={"token": "x", "client_id": client_id, "client_secret": secret}
            ),
        ]
        assert [(answer.status_code, answer.json()["error"]) for answer in answers] == [
            (401, "invalid_client")
        ] * 3
