"""Apps, their secrets and who authorised them; the request log; the API explorer."""

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

from charthouse.audit import request_log
from charthouse.audit.models import ApiCall, Event
from charthouse.console.api_explorer import CLIENT_ID, operations
from charthouse.domains.patients.models import Patient
from charthouse.identity import iframes, sealed_secrets, tenancy
from charthouse.identity.models import AccessToken, Application, RefreshToken
from tests.console.test_shell import counted
from tests.identity import oauth_flow
from tests.identity.oauth_flow import is_accepted, open_signed_in_browser, parse_hidden_fields
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

NEW = {
    "name": "Intake",
    "redirect_uris": f"{CALLBACK}\r\nhttps://app.example/other",
    "scopes": ["patients", "user"],
}


@pytest.fixture
def browser(clinic: Clinic) -> httpx.Client:
    return open_signed_in_browser(clinic.user.username)


def send(browser: httpx.Client, address: str, **values: Any) -> httpx.Response:
    return browser.post(address, data=parse_hidden_fields(browser.get(address)) | values)


def own_app(clinic: Clinic, **values: Any) -> App:
    return make_app(user=clinic.user, **values)


def register(browser: httpx.Client, **values: Any) -> App:
    page = send(browser, "/developer/apps/new", **(NEW | values))
    assert page.status_code == 200, re.findall(r"wrong\"><div>([^<]+)", page.text)
    (client_id,) = re.findall(r'id="client-id">(\w+)<', page.text)
    shown = re.findall(r'id="client-secret">([^<]+)<', page.text)
    return App(Application.objects.get(client_id=client_id), client_id, unescape(shown[0]) if shown else "")


# Apps


def test_a_registered_app_works(clinic: Clinic, browser: httpx.Client) -> None:
    app = register(browser)
    assert app.client_secret not in app.row.client_secret
    assert app.client_secret not in app.row.sealed_secret
    pair = oauth_flow.obtain_tokens(browser, app)
    assert is_accepted(pair["access_token"])
    assert set(pair["scope"].split()) == {
        f"{base}:{kind}" for base in NEW["scopes"] for kind in ("read", "write")
    }
    page = browser.get(f"/developer/apps/{app.row.pk}")
    assert app.client_secret not in page.text
    assert clinic.user.username in page.text
    with tenancy.within(clinic.id):
        assert Event.objects.filter(what="app created", app_id=app.row.pk).count() == 1


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
def test_what_can_not_be_registered(clinic: Clinic, browser: httpx.Client, wrong: Any, words: str) -> None:
    before = Application.objects.count()
    page = send(browser, "/developer/apps/new", **(NEW | wrong))
    assert page.status_code == 400
    assert words in unescape(page.text)
    assert Application.objects.count() == before


def test_a_new_secret_ends_the_old_one(clinic: Clinic, browser: httpx.Client) -> None:
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
    app = own_app(clinic, hourly_limit=100)
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


def test_the_quota_is_the_operators(clinic: Clinic, browser: httpx.Client) -> None:
    app = own_app(clinic, hourly_limit=100)
    address = f"/developer/apps/{app.row.pk}/edit"
    assert "hourly_limit" not in browser.get(address).text
    send(browser, address, **change(app, hourly_limit="100000"))
    app.row.refresh_from_db()
    assert app.row.hourly_limit == 100


def test_in_a_sandbox_the_quota_is_the_developers(
    clinic: Clinic, browser: httpx.Client, settings_sandbox: None
) -> None:
    app = own_app(clinic, hourly_limit=100)
    send(browser, f"/developer/apps/{app.row.pk}/edit", **change(app, hourly_limit="7"))
    app.row.refresh_from_db()
    assert app.row.hourly_limit == 7


@pytest.fixture
def settings_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "SANDBOX", True)


def test_the_used_quota_is_shown(clinic: Clinic, browser: httpx.Client) -> None:
    app = own_app(clinic, hourly_limit=1000)
    with client(issue_token(clinic.user, app)) as caller:
        for _ in range(3):
            caller.get("/api/doctors")
    tenancy.clear_tenant()
    page = browser.get(f"/developer/apps/{app.row.pk}")
    assert re.search(r'max="1000" value="3"', page.text)
    assert "997 left until" in page.text


def test_apps_of_another_practice_are_not_there(clinic: Clinic, browser: httpx.Client) -> None:
    stranger = make_practice()
    app = own_app(stranger, name="Theirs")
    assert "Theirs" not in browser.get("/developer/apps").text
    token = parse_hidden_fields(browser.get("/"))
    for end in ("", "/edit", "/secret", "/deauthorize", f"/deauthorize/{stranger.user.pk}"):
        assert browser.get(f"/developer/apps/{app.row.pk}{end}").status_code == 404, end
    for end in ("/edit", "/secret", "/deauthorize", f"/deauthorize/{stranger.user.pk}"):
        assert browser.post(f"/developer/apps/{app.row.pk}{end}", data=token | NEW).status_code == 404, end


def test_who_authorised_it_and_taking_that_back(clinic: Clinic, browser: httpx.Client) -> None:
    app = own_app(clinic)
    staff, stranger = make_user(clinic.practice, first_name="Nora"), make_practice()
    ours, theirs, own = (issue_token(user, app) for user in (staff, stranger.user, clinic.user))
    address = f"/developer/apps/{app.row.pk}"
    page = browser.get(address)
    assert "Nora" in page.text
    assert stranger.user.username not in page.text
    assert "And 1 of other practices." in page.text
    assert browser.get(f"{address}/deauthorize/{stranger.user.pk}").status_code == 404
    assert send(browser, f"{address}/deauthorize/{staff.pk}").status_code == 302
    assert [is_accepted(token) for token in (ours, theirs, own)] == [False, True, True]
    assert send(browser, f"{address}/deauthorize").status_code == 302
    assert [is_accepted(token) for token in (theirs, own)] == [True, False]


