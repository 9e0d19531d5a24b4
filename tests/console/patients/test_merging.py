"""Merging two charts in the console, and undoing it: values, what moves, the portal, two people at once."""

import re
from functools import partial
from html import unescape
from threading import Event
from typing import Any

import httpx
import pytest
from django.db import transaction

from charthouse.audit.models import Event as AuditEvent
from charthouse.domains.clinical.free_text_notes import FreeTextNote, FreeTextNoteType
from charthouse.domains.clinical.models import Allergy, ClinicalNote
from charthouse.domains.patients import merges
from charthouse.domains.patients.models import Coverage, Patient, PatientMerge, PatientTag, PortalAccess, Tag
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.errors import Conflict
from charthouse.identity import tenancy
from tests.concurrency import run_concurrently
from tests.domains.caller import Caller
from tests.domains.scheduling.calendar import Calendar
from tests.gateway.test_conflicts import is_waiting
from tests.queries import bounded_queries
from tests.support import Clinic
from tests.waiting import PATIENCE, until

ADA: dict[str, Any] = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "date_of_birth": "1985-12-10",
    "gender": "Female",
}

CHARGE = {"code": "99213", "procedure_type": "CPT(C)", "price": "100.00", "diagnosis_pointers": []}


@pytest.fixture
def caller(clinic: Clinic) -> Caller:
    return Caller(clinic)


@pytest.fixture
def kept(caller: Caller) -> int:
    insured = {"primary_insurance": {"insurance_company": "Aetna", "insurance_id_number": "W1"}}
    return int(caller.new(**ADA, email="ada@engine.example", cell_phone="(303) 555-0142", **insured)["id"])


@pytest.fixture
def gone(caller: Caller) -> int:
    insured = {"primary_insurance": {"insurance_company": "Cigna", "insurance_id_number": "C2"}}
    values = ADA | {"first_name": "Ada M.", "city": "Denver", "email": "am@engine.example"}
    made = int(caller.new(**values, **insured)["id"])
    caller.new("allergies", patient=made, description="Penicillin")
    return made


def read_form(page: httpx.Response) -> dict[str, str]:
    """What a browser would send of the comparison as it is."""
    hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    return dict(hidden) | dict(re.findall(r'name="(choose-[^"]+)" value="([^"]+)" checked', page.text))


def send_merge(browser: httpx.Client, kept: int, gone: int, **values: str) -> httpx.Response:
    url = f"/patients/{kept}/merge/{gone}"
    return browser.post(url, data=read_form(browser.get(url)) | values)


def undo(browser: httpx.Client, done: PatientMerge) -> httpx.Response:
    url = f"/patients/{done.kept_id}/merges/{done.pk}/undo"
    return browser.post(url, data=read_form(browser.get(url)))


def find_merge(clinic: Clinic) -> PatientMerge:
    with tenancy.within(clinic.id):
        return PatientMerge.objects.filter(practice=clinic.id).latest("pk")


