"""The API explorer in the console."""

import json
import re
import shlex
from html import unescape
from typing import Any

import httpx

from charthouse.console.developer.explorer_calls import API_USER_PREFIX, CLIENT_ID
from charthouse.console.developer.explorer_operations import TITLES, load_operations
from charthouse.domains.patients.models import Patient
from charthouse.identity import tenancy
from charthouse.identity.models import AccessToken, ApiUser, Application, RefreshToken
from tests.console.developer.apps import make_own_app, send
from tests.identity.oauth_flow import is_accepted, open_signed_in_browser
from tests.support import (
    PASSWORD,
    Clinic,
    client,
    issue_token,
    make_api_user,
    make_user,
)


def test_every_operation_has_a_form(clinic: Clinic, browser: httpx.Client) -> None:
    for api in TITLES:
        page = browser.get(f"/developer/explorer/{api}")
        listed = set(re.findall(rf'href="/developer/explorer/{api}/([\w-]+)"', page.text))
        assert listed == set(load_operations(api))
        for name in listed:
            assert browser.get(f"/developer/explorer/{api}/{name}").status_code == 200, name
    for nowhere in ("nonsense", "drchrono/nonsense", "nonsense/patients_list"):
        assert browser.get(f"/developer/explorer/{nowhere}").status_code == 404
    narrowed = re.findall(
        r'href="/developer/explorer/drchrono/(\w+)"', browser.get("/developer/explorer?q=allergies").text
    )
    assert narrowed
    assert all("allerg" in name for name in narrowed)


def run(browser: httpx.Client, name: str, api: str = "drchrono", **values: str) -> httpx.Response:
    return send(browser, f"/developer/explorer/{api}/{name}", **values)


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
    assert "Required in the path." in missing.text
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
    assert re.findall(r"Bearer [\w$]+", unescape(page.text)) == ["Bearer $ACCESS_TOKEN"]
    assert Application.objects.get(client_id=CLIENT_ID).redirect_uris == ""


def test_the_explorer_has_the_users_permissions(clinic: Clinic) -> None:
    staff = make_user(clinic.practice, password=PASSWORD, permissions=["Settings"])
    page = run(open_signed_in_browser(staff.username), "patients_list")
    assert "Manage Patients" in answer(page)["detail"]


def make_patient(clinic: Clinic, browser: httpx.Client, name: str = "Amara") -> int:
    body = {"doctor": clinic.doctor.pk, "first_name": name, "last_name": "Okafor", "gender": "Female"}
    return int(answer(run(browser, "patients_create", body=json.dumps(body)))["id"])


def read_fields(page: httpx.Response) -> dict[str, str]:
    found = dict(re.findall(r'name="((?:path|query)\.\w+)" value="([^"]*)"', page.text))
    return found


def test_forms_begin_with_ids_that_exist(clinic: Clinic, browser: httpx.Client) -> None:
    """Those of the reference's "Try it": each leads to a call that works as it is."""
    patient = make_patient(clinic, browser)
    with client() as visitor:
        for page, api, name in (
            ("/docs/patients", "drchrono", "patients_read"),
            ("/docs/cerbo/patients", "cerbo", "patients_read"),
            ("/docs/problems", "drchrono", "problems_create"),
        ):
            address = f"/developer/explorer/{api}/{name}"
            assert f'<a class="try" href="{address}">Try it</a>' in visitor.get(page).text
    for api in TITLES:
        fields = read_fields(browser.get(f"/developer/explorer/{api}/patients_read"))
        assert fields["path.id"] == str(patient)
        assert str(answer(run(browser, "patients_read", api, **fields))["id"]) == str(patient)
    page = browser.get("/developer/explorer/drchrono/problems_create")
    (body,) = re.findall(r'<textarea[^>]*name="body"[^>]*>(.*?)</textarea>', page.text, re.S)
    created = answer(run(browser, "problems_create", body=unescape(body)))
    assert (created["patient"], created["doctor"]) == (patient, clinic.doctor.pk)
    vitals = read_fields(browser.get("/developer/explorer/cerbo/patients_rxs_list"))
    assert vitals["path.patient_id"] == str(patient)
    given = browser.get("/developer/explorer/drchrono/patients_read?path.id=4711")
    assert read_fields(given)["path.id"] == "4711"


