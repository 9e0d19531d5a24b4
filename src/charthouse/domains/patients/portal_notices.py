"""E-mails that tell a patient that something waits in the portal. They name the patient and not the content."""

from django.utils.translation import gettext, gettext_noop, override

from charthouse.domains.patients import correspondence, portal_proxies
from charthouse.domains.patients.languages import get_language
from charthouse.domains.patients.models import Patient
from charthouse.identity import origin
from charthouse.identity.models import Practice

# What waits → subject, text, path in the portal.
_NOTICES = {
    "message": (
        gettext_noop("A new message for {patient} from {practice}"),
        gettext_noop("{practice} has sent {patient} a message.\n\nSign in to read it:\n\n{link}\n"),
        "/portal/messages",
    ),
    "questionnaire": (
        gettext_noop("A questionnaire for {patient} from {practice}"),
        gettext_noop(
            "{practice} asks {patient} to answer a questionnaire.\n\nSign in to answer it:\n\n{link}\n"
        ),
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
    return any([_queue(practice, patient, one, waiting) for one in able])


def _queue(practice: Practice, patient: Patient, recipient: Patient, waiting: str) -> bool:
    """Queue an e-mail in the language of its recipient."""
    subject, text, path = _NOTICES[waiting]
    values = {
        "patient": patient.first_name or patient.last_name,
        "practice": practice.name,
        "link": origin.build_lasting_url(path),
    }
    with override(get_language(recipient)):
        subject, text = gettext(subject).format(**values), gettext(text).format(**values)
    return correspondence.queue_patient_email(
        patient, subject, text, purpose=f"portal {waiting}", recipient=recipient
    )