def test_two_charts_are_compared_merged_and_separated(
    clinic: Clinic, browser: httpx.Client, caller: Caller, kept: int, gone: int
) -> None:
    with bounded_queries():
        listed = browser.get(f"/patients/{kept}/merge")
    assert f'href="/patients/{kept}/merge/{gone}"' in listed.text
    with bounded_queries():
        page = browser.get(f"/patients/{kept}/merge/{gone}")
    assert "Allergies <strong>1</strong>" in page.text
    assert "insurances (1)" in page.text
    before = caller.get(kept), caller.get(gone)
    answer = send_merge(
        browser,
        kept,
        gone,
        **{"choose-first_name": "merged", "choose-primary_insurance": "merged", "reason": "Twice"},
    )
    assert answer.headers["Location"] == f"/patients/{kept}"
    after = caller.get(kept)
    assert (after["first_name"], after["email"], after["city"]) == ("Ada M.", "ada@engine.example", "Denver")
    assert after["primary_insurance"]["insurance_company"] == "Cigna"
    assert caller.ids("allergies", patient=kept)
    followed = browser.get(f"/patients/{gone}/labs", follow_redirects=True)
    assert followed.url.path == f"/patients/{kept}"
    assert "was merged with another" in followed.text
    assert [one["value"] for one in browser.get("/book/patients?q=lovelace").json()["choices"]] == [
        "Lovelace, Ada M."
    ]
    assert f"/patients/deleted/{gone}" not in browser.get("/patients/deleted").text
    done = find_merge(clinic)
    assert (done.kept_id, done.merged_id, done.reason) == (kept, gone, "Twice")

    caller.patch(kept, city="Boulder")
    new = caller.new("allergies", patient=kept, description="Latex")["id"]
    assert undo(browser, done).headers["Location"] == f"/patients/{gone}"
    restored = caller.get(kept), caller.get(gone)
    changed = {name for name in before[0] if before[0][name] != restored[0][name]}
    assert changed <= {"city", "updated_at"}
    assert restored[0]["city"] == "Boulder"  # written since
    assert {name for name in before[1] if before[1][name] != restored[1][name]} <= {"updated_at"}
    assert caller.ids("allergies", patient=kept) == [new]
    assert len(caller.ids("allergies", patient=gone)) == 1
    assert undo(browser, done).status_code == 409
    with tenancy.within(clinic.id):
        events = AuditEvent.objects.filter(practice_id=clinic.id, what__startswith="patients").order_by("pk")
        noted = [(one.what, one.patient_id, one.details["rows"]["clinical_allergy"]) for one in events]
    assert noted == [("patients merged", kept, 1), ("patients unmerged", kept, 1)]


def test_a_page_that_is_out_of_date_is_shown_again(
    browser: httpx.Client, caller: Caller, kept: int, gone: int
) -> None:
    url = f"/patients/{kept}/merge/{gone}"
    sent = read_form(browser.get(url))
    caller.patch(gone, city="Boulder")
    answer = browser.post(url, data=sent | {"choose-first_name": "merged"})
    assert answer.status_code == 409
    assert "has changed since you opened this page" in answer.text
    assert read_form(answer)["choose-first_name"] == "merged"
    assert browser.post(url, data=read_form(answer)).status_code == 302


def test_values_that_contradict_each_other_merge_nothing(
    clinic: Clinic, browser: httpx.Client, caller: Caller, kept: int, gone: int
) -> None:
    caller.patch(gone, date_of_birth="1950-01-01")
    caller.patch(gone, date_of_death="1970-01-01")
    chosen = read_form(browser.get(f"/patients/{kept}/merge/{gone}"))
    assert chosen["choose-date_of_death"] == "kept"  # nobody dies of a suggestion
    answer = send_merge(browser, kept, gone, **{"choose-date_of_death": "merged"})
    assert answer.status_code == 400
    assert "Date of death: " in unescape(answer.text)
    assert caller.get(gone)["id"] == gone


def test_signed_notes_tags_and_texts(
    clinic: Clinic, browser: httpx.Client, caller: Caller, calendar: Calendar, kept: int, gone: int
) -> None:
    visit = calendar.book(patient=gone)["id"]
    with tenancy.within(clinic.id):
        ClinicalNote.objects.filter(appointment=visit).update(locked_at="2026-03-10T10:00Z")
        tag = Tag.objects.create(
            practice=clinic.practice, name="VIP", category="c", description="d", color="ff0000"
        )
        heading = FreeTextNoteType.objects.create(practice=clinic.practice, name="Social history")
        for patient, text in ((kept, "Smokes."), (gone, "Works nights.")):
            PatientTag.objects.create(practice=clinic.practice, patient_id=patient, tag=tag)
            FreeTextNote.objects.create(
                practice=clinic.practice, patient_id=patient, note_type=heading, note=text
            )
    assert send_merge(browser, kept, gone).status_code == 302
    assert read_texts(clinic, kept) == ["Smokes.\n\nWorks nights."]
    with tenancy.within(clinic.id):
        assert ClinicalNote.objects.get(appointment=visit).patient_id == kept
        assert PatientTag.objects.filter(patient=kept, archived=False).count() == 1
    since = caller.new("line_items", appointment=visit, **CHARGE)["id"]
    undo(browser, find_merge(clinic))
    assert (read_texts(clinic, kept), read_texts(clinic, gone)) == (["Smokes."], ["Works nights."])
    assert caller.get(since, "line_items")["patient"] == gone  # what belongs to the visit goes with it
    with tenancy.within(clinic.id):
        assert ClinicalNote.objects.get(appointment=visit).patient_id == gone
        assert PatientTag.objects.filter(patient=gone, archived=False).count() == 1


