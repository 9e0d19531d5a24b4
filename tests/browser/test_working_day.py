"""A working day in a browser: book, check in, chart, lock; and an app is told of each step."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import connections
from playwright.sync_api import Page, expect

from charthouse.domains.clinical.models import ClinicalNoteFieldType, ClinicalNoteTemplate
from charthouse.domains.patients.models import Patient
from charthouse.identity import tenancy
from tests.changes.receiver import Receiver, run_receiver, run_sender, subscribe
from tests.domains.scheduling.calendar import Calendar
from tests.support import issue_token, make_app
from tests.waiting import until


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setattr(settings, "SANDBOX", True)  # receivers are on this machine
    with run_receiver() as made:
        yield made


@pytest.fixture
def chart(calendar: Calendar) -> Calendar:
    """A patient with a name, and a section for notes."""
    practice = {"practice": calendar.clinic.practice}
    with tenancy.within(calendar.clinic.id):
        Patient.objects.filter(pk=calendar.patient_id).update(last_name="Lovelace", patient_status="A")
        template = ClinicalNoteTemplate.objects.create(doctor=calendar.doctor, name="Subjective", **practice)
        ClinicalNoteFieldType.objects.create(
            clinical_note_template=template, name="Chief complaint", required=True, **practice
        )
    return calendar


def change_elsewhere(work: Callable[[], object]) -> None:
    """Run it in a thread of its own: Playwright's event loop runs in this one."""

    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()


def test_a_visit_from_booking_to_its_signed_note(
    page: Page,
    enter: Callable[[str], Page],
    chart: Calendar,
    receiver: Receiver,
) -> None:
    app = make_app()
    issue_token(chart.clinic.user, app)
    events = ("APPOINTMENT_CREATE", "APPOINTMENT_MODIFY", "PATIENT_PROBLEM_CREATE", "CLINICAL_NOTE_LOCK")
    change_elsewhere(lambda: subscribe(app.row, receiver, *events))
    with run_sender():
        enter("/day").get_by_role("link", name="Book", exact=True).first.click()
        page.get_by_role("combobox", name=re.compile("^Patient")).fill("lovel")
        page.get_by_role("option", name="Lovelace, Ada").click()
        page.get_by_label("Reason").fill("Cough")
        page.get_by_role("button", name="Book", exact=True).click()
        expect(page.get_by_text("Ada Lovelace booked:")).to_be_visible()
        visit = page.url.replace("appointments", "visits")

        enter("/day")
        line = page.locator(".flow-line", has_text="Ada Lovelace")
        line.get_by_role("link", name="Check in").click()
        page.get_by_role("dialog").get_by_role("button", name="Check in").click()
        expect(line.locator(".badge", has_text="Checked In")).to_be_visible()
        expect(line.locator(".waited")).to_have_text("0 min")
        line.get_by_role("button", name="To room").click()
        expect(line.locator(".badge", has_text="In Room")).to_be_visible()

        line.get_by_role("link", name="Visit of").click()
        assert page.url == visit
        page.get_by_label("Systolic blood pressure").fill("128")
        page.get_by_label("Diastolic blood pressure").fill("82")
        page.get_by_label("Chief complaint", exact=True).fill("Cough for two days")
        page.get_by_role("link", name="Sign", exact=True).click()
        page.get_by_role("button", name="Sign note").click()
        expect(page.get_by_text("The note is signed.")).to_be_visible()
        expect(page.get_by_role("link", name="PDF")).to_be_visible()

        enter(f"/patients/{chart.patient_id}/problems/new")
        page.get_by_role("combobox", name="Problem").fill("R05.9")
        page.get_by_role("option", name="Cough, unspecified").click()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("link", name="Cough, unspecified").first).to_be_visible()
        enter(f"/patients/{chart.patient_id}/vitals")
        expect(page.get_by_role("cell", name="128/82")).to_be_visible()
        tenancy.clear_tenant()
        until(lambda: set(events) <= set(receiver.events()))
    told = [body["object"] for body in receiver.bodies()]
    assert any(one.get("reason") == "Cough" and one.get("status") == "In Room" for one in told)
