"""Hooks of Cerbo's declarations: statuses, providers, tags, the queue."""

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import Q

from charthouse import clock
from charthouse.domains.patients import hooks
from charthouse.domains.practice.models import Doctor
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.errors import Conflict

User = get_user_model()
_CODES = {"active": "A", "prospective": "I", "inactive": "I", "deceased": "D"}


@hook(keys=("first_name", "last_name"))
def number_chart(change: Change) -> None:
    if change.operation == "create":
        names = change.values["first_name"], change.values["last_name"]
        change.columns["chart_id"] = hooks.next_chart(change.actor.practice, *names)


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
    """As the practice has it for every caller (see ``hooks.refuse_duplicate``)."""
    if change.operation == "create":
        values = change.values
        hooks.refuse_same(
            change.actor.practice, values["first_name"], values["last_name"], values["dob"], values["sex"]
        )
