"""E-mails and text messages to patients. Nothing is sent to a patient who has died."""

from charthouse.domains.patients.models import Patient
from charthouse.outbox import queue


def queue_patient_email(
    patient: Patient,
    subject: str,
    text: str,
    *,
    purpose: str,
    reply_to: str = "",
    recipient: Patient | None = None,
) -> bool:
    """Queue an e-mail about a patient to the patient's primary address, or to that of ``recipient``, who acts for them.

    Returns False where there is no address, or the patient has died.
    """
    address = (recipient or patient).email
    if not address or patient.is_deceased:
        return False
    queue.queue_email(
        patient.practice_id,
        address,
        subject,
        text,
        purpose=purpose,
        reply_to=reply_to,
        patient=patient.pk,
    )
    return True


def queue_patient_sms(patient: Patient, text: str, *, purpose: str) -> bool:
    """Queue a text message to the patient's cell phone. Returns False where the patient has none, wants no text
    messages, or has died."""
    if not patient.cell_phone or patient.disable_sms_messages or patient.is_deceased:
        return False
    queue.queue_sms(patient.practice_id, patient.cell_phone, text, purpose=purpose, patient=patient.pk)
    return True
