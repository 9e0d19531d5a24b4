"""What follows from each change of state: the table in docs/state-changes.md, each of whose rows names its test.

Cases that have no better place are here, through the public API; the others stand with their subjects.
"""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

from charthouse import clock
from charthouse.domains.documents.models import AppliedConsentForm, ConsentForm, SharedDocument
from charthouse.domains.patients.models import Coverage
from charthouse.domains.practice import user_accounts
from charthouse.domains.practice.models import Doctor, ExamRoom, Office
from charthouse.domains.scheduling.models import AppointmentProfile
from charthouse.engine.errors import Conflict
from charthouse.identity import tenancy
from charthouse.identity.models import User
from tests.domains.billing.client import BillingClient
from tests.domains.scheduling.calendar import DAY, Calendar
from tests.domains.scheduling.test_cerbo_appointments import Program
from tests.support import make_doctor, make_user

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "state-changes.md"


# Names of columns that say in which state a row of the record or of those who use it is.
STATE = re.compile(
    r"(.*_)?(status|enabled|disabled|active|inactive|ended|suspended|signoff|locked|voided|discontinued|scheduling"
    r"|expires|completed|revoked|read)(_at|_on)?"
)
# Each of them → how a row of the table begins that says what follows, or why nothing does.
SHOWN, ELSEWHERE = "it is shown, and nothing follows", "it is none of the record"
STATES = {
    "identity.ApiUser.enabled": "an API user is disabled",
    "identity.Application.cimd_expires_at": ELSEWHERE,
    "identity.Application.disabled": "an app is switched off",
    "identity.Grant.expires": ELSEWHERE,
    "identity.AccessToken.expires": ELSEWHERE,
    "identity.AccessToken.revoked": "a user disconnects an app",
    "identity.RefreshToken.revoked": "a user disconnects an app",
    "identity.User.is_active": "a user is deactivated",
    "jobs.Job.status": ELSEWHERE,
    "audit.ApiCall.status": ELSEWHERE,
    "backup.BackupRun.ended_at": ELSEWHERE,
    "changes.Webhook.active": "a webhook is deactivated",
    "changes.Subscription.ended_at": "a webhook is deactivated",
    "practice.Doctor.is_account_suspended": "a doctor's last user is deactivated",
    "practice.Office.online_scheduling": "a doctor, office, or type of visit is no longer offered online",
    "practice.ExamRoom.online_scheduling": "a doctor, office, or type of visit is no longer offered online",
    "patients.Patient.patient_status": "deceased",
    "patients.PortalAccess.enabled_on": "access is revoked",
    "patients.PortalAccess.disabled_on": "access is revoked",
    "patients.PortalAccess.expires_on": "an invitation expires",
    "patients.PortalProxy.ended_on": "a proxy's access ends",
    "patients.PortalRequest.status": "a request is dismissed",
    "scheduling.Appointment.status": "cancelled, no show, rescheduled",
    "scheduling.Appointment.billing_status": SHOWN,
    "scheduling.Appointment.ins1_status": SHOWN,
    "scheduling.Appointment.ins2_status": SHOWN,
    "scheduling.Appointment.custom_status": SHOWN,
    "scheduling.StatusTransition.from_status": SHOWN,
    "scheduling.StatusTransition.to_status": SHOWN,
    "scheduling.AppointmentProfile.online_scheduling": "a doctor, office, or type of visit is no longer offered",
    "scheduling.Vitals.smoking_status": SHOWN,
    "clinical.ClinicalNote.locked_at": "a note is locked",
    "clinical.Problem.status": "a problem or allergy is no longer active",
    "clinical.Problem.verification_status": SHOWN,
    "clinical.Allergy.status": "a problem or allergy is no longer active",
    "clinical.Allergy.verification_status": SHOWN,
    "clinical.Procedure.status": SHOWN,
    "clinical.ImplantableDevice.status": SHOWN,
    "medications.Medication.order_status": SHOWN,
    "medications.Medication.status": "a prescription or supplement is discontinued",
    "medications.Medication.discontinued_at": "a prescription or supplement is discontinued",
    "medications.PrescriptionMessage.message_status": SHOWN,
    "medications.Supplement.inactive": SHOWN,
    "medications.PatientSupplement.discontinued_at": "a prescription or supplement is discontinued",
    "labs.LabOrder.status": "results are final",
    "labs.LabTest.status": "results are final",
    "labs.LabResult.status": "results are final",
    "labs.LabResult.abnormal_status": SHOWN,
    "labs.PatientLabResult.lab_order_status": SHOWN,
    "labs.PatientLabResult.doctor_signoff": "results are signed off",
    "billing.ChargeDefinition.inactive": "a charge definition becomes inactive",
    "billing.Charge.voided_at": "a charge is voided",
    "billing.Invoice.voided_at": "an invoice is voided",
    "billing.LineItem.billing_status": SHOWN,
    "billing.LineItem.insurance_status": SHOWN,
    "billing.Transaction.claim_status": SHOWN,
    "billing.PatientAuthorization.status": "an authorization expires",
    "documents.Document.review_status": "a document is reviewed and signed off",
    "inventory.StockItem.status": "a stock item is discontinued",
    "inventory.StockItem.discontinued_on": "a stock item is discontinued",
    "inventory.PatientVaccineRecord.completion_status": SHOWN,
    "messaging.Message.read": SHOWN,
    "messaging.PatientMessage.read": SHOWN,
    "tasks.Task.status": "a task is completed",
    "tasks.Task.completed_at": "a task is completed",
    "tasks.TaskTemplate.default_status": SHOWN,
}


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
def billing() -> BillingClient:
    return BillingClient()


