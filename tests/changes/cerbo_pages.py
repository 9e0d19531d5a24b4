"""Write paths of the console's pages and of the worker, for the events of Cerbo's webhooks."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import Image

from charthouse.domains.billing import subscriptions
from tests.changes.cerbo_doors import House, door
from tests.support import make_user


@door("schedule.created", "console")
def book(house: House) -> Callable[[], Any]:
    values = {
        "office": str(house.world.other.row("offices")),
        "exam_room": "1",
        "doctor": str(house.world.other.clinic.doctor.pk),
        "scheduled_time": "2031-05-05T09:00",
        "duration": "20",
        "reason": "Cough",
    }
    return lambda: house.console(f"/book/{house.patient}", **values)


@door("schedule.modified", "console")
def arrive(house: House) -> Callable[[], int]:
    row = house.world.other.new("appointments")
    page = f"/visits/{row}"
    return lambda: house.console(f"{page}/status", page, status="Arrived") or row


@door("schedule.deleted", "console")
def cancel(house: House) -> Callable[[], int]:
    row = house.world.other.new("appointments")
    return lambda: house.console(f"/visits/{row}/delete") or row


@door("patient.created", "console")
def add_patient(house: House) -> Callable[[], Any]:
    doctor = str(house.world.other.clinic.doctor.pk)
    values = {"first_name": "Grace", "last_name": "Hopper", "gender": "Female", "doctor": doctor}
    return lambda: house.console("/patients/new", **values)


@door("patient.modified", "console")
def change_patient(house: House) -> Callable[[], int]:
    doctor = str(house.world.other.clinic.doctor.pk)
    values = {"first_name": "Gracia", "last_name": "Murray", "gender": "Female", "doctor": doctor}
    row = house.world.new("patients")
    return lambda: house.console(f"/patients/{row}/edit", **values) or row


@door("encounter.created", "console")
def write_encounter(house: House) -> Callable[[], Any]:
    return lambda: house.console(f"/patients/{house.patient}/encounters/new", title="Call")


@door("encounter.modified", "console")
def sign_encounter(house: House) -> Callable[[], int]:
    row = house.cerbo("POST", "encounters", pt_id=house.patient)["id"]
    page = f"/patients/{house.patient}/encounters/{row}"
    return lambda: house.console(f"{page}/lock", page) or row


@door("rx.created", "console")
def add_medication(house: House) -> Callable[[], Any]:
    return lambda: house.console(f"/patients/{house.patient}/medications/new", name="Metformin 500 mg tablet")


@door("task.created", "console")
def add_task(house: House) -> Callable[[], Any]:
    values = {
        "title": "Call back",
        "category": str(house.world.other.row("task_categories")),
        "status": str(house.world.other.row("task_statuses")),
        "assignee_user": str(house.world.other.clinic.user.pk),
    }
    return lambda: house.console("/tasks/new", **values)


@door("task.modified", "console")
def note_on_task(house: House) -> Callable[[], int]:
    row = house.world.other.new("tasks")
    page = f"/tasks/{row}"
    return lambda: house.console(f"{page}/note", page, text="Left a voice mail") or row


@door("user.created", "console")
def invite(house: House) -> Callable[[], Any]:
    values = {"first_name": "Nora", "last_name": "Nurse", "email": "nora@clinic.example", "role": "staff"}
    name = f"nora-{house.world.practice}-{house.world.next()}"
    return lambda: house.console("/settings/people/new", **values, username=name, timezone="US/Pacific")


@door("user.modified", "console")
def change_person(house: House) -> Callable[[], int]:
    values = {
        "first_name": "Nora",
        "last_name": "Newname",
        "email": "n@clinic.example",
        "timezone": "US/Pacific",
    }
    row = make_user(house.world.other.clinic.practice, first_name="Nora").pk
    return lambda: house.console(f"/settings/people/{row}", **values) or row


@door("user.deleted", "console")
def switch_off(house: House) -> Callable[[], int]:
    row = make_user(house.world.other.clinic.practice).pk
    return lambda: house.console(f"/settings/people/{row}/off") or row


@door("questionnaire.created", "console")
def take_answers(house: House) -> Callable[[], Any]:
    answers = {"html_content": "<p>No.</p>", "raw_data": {"smokes": False}}
    queued = house.cerbo("POST", f"patients/{house.patient}/questionnaires", **answers)
    page = f"/queue/{queued['portal_queue_id']}"
    return lambda: house.console(f"{page}/accept", page)


# -- the chart --------------------------------------------------------------------------------------------------


def _add(place: str, **values: Any) -> Callable[[House], Callable[[], Any]]:
    """Add a row to a section of the chart. Values that are functions are called."""

    def write(house: House) -> Callable[[], Any]:
        told = {name: str(value(house)) if callable(value) else value for name, value in values.items()}
        return lambda: house.console(f"/patients/{house.patient}/{place}/new", **told)

    return write


def _change(place: str, row: Callable[[House], int], **values: Any) -> Callable[[House], Callable[[], int]]:
    def write(house: House) -> Callable[[], int]:
        there = row(house)
        told = {name: str(value(house)) if callable(value) else value for name, value in values.items()}
        return lambda: house.console(f"/patients/{house.patient}/{place}/{there}", **told) or there

    return write


def _delete(place: str, row: Callable[[House], int]) -> Callable[[House], Callable[[], int]]:
    def write(house: House) -> Callable[[], int]:
        there = row(house)
        page = f"/patients/{house.patient}/{place}/{there}"
        return lambda: house.console(f"{page}/delete", page) or there

    return write


def _new(path: str, **values: Any) -> Callable[[House], int]:
    return lambda house: house.world.new(path, **values)


_SUPPLEMENT = _new("patients/{patient_id}/supplements", discontinued_at=None)
_RX = _new("patients/{patient_id}/rxs")


def _tagged(house: House) -> int:
    return house.world.new("patients/{patient_id}/tags")


door("patient_tag.created", "console")(_add("tags", tag=_new("tags")))
door("patient_tag.deleted", "console")(_delete("tags", _tagged))
door("supplement.created", "console")(_add("supplements", supplement=_new("supplements"), dose="2 capsules"))
door("supplement.modified", "console")(
    _change("supplements", _SUPPLEMENT, supplement=_new("supplements"), dose="3 capsules")
)
door("supplement.deleted", "console")(_delete("supplements", _SUPPLEMENT))
door("rx.modified", "console")(_change("medications", _RX, name="Metformin 1000 mg tablet"))


@door("charge.created", "console")
def charge(house: House) -> Callable[[], int]:
    return lambda: _charged(house)


@door("charge.modified", "console")
def void_charge(house: House) -> Callable[[], int]:
    row = _charged(house)
    return lambda: house.console(f"/patients/{house.patient}/account/charges/{row}/do/void") or row


@door("charge.deleted", "console")
def delete_charge(house: House) -> Callable[[], int]:
    row = _charged(house)
    return lambda: house.console(f"/patients/{house.patient}/account/charges/{row}/delete") or row


def _charged(house: House) -> int:
    """Create a charge and return its id."""
    address = f"/patients/{house.patient}/account/charges/new"
    house.console(address, name="Form", amount="25.00")
    return int(house.cerbo("GET", f"patients/{house.patient}/charges")["data"][-1]["id"])


@door("document.created", "console")
def upload(house: House) -> Callable[[], Any]:
    address = f"/patients/{house.patient}/documents/new"
    picture = BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "PNG")
    files = {"document": ("rash.png", picture.getvalue(), "image/png")}
    return lambda: house.console(address, files=files, description="A letter", date="2026-03-10")


@door("document.deleted", "console")
def delete_document(house: House) -> Callable[[], int]:
    row = house.world.other.new("documents", patient=house.patient)
    page = f"/patients/{house.patient}/documents/{row}"
    return lambda: house.console(f"{page}/delete", page) or row


# -- setup of a practice, and its tasks -------------------------------------------------------------------------


@door("tag.created", "console")
def add_tag(house: House) -> Callable[[], Any]:
    values = {"name": f"Tag {house.world.next()}", "category": "Care", "description": "x", "color": "b2f07e"}
    return lambda: house.console("/catalogues/tags/new", **values)


@door("tag.modified", "console")
def change_tag(house: House) -> Callable[[], int]:
    row = house.world.new("tags")
    values = {"name": f"Tag {house.world.next()}", "category": "Care", "description": "y", "color": "b2f07e"}
    return lambda: house.console(f"/catalogues/tags/{row}", **values) or row


@door("tag.deleted", "console")
def delete_tag(house: House) -> Callable[[], int]:
    page = f"/catalogues/tags/{(row := house.world.new('tags'))}"
    return lambda: house.console(f"{page}/delete", page) or row


# -- the worker -------------------------------------------------------------------------------------------------


@door("charge.created", "worker")
def charge_subscription(house: House) -> Callable[[], Any]:
    definition = house.world.new("charge_master", inactive=False)
    values = {"definition": str(definition), "schedule_frequency": "annually", "amount": "10.00"}
    house.console(f"/patients/{house.patient}/account/subscriptions/new", **values)
    return lambda: {"charges made": subscriptions.charge_due()}
