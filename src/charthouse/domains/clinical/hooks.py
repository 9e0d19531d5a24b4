"""Hooks of the lists of a chart: labels of codes, appointments and amendments."""

from charthouse.domains.clinical import code_labels
from charthouse.domains.clinical.models import (
    Observation,
)
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook


@hook(keys=("icd_code", "icd_version", "name"))
def label_problem(change: Change) -> None:
    """Set the name of a problem from its ICD-10 code unless one was given."""
    if not change.get("name") and change.get("icd_version") == 10:
        name = code_labels.get_icd10_label(change.get("icd_code") or "")
        if name:
            change.set("name", name)


@hook()
def label_codes(change: Change) -> None:
    """Set the labels of an observation's codes."""
    row: Observation | None = change.row
    for code, system, name in (
        ("code", "code_system", "name"),
        ("value_code", "value_code_system", "value_code_name"),
    ):
        if row is None or change.changes(code, system):
            change.set_columns(
                **{name: code_labels.get_label(change.get(system) or "", change.get(code) or "")}
            )


@hook(keys=("appointment", "patient"))
def check_appointment_of_patient(change: Change) -> None:
    """Reject an appointment of another patient."""
    appointment = change.get("appointment")
    if appointment is None or change.operation == "delete" or not change.changes("appointment", "patient"):
        return
    rows = Appointment.objects.filter(practice=change.actor.practice, pk=appointment)
    if not rows.filter(patient=change.get("patient")).exists():
        change.add_error("appointment", "The appointment is not this patient's.")


@hook(keys=("appointment", "patient"))
def set_amendment_app(change: Change) -> None:
    """Set the app that creates an amendment; check its appointment."""
    if change.row is None:
        change.set_columns(app_id=change.actor.app)
    check_appointment_of_patient(change)
