"""A patient's death is one fact, whoever writes it and wherever it is read; what follows from it, and undoing it."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

import charthouse
from charthouse import clock
from charthouse.domains.billing import subscriptions
from charthouse.domains.billing.accounts import ChargeDefinition, Subscription
from charthouse.domains.patients import correspondence
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling import reminder_delivery
from charthouse.identity import tenancy
from charthouse.outbox import delivery
from charthouse.outbox.models import Outgoing
from tests.cases import each_case
from tests.domains.caller import Caller
from tests.domains.scheduling.calendar import Calendar
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.portal.portal_patients import make_portal_patient, sign_in
from tests.support import PASSWORD, client, make_practice

DAY = "2026-03-04"


class Shown:
    """A patient as both APIs show it."""

    def __init__(self, caller: Caller, program: httpx.Client, **values: Any) -> None:
        self.caller, self.program = caller, program
        self.id = caller.new(**values)["id"]

    def patch(self, **values: Any) -> None:
        answer = self.caller.patch(self.id, **values)
        assert answer.status_code == 204, answer.text

    def patch_cerbo(self, **values: Any) -> None:
        answer = self.program.patch(f"patients/{self.id}", json=values)
        assert answer.status_code == 200, answer.text

    def read(self) -> tuple[str, str | None, str, bool]:
        one = self.caller.get(self.id)
        other = self.program.get(f"patients/{self.id}").json()
        return (
            one["patient_status"],
            one["date_of_death"],
            other["patient_status_description"],
            other["inactive"],
        )


@pytest.fixture
def shown(caller: Caller, program: httpx.Client) -> Shown:
    return Shown(caller, program)


ALIVE = ("A", None, "active", False)
DEAD = ("D", None, "deceased", True)
DATED = ("D", DAY, "deceased", True)
Write = Callable[[Shown], None]
WRITES: dict[str, tuple[Write, Any, Write]] = {
    "a date": (lambda p: p.patch(date_of_death=DAY), DATED, lambda p: p.patch(date_of_death=None)),
    "DrChrono's status": (lambda p: p.patch(patient_status="D"), DEAD, lambda p: p.patch(patient_status="A")),
    "Cerbo's status": (
        lambda p: p.patch_cerbo(inactive="deceased"),
        DEAD,
        lambda p: p.patch_cerbo(inactive="active"),
    ),
    "a date, undone by status": (
        lambda p: p.patch(date_of_death=DAY),
        DATED,
        lambda p: p.patch(patient_status="A"),
    ),
    "a date, undone in Cerbo": (
        lambda p: p.patch(date_of_death=DAY),
        DATED,
        lambda p: p.patch_cerbo(inactive="active"),
    ),
    "a date with the status of a form": (
        lambda p: p.patch(date_of_death=DAY, patient_status="A"),
        DATED,
        lambda p: p.patch(date_of_death=DAY, patient_status="A"),
    ),
}


@each_case("name", WRITES)
def test_each_way_of_saying_it_says_all_and_undoing_it_restores(shown: Shown, name: str) -> None:
    say, expected, undo = WRITES[name]
    assert shown.read() == ALIVE
    say(shown)
    assert shown.read() == expected
    assert shown.caller.get(shown.id)["id"] not in shown.caller.ids()
    undo(shown)
    assert shown.read() == ALIVE


@each_case(("values", "before"), [({"patient_status": "I"}, "inactive"), ({}, "active")])
def test_undoing_it_by_the_date_gives_the_status_of_before(
    caller: Caller, program: httpx.Client, values: dict[str, Any], before: str
) -> None:
    patient = Shown(caller, program)
    patient.patch(**values)
    patient.patch(date_of_death=DAY)
    assert patient.read() == DATED
    patient.patch(date_of_death=None)
    assert patient.read()[2] == before


def test_a_prospective_patient_is_prospective_again(shown: Shown) -> None:
    shown.patch_cerbo(inactive="prospective")
    shown.patch(date_of_death=DAY)
    assert shown.read() == DATED
    shown.patch(date_of_death=None)
    assert shown.read()[2] == "prospective"


def test_a_new_patient_with_a_date_of_death_is_deceased(caller: Caller, program: httpx.Client) -> None:
    assert Shown(caller, program, date_of_death=DAY).read() == DATED


def test_a_date_can_be_unknown(shown: Shown) -> None:
    """Who says the status in the same request means that the date alone is wrong."""
    shown.patch(date_of_death=DAY)
    shown.patch(date_of_death=None, patient_status="D")
    assert shown.read() == DEAD


def test_a_date_and_another_new_status_contradict_each_other(shown: Shown) -> None:
    answer = shown.caller.patch(shown.id, date_of_death=DAY, patient_status="I")
    assert answer.status_code == 400
    assert list(answer.json()) == ["date_of_death"]
    assert shown.read() == ALIVE


# -- what follows from it ----------------------------------------------------------------------------------------------


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


def set_deceased(calendar: Calendar, patient: int, deceased: bool = True) -> None:
    answer = calendar.patch(patient, date_of_death=DAY if deceased else None)
    assert answer.status_code == 204, answer.text


def list_outgoing(calendar: Calendar) -> list[tuple[str, str]]:
    with tenancy.within(calendar.clinic.id):
        return list(Outgoing.objects.order_by("pk").values_list("purpose", "recipient"))


def test_no_reminder_and_no_notice_is_sent(calendar: Calendar, monkeypatch: pytest.MonkeyPatch) -> None:
    calendar.patch(calendar.patient_id, email="ada@example.com", cell_phone="3035550101")
    reminders = [{"amount": 1, "unit": "days", "type": kind} for kind in ("email", "sms")]
    profile = calendar.new("reminder_profiles", name="A day", reminders=reminders)["id"]
    at = f"{(clock.now() + timedelta(days=3)).date()}T09:00:00"
    calendar.book(at, reminder_profile=profile)
    set_deceased(calendar, calendar.patient_id)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=2, hours=12))
    reminder_delivery.send_due_reminders()
    assert list_outgoing(calendar) == []


@pytest.mark.parametrize("deleted", [False, True], ids=["deceased", "deleted"])
def test_what_waits_to_be_sent_is_stopped(
    calendar: Calendar, monkeypatch: pytest.MonkeyPatch, deleted: bool
) -> None:
    calendar.patch(calendar.patient_id, email="ada@example.com")
    sent: list[str] = []
    monkeypatch.setattr(delivery, "get_transport", lambda kind: SimpleNamespace(send=sent.append))
    with tenancy.within(calendar.clinic.id):
        patient = Patient.objects.get(pk=calendar.patient_id)
        assert correspondence.queue_patient_email(patient, "Hello", "Text", purpose="test")
        message = Outgoing.objects.get().pk
    if deleted:
        assert calendar.http.delete(f"/api/patients/{patient.pk}").status_code == 204
    else:
        set_deceased(calendar, patient.pk)
    assert delivery.deliver_message(calendar.clinic.id, message) is False
    assert sent == []


def test_nothing_but_these_modules_writes_to_anybody() -> None:
    """What writes to patients asks whether they live; the others write to staff."""
    root = Path(charthouse.__file__).parent
    found = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if re.search(r"queue\.queue_(email|sms)\(|import queue_(email|sms)", path.read_text())
    }
    assert found == {"domains/patients/correspondence.py", "outbox/backend.py"}


def test_an_email_through_the_api_is_refused(shown: Shown) -> None:
    shown.patch(email="ada@example.com", date_of_death=DAY)
    body = {"subject": "Hello", "body": "Text", "reply-to": "front@example.com"}
    answer = shown.program.post(f"patients/{shown.id}/emails/send", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["fields"] == {"patient_id": ["The patient has died."]}


def test_the_portal_is_closed_to_the_patient_and_opens_again() -> None:
    known = make_portal_patient(make_practice())
    caller = Caller(known.clinic)
    browser = known.browser()
    assert browser.get("/portal").status_code == 200
    assert caller.patch(known.patient.pk, patient_status="D").status_code == 204
    assert browser.get("/portal").status_code == 302
    assert sign_in(client(), known.username).status_code != 302
    assert caller.http.get(f"/api/patients/{known.patient.pk}/onpatient_access").json() == []
    answer = caller.http.post(f"/api/patients/{known.patient.pk}/onpatient_access")
    assert answer.status_code == 409, answer.text
    assert caller.patch(known.patient.pk, patient_status="A").status_code == 204
    known.browser()


def test_an_invitation_cannot_be_accepted(caller: Caller) -> None:
    patient = caller.new(email="ada@example.com")
    answer = caller.http.post(f"/api/patients/{patient['id']}/onpatient_access")
    assert answer.status_code in (200, 201, 204), answer.text
    with tenancy.within(caller.clinic.id):
        path = re.search(r"/portal/\S+", Outgoing.objects.get().text)
    assert path is not None
    assert client().get(path[0]).status_code == 200
    assert caller.patch(patient["id"], date_of_death=DAY).status_code == 204
    assert client().get(path[0]).status_code == 404


def test_the_dead_are_charged_no_subscriptions(caller: Caller, shown: Shown) -> None:
    with tenancy.within(caller.clinic.id):
        definition = ChargeDefinition.objects.create(
            practice=caller.clinic.practice, name="Membership", retail=50
        )
        Subscription.objects.create(
            practice=caller.clinic.practice,
            patient_id=shown.id,
            definition=definition,
            schedule_frequency="monthly",
            amount=50,
            start_date=clock.now().date() - timedelta(days=1),
        )
    charges = f"patients/{shown.id}/charges"
    shown.patch(patient_status="D")
    subscriptions.charge_due()
    assert shown.program.get(charges).json()["data"] == []
    shown.patch(patient_status="A")
    subscriptions.charge_due()
    assert [one["name"] for one in shown.program.get(charges).json()["data"]] == ["Membership"]


def test_the_console_says_so_and_asks_before_it_books(calendar: Calendar) -> None:
    user = calendar.clinic.user
    user.set_password(PASSWORD)
    user.save()
    browser = open_signed_in_browser(user.username)
    calendar.patch(calendar.patient_id, last_name="Lovelace")
    visit = calendar.book(f"{DAY}T09:00:00")
    set_deceased(calendar, calendar.patient_id)
    chart = f"/patients/{calendar.patient_id}"
    for path in (chart, f"{chart}/visits", f"{chart}/problems", f"{chart}/billing", f"/visits/{visit['id']}"):
        assert "patient-deceased" in browser.get(path).text, path
    assert "Ada Lovelace (deceased)" in browser.get(f"/day?date={DAY}").text

    form = f"/book/{calendar.patient_id}"
    sent = parse_hidden_fields(browser.get(form)) | {
        "doctor": calendar.doctor.pk,
        "office": calendar.office.pk,
        "exam_room": 1,
        "scheduled_time": f"{DAY}T11:00:00",
        "duration": 30,
    }
    asked = browser.post(form, data=sent)
    assert asked.status_code == 409
    assert "This patient has died." in asked.text
    assert 'name="deceased_confirmed" value="yes"' in asked.text
    assert browser.post(form, data=sent | {"deceased_confirmed": "yes"}).status_code == 302
    calendar.book(f"{DAY}T12:00:00")  # an API does not ask
