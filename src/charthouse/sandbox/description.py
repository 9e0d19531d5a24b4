"""``sandbox.json``: what is in the sandbox and what opens it, for scripts and for the text that the command prints."""

import json
from pathlib import Path
from typing import Any

from charthouse.domains.patients.models import Patient, PortalAccess
from charthouse.domains.practice.models import Doctor, Office
from charthouse.identity.models import ApiUser, Application, Practice, User
from charthouse.identity.token_pairs import expand_scopes
from charthouse.sandbox import api_users as programs
from charthouse.sandbox import oauth_apps as apps
from charthouse.sandbox.credentials import Credentials, write_private


def write(path: Path, base_url: str) -> dict[str, Any]:
    """Write the file (mode 0600) and return its content. Every access token in it is good for 48 hours from now.

    Raises FileNotFoundError when no practice was built in this data directory.
    """
    credentials = Credentials.load()
    practices = Practice.objects.using("owner").order_by("pk")
    described = {
        "base_url": base_url,
        "seed": credentials.seed,
        "reference_day": credentials.reference_day,
        "practices": [_practice(practice, credentials) for practice in practices],
    }
    credentials.save()
    write_private(path, json.dumps(described, indent=2) + "\n")
    return described


def _practice(practice: Practice, credentials: Credentials) -> dict[str, Any]:
    users = list(User.objects.using("owner").filter(practice=practice).order_by("pk"))
    applications = Application.objects.filter(user__in=[user.pk for user in users]).order_by("pk")
    return {
        "id": practice.pk,
        "name": practice.name,
        "doctors": [
            {"id": doctor.pk, "name": str(doctor), "specialty": doctor.specialty, "timezone": doctor.timezone}
            for doctor in Doctor.objects.using("owner").filter(practice=practice).order_by("pk")
        ],
        "offices": [
            {"id": office.pk, "name": office.name, "exam_rooms": office.exam_rooms.count()}
            for office in Office.objects.using("owner").filter(practice=practice).order_by("pk")
        ],
        "patients_count": Patient.objects.using("owner").filter(practice=practice).count(),
        "users": [_user(user, credentials) for user in users if user.username in credentials.passwords],
        "portal_users": _guests(practice, credentials),
        "oauth_apps": [_app(app, credentials) for app in applications if app.client_id in credentials.apps],
        "api_users": [
            programs.described(user, credentials)
            for user in ApiUser.objects.using("owner").filter(practice=practice).order_by("pk")
            if user.username in credentials.api_secrets
        ],
    }


def _user(user: User, credentials: Credentials) -> dict[str, Any]:
    return {
        "id": user.pk,
        "username": user.username,
        "password": credentials.passwords[user.username],
        "role": user.role,
        "is_primary": user.is_primary,
        "doctor": user.doctor_id,
        "permissions": user.permissions,
    }


def _guests(practice: Practice, credentials: Credentials) -> list[dict[str, Any]]:
    """Patients who can sign in to the portal."""
    known = PortalAccess.objects.using("owner").filter(
        practice=practice, patient__in=map(int, credentials.portal)
    )
    return [
        {"patient": patient, **credentials.portal[str(patient)]}
        for patient in known.order_by("patient").values_list("patient", flat=True)
    ]


def _app(app: Application, credentials: Credentials) -> dict[str, Any]:
    keys = apps.keep_alive(app, credentials)
    return {
        "name": app.name,
        "client_id": app.client_id,
        "client_secret": keys.client_secret,
        "redirect_uri": app.redirect_uris,
        "scopes": expand_scopes(app.scopes),
        "access_token": keys.access_token,
        "refresh_token": keys.refresh_token,
        "rate_limit": app.hourly_limit,
    }
