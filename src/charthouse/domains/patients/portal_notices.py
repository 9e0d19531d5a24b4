"""E-mails that tell a patient that something waits in the portal. They name the patient and not the content."""

from charthouse.domains.patients import correspondence, portal_proxies
from charthouse.domains.patients.models import Patient
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
    """Queue the e-mails about a ``message`` or a ``questionnaire``, in the caller's transaction: to the patient and to
    those who act for them, as far as they can sign in to the portal.

    Returns False where none of them can or has an e-mail address, or the patient has died.
    """
    practice = Practice.objects.get(pk=patient.practice_id)
    proxies = [row.proxy for row in portal_proxies.list_proxies(practice, patient.pk)]
    able = [one for one in (patient, *proxies) if portal_proxies.has_access(one)]
    subject, sentence, to_do, path = _NOTICES[waiting]
    names = {
        "patient": patient.first_name or "you",
        "practice": practice.name,
    }
    text = f"{sentence.format(**names)}\n\n{to_do}:\n\n{origin.build_lasting_url(path)}\n"
    queued = [
        correspondence.queue_patient_email(
            patient, subject.format(**names), text, purpose=f"portal {waiting}", recipient=one
        )
        for one in able
    ]
    return any(queued)
