"""Deleting a patient, with everything that belongs to them, and restoring both.

What belongs to a patient is archived and restored by the database (``identity.parts``). What else follows is done by
receivers of ``signals``. docs/decisions/0324-what-belongs-to-a-row.md
"""

from django.db import IntegrityError, transaction

from charthouse import clock
from charthouse.domains.patients.models import Patient, PatientMerge, PortalAccess
from charthouse.domains.patients.signals import patient_deleting, patient_restored
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.errors import Conflict, NotFound


@hook()
def announce_deletion(change: Change) -> None:
    """Tell the other domains that a patient is about to be deleted."""
    if change.operation == "delete":
        patient_deleting.send(Patient, patient=change.row)


def restore(practice: int, patient_id: int) -> Patient:
    """Restore a deleted patient of the current practice, with what was deleted with them.

    Raises NotFound where there is no such patient or it is not deleted, and Conflict for one who was merged, or where
    somebody else has taken the name with which the patient signs in to the portal.
    """
    with transaction.atomic():
        rows = Patient.objects.select_for_update(of=("self",), no_key=True)
        patient = rows.filter(practice=practice, pk=patient_id, archived=True).first()
        if patient is None:
            raise NotFound
        if PatientMerge.objects.filter(practice=practice, merged=patient_id, undone_at=None).exists():
            raise Conflict("The patient was merged into another one. Undo the merge instead.")
        patient.archived = False
        try:
            with transaction.atomic():
                patient.save(update_fields=["archived", "updated_at"])
        except IntegrityError:
            end_access(patient)
            patient.save(update_fields=["archived", "updated_at"])
        patient_restored.send(Patient, patient=patient)
    return patient


def end_access(patient: Patient) -> None:
    """End the access to the portal of a deleted patient whose username somebody else has taken in the meantime: the
    practice invites them again. Raises Conflict where there is no such access."""
    taken = PortalAccess.objects.filter(practice=patient.practice_id, archived=False, disabled_on=None)
    usernames = taken.exclude(username="").values("username")
    own = PortalAccess.objects.filter(
        practice=patient.practice_id, patient=patient.pk, disabled_on=None, username__in=usernames
    )
    if not own.update(disabled_on=clock.now(), token="", password="", updated_at=clock.now()):
        raise Conflict("Another row has taken the place of one of this patient's.")
