"""Hooks of consent forms: their order, the appointments that they apply to, and which must be signed before check-in
(docs/decisions/0144-consent-forms.md)."""

from typing import Any

from django.db.models import Max

from charthouse.domains.documents.models import AppliedConsentForm, ConsentForm, SignedConsentForm
from charthouse.domains.practice.models import Doctor
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.errors import Conflict


@hook(keys=("doctor",))
def order_last(change: Change) -> None:
    """Order a new form after the doctor's others."""
    if change.row is None:
        practice, doctor = change.actor.practice, change.values["doctor"]
        Doctor.objects.select_for_update(no_key=True).get(practice=practice, pk=doctor)  # serializes writers
        forms = ConsentForm.objects.filter(practice=practice, doctor=doctor)
        change.set_columns(order=(forms.aggregate(last=Max("order"))["last"] or 0) + 1)


def apply_to_appointment(call: Call) -> None:
    """Apply a form to an appointment. Raises Conflict where the form is archived."""
    if call.row.archived:
        raise Conflict("The form is archived.")
    _apply(call, archived=False)


def unapply_from_appointment(call: Call) -> None:
    """Remove a form from an appointment. The row stays, archived, so that a form that is assigned by default is not
    applied again."""
    _apply(call, archived=True)


def _apply(call: Call, *, archived: bool) -> None:
    """Apply a form to an appointment, or remove it; a call that changes nothing writes nothing. The form's row is
    locked."""
    keys = {"consent_form_id": call.row.pk, "appointment_id": call.values["appointment"]}
    row, made = AppliedConsentForm.objects.get_or_create(
        practice_id=call.actor.practice, **keys, defaults={"archived": archived}
    )
    if not made and row.archived != archived:
        row.archived = archived
        row.save(update_fields=["archived", "updated_at"])


def require_signatures(sender: Any, change: Change, **_: Any) -> None:
    """Refuse the check-in while a mandatory form of the appointment isn't signed. A new appointment will have the forms
    that its doctor assigns by default."""
    practice, appointment = change.actor.practice, change.row and change.row.pk
    forms = ConsentForm.objects.filter(practice=practice, is_mandatory=True, archived=False)
    if appointment is None:
        forms = forms.filter(doctor=change.get("doctor"), assign_by_default=True)
    else:
        own = {"practice": practice, "appointment": appointment, "archived": False}
        forms = forms.filter(pk__in=AppliedConsentForm.objects.filter(**own).values("consent_form"))
        signed = SignedConsentForm.objects.filter(patient=change.get("patient"), **own)
        forms = forms.exclude(pk__in=signed.values("consent_form"))
    if titles := list(forms.order_by("order", "pk").values_list("title", flat=True)):
        change.add_error(
            "status", f"These consent forms must be signed before check-in: {', '.join(titles)}."
        )
