"""Tasks of clinicians in a browser, with their steps counted: clicks, and keys beyond typing."""

import re
from collections.abc import Callable

import httpx
import pytest
from django.core.files.base import ContentFile
from playwright.sync_api import Page, expect

from charthouse import clock
from charthouse.domains.clinical.models import Problem
from charthouse.domains.labs.models import LabDocument, LabOrder, LabResult, LabTest, Sublab
from charthouse.domains.medications.models import Medication
from charthouse.domains.patients.models import PortalRequest
from charthouse.domains.patients.portal_requests import settle
from charthouse.domains.tasks.models import Task
from charthouse.files.storage import store_file
from charthouse.identity import tenancy
from tests.browser.axe import find_violations, find_violations_in_both_themes
from tests.browser.steps import Steps
from tests.console.tasks.test_worklist import add_tasks
from tests.domains.scheduling.calendar import Calendar


@pytest.fixture
def chart(calendar: Calendar) -> str:
    return f"/patients/{calendar.patient_id}"


def test_a_problem_by_search_in_two_steps(
    page: Page, enter: Callable[[str], Page], calendar: Calendar, chart: str
) -> None:
    enter(f"{chart}/problems/new")
    steps = Steps(page)
    page.keyboard.type("type 2 diab")
    option = page.get_by_role("option", name=re.compile("without complications E11.9$"))
    expect(option).to_be_visible()
    assert find_violations_in_both_themes(page) == []
    steps.press("Enter")
    expect(page.get_by_role("combobox", name="ICD-10 code")).to_have_value("E11.9")
    steps.click(page.get_by_role("button", name="Save"))
    expect(page.get_by_role("status").filter(has_text="is added")).to_be_visible()
    assert steps.count == 2
    with tenancy.within(calendar.clinic.id):
        row = Problem.objects.get(practice=calendar.clinic.id)
    assert (row.icd_code, row.name) == ("E11.9", "Type 2 diabetes mellitus without complications")


def test_a_medication_by_search_in_two_steps(
    page: Page, enter: Callable[[str], Page], calendar: Calendar, chart: str
) -> None:
    enter(f"{chart}/medications/new")
    steps = Steps(page)
    page.keyboard.type("lisinopril 10 mg oral")
    option = page.get_by_role("option", name=re.compile("^lisinopril 10 MG Oral Tablet", re.IGNORECASE)).first
    expect(option).to_be_visible()
    assert find_violations(page) == []
    steps.click(option)
    for label, text in (("Dose", "1"), ("Frequency", "Once a day"), ("Quantity", "90"), ("Refills", "3")):
        page.get_by_label(label, exact=True).fill(text)
    steps.click(page.get_by_role("button", name="Save"))
    expect(page.get_by_role("status").filter(has_text="is added")).to_be_visible()
    assert steps.count == 2
    with tenancy.within(calendar.clinic.id):
        row = Medication.objects.get(practice=calendar.clinic.id)
    assert (row.rxnorm, row.route, row.dosage_units, row.number_refills) == ("314076", "Oral", "tablet", 3)


def test_labs_are_ordered_in_three_steps_and_signed_off_in_one(
    page: Page, enter: Callable[[str], Page], calendar: Calendar, chart: str
) -> None:
    practice = {"practice": calendar.clinic.practice}
    with tenancy.within(calendar.clinic.id):
        Sublab.objects.create(name="Front Range", facility_code="FRR", **practice)
    enter(f"{chart}/labs")
    steps = Steps(page)
    steps.click(page.get_by_role("link", name="Order labs"))
    page.wait_for_url("**/labs/order")
    assert find_violations_in_both_themes(page) == []
    steps.click(page.get_by_label("Hemoglobin A1c"))
    steps.click(page.get_by_role("button", name="Order", exact=True))
    expect(page.get_by_text("Ordered: Hemoglobin A1c.")).to_be_visible()
    assert steps.count == 3
    with tenancy.within(calendar.clinic.id):
        order, now = LabOrder.objects.get(practice=calendar.clinic.id), clock.now()
        file = store_report(calendar)
        document = LabDocument.objects.create(lab_order=order, document=file, type="RES", **practice)
        LabResult.objects.create(
            lab_test=LabTest.objects.get(lab_order=order), document=document, specimen_received=now,
            results_released=now, test_performed=now, status="F", value="7.2", unit="%", normal_range="4.0 5.6",
            abnormal_status="H", **practice,
        )  # fmt: skip
    enter(f"{chart}/labs")
    assert find_violations_in_both_themes(page) == []
    steps = Steps(page)
    steps.click(page.get_by_role("button", name=re.compile("^Sign off")))
    expect(page.get_by_text("The results are signed off.")).to_be_visible()
    assert steps.count == 1


def store_report(calendar: Calendar) -> object:
    return store_file(ContentFile(b"%PDF-1.4", "report.pdf"), "application/pdf", calendar.clinic.id)


def test_a_message_of_a_patient_is_answered_in_two_steps(
    page: Page, enter: Callable[[str], Page], calendar: Calendar, program: httpx.Client
) -> None:
    letter = {"subject": "Refill", "note": "May I have more lisinopril?", "dr_id": calendar.clinic.user.pk}
    sent = program.post(f"/patients/{calendar.patient_id}/portal/secure_messages", json=letter).json()
    with tenancy.within(calendar.clinic.id):
        settle(PortalRequest.objects.get(pk=sent["portal_queue_id"]), calendar.clinic.user.pk, accept=True)
    enter("/inbox")
    steps = Steps(page)
    steps.click(page.get_by_role("link", name="Refill").first)
    expect(page.get_by_label("Reply")).to_be_focused()
    page.keyboard.type("It is ready at your pharmacy.")
    steps.click(page.get_by_role("button", name="Send", exact=True))
    expect(page.get_by_text("It is ready at your pharmacy.").first).to_be_visible()
    assert steps.count == 2


def test_a_task_is_completed_in_one_step(
    page: Page, enter: Callable[[str], Page], calendar: Calendar
) -> None:
    task = add_tasks(calendar)["Soon"]
    enter("/tasks")
    steps = Steps(page)
    steps.click(page.get_by_role("button", name=re.compile("^Done.*Soon$")))
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert steps.count == 1
    with tenancy.within(calendar.clinic.id):
        assert Task.objects.get(pk=task.pk).completed_at is not None
