"""What an export leaves out, and why. Whatever stands here is named in the manifest of every export; everything else is
exported, so a new model is exported unless a line here says otherwise."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from oauth2_provider.generators import generate_client_secret

from charthouse import clock

_TOKENS = "Codes and tokens open accounts of this installation. Users authorize their apps again."
_COUNTS = "Counts calls of the last minutes or hours."
_LOCKOUTS = "Counts failed sign-ins of the last days; the audit log has them."
_SECOND_FACTORS = "Secrets of second factors. Users set theirs up again."
_WEBHOOKS = (
    "Their secrets are sealed with this installation's key, and two installations must not deliver the same. "
    "They are set up again."
)
_POSITIONS = "Positions in the change feed of this database."
_SEARCHED = "Made from the patients by a trigger."
_DJANGO = "Django's own: derived from the program, or unused."
# Of tables without a practice and without foreign keys, too, which need not be listed.
OF_INSTALLATION = "Of the installation, not of a practice."

LEFT_OUT_TABLES: Mapping[str, str] = {
    "identity_grant": _TOKENS,
    "identity_accesstoken": _TOKENS,
    "identity_refreshtoken": _TOKENS,
    "oauth2_provider_idtoken": _TOKENS,
    "oauth2_provider_devicegrant": _TOKENS,
    "django_session": "Users sign in again.",
    "axes_accessattempt": _LOCKOUTS,
    "axes_accessattemptexpiration": _LOCKOUTS,
    "axes_accesslog": _LOCKOUTS,
    "axes_accessfailurelog": _LOCKOUTS,
    "identity_calls": _COUNTS,
    "identity_apicalls": _COUNTS,
    "identity_apispacing": _COUNTS,
    "identity_tokencalls": _COUNTS,
    "otp_totp_totpdevice": _SECOND_FACTORS,
    "otp_static_staticdevice": _SECOND_FACTORS,
    "otp_static_statictoken": _SECOND_FACTORS,
    "jobs_job": "Work that a caller asks for again, deleted after an hour.",
    "jobs_jobrows": "Belongs to jobs.",
    "jobs_submission": "Says for a day which forms were sent, so that none counts twice.",
    "changes_webhook": _WEBHOOKS,
    "changes_subscription": _WEBHOOKS,
    "changes_delivery": "The queue of webhooks: this installation delivers what waits.",
    "changes_edge": _POSITIONS,
    "changes_reader": _POSITIONS,
    "changes_clockoffset": "The clock of a sandbox.",
    "audit_seal": "Made with this installation's key. The other one seals the entries that it imports, from there on.",
    "audit_mark": _POSITIONS,
    "audit_capture": "Says which app's calls are captured, for a day.",
    "audit_bodies": "Captured bodies of calls, deleted after a week.",
    "identity_incarnation": "Which server this installation's database is on.",
    "identity_secretkey": "Fingerprints and former keys of this installation.",
    "patients_payer": "The public list of payers, which all practices share.",
    "patients_namepart": _SEARCHED,
    "patients_searchterm": _SEARCHED,
    "procrastinate_jobs": OF_INSTALLATION,
    "procrastinate_events": OF_INSTALLATION,
    "procrastinate_periodic_defers": OF_INSTALLATION,
    "django_content_type": _DJANGO,
    "django_migrations": _DJANGO,
    "auth_permission": _DJANGO,
    "auth_group": _DJANGO,
    "auth_group_permissions": _DJANGO,
    "identity_user_groups": _DJANGO,
    "identity_user_user_permissions": _DJANGO,
}


@dataclass(frozen=True, slots=True)
class LeftOutColumn:
    """Why a column is not exported, and what a row that is imported has in it instead."""

    why: str
    make_value: Callable[[], Any]


def _make_unusable_password() -> str:
    return UNUSABLE_PASSWORD_PREFIX + secrets.token_urlsafe(30)


def _make_unknown_secret() -> str:
    return make_password(generate_client_secret(), hasher="secret_sha256")


_OPERATORS = "A right that the operator of an installation gives; none is given by an import."
LEFT_OUT_COLUMNS: Mapping[tuple[str, str], LeftOutColumn] = {
    ("identity_user", "password"): LeftOutColumn(
        "An export opens no account. Users set a new password by a link.", _make_unusable_password
    ),
    ("identity_practice", "reminders_held_since"): LeftOutColumn(
        "The installation that it is exported from may go on sending reminders. An imported practice sends none until "
        "its operator says that it is the real one: charthouse resume --practice.",
        clock.now,
    ),
    ("identity_user", "is_staff"): LeftOutColumn(_OPERATORS, lambda: False),
    ("identity_user", "is_superuser"): LeftOutColumn(_OPERATORS, lambda: False),
    ("identity_apiuser", "secret_digest"): LeftOutColumn(
        "Made with this installation's key. Set a new secret in the console.", lambda: secrets.token_hex(32)
    ),
    ("identity_application", "client_secret"): LeftOutColumn(
        "An export opens no account. Set a new secret in the console.", _make_unknown_secret
    ),
    ("identity_application", "sealed_secret"): LeftOutColumn(
        "Sealed with this installation's key.", lambda: ""
    ),
    ("identity_application", "skip_authorization"): LeftOutColumn(_OPERATORS, lambda: False),
    ("identity_application", "hourly_limit"): LeftOutColumn(_OPERATORS, lambda: 500),
    ("identity_application", "second_limit"): LeftOutColumn(_OPERATORS, lambda: 9),
    ("patients_portalaccess", "password"): LeftOutColumn(
        "An export opens no account. Patients set a new password by a link.", lambda: ""
    ),
    ("patients_portalaccess", "token"): LeftOutColumn("Of a link of this installation.", lambda: ""),
}

# Rows that are left out, with their history: condition of the rows that are exported, and why the others are not.
LEFT_OUT_ROWS: Mapping[str, tuple[str, str]] = {
    "post_outgoing": (
        "(sent_at is not null or failed_at is not null)",
        "Messages that wait are sent by this installation.",
    ),
    "practice_iframeapp": (
        "app in (select a.id from identity_application a join identity_user u on u.id = a.user_id "
        "where u.practice_id = %(practice)s)",
        "Apps that belong to other practices are not exported.",
    ),
    "audit_event": (
        "(what <> 'exported' or coalesce(details ->> 'of', '') <> 'practice')",
        "That the practice was exported, so that the same export is the same bytes.",
    ),
}
