"""Sessions of patients, in a cookie of their own that is sent to the portal only.

One browser can hold a patient's session in the portal and a user's in the console, apart from each other. Each request
looks up the access, so a revoked one, or one whose password was changed, ends at once.
docs/decisions/0260-the-portals-log-ins.md
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from http.cookies import Morsel
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext

from charthouse.domains.patients.models import Patient, PortalAccess, PortalProxy
from charthouse.domains.patients.portal_proxies import RELATIONSHIPS, list_records
from charthouse.identity import tenancy
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import Practice
from charthouse.identity.sessions import LAST_SEEN_INTERVAL, LAST_SEEN_KEY, MAX_AGE, get_unix_time

COOKIE, PATH = "charthouse_portal", "/portal"
SESSION_KEY = "portal"  # holds practice, access and a digest of the password


class PortalSessionMiddleware(SessionMiddleware):
    """Django's session middleware, with the portal's own cookie below the portal's path."""

    def process_request(self, request: HttpRequest) -> None:
        if is_portal_path(request):
            request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
            if COOKIE in request.COOKIES:
                request.COOKIES[settings.SESSION_COOKIE_NAME] = request.COOKIES[COOKIE]
        super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().process_response(request, response)
        morsel: Morsel[str] | None = response.cookies.get(settings.SESSION_COOKIE_NAME)
        if morsel is not None and is_portal_path(request):
            del response.cookies[settings.SESSION_COOKIE_NAME]
            morsel.set(COOKIE, morsel.value, morsel.coded_value)
            morsel["path"] = PATH
            dict.__setitem__(response.cookies, COOKIE, morsel)
        return response


def is_portal_path(request: HttpRequest) -> bool:
    """Whether the request is of the portal, by its path."""
    return request.path == PATH or request.path.startswith(f"{PATH}/")


class ProxyEnded(Exception):
    """The person does not act for the patient any more."""


@dataclass(frozen=True)
class SignedInPatient:
    """Who is signed in (``access``), and whose record they see: ``patient``, as a ``proxy`` or their own."""

    access: PortalAccess
    patient: Patient
    practice: Practice
    records: Sequence[PortalProxy] = ()  # that they may see besides their own
    proxy: PortalProxy | None = None

    @property
    def person(self) -> Patient:
        """The person who is signed in."""
        person: Patient = self.access.patient
        return person

    @property
    def relationship(self) -> str:
        """What a proxy is to the patient, in words."""
        return gettext(RELATIONSHIPS[self.proxy.relationship]) if self.proxy else ""

    @property
    def sender(self) -> str:
        """Who acts, for staff: the patient, or the proxy with the relationship."""
        if self.proxy is None:
            return self.patient.display_name
        return f"{self.person.display_name}, {RELATIONSHIPS[self.proxy.relationship].lower()}"

    @property
    def zone(self) -> ZoneInfo:
        """The patient's time zone, or the doctor's."""
        return self.patient.local_zone


def start_session(request: HttpRequest, access: PortalAccess) -> None:
    """Start a new session for the patient."""
    request.session.flush()
    rotate_token(request)
    request.session[SESSION_KEY] = {
        "practice": access.practice_id,
        "access": access.pk,
        "mark": _compute_password_mark(access),
    }
    request.session[LAST_SEEN_KEY] = get_unix_time()
    request.session.set_expiry(timezone.now() + MAX_AGE)
    emit_audit_event("portal signed in", practice_id=access.practice_id, patient_id=access.patient_id)


def end_session(request: HttpRequest) -> None:
    """End the session."""
    known = request.session.get(SESSION_KEY)
    request.session.flush()
    if known is not None and (access := _find_access(known)) is not None:
        emit_audit_event("portal signed out", practice_id=access.practice_id, patient_id=access.patient_id)


def load_patient(request: HttpRequest) -> SignedInPatient | None:
    """Load the signed-in patient and enter the practice's row scope; None ends the session.

    Raises ProxyEnded once, when a proxy has ended whose patient the session showed: from then on it shows the person's
    own record.
    """
    known = request.session.get(SESSION_KEY)
    if known is None:
        return None
    access = _find_access(known)
    if access is None or not _is_password_mark(access, known["mark"]):
        request.session.flush()
        return None
    practice = Practice.objects.get(pk=access.practice_id)
    now, seen = get_unix_time(), request.session.get(LAST_SEEN_KEY, 0)
    if now - seen > practice.idle_minutes * 60:
        request.session.flush()
        return None
    if now - seen >= LAST_SEEN_INTERVAL:
        request.session[LAST_SEEN_KEY] = now
    records = list_records(practice, access.patient_id)
    if (chosen := known.get("proxy")) is None:
        return SignedInPatient(access, access.patient, practice, records)
    proxy = next((row for row in records if row.pk == chosen), None)
    if proxy is None:
        choose_record(request, access, None)
        raise ProxyEnded
    return SignedInPatient(access, proxy.patient, practice, records, proxy)


def choose_record(request: HttpRequest, access: PortalAccess, proxy: PortalProxy | None) -> None:
    """Choose whose record the session shows: that of a proxy's patient, or the person's own.

    Forms that other windows show of the record before are refused from now on.
    """
    request.session[SESSION_KEY] = request.session[SESSION_KEY] | {"proxy": proxy and proxy.pk}
    rotate_token(request)
    if proxy is not None:
        emit_audit_event(
            "portal proxy opened",
            practice_id=access.practice_id,
            patient_id=proxy.patient_id,
            details={"proxy": access.patient_id, "relationship": proxy.relationship},
        )


def _find_access(known: Any) -> PortalAccess | None:
    tenancy.set_tenant(known["practice"], request_id=os.urandom(16).hex())
    return (
        PortalAccess.select_open()
        .select_related("patient__doctor")
        .filter(practice=known["practice"], pk=known["access"], activated_on__isnull=False)
        .first()
    )


def _compute_password_mark(access: PortalAccess, key: str | None = None) -> str:
    """Compute a digest that changes with the password and does not reveal it. ``key``: the current secret key by
    default."""
    return salted_hmac("charthouse.portal", access.password, secret=key, algorithm="sha256").hexdigest()


def _is_password_mark(access: PortalAccess, mark: str) -> bool:
    """Return whether a session's digest is that of the password, under the current or a former secret key."""
    keys = (None, *settings.SECRET_KEY_FALLBACKS)
    return any(constant_time_compare(_compute_password_mark(access, key), mark) for key in keys)