def archive(calendar: Calendar, model: Any, row: int, archived: bool = True) -> None:
    with tenancy.within(calendar.clinic.id):
        changed = {"archived": archived, "updated_at": clock.now()}
        assert model._default_manager.filter(pk=row).update(**changed) == 1


def test_the_table_has_every_state_that_a_row_may_have() -> None:
    """All rows may be archived: that is the first part of the table."""
    columns = [
        f"{model._meta.label}.{column.name}"
        for model in apps.get_models()
        if model.__module__.startswith("charthouse.")
        for column in model._meta.concrete_fields
        if STATE.fullmatch(column.name)
    ]
    assert sorted(columns) == sorted(STATES)
    beginnings = re.findall(r"^\| (.+?) \|", TABLE.read_text(), re.MULTILINE)
    for name, told in STATES.items():
        assert told in (SHOWN, ELSEWHERE) or any(one.startswith(told) for one in beginnings), name


def test_every_row_of_the_table_names_tests_that_exist() -> None:
    lines = [line for line in TABLE.read_text().splitlines() if re.match(r"\| (?!What|\*\*)", line)]
    assert len(lines) > 40
    named: set[tuple[Path, str]] = set()
    for line in lines:
        found = re.findall(r"`(?:(tests/\S+\.py)::)?(test_\w+)`", line)
        assert found, f"no test: {line}"
        named |= {(ROOT / path if path else Path(__file__), name) for path, name in found}
    for path in {path for path, _ in named}:
        functions = {
            node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)
        }
        assert {name for of, name in named if of == path} <= functions, path
    here = {name for path, name in named if path == Path(__file__)}
    own = {name for name in globals() if name.startswith("test_")} - {
        "test_every_row_of_the_table_names_tests_that_exist",
        "test_the_table_has_every_state_that_a_row_may_have",
    }
    assert own == here, "each test of this module has a row in the table"


# -- people of the practice --------------------------------------------------------------------------------------------


