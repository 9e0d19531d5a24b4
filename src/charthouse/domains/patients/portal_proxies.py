"""Proxies in the portal: parents and guardians of minors, caregivers and agents of others.

The person is a patient of the practice too, if only by name, and signs in with an access of their own:
docs/decisions/0389-proxies.md
"""

from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext_noop

from charthouse import clock
from charthouse.domains.patients.models import DECEASED, Patient, PortalAccess, PortalProxy
from charthouse.engine.errors import Conflict, Invalid
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import Practice

RELATIONSHIPS = {
    "parent": gettext_noop("Parent"),
    "guardian": gettext_noop("Legal guardian"),
    "caregiver": gettext_noop("Caregiver"),
    "agent": gettext_noop("Health care agent"),
}
OF_MINORS = ("parent", "guardian")


def select_open(practice: int) -> "QuerySet[PortalProxy]":
    """Select proxies that were not ended, of patients who are neither deleted nor dead; by age they may be over."""
    rows: QuerySet[PortalProxy] = PortalProxy.objects.select_related("patient__doctor", "proxy")
    rows = rows.filter(practice=practice, archived=False, ended_on=None, patient__archived=False)
    rows = rows.exclude(
        patient=F("proxy")
    )  # a patient and the proxy who turned out to be one, and were merged
    return rows.filter(proxy__archived=False).exclude(patient__patient_status=DECEASED).order_by("pk")


def find_end(row: PortalProxy, practice: Practice) -> date | None:
    """Find the day on which a proxy of a minor ends: the birthday at the practice's age. None: by nothing but the
    practice; today for a minor without a date of birth."""
    if row.relationship not in OF_MINORS:
        return None
    born = row.patient.date_of_birth
    return _get_birthday(born, practice.proxy_end_age) if born else get_today(row.patient)


def is_over(row: PortalProxy, practice: Practice) -> bool:
    """Whether a proxy has ended by the patient's age."""
    end = find_end(row, practice)
    return end is not None and end <= get_today(row.patient)


def list_records(practice: Practice, proxy: int) -> list[PortalProxy]:
    """List the proxies of a person that hold today."""
    return [row for row in select_open(practice.pk).filter(proxy=proxy) if not is_over(row, practice)]


def list_proxies(practice: Practice, patient: int) -> list[PortalProxy]:
    """List the proxies of a patient that hold today."""
    return [row for row in select_open(practice.pk).filter(patient=patient) if not is_over(row, practice)]


def add(patient: Patient, proxy: Patient, relationship: str, user: int) -> PortalProxy:
    """Let a person act for a patient. Runs within the caller's transaction.

    Raises Invalid with errors by name (``patient``: of the person), Conflict for a proxy that there is already.
    """
    practice = Practice.objects.get(pk=patient.practice_id)
    row = PortalProxy(
        practice_id=patient.practice_id,
        patient=patient,
        proxy=proxy,
        relationship=relationship,
        granted_by_id=user,
    )
    if errors := _list_errors(row, practice):
        raise Invalid(errors)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:  # one_portal_proxy
        raise Conflict("This person is a proxy of the patient already.") from None
    _record("portal proxy added", row, user)
    return row


def end(row: PortalProxy, user: int) -> None:
    """End a proxy. The next request of the person's session finds it ended."""
    row.ended_by_id, row.ended_on = user, clock.now()
    row.save(update_fields=["ended_by", "ended_on", "updated_at"])
    _record("portal proxy ended", row, user)


def has_access(proxy: Patient) -> bool:
    """Whether a person can sign in to the portal."""
    found = PortalAccess.select_open().filter(practice=proxy.practice_id, patient=proxy.pk)
    return found.filter(activated_on__isnull=False).exists()


def get_today(patient: Patient) -> date:
    """Return the date in the patient's time zone."""
    return clock.now().astimezone(patient.local_zone).date()


def _list_errors(row: PortalProxy, practice: Practice) -> dict[str, Any]:
    errors: dict[str, Any] = {}
    if row.relationship not in RELATIONSHIPS:
        errors["relationship"] = ["Choose what the person is to the patient."]
    elif row.relationship in OF_MINORS and is_over(row, practice):
        born = row.patient.date_of_birth
        errors["relationship"] = [
            f"Parents and guardians act for patients under {practice.proxy_end_age}."
            if born
            else "The patient has no date of birth."
        ]
    if row.proxy_id == row.patient_id:
        errors["patient"] = ["A patient needs no proxy to see their own record."]
    elif row.proxy.patient_status != "A":
        errors["patient"] = ["The person is not an active patient."]
    elif _is_minor(row.proxy, practice):
        errors["patient"] = [f"A proxy is {practice.proxy_end_age} or older."]
    if row.patient.patient_status != "A":
        errors["patient"] = ["The patient is not active."]
    return errors


def _is_minor(person: Patient, practice: Practice) -> bool:
    born = person.date_of_birth
    return born is not None and _get_birthday(born, practice.proxy_end_age) > get_today(person)


def _get_birthday(born: date, age: int) -> date:
    """Return the day on which somebody reaches an age: March 1 for who is born on a leap day, in other years."""
    try:
        return born.replace(year=born.year + age)
    except ValueError:
        return date(born.year + age, 3, 1)


def _record(what: str, row: PortalProxy, user: int) -> None:
    details = {"proxy": row.proxy_id, "relationship": row.relationship}
    emit_audit_event(
        what, practice_id=row.practice_id, user_id=user, patient_id=row.patient_id, details=details
    )
