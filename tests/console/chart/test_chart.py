"""Patients and their charts: what is shown, what is written through the engine, and permissions."""

import re
from html import unescape
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from charthouse.domains.clinical.models import (
    ClinicalNote,
    EncounterType,
    Problem,
)
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling.models import Vitals
from charthouse.identity import tenancy
from charthouse.identity.models import PERMISSIONS
from tests.console.test_shell import send
from tests.domains.scheduling.calendar import Calendar
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.queries import bounded_queries
from tests.support import PASSWORD, Clinic, make_api_user, make_practice, make_user

PAGES = (
    "", "/edit", "/visits", "/vitals", "/labs", "/timeline", "/billing", "/billing/payment", "/account", "/problems",
    "/problems/new", "/medications", "/medications/new", "/allergies", "/allergies/new", "/vaccines",
    "/vaccines/new", "/documents", "/documents/new", "/messages", "/messages/new", "/calls", "/calls/new",
    "/supplements", "/supplements/new", "/maintenance", "/maintenance/new", "/notes", "/notes/new", "/images",
    "/images/new", "/tags", "/tags/new", "/facilities", "/facilities/new", "/encounters", "/encounters/new",
)  # fmt: skip


@pytest.fixture
def visit(calendar: Calendar) -> dict[str, Any]:
    return calendar.book("2026-03-10T09:00:00")


@pytest.mark.parametrize("page", PAGES)
def test_every_page_of_the_chart(calendar: Calendar, visit: Any, browser: httpx.Client, page: str) -> None:
    with bounded_queries():
        shown = browser.get(f"/patients/{calendar.patient_id}{page}")
    assert shown.status_code == 200
    assert "Ada" in shown.text
    current = re.findall(r'<li><a href="(/patients/\d+[^"]*)" aria-current="page"', shown.text)
    assert len(current) == 1


@pytest.mark.parametrize("page", PAGES)
def test_the_chart_of_another_practice_is_not_found(browser: httpx.Client, page: str) -> None:
    other = Calendar(clinic=make_practice())
    assert browser.get(f"/patients/{other.patient_id}{page}").status_code == 404
    assert browser.get(f"/visits/{other.book('2026-03-10T09:00:00')['id']}").status_code == 404


def test_each_permission_is_required(calendar: Calendar, clinic: Clinic) -> None:
    for lacking in ("Manage Patients", "Access Clinical Notes"):
        person = make_user(
            clinic.practice, password=PASSWORD, permissions=[p for p in PERMISSIONS if p != lacking]
        )
        there = open_signed_in_browser(person.username)
        page = "/vitals" if lacking == "Access Clinical Notes" else ""
        assert there.get(f"/patients/{calendar.patient_id}{page}").status_code == 403
    nobody = make_user(clinic.practice, password=PASSWORD, permissions=[])
    assert open_signed_in_browser(nobody.username).get("/patients").status_code == 403


def test_patients_are_found_by_any_word(calendar: Calendar, browser: httpx.Client) -> None:
    with tenancy.within(calendar.clinic.id):
        Patient.objects.filter(pk=calendar.patient_id).update(
            last_name="Lovelace", date_of_birth="1980-12-10", email="ada@engine.example"
        )
    for words in ("lovel", "ada LOVE", "1980-12-10", "ada@engine lovelace"):
        with bounded_queries():
            page = browser.get("/patients", params={"q": words})
        assert "Lovelace, Ada" in page.text, words
    assert "Nothing matches." in browser.get("/patients", params={"q": "babbage"}).text
    assert browser.get("/patients", params={"q": "\0'; drop"}).status_code == 200


def test_a_problem_is_written_through_the_engine(calendar: Calendar, browser: httpx.Client) -> None:
    base = f"/patients/{calendar.patient_id}/problems"
    assert send(browser, f"{base}/new", icd_code="E11.9", status="active").status_code == 302
    with tenancy.within(calendar.clinic.id):
        row = Problem.objects.get(practice=calendar.clinic.id)
    assert row.patient_id == calendar.patient_id
    assert row.name.startswith("Type 2 diabetes"), "the code's own name, as through the API"
    assert "Type 2 diabetes" in browser.get(base).text
    wrong = send(browser, f"{base}/{row.pk}", status="nonsense")
    assert wrong.status_code == 400
    assert "is not a valid choice" in wrong.text
    with tenancy.within(calendar.clinic.id):
        other = Patient.objects.create(
            practice=calendar.clinic.practice, doctor=calendar.doctor, first_name="Else", gender="Other"
        )
    assert browser.get(f"/patients/{other.pk}/problems/{row.pk}").status_code == 404