def test_a_doctor_who_leaves(calendar: Calendar) -> None:
    """Nothing new is booked with them or refers to them; what there is stays, and may be changed."""
    program = Program(calendar)
    program.add_type()
    doctor = make_doctor(calendar.clinic.practice, first_name="Lea")
    user = make_user(calendar.clinic.practice, doctor=doctor, role=User.Role.DOCTOR)
    visit = calendar.book(doctor=doctor.pk)

    def switch(active: bool) -> None:
        with tenancy.within(calendar.clinic.id):
            user_accounts.set_active(user, active, calendar.clinic.user.pk)

    switch(False)
    assert calendar.get(doctor.pk, "doctors")["is_account_suspended"] is True
    refused = calendar.try_to_book(f"{DAY}T11:00:00", doctor=doctor.pk)
    assert (refused.status_code, list(refused.json())) == (400, ["doctor"])
    assert program.ask(f"{DAY} 18:00:00", provider_ids=[user.pk]).status_code == 400
    assert calendar.post("patients", calendar.patient(doctor=doctor.pk)).status_code == 400
    assert calendar.change(visit, notes="Sees somebody else").status_code == 204
    assert calendar.change(visit, doctor=calendar.doctor.pk).status_code == 204
    switch(True)
    assert calendar.get(doctor.pk, "doctors")["is_account_suspended"] is False
    calendar.book(f"{DAY}T11:00:00", doctor=doctor.pk)


def test_a_doctor_with_another_user_stays(calendar: Calendar) -> None:
    doctor = make_doctor(calendar.clinic.practice)
    first, _ = (make_user(calendar.clinic.practice, doctor=doctor, role=User.Role.DOCTOR) for _ in range(2))
    with tenancy.within(calendar.clinic.id):
        user_accounts.set_active(first, False, calendar.clinic.user.pk)
        assert not Doctor.objects.get(pk=doctor.pk).is_account_suspended


def test_a_user_who_is_switched_off_is_given_nothing_to_do(calendar: Calendar) -> None:
    user = make_user(calendar.clinic.practice)
    status = calendar.post("task_statuses", {"name": "Open", "status_category": "O"}).json()["id"]
    body = {"title": "Call", "status": status, "assignee_user": user.pk}
    task = calendar.post("tasks", body).json()["id"]
    with tenancy.within(calendar.clinic.id):
        user_accounts.set_active(user, False, calendar.clinic.user.pk)
    refused = calendar.post("tasks", body)
    assert (refused.status_code, list(refused.json())) == (400, ["assignee_user"])
    assert calendar.get(task, "tasks")["assignee_user"] == user.pk
    assert calendar.patch(task, "tasks", title="Call again").status_code == 204


# -- places and types --------------------------------------------------------------------------------------------------


def test_a_closed_office(calendar: Calendar) -> None:
    """It is shown on request alone; nothing is booked in it, and a visit in it can be changed, but not to another
    time."""
    visit = calendar.book()
    archive(calendar, Office, calendar.office.pk)
    assert calendar.office.pk not in calendar.ids("offices")
    assert calendar.office.pk in calendar.ids("offices", show_archived="true")
    refused = calendar.try_to_book(f"{DAY}T11:00:00")
    assert (refused.status_code, list(refused.json())) == (400, ["office"])
    assert calendar.change(visit, scheduled_time=f"{DAY}T15:00:00").status_code == 400
    assert calendar.change(visit, status="Complete").status_code == 204
    archive(calendar, Office, calendar.office.pk, False)
    assert calendar.change(visit, scheduled_time=f"{DAY}T15:00:00").status_code == 204


def test_an_archived_exam_room(calendar: Calendar) -> None:
    visit = calendar.book()
    with tenancy.within(calendar.clinic.id):
        room = ExamRoom.objects.get(office=calendar.office, index=1)
    archive(calendar, ExamRoom, room.pk)
    refused = calendar.try_to_book(f"{DAY}T11:00:00")
    assert (refused.status_code, list(refused.json())) == (400, ["exam_room"])
    assert calendar.change(visit, scheduled_time=f"{DAY}T15:00:00").status_code == 400
    assert calendar.change(visit, status="Complete").status_code == 204
    assert calendar.change(visit, exam_room=2, scheduled_time=f"{DAY}T15:00:00").status_code == 204
    template = {"office": calendar.office.pk, "scheduled_time": "09:00:00", "duration": 30, "week_days": [0]}
    profile = {"name": "Exam", "color": "#112233", "duration": 30, "reason": "r", "online_scheduling": True}
    template["profile"] = calendar.new("appointment_profiles", **profile)["id"]
    refused = calendar.post("appointment_templates", template | {"exam_room": 1})
    assert (refused.status_code, list(refused.json())) == (400, ["exam_room"])
    assert calendar.post("appointment_templates", template | {"exam_room": 2}).status_code == 201
    program = Program(calendar)
    program.add_type()
    assert calendar.read_appointment(program.book())["exam_room"] == 2
    with tenancy.within(calendar.clinic.id):
        for row in ExamRoom.objects.filter(office=calendar.office):
            archive(calendar, ExamRoom, row.pk)
    assert calendar.try_to_book(f"{DAY}T16:00:00", exam_room=2).status_code == 400


