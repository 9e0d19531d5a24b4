"""Templates of the e-mails with links to the portal: a practice's own, or the default ones."""

import re
from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext, gettext_noop, override

from charthouse.domains.patients import correspondence
from charthouse.domains.patients.languages import format_time, get_language
from charthouse.domains.patients.models import Patient, PortalWording
from charthouse.engine.declaration.texts import parse_kept_text
from charthouse.engine.declaration.values import InvalidValue
from charthouse.engine.errors import Invalid
from charthouse.identity import origin
from charthouse.identity.models import Practice

LINK_PATH = "portal/invitations"
# What each placeholder of a template stands for.
PLACEHOLDERS = {
    "patient": "the patient's first name",
    "practice": "the practice's name",
    "link": "the link, which the text must have",
    "until": "when the link ends",
    "username": "the name that the patient signs in with, where there is one",
}
DEFAULT_TEMPLATES = {
    "invitation_subject": gettext_noop("Patient portal of {practice} for {patient}"),
    "invitation_text": gettext_noop(
        "{practice} invites {patient} to its patient portal.\n\nOpen this link, confirm the date of birth and choose a "
        "password:\n\n{link}\n\nIt works once, until {until}. If you did not expect it, ignore this e-mail.\n"
    ),
    "password_subject": gettext_noop("New password for the patient portal of {practice}"),
    "password_text": gettext_noop(
        "Someone asked for a new password for {patient} for the patient portal of {practice}.\n\nOpen this link, "
        "confirm the date of birth and choose one:\n\n{link}\n\nThe username is {username}. The link works once, until "
        "{until}. If you did not expect it, ignore this e-mail: the password stays the same.\n"
    ),
}
_PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")


def get_templates(practice: int) -> dict[str, str]:
    """Return the subjects and texts that a practice uses, by the names of DEFAULT_TEMPLATES. The practice's own are in
    the language in which it wrote them, the default ones in the current language."""
    own = (
        PortalWording.objects.filter(practice=practice, archived=False).values(*DEFAULT_TEMPLATES).first()
        or {}
    )
    return {name: own.get(name) or gettext(usual) for name, usual in DEFAULT_TEMPLATES.items()}


def save_templates(practice: int, words: Mapping[str, str]) -> None:
    """Save a practice's own templates; an empty one stands for the default. Raises Invalid, with errors by name."""
    errors = {name: wrong for name in DEFAULT_TEMPLATES if (wrong := _check_template(name, words[name]))}
    if errors:
        raise Invalid(errors)
    kept = {name: "" if words[name] == DEFAULT_TEMPLATES[name] else words[name] for name in DEFAULT_TEMPLATES}
    row = PortalWording.objects.filter(practice=practice, archived=False).first()
    row = row or PortalWording(practice_id=practice)
    for name, value in kept.items():
        setattr(row, name, value)
    row.save()


def _check_template(name: str, words: str) -> list[str]:
    """Return the errors of a template."""
    most = 200 if name.endswith("subject") else 10_000
    if len(words) > most:
        return [f"At most {most:,} characters."]
    try:
        parse_kept_text(words, multiline=name.endswith("text"))
    except InvalidValue as error:
        return list(error.messages)
    named = _PLACEHOLDER.findall(words)
    wrong = [
        f"{{{one[:50]}}} is not a placeholder." for one in dict.fromkeys(named) if one not in PLACEHOLDERS
    ]
    if words and name.endswith("text") and "link" not in named:
        wrong.append("The text has to contain {link}.")
    if name.endswith("subject") and "link" in named:
        wrong.append("The link belongs in the text, not in the subject.")
    return wrong


def queue_link_email(kind: str, patient: Patient, secret: str, until: datetime, username: str = "") -> None:
    """Queue the e-mail ``invitation`` or ``password``. ``secret``: what the link carries; ``until``: when the link
    expires, written in the patient's time zone."""
    practice = patient.practice_id
    with override(get_language(patient)):
        words = get_templates(practice)
        expires = format_time(until.astimezone(patient.local_zone), "stamp")
    values = {
        "patient": patient.first_name or patient.last_name,
        "practice": Practice.objects.get(pk=practice).name,
        "link": origin.build_lasting_url(f"/{LINK_PATH}/{secret}"),
        "until": expires,
        "username": username,
    }
    correspondence.queue_patient_email(
        patient,
        _fill(words[f"{kind}_subject"], values),
        _fill(words[f"{kind}_text"], values),
        purpose=f"portal {kind}",
    )


def _fill(words: str, values: Mapping[str, str]) -> str:
    """Replace every placeholder once: a value that contains a placeholder is not read again."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), words)
