"""E-mails that tell a patient that something waits in the portal. They name the patient and not the content."""

from charthouse.domains.patients import correspondence
from charthouse.domains.patients.models import Patient, PortalAccess
from charthouse.identity import origin
from charthouse.identity.models import Practice

# What waits → subject, first sentence, what to do, path in the portal.
_NOTICES = {
    "message": (
        "A new message for {patient} from {practice}",
        "{practice} has sent {patient} a message.",
        "Sign in to read it",
        "/portal/messages",
    ),
    "questionnaire": (
        "A questionnaire for {patient} from {practice}",
        "{practice} asks {patient} to answer a questionnaire.",
        "Sign in to answer it",
        "/portal/questionnaires",
    ),
}


def queue_notice(patient: Patient, waiting: str) -> bool:
    """Queue the e-mail about a ``message`` or a ``questionnaire``, in the caller's transaction.

    Returns False for a patient who cannot sign in to the portal, has no e-mail address, or has died.
    """
    practice = patient.practice_id
    access = PortalAccess.select_open().filter(practice=practice, patient=patient.pk)
    if not access.filter(activated_on__isnull=False).exists():
        return False
    subject, sentence, to_do, path = _NOTICES[waiting]
    names = {
        "patient": patient.first_name or "you",
        "practice": Practice.objects.get(pk=practice).name,
    }
    text = f"{sentence.format(**names)}\n\n{to_do}:\n\n{origin.build_lasting_url(path)}\n"
    return correspondence.queue_patient_email(
        patient, subject.format(**names), text, purpose=f"portal {waiting}"
    )