# -- visits -----------------------------------------------------------------------------------------------------


def test_vitals_of_a_visit_are_plotted(calendar: Calendar, visit: Any, browser: httpx.Client) -> None:
    address = f"/visits/{visit['id']}"
    with bounded_queries():
        shown = browser.get(address)
    assert shown.status_code == 200
    assert send(browser, address, status="Complete").status_code == 302
    sent = {"vitals.blood_pressure_1": "128", "vitals.blood_pressure_2": "82"}
    originals = {f"was.{name}": "" for name in sent}
    assert (
        browser.post(f"{address}/note", data=parse_hidden_fields(shown) | originals | sent).status_code == 302
    )
    with tenancy.within(calendar.clinic.id):
        taken = Vitals.objects.get(practice=calendar.clinic.id, appointment=visit["id"])
    assert (taken.blood_pressure_1, taken.blood_pressure_2) == (128, 82)
    page = browser.get(f"/patients/{calendar.patient_id}/vitals").text
    assert "128/82" in page
    assert page.count("<polyline") == 2
    assert "Complete" in browser.get(address).text


def test_a_payment_is_posted(calendar: Calendar, browser: httpx.Client) -> None:
    address = f"/patients/{calendar.patient_id}/billing"
    assert send(browser, f"{address}/payment", amount="0").status_code == 400
    assert send(browser, f"{address}/payment", amount="25.50", payment_method="CASH").status_code == 302
    assert "25.50" in browser.get(address).text


def test_a_document_is_uploaded_and_shown(calendar: Calendar, browser: httpx.Client) -> None:
    picture = BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "PNG")
    address = f"/patients/{calendar.patient_id}/documents"
    values = parse_hidden_fields(browser.get(f"{address}/new")) | {
        "description": "Rash",
        "date": "2026-03-10",
    }
    sent = browser.post(
        f"{address}/new", data=values, files={"document": ("rash.png", picture.getvalue(), "image/png")}
    )
    assert sent.status_code == 302
    (row,) = re.findall(rf'href="{address}/(\d+)"', browser.get(address).text)
    with bounded_queries():
        page = browser.get(f"{address}/{row}").text
    (link,) = re.findall(r'<img src="([^"]+)" alt="Rash"', page)
    assert browser.get(unescape(link)).content == picture.getvalue()
    assert browser.post(f"{address}/new", data=values).status_code == 400, "without a file"


# -- what is of no visit ----------------------------------------------------------------------------------------


def test_a_note_without_a_visit_is_written_locked_and_unlocked(
    calendar: Calendar, browser: httpx.Client
) -> None:
    base = f"/patients/{calendar.patient_id}/encounters"
    assert "There is no encounter yet." in browser.get(base).text
    with tenancy.within(calendar.clinic.id):
        kind = EncounterType.objects.get(practice=calendar.clinic.id, code="ph").pk
    values = {"title": "Call", "encounter_type": str(kind), "content": "Better.\r\n<b>Calls</b> on Monday."}
    assert send(browser, f"{base}/new", **values).status_code == 302
    with bounded_queries():
        listing = browser.get(base).text
    assert "Phone call" in listing
    (row,) = re.findall(rf'href="{base}/(\d+)"', listing)
    assert send(browser, f"{base}/{row}", title="", content="x").status_code == 400
    assert send(browser, f"{base}/{row}", title="Call back").status_code == 302
    with bounded_queries():
        page = browser.get(f"{base}/{row}")
    token = {"csrfmiddlewaretoken": parse_hidden_fields(page)["csrfmiddlewaretoken"]}
    browser.post(f"{base}/{row}/lock", data=token)
    with bounded_queries():
        page = browser.get(f"{base}/{row}")
    assert "Locked" in page.text
    assert "Better.\n&lt;b&gt;Calls&lt;/b&gt; on Monday." in page.text
    assert "<textarea" not in page.text
    (link,) = re.findall(r'href="([^"]*/notes/[^"]+)"[^>]*>.{0,300}PDF', page.text, re.S)
    assert browser.get(unescape(link)).content.startswith(b"%PDF")
    assert browser.post(f"{base}/{row}", data=token | {"title": "Changed"}).status_code == 409
    assert browser.post(f"{base}/{row}/delete", data=token).status_code == 409
    browser.post(f"{base}/{row}/unlock", data=token)
    assert browser.post(f"{base}/{row}/delete", data=token).status_code == 302
    assert "There is no encounter yet." in browser.get(base).text
    with tenancy.within(calendar.clinic.id):
        note = ClinicalNote.objects.get(pk=row)
    assert (note.title, note.archived, note.owner_id) == ("Call back", True, calendar.clinic.user.pk)


