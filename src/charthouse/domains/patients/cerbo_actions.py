"""Hooks of Cerbo's declarations: statuses, providers, tags, the queue."""

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.db.models import Case, Q, When
from django.db.models.expressions import Combinable

from charthouse import clock
from charthouse.domains.patients import actions, tags
from charthouse.domains.practice.cerbo_keys import API_MADE
from charthouse.domains.practice.models import Doctor
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.errors import Conflict, Invalid, NotFound
from charthouse.engine.execution import reading
from charthouse.engine.execution.paging import Paging
from charthouse.engine.execution.parsing import parse_query
from charthouse.engine.sql import expressions as sql
from charthouse.identity.apilimits import keep_apart
from charthouse.outbox import send

User = get_user_model()
_CODES = {"active": "A", "prospective": "I", "inactive": "I", "deceased": "D"}

# What is said of something that was put away by a function; a resource's own DELETE says the same.
DELETED: tuple[Key, ...] = (
    Key("object", Text(), READ_ONLY, nullable=False),
    Key("id", Integer(), READ_ONLY, nullable=False),
    Key("action", Text(), READ_ONLY, nullable=False),
    Key("result", Boolean(), READ_ONLY, nullable=False),
    Key("message", Text(), READ_ONLY, nullable=False),
    Key("data", Text(), READ_ONLY),
)


@hook(keys=("first_name", "last_name"))
def number_chart(change: Change) -> None:
    if change.operation == "create":
        names = change.values["first_name"], change.values["last_name"]
        change.columns["chart_id"] = actions.next_chart(change.actor.practice, *names)


@hook()
def no_open_notes(change: Change) -> None:
    """A patient of whom an unsigned note says something can't be deleted: of a visit, one with values; else any. Notes
    are the clinical room's, so found by name."""
    if change.operation != "delete":
        return
    values = apps.get_model("clinical.ClinicalNoteFieldValue")._default_manager.filter(
        practice=change.actor.practice, archived=False, appointment__patient=change.row.pk
    )
    notes = apps.get_model("clinical.ClinicalNote")._default_manager.filter(
        practice=change.actor.practice, archived=False, locked_at=None, patient=change.row.pk
    )
    if notes.filter(Q(appointment=None) | Q(appointment__in=values.values("appointment"))).exists():
        raise Conflict("The patient has open or unsigned SOAP notes.")


@hook(keys=("inactive",))
def set_status(change: Change) -> None:
    """``inactive`` of the wire → status, whether prospective, and since when."""
    said = change.values.get("inactive")
    if said is None:
        return
    code, before = _CODES[said], change.row.patient_status if change.row else "A"
    change.columns |= {"patient_status": code, "is_prospective": said == "prospective"}
    if code == "A":
        change.columns["inactive_date"] = None
    elif before == "A":
        change.columns["inactive_date"] = clock.now().date()


@hook(keys=("primary_provider_id",))
def set_provider(change: Change) -> None:
    """``primary_provider_id``, a user → the doctor. A new patient without one is the primary user's doctor's."""
    practice = change.actor.practice
    user = change.values.get("primary_provider_id")
    if user is not None:
        doctors = User._default_manager.filter(practice=practice, pk=user, role="doctor")
        doctor = doctors.values_list("doctor_id", flat=True).first()
        if doctor is None:
            change.add_error("primary_provider_id", "This user is no doctor.")
        else:
            change.columns["doctor_id"] = doctor
    elif change.row is None:
        primary = User._default_manager.filter(practice=practice, is_primary=True, doctor_id__isnull=False)
        first = Doctor.objects.filter(practice=practice, archived=False).order_by("pk")
        found = (
            primary.values_list("doctor_id", flat=True).first() or first.values_list("pk", flat=True).first()
        )
        if found is None:
            change.add_error("primary_provider_id", "The practice has no doctor yet.")
        change.columns["doctor_id"] = found


@hook()
def refuse_duplicate(change: Change) -> None:
    """As the practice has it for every caller (see ``actions.refuse_duplicate``)."""
    if change.operation == "create":
        values = change.values
        actions.refuse_same(
            change.actor.practice, values["first_name"], values["last_name"], values["dob"], values["sex"]
        )


@hook(keys=("displays_on_dash", "note_displays_on_dashboard"))
def note_needs_tag(change: Change) -> None:
    if change.get("note_displays_on_dashboard") and not change.get("displays_on_dash"):
        change.add_error(
            "note_displays_on_dashboard", "The note is shown only where the tag is: set displays_on_dash."
        )


# -- tags of a patient ------------------------------------------------------------------------------------------


def put_tags(call: Call) -> list[Any]:
    """The tags of the body on the patient. All of the patient's tags."""
    given = [*(call.values.get("tags") or ()), *(call.values.get("tags[]") or ())]
    if not given:
        raise Invalid({"tags": ["This field is required."]})
    said = [
        {
            "name": item["name"],
            "notes": item.get("notes") if item.get("notes") is not None else item.get("note"),
        }
        for item in given
    ]
    if unknown := tags.put_on(call.row, said, call.actor.user):
        raise Invalid({"tags": [f'There is no tag "{name[:100]}".' for name in unknown]})
    resource = call.operation.registry["patients/{patient_id}/tags"]
    query = parse_query(resource, {}).with_paging(Paging(size=resource.page_size.maximum), verbose=False)
    return reading.read_page(resource, call.actor, query, {"patient_id": call.row.pk}).objects


def take_tag(call: Call) -> dict[str, Any]:
    name = call.parameters["tag_name"]
    row_id = tags.take_off(call.row, name, call.actor.user)
    if row_id is None:
        raise NotFound()
    return {
        "object": "patient_tag",
        "id": row_id,
        "action": "delete",
        "result": True,
        "message": "The tag was taken off.",
        "data": None,
    }


# -- the portal's queue -----------------------------------------------------------------------------------------


def sender() -> Combinable:
    """API_MADE for what an API user sent; 0 for what the patient sent."""
    sent = When(api_user__isnull=False, then=sql.literal(API_MADE))
    return Case(sent, default=sql.literal(0), output_field=models.IntegerField())


@hook()
def deleted_by_caller(change: Change) -> None:
    if change.operation == "delete":
        change.columns["deleted_by_id"] = change.actor.api_user


# -- e-mail -----------------------------------------------------------------------------------------------------

RESULT: tuple[Key, ...] = (
    Key("result", Boolean(), READ_ONLY, nullable=False),
    Key("message", Text(), READ_ONLY, nullable=False),
)


def send_email(call: Call) -> dict[str, Any]:
    """An e-mail to the patient's primary address, queued. Raises Invalid for an address that is none, Throttled for a
    second one too soon."""
    wrong = {}
    for name, address in (("reply-to", call.values["reply-to"]), ("patient_id", call.row.email)):
        try:
            validate_email(address)
        except ValidationError:
            wrong[name] = [
                "The patient has no valid e-mail address." if name == "patient_id" else "No valid address."
            ]
    if wrong:
        raise Invalid(wrong)
    keep_apart("email_per_patient", call.row.pk)
    values = call.values
    send.email(
        call.actor.practice,
        call.row.email,
        values["subject"],
        values["body"],
        purpose="e-mail to a patient",
        reply_to=values["reply-to"],
    )
    return {"result": True, "message": "The e-mail will be sent."}
