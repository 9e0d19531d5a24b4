"""Apps in the console: registration, secrets, quota, authorizations."""

import base64
import hashlib
import hmac
import json
import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.conf import settings

from charthouse.audit.models import Event
from charthouse.identity import iframes, sealed_secrets, tenancy
from charthouse.identity.models import Application
from tests.console.developer.apps import NEW_APP, make_own_app, register, send
from tests.identity import oauth_flow
from tests.identity.oauth_flow import is_accepted, open_signed_in_browser, parse_hidden_fields
from tests.queries import bounded_queries
from tests.support import (
    CALLBACK,
    PASSWORD,
    App,
    Clinic,
    client,
    issue_token,
    make_app,
    make_practice,
    make_user,
)


def test_a_registered_app_works(clinic: Clinic, browser: httpx.Client) -> None:
    app = register(browser)
    assert app.client_secret not in app.row.client_secret
    assert app.client_secret not in app.row.sealed_secret
    pair = oauth_flow.obtain_tokens(browser, app)
    assert is_accepted(pair["access_token"])
    assert set(pair["scope"].split()) == {
        f"{base}:{kind}" for base in NEW_APP["scopes"] for kind in ("read", "write")
    }
    page = browser.get(f"/developer/apps/{app.row.pk}")
    assert app.client_secret not in page.text
    assert clinic.user.username in page.text
    with tenancy.within(clinic.id):
        assert Event.objects.filter(what="app created", app_id=app.row.pk).count() == 1


def test_a_new_app_asks_for_no_scope_by_itself_and_has_the_servers_limit(
    clinic: Clinic, browser: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = browser.get("/developer/apps/new").text
    scopes = re.findall(r'<input[^>]*name="scopes"[^>]*>', form)
    assert len(scopes) > 10
    assert not any("checked" in each for each in scopes)
    monkeypatch.setattr(settings, "NEW_APP_LIMIT", 7)  # as charthouse sandbox --rate-limit 7
    app = register(browser, scopes=[])
    assert (app.row.scopes, app.row.hourly_limit) == ([], 7)


def test_a_public_app_gets_no_secret(clinic: Clinic, browser: httpx.Client) -> None:
    app = register(browser, public="on")
    assert (app.client_secret, app.row.sealed_secret) == ("", "")
    assert app.row.client_type == Application.CLIENT_PUBLIC
    assert send_token(browser, f"/developer/apps/{app.row.pk}/secret").status_code == 409


def send_token(browser: httpx.Client, address: str, **values: Any) -> httpx.Response:
    return browser.post(address, data=parse_hidden_fields(browser.get("/")) | values)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "required"),
        ({"redirect_uris": ""}, "required"),
        ({"redirect_uris": "not an address"}, "redirect"),
        ({"redirect_uris": "https://app.example/#part"}, "ragment"),
        ({"redirect_uris": "javascript:alert(1)"}, "cheme"),
        ({"redirect_uris": "\n".join(f"https://a.example/{n}" for n in range(21))}, "At most 20"),
        ({"scopes": ["labs:vendor"]}, "valid choice"),
        ({"scopes": ["everything"]}, "valid choice"),
    ],
)
def test_invalid_apps_are_refused(clinic: Clinic, browser: httpx.Client, wrong: Any, words: str) -> None:
    before = Application.objects.count()
    page = send(browser, "/developer/apps/new", **(NEW_APP | wrong))
    assert page.status_code == 400
    assert words in unescape(page.text)
    assert Application.objects.count() == before


def test_a_new_secret_replaces_the_old_one(clinic: Clinic, browser: httpx.Client) -> None:
    app = register(browser)
    page = send(browser, f"/developer/apps/{app.row.pk}/secret")
    new = App(app.row, app.client_id, unescape(re.findall(r'id="client-secret">([^<]+)<', page.text)[0]))
    assert new.client_secret != app.client_secret
    code = oauth_flow.obtain_code(browser, app)
    assert oauth_flow.exchange_code(app, code).status_code == 401
    assert oauth_flow.exchange_code(new, code).status_code == 200