def test_an_app_is_switched_off_for_everybody(clinic: Clinic, browser: httpx.Client) -> None:
    app, stranger = own_app(clinic), make_practice()
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


def test_people_disconnect_apps_themselves(clinic: Clinic) -> None:
    app = make_app(name="Calendar Sync")
    staff = make_user(clinic.practice, password=PASSWORD, permissions=[])
    token, other = issue_token(staff, app), issue_token(clinic.user, app)
    browser = open_signed_in_browser(staff.username)
    assert "Calendar Sync" in browser.get("/account").text
    address = f"/account/apps/{app.row.pk}/disconnect"
    assert send(browser, address).status_code == 302
    assert (is_accepted(token), is_accepted(other)) == (False, True)
    assert browser.get(address).status_code == 404


def test_the_addresses_of_iframes_are_signed_with_the_apps_secret(
    clinic: Clinic, browser: httpx.Client
) -> None:
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


# Requests


def test_calls_are_listed_with_what_refused_them(clinic: Clinic, browser: httpx.Client) -> None:
    app, stranger = own_app(clinic, scopes=["patients"]), make_practice()
    with client(issue_token(clinic.user, app)) as caller:
        caller.get("/api/patients?first_name=Hush")
        caller.get("/api/offices")
        caller.post("/api/patients", json={"first_name": "Hush"})
    with client(issue_token(stranger.user, own_app(stranger))) as caller:
        caller.get("/api/doctors/4711")
    request_log.flush()
    tenancy.clear_tenant()
    page = browser.get("/developer/requests")
    for words in ("GET /api/patients", "A scope that the token lacks", "Wrong values", app.row.name):
        assert words in page.text, words
    assert "Hush" not in page.text
    assert "4711" not in page.text
    assert page.text.count("GET /api/") == 2
    assert browser.get("/developer/requests?status=400").text.count("/api/") == 2
    (address,) = re.findall(
        r'href="(/developer/requests/\d+)"', browser.get("/developer/requests?method=POST").text
    )
    one = browser.get(address)
    assert "X-Request-Id" in one.text
    assert "Wrong values" in one.text
    theirs = 0
    with tenancy.within(stranger.id):
        theirs = ApiCall.objects.values_list("pk", flat=True)[0]
    assert browser.get(f"/developer/requests/{theirs}").status_code == 404


def test_bodies_are_kept_when_asked_for_and_shown_to_those_who_may_see_them(
    clinic: Clinic, browser: httpx.Client
) -> None:
    app = own_app(clinic)
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


def test_calls_in_nobodys_name_are_on_the_apps_page(clinic: Clinic, browser: httpx.Client) -> None:
    app = own_app(clinic, hourly_limit=1)
    with client(issue_token(clinic.user, app)) as caller:
        caller.get("/api/offices")
        assert caller.get("/api/doctors").status_code == 429
    request_log.flush()
    tenancy.clear_tenant()
    page = browser.get(f"/developer/apps/{app.row.pk}")
    assert "Refused before anybody was recognized" in page.text
    assert "GET /api/doctors" in page.text


# Explorer


def test_every_operation_has_its_form(clinic: Clinic, browser: httpx.Client) -> None:
    page = browser.get("/developer/explorer")
    listed = set(re.findall(r'href="/developer/explorer/([\w-]+)"', page.text))
    assert listed == set(operations())
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


def test_refusals_are_shown_as_they_are(clinic: Clinic, browser: httpx.Client) -> None:
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
    app = own_app(clinic, scopes=["patients"])
    own = issue_token(clinic.user, app)
    assert "results" in answer(run(browser, "patients_list", app=str(app.row.pk)))
    assert "user:read" in answer(run(browser, "offices_list", app=str(app.row.pk)))["detail"]
    assert is_accepted(own)  # the app's own token goes on


def test_nothing_is_left_of_the_explorers_token(clinic: Clinic, browser: httpx.Client) -> None:
    page = run(browser, "doctors_list")
    for model in (AccessToken, RefreshToken):
        assert not model.objects.filter(application__client_id=CLIENT_ID, revoked=None).exists()
    assert "Bearer" not in page.text
    assert Application.objects.get(client_id=CLIENT_ID).redirect_uris == ""


def test_the_explorer_can_do_no_more_than_the_person(clinic: Clinic) -> None:
    staff = make_user(clinic.practice, password=PASSWORD, permissions=["Settings"])
    page = run(open_signed_in_browser(staff.username), "patients_list")
    assert "Manage Patients" in answer(page)["detail"]


# All of them


def test_pages_for_those_with_the_permission(clinic: Clinic, browser: httpx.Client) -> None:
    staff = make_user(clinic.practice, password=PASSWORD, permissions=["Access Scheduling"])
    theirs = open_signed_in_browser(staff.username)
    app = own_app(clinic)
    pages = ("apps", "apps/new", f"apps/{app.row.pk}", f"apps/{app.row.pk}/edit", "requests", "explorer")
    for page in (*pages, "explorer/patients_list"):
        browser.get(f"/developer/{page}")
        with counted():
            assert browser.get(f"/developer/{page}").status_code == 200, page
        assert theirs.get(f"/developer/{page}").status_code == 403, page
