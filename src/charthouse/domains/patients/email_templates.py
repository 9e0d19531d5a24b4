"""The letters with links to the portal: what they say, in the practice's words or the usual ones."""

import re
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings

from charthouse.domains.patients.models import Patient, PortalWording
from charthouse.engine.errors import Invalid
from charthouse.identity.models import Practice
from charthouse.outbox import queue

UNDER = "portal/invitations"
# What stands in a letter for what: the words are the practice's, the names are ours.
PLACEHOLDERS = {
    "patient": "the patient's first name",
    "practice": "the practice's name",
    "link": "the link, which the text must have",
    "until": "when the link ends",
    "username": "the name that the patient signs in with, where there is one",
}
USUAL = {
    "invitation_subject": "Your patient portal at {practice}",
    "invitation_text": "{practice} invites you to its patient portal.\n\nOpen this link, confirm your date of birth "
    "and choose a password:\n\n{link}\n\nIt works once, until {until}. If you did not expect it, ignore this e-mail.\n",
    "password_subject": "A new password for your patient portal at {practice}",
    "password_text": "Somebody, probably you, asked for a new password for the patient portal of {practice}.\n\nOpen "
    "this link, confirm your date of birth and choose one:\n\n{link}\n\nYour username is {username}. The link works "
    "once, until {until}. If you did not expect it, ignore this e-mail: your password stays as it is.\n",
}
_NAMED = re.compile(r"\{([^{}\n]*)\}")


def wording(practice: int) -> dict[str, str]:
    """The subjects and texts that hold in a practice, by the names of USUAL."""
    own = PortalWording.objects.filter(practice=practice, archived=False).values(*USUAL).first() or {}
    return {name: own.get(name) or usual for name, usual in USUAL.items()}


def reword(practice: int, words: Mapping[str, str]) -> None:
    """Keep a practice's own words; an empty one means the usual. Raises Invalid, by name."""
    errors = {name: wrong for name in USUAL if (wrong := _wrong(name, words[name]))}
    if errors:
        raise Invalid(errors)
    kept = {name: "" if words[name] == USUAL[name] else words[name] for name in USUAL}
    row = PortalWording.objects.filter(practice=practice, archived=False).first()
    row = row or PortalWording(practice_id=practice)
    for name, value in kept.items():
        setattr(row, name, value)
    row.save()


def _wrong(name: str, words: str) -> list[str]:
    most = 200 if name.endswith("subject") else 10_000
    if len(words) > most:
        return [f"At most {most:,} characters."]
    if "\0" in words:
        return ["There is a character in it that no letter can have."]
    named = _NAMED.findall(words)
    wrong = [f"{{{one[:50]}}} stands for nothing." for one in dict.fromkeys(named) if one not in PLACEHOLDERS]
    if words and name.endswith("text") and "link" not in named:
        wrong.append("It needs {link}, or nobody can follow it.")
    if name.endswith("subject") and "link" in named:
        wrong.append("The link is for the text alone.")
    return wrong


def post(kind: str, patient: Patient, secret: str, until: datetime, username: str = "") -> None:
    """Queue the e-mail ``invitation`` or ``password``. ``secret``: what its link carries; ``until``: its end."""
    practice = patient.practice_id
    words = wording(practice)
    values = {
        "patient": patient.first_name,
        "practice": Practice.objects.get(pk=practice).name,
        "link": f"{settings.BASE_URL}/{UNDER}/{secret}",
        "until": f"{until:%Y-%m-%d %H:%M} UTC",
        "username": username,
    }
    queue.queue_email(
        practice,
        patient.email,
        _filled(words[f"{kind}_subject"], values),
        _filled(words[f"{kind}_text"], values),
        purpose=f"portal {kind}",
    )


def _filled(words: str, values: Mapping[str, str]) -> str:
    """Each placeholder once: what a value says is never read as another."""
    return _NAMED.sub(lambda found: values.get(found[1], found[0]), words)