def change(app: App, **values: Any) -> dict[str, Any]:
    return {
        "name": app.row.name,
        "redirect_uris": CALLBACK,
        "scopes": ["patients"],
        "patient_iframe_height": "500",
        "note_iframe_height": "400",
    } | values


def test_changing_an_app(clinic: Clinic, browser: httpx.Client) -> None:
    app = make_own_app(clinic, hourly_limit=100)
    address = f"/developer/apps/{app.row.pk}/edit"
    token = issue_token(clinic.user, app)
    answer = send(browser, address, **change(app, patient_iframe_url="https://app.example/patient?a=1"))
    assert answer.status_code == 302
    app.row.refresh_from_db()
    assert app.row.patient_iframe_url == "https://app.example/patient?a=1"
    assert app.row.scopes == ["patients", "labs:vendor"]  # the operator's gift stays
    with client(token) as caller:
        assert caller.get("/api/patients").status_code == 200
        assert caller.get("/api/offices").status_code == 403  # a scope taken away is gone from tokens too


def test_quotas_are_set_by_operators(clinic: Clinic, browser: httpx.Client) -> None:
    app = make_own_app(clinic, hourly_limit=100)
    address = f"/developer/apps/{app.row.pk}/edit"
    assert "hourly_limit" not in browser.get(address).text
    send(browser, address, **change(app, hourly_limit="100000"))
    app.row.refresh_from_db()
    assert app.row.hourly_limit == 100


def test_in_a_sandbox_quotas_are_set_by_developers(
    clinic: Clinic, browser: httpx.Client, settings_sandbox: None
) -> None:
    app = make_own_app(clinic, hourly_limit=100)
    send(browser, f"/developer/apps/{app.row.pk}/edit", **change(app, hourly_limit="7"))
    app.row.refresh_from_db()
    assert app.row.hourly_limit == 7


@pytest.fixture
def settings_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SANDBOX", True)


def test_the_used_quota_is_shown(clinic: Clinic, browser: httpx.Client) -> None:
    app = make_own_app(clinic, hourly_limit=1000)
    with client(issue_token(clinic.user, app)) as caller:
        for _ in range(3):
            caller.get("/api/doctors")
    tenancy.clear_tenant()
    page = browser.get(f"/developer/apps/{app.row.pk}")
    assert re.search(r'max="1000" value="3"', page.text)
    assert "997 left until" in page.text


def test_apps_of_another_practice_are_not_found(clinic: Clinic, browser: httpx.Client) -> None:
    stranger = make_practice()
    app = make_own_app(stranger, name="Theirs")
    assert "Theirs" not in browser.get("/developer/apps").text
    token = parse_hidden_fields(browser.get("/"))
    for end in ("", "/edit", "/secret", "/deauthorize", f"/deauthorize/{stranger.user.pk}"):
        assert browser.get(f"/developer/apps/{app.row.pk}{end}").status_code == 404, end
    for end in ("/edit", "/secret", "/deauthorize", f"/deauthorize/{stranger.user.pk}"):
        assert browser.post(f"/developer/apps/{app.row.pk}{end}", data=token | NEW_APP).status_code == 404, (
            end
        )


def test_authorizations_are_listed_and_revoked(clinic: Clinic, browser: httpx.Client) -> None:
    app = make_own_app(clinic)
    staff, stranger = make_user(clinic.practice, first_name="Nora"), make_practice()
    ours, theirs, own = (issue_token(user, app) for user in (staff, stranger.user, clinic.user))
    address = f"/developer/apps/{app.row.pk}"
    page = browser.get(address)
    assert "Nora" in page.text
    assert stranger.user.username not in page.text
    assert "And 1 in other practices." in page.text
    assert browser.get(f"{address}/deauthorize/{stranger.user.pk}").status_code == 404
    assert send(browser, f"{address}/deauthorize/{staff.pk}").status_code == 302
    assert [is_accepted(token) for token in (ours, theirs, own)] == [False, True, True]
    assert send(browser, f"{address}/deauthorize").status_code == 302
    assert [is_accepted(token) for token in (theirs, own)] == [True, False]


