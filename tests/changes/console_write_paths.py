"""Write paths of the console's pages and of the worker, for the events of Cerbo's webhooks."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import Image

from charthouse.domains.billing import subscriptions
from tests.changes.cerbo_write_paths import PracticeClients, register_write_path
from tests.support import make_user


@register_write_path("schedule.created", "console")
def book(clinic: PracticeClients) -> Callable[[], Any]:
    values = {
        "office": str(clinic.world.other.row("offices")),
        "exam_room": "1",
        "doctor": str(clinic.world.other.clinic.doctor.pk),
        "scheduled_time": "2031-05-05T09:00",
        "duration": "20",
        "reason": "Cough",
    }
    return lambda: clinic.console(f"/book/{clinic.patient}", **values)


@register_write_path("schedule.modified", "console")
def arrive(clinic: PracticeClients) -> Callable[[], int]:
    row = clinic.world.other.new("appointments")
    page = f"/visits/{row}"
    return lambda: clinic.console(f"{page}/status", page, status="Arrived") or row


@register_write_path("schedule.deleted", "console")
def cancel(clinic: PracticeClients) -> Callable[[], int]:
    row = clinic.world.other.new("appointments")
    return lambda: clinic.console(f"/visits/{row}/delete") or row


@register_write_path("patient.created", "console")
def add_patient(clinic: PracticeClients) -> Callable[[], Any]:
    doctor = str(clinic.world.other.clinic.doctor.pk)
    values = {"first_name": "Grace", "last_name": "Hopper", "gender": "Female", "doctor": doctor}
    return lambda: clinic.console("/patients/new", date_of_birth="1976-12-09", **values)


@register_write_path("patient.modified", "console")
def change_patient(clinic: PracticeClients) -> Callable[[], int]:
    doctor = str(clinic.world.other.clinic.doctor.pk)
    values = {"first_name": "Gracia", "last_name": "Murray", "gender": "Female", "doctor": doctor}
    row = clinic.world.new("patients")
    return lambda: clinic.console(f"/patients/{row}/edit", **values) or row


@register_write_path("encounter.created", "console")
def write_encounter(clinic: PracticeClients) -> Callable[[], Any]:
    return lambda: clinic.console(f"/patients/{clinic.patient}/encounters/new", title="Call")


@register_write_path("encounter.modified", "console")
def sign_encounter(clinic: PracticeClients) -> Callable[[], int]:
    row = clinic.cerbo("POST", "encounters", pt_id=clinic.patient)["id"]
    page = f"/patients/{clinic.patient}/encounters/{row}"
    return lambda: clinic.console(f"{page}/lock", page) or row


@register_write_path("rx.created", "console")
def add_medication(clinic: PracticeClients) -> Callable[[], Any]:
    return lambda: clinic.console(
        f"/patients/{clinic.patient}/medications/new", name="Metformin 500 mg tablet"
    )


@register_write_path("task.created", "console")
def add_task(clinic: PracticeClients) -> Callable[[], Any]:
    values = {
        "title": "Call back",
        "category": str(clinic.world.other.row("task_categories")),
        "status": str(clinic.world.other.row("task_statuses")),
        "assignee_user": str(clinic.world.other.clinic.user.pk),
    }
    return lambda: clinic.console("/tasks/new", **values)


@register_write_path("task.modified", "console")
def note_on_task(clinic: PracticeClients) -> Callable[[], int]:
    row = clinic.world.other.new("tasks")
    page = f"/tasks/{row}"
    return lambda: clinic.console(f"{page}/note", page, text="Left a voice mail") or row


@register_write_path("user.created", "console")
def invite(clinic: PracticeClients) -> Callable[[], Any]:
    values = {"first_name": "Nora", "last_name": "Nurse", "email": "nora@clinic.example", "role": "staff"}
    name = f"nora-{clinic.world.practice}-{clinic.world.next()}"
    return lambda: clinic.console("/settings/people/new", **values, username=name, timezone="US/Pacific")


@register_write_path("user.modified", "console")
def change_person(clinic: PracticeClients) -> Callable[[], int]:
    values = {
        "first_name": "Nora",
        "last_name": "Newname",
        "email": "n@clinic.example",
        "timezone": "US/Pacific",
    }
    row = make_user(clinic.world.other.clinic.practice, first_name="Nora").pk
    return lambda: clinic.console(f"/settings/people/{row}", **values) or row


@register_write_path("user.deleted", "console")
def switch_off(clinic: PracticeClients) -> Callable[[], int]:
    row = make_user(clinic.world.other.clinic.practice).pk
    return lambda: clinic.console(f"/settings/people/{row}/off") or row


@register_write_path("questionnaire.created", "console")
def take_answers(clinic: PracticeClients) -> Callable[[], Any]:
    answers = {"html_content": "<p>No.</p>", "raw_data": {"smokes": False}}
    queued = clinic.cerbo("POST", f"patients/{clinic.patient}/questionnaires", **answers)
    page = f"/queue/{queued['portal_queue_id']}"
    return lambda: clinic.console(f"{page}/accept", page)


# -- the chart --------------------------------------------------------------------------------------------------


def _add(place: str, **values: Any) -> Callable[[PracticeClients], Callable[[], Any]]:
    """Add a row to a section of the chart. Values that are functions are called."""

    def write(clinic: PracticeClients) -> Callable[[], Any]:
        form = {name: str(value(clinic)) if callable(value) else value for name, value in values.items()}
        return lambda: clinic.console(f"/patients/{clinic.patient}/{place}/new", **form)

    return write


def _change(
    place: str, row: Callable[[PracticeClients], int], **values: Any
) -> Callable[[PracticeClients], Callable[[], int]]:
    def write(clinic: PracticeClients) -> Callable[[], int]:
        row_id = row(clinic)
        form = {name: str(value(clinic)) if callable(value) else value for name, value in values.items()}
        return lambda: clinic.console(f"/patients/{clinic.patient}/{place}/{row_id}", **form) or row_id

    return write


def _delete(
    place: str, row: Callable[[PracticeClients], int]
) -> Callable[[PracticeClients], Callable[[], int]]:
    def write(clinic: PracticeClients) -> Callable[[], int]:
        row_id = row(clinic)
        page = f"/patients/{clinic.patient}/{place}/{row_id}"
        return lambda: clinic.console(f"{page}/delete", page) or row_id

    return write


def _new(path: str, **values: Any) -> Callable[[PracticeClients], int]:
    return lambda clinic: clinic.world.new(path, **values)


_SUPPLEMENT = _new("patients/{patient_id}/supplements", discontinued_at=None)
_RX = _new("patients/{patient_id}/rxs")


def _add_tagged(clinic: PracticeClients) -> int:
    return clinic.world.new("patients/{patient_id}/tags")


register_write_path("patient_tag.created", "console")(_add("tags", tag=_new("tags")))
register_write_path("patient_tag.deleted", "console")(_delete("tags", _add_tagged))
register_write_path("supplement.created", "console")(
    _add("supplements", supplement=_new("supplements"), dose="2 capsules")
)
register_write_path("supplement.modified", "console")(
    _change("supplements", _SUPPLEMENT, supplement=_new("supplements"), dose="3 capsules")
)
register_write_path("supplement.deleted", "console")(_delete("supplements", _SUPPLEMENT))
register_write_path("rx.modified", "console")(_change("medications", _RX, name="Metformin 1000 mg tablet"))


@register_write_path("charge.created", "console")
def charge(clinic: PracticeClients) -> Callable[[], int]:
    return lambda: _add_charged(clinic)


@register_write_path("charge.modified", "console")
def void_charge(clinic: PracticeClients) -> Callable[[], int]:
    row = _add_charged(clinic)
    return lambda: clinic.console(f"/patients/{clinic.patient}/account/charges/{row}/do/void") or row


@register_write_path("charge.deleted", "console")
def delete_charge(clinic: PracticeClients) -> Callable[[], int]:
    row = _add_charged(clinic)
    return lambda: clinic.console(f"/patients/{clinic.patient}/account/charges/{row}/delete") or row


def _add_charged(clinic: PracticeClients) -> int:
    """Create a charge and return its id."""
    address = f"/patients/{clinic.patient}/account/charges/new"
    clinic.console(address, name="Form", amount="25.00")
    return int(clinic.cerbo("GET", f"patients/{clinic.patient}/charges")["data"][-1]["id"])


@register_write_path("document.created", "console")
def upload(clinic: PracticeClients) -> Callable[[], Any]:
    address = f"/patients/{clinic.patient}/documents/new"
    picture = BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "PNG")
    files = {"document": ("rash.png", picture.getvalue(), "image/png")}
    return lambda: clinic.console(address, files=files, description="A letter", date="2026-03-10")


@register_write_path("document.deleted", "console")
def delete_document(clinic: PracticeClients) -> Callable[[], int]:
    row = clinic.world.other.new("documents", patient=clinic.patient)
    page = f"/patients/{clinic.patient}/documents/{row}"
    return lambda: clinic.console(f"{page}/delete", page) or row


# -- setup of a practice, and its tasks -------------------------------------------------------------------------


@register_write_path("tag.created", "console")
def add_tag(clinic: PracticeClients) -> Callable[[], Any]:
    values = {"name": f"Tag {clinic.world.next()}", "category": "Care", "description": "x", "color": "b2f07e"}
    return lambda: clinic.console("/catalogues/tags/new", **values)


@register_write_path("tag.modified", "console")
def change_tag(clinic: PracticeClients) -> Callable[[], int]:
    row = clinic.world.new("tags")
    values = {"name": f"Tag {clinic.world.next()}", "category": "Care", "description": "y", "color": "b2f07e"}
    return lambda: clinic.console(f"/catalogues/tags/{row}", **values) or row


@register_write_path("tag.deleted", "console")
def delete_tag(clinic: PracticeClients) -> Callable[[], int]:
    page = f"/catalogues/tags/{(row := clinic.world.new('tags'))}"
    return lambda: clinic.console(f"{page}/delete", page) or row


# -- the worker -------------------------------------------------------------------------------------------------


@register_write_path("charge.created", "worker")
def charge_subscription(clinic: PracticeClients) -> Callable[[], Any]:
    definition = clinic.world.new("charge_master", inactive=False)
    values = {"definition": str(definition), "schedule_frequency": "annually", "amount": "10.00"}
    clinic.console(f"/patients/{clinic.patient}/account/subscriptions/new", **values)
    return lambda: {"charges made": subscriptions.charge_due()}