def test_an_archived_type_of_visit(calendar: Calendar) -> None:
    program = Program(calendar)
    kind = program.add_type()
    visit = program.book()
    archive(calendar, AppointmentProfile, int(kind["id"]))
    assert program.ask(f"{DAY} 18:00:00").status_code == 400
    refused = calendar.try_to_book(f"{DAY}T16:00:00", profile=int(kind["id"]))
    assert (refused.status_code, list(refused.json())) == (400, ["profile"])
    assert int(kind["id"]) not in calendar.ids("appointment_profiles")
    assert calendar.read_appointment(str(visit["id"]))["profile"] == int(kind["id"])
    assert program.change(visit, title="As before").status_code == 200


# -- money -------------------------------------------------------------------------------------------------------------


def test_a_coverage_that_was_taken_away_pays_nothing(billing: BillingClient) -> None:
    assert billing.sums(billing.charge())["balance_ins"] == 145
    assert billing.patch(billing.patient_id, primary_insurance=None).status_code == 204
    charged = billing.sums(billing.charge())
    assert (charged["balance_ins"], charged["balance_pt"]) == (0, 145)
    with tenancy.within(billing.clinic.id):
        assert Coverage.objects.get(patient=billing.patient_id).archived


def test_nothing_is_posted_on_a_deleted_charge(billing: BillingClient) -> None:
    item = billing.charge()
    assert billing.http.delete(f"/api/line_items/{item['id']}").status_code == 204
    refused = billing.try_to_pay("10.00", line_item=item["id"])
    assert (refused.status_code, list(refused.json())) == (400, ["line_item"])
    with pytest.raises(Conflict):
        billing.answer(item, ins_paid=1)


def test_a_charge_deleted_with_its_visit_says_when_and_takes_no_posting(billing: BillingClient) -> None:
    item = billing.charge()
    assert billing.http.delete(f"/api/appointments/{billing.visit['id']}").status_code == 204
    (deleted,) = billing.http.get("/api/line_item_deletions").json()["results"]
    assert deleted["billing_line_item_id"] == item["id"]
    assert deleted["created_at"] is not None
    assert billing.try_to_pay("10.00", line_item=item["id"]).status_code == 400
    assert billing.http.get(f"/api/line_items/{item['id']}").status_code == 404


# -- papers ------------------------------------------------------------------------------------------------------------


def test_a_deleted_document(calendar: Calendar) -> None:
    """It is archived in DrChrono's lists, in no list of Cerbo's, seen by the patient no more, and no task names it."""
    files = {"document": ("a.pdf", b"%PDF-1.4 text")}
    body = {"doctor": calendar.doctor.pk, "patient": calendar.patient_id, "date": DAY, "description": "Scan"}
    document = calendar.http.post("/api/documents", data=body, files=files).json()["id"]
    status = calendar.post("task_statuses", {"name": "Open", "status_category": "O"}).json()["id"]
    items = [{"type": "Document", "value": document}, {"type": "Patient", "value": calendar.patient_id}]
    task = calendar.post(
        "tasks",
        {"title": "Read", "status": status, "assignee_user": calendar.user.pk, "associated_items": items},
    ).json()["id"]
    with tenancy.within(calendar.clinic.id):
        shared = SharedDocument.objects.create(practice=calendar.clinic.practice, document_id=document)
    assert calendar.http.delete(f"/api/documents/{document}").status_code == 204
    assert calendar.get(document, "documents")["archived"] is True
    named = [item["type"] for item in calendar.get(task, "tasks")["associated_items"]]
    assert named == ["Patient"]
    with tenancy.within(calendar.clinic.id):
        assert SharedDocument.objects.get(pk=shared.pk).archived


