"""The request log in the console."""

import re

import httpx
import pytest
from django.conf import settings

from charthouse.audit import request_log
from charthouse.audit.models import ApiCall
from charthouse.identity import tenancy
from tests.console.developer.apps import make_own_app, send
from tests.identity.oauth_flow import open_signed_in_browser
from tests.support import (
    PASSWORD,
    Clinic,
    client,
    issue_token,
    make_api_user,
    make_practice,
    make_user,
)


def test_calls_are_listed_with_the_reason_of_refusal(clinic: Clinic, browser: httpx.Client) -> None:
    app, stranger = make_own_app(clinic, scopes=["patients"]), make_practice()
    with client(issue_token(clinic.user, app)) as caller:
        caller.get("/api/patients?first_name=Hush")
        caller.get("/api/offices")
        caller.post("/api/patients", json={"first_name": "Hush"})
    with client(issue_token(stranger.user, make_own_app(stranger))) as caller:
        caller.get("/api/doctors/4711")
    request_log.flush()
    tenancy.clear_tenant()
    page = browser.get("/developer/requests")
    for words in ("GET /api/patients", "A scope that the token lacks", "Wrong values", app.row.name):
        assert words in page.text, words
    assert "Hush" not in page.text
    assert "4711" not in page.text
    assert "GET /api/patients?first_name=…" in page.text
    assert page.text.count("GET /api/") == 2
    assert browser.get("/developer/requests?gate=scope").text.count("GET /api/") == 1
    assert browser.get("/developer/requests?status=400").text.count("/api/") == 2
    (address,) = re.findall(
        r'href="(/developer/requests/\d+)"', browser.get("/developer/requests?method=POST").text
    )
    one = browser.get(address)
    assert "X-Request-Id" in one.text
    assert re.search(r"<dt>When</dt><dd>\w{3} \d\d, \d{4}, [\d:]{8} UTC</dd>", one.text)
    assert "Wrong values" in one.text
    theirs = 0
    with tenancy.within(stranger.id):
        theirs = ApiCall.objects.values_list("pk", flat=True)[0]
    assert browser.get(f"/developer/requests/{theirs}").status_code == 404


def test_unknown_paths_and_callers_are_listed(
    clinic: Clinic, browser: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, api_user = make_own_app(clinic), make_api_user(clinic.practice)
    number = "/api/nothing-4711"
    with client(issue_token(clinic.user, app)) as caller:
        caller.get(f"{number}?page=2")
    with client() as caller:
        caller.get("/api/v1/nothing-4711", auth=(api_user.row.username, api_user.secret))
        caller.get(f"{number}-by-nobody", headers={"Authorization": "Bearer nobodys"})
    request_log.flush()
    tenancy.clear_tenant()
    listed = browser.get("/developer/requests").text
    assert f"GET {number}?page=2" in listed
    assert "GET /api/v1/nothing-4711" in listed
    assert "by-nobody" not in listed
    only = browser.get(f"/developer/requests?api_user={api_user.row.pk}").text
    assert ("/api/v1/nothing" in only, number in only) == (True, False)
    monkeypatch.setattr(settings, "SANDBOX", True)
    listed = browser.get("/developer/requests?gate=not+found").text
    (address,) = re.findall(r'href="(/developer/requests/\d+)">(?:(?!</tr>).)*by-nobody', listed, re.S)
    assert "<dt>App</dt>" in browser.get(address).text
    stranger = make_practice()
    with client(issue_token(stranger.user, make_own_app(stranger))) as caller:
        caller.get("/api/doctors/4712")
    request_log.flush()
    tenancy.clear_tenant()
    assert "4712" not in browser.get("/developer/requests").text


def test_what_a_call_needs_and_what_its_caller_has_are_side_by_side(
    clinic: Clinic, browser: httpx.Client
) -> None:
    app = make_own_app(clinic, scopes=["patients"])
    few = make_user(clinic.practice, permissions=["Manage Patients"])
    api_user = make_api_user(clinic.practice, endpoints=["tags"])
    with client(issue_token(few, app)) as caller:
        caller.get("/api/appointments?since=2026-01-01")
    with client() as caller:
        caller.get("/api/v1/patients", auth=(api_user.row.username, api_user.secret))
    request_log.flush()
    tenancy.clear_tenant()
    listed = browser.get("/developer/requests").text
    assert api_user.row.nickname in listed
    shown = [browser.get(path).text for path in re.findall(r'href="(/developer/requests/\d+)"', listed)]
    of_app, of_user = (next(text for text in shown if word in text) for word in ("/api/appoi", "/api/v1/"))
    for name, value in (
        ("Refused by", "A scope that the token lacks"),
        ("Needs the scopes", "calendar:read, clinical:read"),
        ("Of these the app has", "none"),
        ("Needs the permissions", "Access Billing, Show Billing Tab, Access Clinical Notes"),
        ("Of these the user has", "none"),
    ):
        assert f"<dt>{name}</dt><dd>{value}</dd>" in of_app, re.findall("<dt>.*?</dd>", of_app)
    assert "<dt>Needs the endpoint group</dt><dd>patients</dd>" in of_user
    assert "<dt>The API user has</dt><dd>tags</dd>" in of_user


def test_captured_bodies_are_shown_to_users_with_every_permission(
    clinic: Clinic, browser: httpx.Client
) -> None:
    app = make_own_app(clinic)
    token = issue_token(clinic.user, app)
    address = f"/developer/apps/{app.row.pk}"
    assert send(browser, f"{address}/bodies").status_code == 302
    assert "Until" in browser.get(address).text
    with client(token) as caller:
        caller.post("/api/patients", json={"first_name": "Hush"})
    request_log.flush()
    tenancy.clear_tenant()
    (call,) = re.findall(r'href="(/developer/requests/\d+)"', browser.get("/developer/requests").text)
    assert "Hush" in browser.get(call).text
    staff = make_user(clinic.practice, password=PASSWORD, permissions=["Settings"])
    theirs = open_signed_in_browser(staff.username).get(call)
    assert theirs.status_code == 200
    assert "Hush" not in theirs.text
    assert send(browser, f"{address}/bodies").status_code == 302
    assert "Until" not in browser.get(address).text


def test_unauthenticated_calls_are_on_the_apps_page(clinic: Clinic, browser: httpx.Client) -> None:
    app = make_own_app(clinic, hourly_limit=1)
    with client(issue_token(clinic.user, app)) as caller:
        caller.get("/api/offices")
        assert caller.get("/api/doctors").status_code == 429
    request_log.flush()
    tenancy.clear_tenant()
    page = browser.get(f"/developer/apps/{app.row.pk}")
    assert "Refused before authentication" in page.text
    assert "GET /api/doctors" in page.text
