"""Hooks of the declarations: the order of consent forms, and the appointments they are put on."""

from typing import Any

from django.db.models import Max

from charthouse.domains.documents.models import AppliedConsentForm, ConsentForm
from charthouse.domains.practice.models import Doctor
from charthouse.resource.change import Change


def put_last(change: Change) -> None:
    """A new form comes after the doctor's others."""
    if change.row is None:
        practice, doctor = change.actor.practice, change.values["doctor"]
        Doctor.objects.select_for_update(no_key=True).get(
            practice=practice, pk=doctor
        )  # one form after another
        forms = ConsentForm.objects.filter(practice=practice, doctor=doctor)
        change.columns["order"] = (forms.aggregate(last=Max("order"))["last"] or 0) + 1


def apply_to_appointment(change: Change, form: Any) -> None:
    _put(change, form, archived=False)


def unapply_from_appointment(change: Change, form: Any) -> None:
    """Kept as taken off, so that a form that is assigned by default stays off."""
    _put(change, form, archived=True)


def _put(change: Change, form: Any, *, archived: bool) -> None:
    """Put a form on an appointment, or take it off; what is so already stays as it is. The form's row is locked."""
    keys = {"consent_form_id": form.pk, "appointment_id": change.values["appointment"]}
    row, made = AppliedConsentForm.objects.get_or_create(
        practice_id=change.actor.practice, **keys, defaults={"archived": archived}
    )
    if not made and row.archived != archived:
        row.archived = archived
        row.save(update_fields=["archived", "updated_at"])
