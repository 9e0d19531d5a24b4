"""The sessions of patients: a cookie of their own, which goes to the portal alone, as that of people doesn't go here.

So a patient who is signed in is nobody in the console, and somebody of the practice is nobody in the portal, in one
browser at once. What a session opens is looked up at every request: access that was revoked, or whose password was
changed, is over at once.
"""

import os
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

from charthouse.domains.patients.models import Patient, PortalAccess
from charthouse.identity import tenancy
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import Practice
from charthouse.identity.sessions import LAST_SEEN_INTERVAL, LAST_SEEN_KEY, MAX_AGE, get_unix_time

COOKIE, PATH = "charthouse_portal", "/portal"
ENTERED = "portal"  # what a session of the portal has: practice, access, and a mark of its password


class Sessions(SessionMiddleware):
    """Django's, with the portal's own cookie below the portal's path."""

    def process_request(self, request: HttpRequest) -> None:
        if _of_portal(request):
            request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
            if COOKIE in request.COOKIES:
                request.COOKIES[settings.SESSION_COOKIE_NAME] = request.COOKIES[COOKIE]
        super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().process_response(request, response)
        made: Morsel[str] | None = response.cookies.get(settings.SESSION_COOKIE_NAME)
        if made is not None and _of_portal(request):
            del response.cookies[settings.SESSION_COOKIE_NAME]
            made.set(COOKIE, made.value, made.coded_value)
            made["path"] = PATH
            dict.__setitem__(response.cookies, COOKIE, made)
        return response


def _of_portal(request: HttpRequest) -> bool:
    return request.path == PATH or request.path.startswith(f"{PATH}/")


@dataclass(frozen=True)
class Guest:
    """A patient who is signed in. ``zone``: the patient's own, or the provider's."""

    access: PortalAccess
    patient: Patient
    practice: Practice

    @property
    def zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.patient.timezone or self.patient.doctor.timezone)
        except (KeyError, ValueError):  # an import may have brought any text
            return ZoneInfo(self.patient.doctor.timezone)


def begin(request: HttpRequest, access: PortalAccess) -> None:
    """Sign a patient in, into a session that nobody knew before."""
    request.session.flush()
    rotate_token(request)
    request.session[ENTERED] = {"practice": access.practice_id, "access": access.pk, "mark": _mark(access)}
    request.session[LAST_SEEN_KEY] = get_unix_time()
    request.session.set_expiry(timezone.now() + MAX_AGE)
    emit_audit_event("portal signed in", practice_id=access.practice_id, patient_id=access.patient_id)


def end(request: HttpRequest) -> None:
    known = request.session.get(ENTERED)
    request.session.flush()
    if known is not None and (access := _access(known)) is not None:
        emit_audit_event("portal signed out", practice_id=access.practice_id, patient_id=access.patient_id)


def guest(request: HttpRequest) -> Guest | None:
    """Who is signed in; from here on only rows of their practice exist. None ends the session."""
    known = request.session.get(ENTERED)
    if known is None:
        return None
    access = _access(known)
    if access is None or not constant_time_compare(_mark(access), known["mark"]):
        request.session.flush()
        return None
    practice = Practice.objects.get(pk=access.practice_id)
    now, seen = get_unix_time(), request.session.get(LAST_SEEN_KEY, 0)
    if now - seen > practice.idle_minutes * 60:
        request.session.flush()
        return None
    if now - seen >= LAST_SEEN_INTERVAL:
        request.session[LAST_SEEN_KEY] = now
    return Guest(access, access.patient, practice)


def _access(known: Any) -> PortalAccess | None:
    tenancy.set_tenant(known["practice"], request_id=os.urandom(16).hex())
    return (
        PortalAccess.objects.select_related("patient__doctor")
        .filter(
            practice=known["practice"],
            pk=known["access"],
            activated_on__isnull=False,
            disabled_on=None,
            archived=False,
            patient__archived=False,
        )
        .first()
    )


def _mark(access: PortalAccess) -> str:
    """Changes with the password, and says nothing of it."""
    return salted_hmac("charthouse.portal", access.password, algorithm="sha256").hexdigest()
