"""The main job with real parts: an OAuth client library, a browser and a server, from consent to booking."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from requests_oauthlib import OAuth2Session

from charthouse import clock
from charthouse.domains.patients.models import Patient
from charthouse.domains.practice.models import ExamRoom, Office
from charthouse.identity import tenancy
from tests.support import CALLBACK, App, Clinic, make_app, make_practice


@pytest.fixture
def clinic() -> Clinic:
    made = make_practice("Harbour Clinic")
    made.user.set_password("a pass phrase of its own")
    made.user.save()
    with tenancy.within(made.id):
        office = Office.objects.create(practice=made.practice, doctor=made.doctor, name="Main")
        ExamRoom.objects.create(practice=made.practice, office=office, index=1, name="Room 1")
        for name in ("Ann", "Ben"):
            Patient.objects.create(
                practice=made.practice, doctor=made.doctor, first_name=name, last_name="Reed", gender="Other"
            )
    return made


def consent(page: Page, client: OAuth2Session, server: str, clinic: Clinic, app: App) -> str:
    """Sign in, read what the app asks for, allow it, and return the address of the redirect."""
    page.route(f"{CALLBACK}**", lambda route: route.fulfill(body="back at the app"))
    address, _ = client.authorization_url(f"{server}/o/authorize/")
    page.goto(address)
    page.get_by_label("Username").fill(clinic.user.username)
    page.get_by_label("Password").fill("a pass phrase of its own")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name=app.row.name)).to_be_visible()
    expect(page.get_by_text("Harbour Clinic")).to_be_visible()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"{CALLBACK}**")
    return page.url


def test_from_consent_to_booking(
    live_server: str, page: Page, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # loopback has no TLS
    app = make_app(["patients", "calendar", "clinical", "user"], name="Nightingale")
    client = OAuth2Session(app.client_id, redirect_uri=CALLBACK)
    back = consent(page, client, live_server, clinic, app)
    client.fetch_token(
        f"{live_server}/o/token/",
        authorization_response=back,
        client_secret=app.client_secret,
        include_client_id=True,
    )
    api = f"{live_server}/api"

    me = client.get(f"{api}/users/current").json()
    assert me["username"] == clinic.user.username

    patients = client.get(f"{api}/patients").json()
    assert [patient["first_name"] for patient in patients["results"]] == ["Ann", "Ben"]
    office = client.get(f"{api}/offices").json()["results"][0]

    day = (clock.now() + timedelta(days=30)).date()
    booking = {
        "patient": patients["results"][0]["id"],
        "doctor": me["doctor"],
        "office": office["id"],
        "exam_room": office["exam_rooms"][0]["index"],
        "scheduled_time": f"{day}T09:00:00",
        "duration": 30,
    }
    booked = client.post(f"{api}/appointments", json=booking)
    assert booked.status_code == 201, booked.text
    visit = booked.json()["id"]

    other = {**booking, "patient": patients["results"][1]["id"], "scheduled_time": f"{day}T09:15:00"}
    refused = client.post(f"{api}/appointments", json=other)
    assert refused.status_code == 409
    assert visit in refused.json()["detail"]

    moved = client.patch(f"{api}/appointments/{visit}", json={"scheduled_time": f"{day}T11:30:00"})
    assert (moved.status_code, moved.content) == (204, b"")
    assert client.post(f"{api}/appointments", json=other).status_code == 201

    listed = client.get(f"{api}/appointments", params={"date": str(day)}).json()["results"]
    assert {row["id"]: row["scheduled_time"] for row in listed}[visit] == f"{day}T11:30:00"
    assert len(listed) == 2
