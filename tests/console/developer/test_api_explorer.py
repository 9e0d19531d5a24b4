"""The API explorer in the console."""

import json
import re
from html import unescape
from typing import Any

import httpx

from charthouse.console.developer.api_explorer import CLIENT_ID, load_operations
from charthouse.domains.patients.models import Patient
from charthouse.identity import tenancy
from charthouse.identity.models import AccessToken, Application, RefreshToken
from tests.console.developer.apps import make_own_app, send
from tests.identity.oauth_flow import is_accepted, open_signed_in_browser
from tests.support import (
    PASSWORD,
    Clinic,
    issue_token,
    make_user,
)


def test_every_operation_has_a_form(clinic: Clinic, browser: httpx.Client) -> None:
    page = browser.get("/developer/explorer")
    listed = set(re.findall(r'href="/developer/explorer/([\w-]+)"', page.text))
    assert listed == set(load_operations())
    for name in listed:
        assert browser.get(f"/developer/explorer/{name}").status_code == 200, name
    assert browser.get("/developer/explorer/nonsense").status_code == 404
    narrowed = re.findall(
        r'href="/developer/explorer/(\w+)"', browser.get("/developer/explorer?q=allergies").text
    )
    assert narrowed
    assert all("allerg" in name for name in narrowed)


def run(browser: httpx.Client, name: str, **values: str) -> httpx.Response:
    return send(browser, f"/developer/explorer/{name}", **values)


def answer(page: httpx.Response) -> Any:
    (text,) = re.findall(r'<pre class="answer"[^>]*>(.*?)</pre>', page.text, re.S)
    return json.loads(unescape(text))


def test_a_call_is_run(clinic: Clinic, browser: httpx.Client) -> None:
    made = {"doctor": clinic.doctor.pk, "first_name": "Amara", "last_name": "Okafor", "gender": "Female"}
    page = run(browser, "patients_create", body=json.dumps(made))
    assert "Created" in page.text
    patient = answer(page)
    with tenancy.within(clinic.id):
        assert Patient.objects.get(pk=patient["id"]).last_name == "Okafor"
    read = run(browser, "patients_read", **{"path.id": str(patient["id"])})
    assert answer(read)["first_name"] == "Amara"
    found = run(browser, "patients_list", **{"query.last_name": "okafor", "query.verbose": "true"})
    assert [one["id"] for one in answer(found)["results"]] == [patient["id"]]
    assert "GET /api/patients?" in found.text


def test_refusals_are_shown_unchanged(clinic: Clinic, browser: httpx.Client) -> None:
    page = run(browser, "patients_create", body="{not json")
    assert "JSON parse error" in answer(page)["detail"]
    page = run(browser, "patients_create", body="{}")
    assert answer(page)["doctor"] == ["This field is required."]
    missing = run(browser, "patients_read", **{"path.id": ""})
    assert missing.status_code == 400
    assert "The address needs this." in missing.text
    for odd in ("../users", "1/2", "%00", "999999999999999999999"):
        assert "Not found" in answer(run(browser, "patients_read", **{"path.id": odd}))["detail"]


def test_a_call_can_be_run_with_an_apps_scopes(clinic: Clinic, browser: httpx.Client) -> None:
    app = make_own_app(clinic, scopes=["patients"])
    own = issue_token(clinic.user, app)
    assert "results" in answer(run(browser, "patients_list", app=str(app.row.pk)))
    assert "user:read" in answer(run(browser, "offices_list", app=str(app.row.pk)))["detail"]
    assert is_accepted(own)  # the app's own token goes on


def test_the_explorers_token_is_revoked(clinic: Clinic, browser: httpx.Client) -> None:
    page = run(browser, "doctors_list")
    for model in (AccessToken, RefreshToken):
        assert not model.objects.filter(application__client_id=CLIENT_ID, revoked=None).exists()
    assert "Bearer" not in page.text
    assert Application.objects.get(client_id=CLIENT_ID).redirect_uris == ""


def test_the_explorer_has_the_users_permissions(clinic: Clinic) -> None:
    staff = make_user(clinic.practice, password=PASSWORD, permissions=["Settings"])
    page = run(open_signed_in_browser(staff.username), "patients_list")
    assert "Manage Patients" in answer(page)["detail"]
