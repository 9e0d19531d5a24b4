"""A working day of a practice and a patient in two browsers, as other systems see it.

Invitation, e-mail, sign-in, questionnaire, acceptance into the chart.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from charthouse import clock
from charthouse.changes import actions
from charthouse.domains.patients.models import Patient, PortalAccess
from charthouse.domains.questionnaires.models import Assignment, Question, Questionnaire
from charthouse.identity import tenancy
from tests.browser.test_working_day import change_elsewhere
from tests.changes.receiver import Receiver, run_receiver, run_sender
from tests.support import PASSWORD, Clinic
from tests.waiting import until

EVENTS = ("questionnaire.created", "document.created")


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setattr(settings, "SANDBOX", True)  # receivers are on this machine
    with run_receiver() as made:
        yield made


def get_notice(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def ask(clinic: Clinic, patient: int) -> None:
    with tenancy.within(clinic.id):
        sheet = Questionnaire.objects.create(
            practice=clinic.practice, name="Before your visit", kind="intake"
        )
        said = {"practice": clinic.practice, "questionnaire": sheet, "required": True}
        Question.objects.create(**said, key="smoking", order=1, words="Do you smoke?", kind="yes_no")
        Question.objects.create(**said, key="reason", order=2, words="What brings you?", kind="long_text")
        Assignment.objects.create(
            practice=clinic.practice, patient_id=patient, questionnaire=sheet, asked_by=clinic.user
        )


def let_in(phone: Page, address: str, username: str) -> None:
    phone.goto(address)
    phone.get_by_label("Date of birth").fill("1987-04-12")
    phone.get_by_label("Password", exact=True).fill(PASSWORD)
    phone.get_by_label("Confirm password").fill(PASSWORD)
    phone.get_by_role("button", name="Accept invitation").click()
    phone.get_by_label("Username").fill(username)
    phone.get_by_label("Password").fill(PASSWORD)
    phone.get_by_role("button", name="Sign in").click()
    expect(phone.get_by_role("heading", name="Hello, Amara")).to_be_visible()


def test_from_an_invitation_to_what_other_systems_see(
    page: Page,
    phone: Page,
    enter: Callable[[str], Page],
    clinic: Clinic,
    program: httpx.Client,
    receiver: Receiver,
    live_server: str,
) -> None:
    began = clock.now().replace(microsecond=0) - timedelta(minutes=1)
    email = f"amara-{clinic.id}@example.com"
    new = {"first_name": "Amara", "last_name": "Okafor", "dob": "1987-04-12", "sex": "F", "email1": email}
    patient = int(get_notice(program.post("/patients", json=new))["id"])

    def subscribe() -> None:
        with tenancy.within(clinic.id):
            actions.create_practice_webhook(clinic.practice, receiver.url, {}, EVENTS)

    change_elsewhere(subscribe)
    ask(clinic, patient)
    with run_sender():
        # The practice invites, and the e-mail is in the outbox.
        enter(f"/patients/{patient}/portal")
        page.get_by_role("button", name="Invite to the portal").click()
        expect(page.get_by_text(f"An e-mail goes to {email}.")).to_be_visible()
        enter("/outbox").locator("tbody a").first.click()
        expect(page.get_by_role("heading", name="Patient portal of Harbour Clinic for Amara")).to_be_visible()
        (path,) = re.findall(r"(/portal/invitations/\S+)", page.get_by_role("main").inner_text())

        # The patient takes the link, signs in, and answers what was asked.
        let_in(phone, live_server + path, email)
        phone.get_by_role("link", name="Before your visit").click()
        phone.get_by_label("No", exact=True).check()
        phone.get_by_label("What brings you?").fill("Headaches.\nSince spring.")
        phone.get_by_role("button", name="Send").click()
        expect(phone.get_by_role("status")).to_have_text("Your answers were sent.")

        # Another system sends a document for the same patient.
        paper = {"pt_id": patient, "name": "Letter", "mime_type": "text/plain"}
        content = base64.b64encode(b"Seen by a specialist.").decode()
        get_notice(program.post(f"/patients/{patient}/documents", json=paper | {"base64_content": content}))
        waiting = get_notice(program.get(f"/patients/{patient}/portal/enqueued"))["data"]
        assert sorted(row["request_type"] for row in waiting) == ["document", "questionnaire"]
        assert get_notice(program.get(f"/patients/{patient}/questionnaires"))["total_count"] == 0

        # Both are looked at and taken into the chart.
        for title in ("Before your visit", "Letter"):
            enter("/queue").get_by_role("link", name=title).click()
            page.get_by_role("button", name="Accept").click()
            expect(page.get_by_role("button", name="Accept")).to_have_count(0)
        phone.get_by_role("link", name="Home").click()
        expect(phone.get_by_text("In your chart")).to_be_visible()

        # Other systems see it: by asking, and by being told.
        (answered,) = get_notice(program.get(f"/patients/{patient}/questionnaires?extended_details=true"))[
            "data"
        ]
        assert answered["raw_data"] == {"smoking": False, "reason": "Headaches.\nSince spring."}
        (document,) = get_notice(program.get(f"/patients/{patient}/documents"))["data"]
        period = {
            "start_date": f"{began:%Y-%m-%d %H:%M:%S}",
            "end_date": f"{clock.now() + timedelta(seconds=1):%Y-%m-%d %H:%M:%S}",
        }
        delta = get_notice(program.get("/delta/documents", params=period))["delta_data"]
        assert delta == {"added": [document["id"]], "modified": [], "removed": []}
        assert get_notice(program.get("/delta/patients", params=period))["delta_data"]["added"] == [patient]
        check = {"username": email, "password": PASSWORD}
        assert get_notice(program.post("/patients/portal/validate_credentials", json=check))["result"] is True
        tenancy.clear_tenant()
        until(lambda: len(receiver.got) >= len(EVENTS))
    sent = {body["event_type"]: json.dumps(body) for body in receiver.bodies()}
    assert sorted(sent) == sorted(EVENTS)
    assert "Headaches." in sent["questionnaire.created"]
    with tenancy.within(clinic.id):
        assert Patient.objects.get(pk=patient).portal_accesses.get() == PortalAccess.objects.get(
            username=email
        )
