"""``sandbox.json``: the practices of the sandbox and the credentials of their users, apps and API users, for scripts
and for the text that the command prints."""

import fcntl
import json
from pathlib import Path
from typing import Any

from charthouse.domains.patients.models import Patient, PortalAccess
from charthouse.domains.practice.models import Doctor, Office
from charthouse.identity.models import ApiUser, Application, Practice, User
from charthouse.identity.token_pairs import expand_scopes
from charthouse.sandbox.credentials import Credentials, write_private_file
from charthouse.sandbox.oauth_apps import renew_tokens
from charthouse.sandbox.scenarios import stored_scenarios
from charthouse.toolkit.declaration import BASE


def write(path: Path, base_url: str) -> dict[str, Any]:
    """Write the file (mode 0600) and return its content. Its access tokens are valid for 48 hours from now.

    Raises FileNotFoundError when this data directory has no sandbox.
    """
    credentials = Credentials.load()
    practices = Practice.objects.using("owner").order_by("pk")
    description = {
        "base_url": base_url,
        "control": {"url": f"{base_url}{BASE}", "key": credentials.control_key},
        "seed": credentials.seed,
        "reference_day": credentials.reference_day,
        "practices": [_describe_practice(practice, credentials) for practice in practices],
        "scenarios": _describe_scenarios(),
    }
    credentials.save()
    write_private_file(path, json.dumps(description, indent=2) + "\n")
    return description


def update_scenarios(path: Path) -> None:
    """Write the scenarios that were added into the file, against other processes that do."""
    with path.with_name("sandbox.description").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        content = json.loads(path.read_text()) | {"scenarios": _describe_scenarios()}
        write_private_file(path, json.dumps(content, indent=2) + "\n")


def _describe_scenarios() -> dict[str, Any]:
    """The latest scenario of each name: its practice and what was made."""
    return {each.name: {"practice": each.practice, **each.ids} for each in stored_scenarios.list_all()}


def _describe_practice(practice: Practice, credentials: Credentials) -> dict[str, Any]:
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
        "users": [
            _describe_user(user, credentials) for user in users if user.username in credentials.passwords
        ],
        "portal_users": _describe_portal_users(practice, credentials),
        "oauth_apps": [
            _describe_app(app, credentials) for app in applications if app.client_id in credentials.apps
        ],
        "api_users": [
            _describe_api_user(user, credentials)
            for user in ApiUser.objects.using("owner").filter(practice=practice).order_by("pk")
            if user.username in credentials.api_secrets
        ],
    }


def _describe_user(user: User, credentials: Credentials) -> dict[str, Any]:
    return {
        "id": user.pk,
        "username": user.username,
        "password": credentials.passwords[user.username],
        "role": user.role,
        "is_primary": user.is_primary,
        "doctor": user.doctor_id,
        "permissions": user.permissions,
    }


def _describe_portal_users(practice: Practice, credentials: Credentials) -> list[dict[str, Any]]:
    """Describe the patients who can sign in to the portal."""
    accesses = PortalAccess.objects.using("owner").filter(
        practice=practice, patient__in=map(int, credentials.portal)
    )
    return [
        {"patient": patient, **credentials.portal[str(patient)]}
        for patient in accesses.order_by("patient").values_list("patient", flat=True)
    ]


def _describe_app(app: Application, credentials: Credentials) -> dict[str, Any]:
    keys = renew_tokens(app, credentials)
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


def _describe_api_user(user: ApiUser, credentials: Credentials) -> dict[str, Any]:
    return {
        "username": user.username,
        "secret": credentials.api_secrets[user.username],
        "read_only": user.read_only,
        "anonymize": user.anonymize,
        "endpoints": user.endpoints,
        "ips": user.ips,
    }