def test_an_archived_consent_form_is_put_before_nobody(calendar: Calendar) -> None:
    files = {"uri": ("form.pdf", b"%PDF-1.4 text")}
    body = {"doctor": calendar.doctor.pk, "title": "Consent", "assign_by_default": "true"}
    answer = calendar.http.post("/api/consent_forms", data=body, files=files)
    assert answer.status_code == 201, answer.text
    form = answer.json()["id"]

    assert list_forms(calendar, calendar.book()) == [form]
    archive(calendar, ConsentForm, form)
    assert list_forms(calendar, calendar.book(f"{DAY}T11:00:00")) == []
    visit = calendar.book(f"{DAY}T12:00:00")
    answer = calendar.post(f"consent_forms/{form}/apply_to_appointment", {"appointment": visit["id"]})
    assert answer.status_code == 409, answer.text


def list_forms(calendar: Calendar, visit: dict[str, Any]) -> list[int]:
    """The forms that apply to a visit."""
    with tenancy.within(calendar.clinic.id):
        rows = AppliedConsentForm.objects.filter(appointment=visit["id"], archived=False)
        return list(rows.values_list("consent_form_id", flat=True))


def test_a_deleted_tag_leaves_its_patients(calendar: Calendar) -> None:
    program = Program(calendar).http
    tag = {
        "name": "VIP", "category": "Care", "description": "Calls go through", "displays_on_dash": True,
        "note_displays_on_dashboard": False, "displays_on_calendar": False, "color": "b2f07e",
    }  # fmt: skip
    made = program.post("/api/v1/tags", json=tag).json()["id"]
    url = f"/api/v1/patients/{calendar.patient_id}/tags"
    assert len(program.post(url, json={"tags": [{"name": "VIP"}]}).json()["data"]) == 1
    assert program.delete(f"/api/v1/tags/{made}").status_code == 200
    assert program.get(url).json()["data"] == []
    assert program.post(url, json={"tags": [{"name": "VIP"}]}).status_code == 400


def test_a_deleted_lab_order_takes_its_tests_and_results_with_it(calendar: Calendar) -> None:
    sublab = calendar.new("sublabs", name="Lab", facility_code="LAB")
    order = calendar.new("lab_orders", patient=calendar.patient_id, sublab=sublab["id"])
    test = calendar.post("lab_tests", {"lab_order": order["id"], "code": "CBC", "name": "Count"}).json()
    assert calendar.http.delete(f"/api/lab_orders/{order['id']}").status_code == 204
    assert calendar.http.get(f"/api/lab_tests/{test['id']}").status_code == 404
    refused = calendar.post("lab_tests", {"lab_order": order["id"], "code": "CBC", "name": "Count"})
    assert (refused.status_code, list(refused.json())) == (400, ["lab_order"])


def test_a_task_is_put_away_with_its_notes_and_taken_out_again(calendar: Calendar) -> None:
    status = calendar.post("task_statuses", {"name": "Open", "status_category": "O"}).json()["id"]
    body = {
        "title": "Call",
        "status": status,
        "assignee_user": calendar.user.pk,
        "notes": [{"text": "First"}],
    }
    task = calendar.post("tasks", body).json()["id"]
    assert calendar.patch(task, "tasks", archived=True).status_code == 204
    assert task not in calendar.ids("tasks")
    (away,) = calendar.http.get("/api/tasks", params={"show_archived": "true"}).json()["results"]
    assert away["id"] == task
    assert [note["text"] for note in calendar.get(task, "tasks")["notes"]] == ["First"]
    assert calendar.patch(task, "tasks", archived=False).status_code == 204
    assert task in calendar.ids("tasks")