def test_a_note_of_another_patient_or_visit_is_not_found(
    calendar: Calendar, visit: Any, browser: httpx.Client
) -> None:
    other = Calendar(clinic=calendar.clinic)
    base = f"/patients/{other.patient_id}/encounters"
    assert send(browser, f"{base}/new", title="Theirs").status_code == 302
    (row,) = re.findall(rf'href="{base}/(\d+)"', browser.get(base).text)
    token = {"csrfmiddlewaretoken": parse_hidden_fields(browser.get(f"{base}/{row}"))["csrfmiddlewaretoken"]}
    own = f"/patients/{calendar.patient_id}/encounters"
    for address in (f"{own}/{row}", f"{own}/{visit['id']}"):
        assert browser.get(address).status_code == 404
        assert browser.post(f"{address}/lock", data=token).status_code == 404
    assert browser.post(f"{base}/{2**62}/lock", data=token).status_code == 404


def test_notes_of_apps_and_of_staff_are_read_by_both(calendar: Calendar, browser: httpx.Client) -> None:
    program = make_api_user(calendar.clinic.practice).client()
    body = {"pt_id": calendar.patient_id, "title": "From an app", "content": "Seen at the gym."}
    made = program.post("/api/v1/encounters", json=body).json()
    base = f"/patients/{calendar.patient_id}/encounters"
    assert "An app" in browser.get(base).text
    assert send(browser, f"{base}/{made['id']}", content="Seen at the gym, twice.").status_code == 302
    shown = program.get(f"/api/v1/encounters/{made['id']}").json()
    assert shown == made | {"content": "Seen at the gym, twice."}
    page = browser.get(f"{base}/{made['id']}")
    token = {"csrfmiddlewaretoken": parse_hidden_fields(page)["csrfmiddlewaretoken"]}
    browser.post(f"{base}/{made['id']}/lock", data=token)
    signed = program.get(f"/api/v1/encounters/{made['id']}").json()
    assert (signed["is_signed"], signed["signed_by"]) == (True, calendar.clinic.user.pk)


def test_readings_without_a_visit_are_among_the_vitals(
    calendar: Calendar, visit: Any, browser: httpx.Client
) -> None:
    with tenancy.within(calendar.clinic.id):
        Vitals.objects.update_or_create(
            practice=calendar.clinic.practice,
            appointment_id=visit["id"],
            defaults={"blood_pressure_1": 128, "blood_pressure_2": 82},
        )
    program = make_api_user(calendar.clinic.practice).client()
    body = {
        "systolic": "117",
        "diastolic": "71",
        "date_taken": "2026-03-12 02:30:00",
        "comments": "At home",
    }
    url = f"/api/v1/patients/{calendar.patient_id}/vitals/bp"
    assert program.post(url, json=body).status_code == 200
    with bounded_queries():
        page = browser.get(f"/patients/{calendar.patient_id}/vitals").text
    assert page.index("117/71") < page.index("128/82"), "the last one first"
    assert "At home" in page
    assert re.search(r"Mar 11, 2026|2026-03-11", page), "the evening before, by the doctor's clock"
    assert page.count("<circle") == 4