def read_texts(clinic: Clinic, patient: int) -> list[str]:
    with tenancy.within(clinic.id):
        return [one.note for one in FreeTextNote.objects.filter(patient=patient, archived=False)]


def test_the_portal_access_that_is_in_use_stays(
    clinic: Clinic, browser: httpx.Client, kept: int, gone: int
) -> None:
    with tenancy.within(clinic.id):
        common = {"practice": clinic.practice, "doctor": clinic.doctor, "expires_on": "2099-01-01T00:00Z"}
        PortalAccess.objects.create(**common, patient_id=kept, token="a")
        PortalAccess.objects.create(
            **common, patient_id=gone, username="ada", password="x", activated_on="2026-01-01T00:00Z"
        )
    page = browser.get(f"/patients/{kept}/merge/{gone}")
    assert "opens the chart that stays" in page.text
    send_merge(browser, kept, gone)
    with tenancy.within(clinic.id):
        (access,) = PortalAccess.select_open().filter(practice=clinic.id)
    assert (access.username, access.patient_id) == ("ada", kept)


def test_merges_of_merged_patients(
    clinic: Clinic, browser: httpx.Client, caller: Caller, kept: int, gone: int
) -> None:
    third = int(caller.new(**ADA)["id"])
    send_merge(browser, kept, gone)
    first = find_merge(clinic)
    send_merge(browser, third, kept)
    assert caller.http.get(f"/api/patients/{gone}").json()["merged_into"] == third
    assert browser.get(f"/patients/{gone}/merge/{third}").status_code == 302
    with tenancy.within(clinic.id), pytest.raises(Conflict), transaction.atomic():
        merges.undo(clinic.id, first.pk, clinic.user.pk)
    assert caller.http.get(f"/api/patients/{gone}").status_code == 410
    undo(browser, find_merge(clinic))
    assert caller.get(kept)["id"] == kept
    undo(browser, first)
    assert caller.get(gone)["id"] == gone
    with tenancy.within(clinic.id):
        assert Coverage.objects.filter(practice=clinic.id, patient=gone, archived=False).count() == 1


def test_two_people_merge_at_once(clinic: Clinic, browser: httpx.Client, kept: int, gone: int) -> None:
    pairs = [(kept, gone), (gone, kept)]
    urls = [f"/patients/{one}/merge/{other}" for one, other in pairs]
    forms = [read_form(browser.get(url)) for url in urls]
    answers = run_concurrently(
        [partial(browser.post, url, data=form) for url, form in zip(urls, forms, strict=True)]
    )
    with tenancy.within(clinic.id):
        assert PatientMerge.objects.filter(practice=clinic.id).count() == 1
        assert Patient.objects.filter(practice=clinic.id, archived=False).count() == 1
    assert sorted(one.status_code for one in answers) == [302, 410]


def test_a_visit_that_is_booked_during_a_merge_is_refused_or_moves(
    clinic: Clinic, caller: Caller, calendar: Calendar, kept: int, gone: int
) -> None:
    user, locked = clinic.user.pk, Event()

    def book() -> httpx.Response:
        locked.wait(PATIENCE)
        return caller.post("appointments", calendar.body(patient=gone))

    def merge_around_a_booking() -> None:
        tenancy.set_tenant(clinic.id)
        with transaction.atomic():
            merges.lock_patients(clinic.id, kept, gone)
            locked.set()
            until(is_waiting)
            merges.merge(clinic.id, kept, gone, user)

    _, booked = run_concurrently([merge_around_a_booking, book])
    assert booked.status_code == 400
    with tenancy.within(clinic.id):
        assert not Appointment.objects.filter(practice=clinic.id).exists()
        assert Allergy.objects.get(practice=clinic.id).patient_id == kept