def test_a_disabled_app_is_refused_in_every_practice(clinic: Clinic, browser: httpx.Client) -> None:
    app, stranger = make_own_app(clinic), make_practice()
    held = oauth_flow.obtain_tokens(browser, app)
    theirs = issue_token(stranger.user, app)
    waiting = oauth_flow.obtain_code(browser, app)
    address = f"/developer/apps/{app.row.pk}"
    assert "in other practices too" in browser.get(f"{address}/switch").text
    assert send(browser, f"{address}/switch").headers["Location"] == address
    assert not is_accepted(held["access_token"])
    assert not is_accepted(theirs)
    for answer in (
        oauth_flow.refresh_tokens(app, held["refresh_token"]),
        oauth_flow.exchange_code(app, waiting),
    ):
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert oauth_flow.authorize(browser, app).status_code == 400, "an unknown app"
    assert ">off<" in browser.get("/developer/apps").text
    send(browser, f"{address}/switch")
    gone = oauth_flow.refresh_tokens(app, held["refresh_token"])
    assert gone.json()["error"] == "invalid_grant", "what was taken back stays so"
    assert is_accepted(oauth_flow.obtain_tokens(browser, app)["access_token"])
    with tenancy.within(clinic.id):
        told = Event.objects.filter(practice_id=clinic.id, what="app changed").order_by("pk")
        assert [event.details["disabled"] for event in told] == [True, False]
    with tenancy.within(stranger.id):
        assert Event.objects.filter(practice_id=stranger.id, what="consent revoked").count() == 1
    tenancy.clear_tenant()
    stranger.user.set_password(PASSWORD)
    stranger.user.save()
    assert open_signed_in_browser(stranger.user.username).get(f"{address}/switch").status_code == 404


def test_users_disconnect_apps_themselves(clinic: Clinic) -> None:
    app = make_app(name="Calendar Sync")
    staff = make_user(clinic.practice, password=PASSWORD, permissions=[])
    token, other = issue_token(staff, app), issue_token(clinic.user, app)
    browser = open_signed_in_browser(staff.username)
    assert "Calendar Sync" in browser.get("/account").text
    address = f"/account/apps/{app.row.pk}/disconnect"
    assert send(browser, address).status_code == 302
    assert (is_accepted(token), is_accepted(other)) == (False, True)
    assert browser.get(address).status_code == 404


def test_iframe_urls_are_signed_with_the_apps_secret(clinic: Clinic, browser: httpx.Client) -> None:
    app = register(browser)
    app.row.patient_iframe_url = "https://app.example/patient?a=1"
    address = iframes.build_patient_url(app.row, doctor=1, patient=2, practice=3, user=4)
    assert address is not None
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    signed, _, signature = query.pop("jwt").rpartition(".")
    digest = hmac.new(app.client_secret.encode(), signed.encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(signature + "=") == digest
    claims = json.loads(base64.urlsafe_b64decode(signed.split(".")[1] + "==="))
    assert {name: str(value) for name, value in claims.items()} == {
        n: v for n, v in query.items() if n != "a"
    }
    assert set(claims) == {"doctor_id", "patient_id", "practice_id", "user_id", "iat"}
    assert iframes.build_note_url(app.row, doctor=1, patient=2, practice=3, appointment=4) is None
    app.row.sealed_secret = "nonsense"
    assert iframes.build_patient_url(app.row, doctor=1, patient=2, practice=3, user=4) is None
    with pytest.raises(sealed_secrets.UnsealError):
        sealed_secrets.unseal("nonsense")


def test_developer_pages_need_the_permission(clinic: Clinic, browser: httpx.Client) -> None:
    staff = make_user(clinic.practice, password=PASSWORD, permissions=["Access Scheduling"])
    theirs = open_signed_in_browser(staff.username)
    app = make_own_app(clinic)
    pages = ("apps", "apps/new", f"apps/{app.row.pk}", f"apps/{app.row.pk}/edit", "requests", "explorer")
    for page in (*pages, "explorer/drchrono/patients_list"):
        browser.get(f"/developer/{page}")
        with bounded_queries():
            assert browser.get(f"/developer/{page}").status_code == 200, page
        assert theirs.get(f"/developer/{page}").status_code == 403, page