def test_the_reference_leads_to_every_operation() -> None:
    with client() as visitor:
        for api, home in (("drchrono", "/docs"), ("cerbo", "/docs/cerbo")):
            pages = set(re.findall(rf'href="({home}/[\w-]+)"', visitor.get(home).text))
            offered = {
                name
                for page in pages
                for name in re.findall(rf'href="/developer/explorer/{api}/([\w-]+)"', visitor.get(page).text)
            }
            assert offered == set(load_operations(api))


def test_calls_of_cerbos_api(clinic: Clinic, browser: httpx.Client) -> None:
    patient = make_patient(clinic, browser)
    listed = answer(run(browser, "patients_list", "cerbo", **{"query.limit": "5"}))
    assert [one["id"] for one in listed["data"]] == [str(patient)]
    limited = make_api_user(clinic.practice, nickname="Kept short", endpoints=["tags"], read_only=True)
    page = browser.get("/developer/explorer/cerbo/patients_list")
    assert "Kept short" in page.text
    refused = answer(run(browser, "patients_list", "cerbo", app=str(limited.row.pk)))
    assert refused["error"]["message"] == "This API user may not use this endpoint."
    with tenancy.within(clinic.id):
        (own,) = ApiUser.objects.filter(username__startswith=API_USER_PREFIX)
    assert (own.enabled, own.secret_digest, own.practice_id) == (False, "", clinic.id)
    assert "API explorer" not in page.text.partition("<select")[2].partition("</select>")[0]
    with client() as caller:
        assert caller.get("/api/v1/patients", auth=(own.username, "")).status_code == 401


def test_cerbos_operations_are_for_the_primary_user(clinic: Clinic) -> None:
    """API users see the whole practice, whatever the user may."""
    staff = make_user(clinic.practice, password=PASSWORD, permissions=["Settings"])
    signed_in = open_signed_in_browser(staff.username)
    assert signed_in.get("/developer/explorer/cerbo").status_code == 403
    assert signed_in.get("/developer/explorer/cerbo/patients_list").status_code == 403
    assert "Cerbo" not in signed_in.get("/developer/explorer").text.partition("<main")[2]


def test_a_call_as_curl_works_as_pasted(clinic: Clinic, browser: httpx.Client) -> None:
    body = {
        "doctor": clinic.doctor.pk,
        "first_name": 'Ama\'ra "A"',
        "last_name": "O`k $x",
        "gender": "Female",
    }
    page = run(browser, "patients_create", body=json.dumps(body), **{"as": "curl"})
    with tenancy.within(clinic.id):
        assert not Patient.objects.exists()
    (text,) = re.findall(r'id="curl"[^>]*>(.*?)</pre>', page.text, re.S)
    words = shlex.split(unescape(text).replace("\\\n", " "))
    assert words[:3] == ["curl", "-X", "POST"]
    assert words[3].endswith("/api/patients")
    assert words[words.index("-d") + 1] == json.dumps(body)
    assert "Authorization: Bearer $ACCESS_TOKEN" in words
    asked = {"query.provider_ids[]": "1, 2", "query.start_date": "it's"}
    ran = run(browser, "appointments_availability_get", "cerbo", **asked)
    (text,) = re.findall(r'id="curl"[^>]*>(.*?)</pre>', ran.text, re.S)
    words = shlex.split(unescape(text).replace("\\\n", " "))
    assert words[1].endswith("?start_date=it%27s&provider_ids%5B%5D=1&provider_ids%5B%5D=2")
    assert words[words.index("-u") + 1] == "$CERBO_USERNAME:$CERBO_SECRET"
