"""Hooks of patients in Cerbo's API: chart numbers, statuses, providers, duplicates, deletions."""

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
    """Give a new patient the next chart number of the name's prefix."""
    if change.operation == "create":
        names = change.values["first_name"], change.values["last_name"]
        change.set_columns(chart_id=hooks.make_chart_number(change.actor.practice, *names))


@hook()
def refuse_open_notes(change: Change) -> None:
    """Refuse to delete a patient with unsigned notes: of a visit, a note with values; otherwise any. Notes belong to
    the clinical domain, so they are found by name. Raises Conflict."""
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
    """Set the columns that ``inactive`` stands for: status, whether prospective, and the date of becoming inactive."""
    status_name = change.values.get("inactive")
    if status_name is None:
        return
    code, before = _CODES[status_name], change.row.patient_status if change.row else "A"
    change.set_columns(patient_status=code, is_prospective=status_name == "prospective")
    if code == "A":
        change.set_columns(inactive_date=None)
    elif before == "A":
        change.set_columns(inactive_date=clock.now().date())


@hook(keys=("primary_provider_id",))
def set_provider(change: Change) -> None:
    """Set the doctor of the user in ``primary_provider_id``. A new patient without one gets the doctor of the
    practice's primary user, or the first doctor."""
    practice = change.actor.practice
    user = change.values.get("primary_provider_id")
    if user is not None:
        doctors = User._default_manager.filter(practice=practice, pk=user, role="doctor")
        doctor = doctors.values_list("doctor_id", flat=True).first()
        if doctor is None:
            change.add_error("primary_provider_id", "This user is no doctor.")
        else:
            change.set_columns(doctor_id=doctor)
    elif change.row is None:
        primary = User._default_manager.filter(practice=practice, is_primary=True, doctor_id__isnull=False)
        first = Doctor.objects.filter(practice=practice, archived=False).order_by("pk")
        found = (
            primary.values_list("doctor_id", flat=True).first() or first.values_list("pk", flat=True).first()
        )
        if found is None:
            change.add_error("primary_provider_id", "The practice has no doctor yet.")
        change.set_columns(doctor_id=found)


@hook()
def refuse_duplicate(change: Change) -> None:
    """Refuse a duplicate, where the practice has switched that on (see ``hooks.check_duplicate``). Raises Conflict."""
    if change.operation == "create":
        values = change.values
        hooks.check_duplicate(
            change.actor.practice, values["first_name"], values["last_name"], values["dob"], values["sex"]
        )
