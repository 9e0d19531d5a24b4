"""Every table of the database: what is deleted from it after which time, or why it keeps its rows.

``docs/retention.md`` has the same in prose. A table that is in neither list fails a test.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.apps import apps

from charthouse.audit import captured_bodies, seals
from charthouse.changes import tasks as changes
from charthouse.files import tasks as files
from charthouse.identity import tasks as identity
from charthouse.identity.tenancy import Record
from charthouse.jobs import models as jobs
from charthouse.jobs import submissions

FINISHED_JOBS = timedelta(days=1)
FAILED_JOBS = timedelta(days=14)
UNSENT_TEXTS = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A table whose rows are deleted.

    what  which rows; "" for all
    keep  returns how long they are kept after they have ended
    why   why so long, and why no longer
    task  name of the worker's periodic task that deletes them, in batches
    """

    table: str
    what: str
    keep: Callable[[], timedelta]
    why: str
    task: str


def _rule(table: str, what: str, keep: timedelta | Callable[[], timedelta], why: str, task: str) -> Rule:
    keep_for = keep if callable(keep) else lambda: keep
    return Rule(table=table, what=what, keep=keep_for, why=why, task=f"charthouse.{task}")


_REFUSED = "What a used code or a revoked token is refused with, and that its reuse revokes its successors."
_COUNTS = "Counts of calls are compared with limits of an hour at most."
RULES: tuple[Rule, ...] = (
    _rule("identity_grant", "expired codes", identity.RETENTION, _REFUSED, "identity.sweep"),
    _rule("identity_accesstoken", "expired tokens", identity.RETENTION, _REFUSED, "identity.sweep"),
    _rule("identity_refreshtoken", "revoked tokens", identity.RETENTION, _REFUSED, "identity.sweep"),
    _rule("oauth2_provider_idtoken", "expired tokens", identity.RETENTION, "As access tokens.", "retention.sweep"),
    _rule("oauth2_provider_devicegrant", "expired codes", identity.RETENTION, "As other codes.", "retention.sweep"),
    _rule("django_session", "expired sessions", timedelta(0), "An expired session is worth nothing.",
          "identity.sweep"),
    _rule("axes_accessattempt", "failed sign-ins", identity.RETENTION,
          "A lockout lasts 15 minutes; the audit has the failures.", "identity.sweep"),
    _rule("axes_accessattemptexpiration", "with their attempts", identity.RETENTION, "They belong to an attempt.",
          "identity.sweep"),
    _rule("axes_accesslog", "", identity.RETENTION, "Switched off: the audit has sign-ins.", "retention.sweep"),
    _rule("axes_accessfailurelog", "", identity.RETENTION, "Switched off: the audit has failures.",
          "retention.sweep"),
    _rule("identity_calls", "", identity.RETENTION, _COUNTS, "identity.sweep"),
    _rule("identity_apispacing", "", identity.RETENTION, _COUNTS, "identity.sweep"),
    _rule("identity_tokencalls", "", identity.RETENTION, _COUNTS, "identity.sweep"),
    _rule("jobs_job", "", jobs.LIFETIME, "A caller asks for the result within an hour.", "jobs.sweep"),
    _rule("jobs_jobrows", "with their jobs", jobs.LIFETIME, "They belong to a job.", "jobs.sweep"),
    _rule("jobs_submission", "", submissions.LIFETIME, "A form that is sent again within a day is not new.",
          "jobs.sweep"),
    _rule("files_storedfile", "files that no row refers to: their contents", files.GRACE_PERIOD,
          "A form may be open that refers to one; the row stays, archived.", "files.sweep"),
    _rule("changes_delivery", "", changes.DELIVERY_RETENTION,
          "Receivers ask for a redelivery within weeks; bodies hold contents of the record.", "changes.deliveries"),
    _rule("changes_subscription", "ended ones", changes.DELIVERY_RETENTION,
          "Later than that, nothing is delivered of their time.", "changes.deliveries"),
    _rule("changes_edge", "", changes.EDGE_RETENTION, "Periods of the past week may be requested.", "changes.edges"),
    _rule("audit_bodies", "captured bodies", captured_bodies.RETENTION,
          "For debugging an app; they hold contents of the record.", "audit.sweep"),
    _rule("audit_apicall", "", seals.get_retention, "CHARTHOUSE_AUDIT_DAYS; six years by default, as HIPAA asks.",
          "audit.sweep"),
    _rule("audit_event", "", seals.get_retention, "CHARTHOUSE_AUDIT_DAYS; six years by default, as HIPAA asks.",
          "audit.sweep"),
    _rule("procrastinate_jobs", "finished jobs; failed ones are kept for 14 days", FINISHED_JOBS,
          "An operator looks at what failed; what succeeded is in the record.", "retention.sweep"),
    _rule("procrastinate_events", "with their jobs", FINISHED_JOBS, "They belong to a job.", "retention.sweep"),
    _rule("post_outgoing", "subject and text of messages that were not sent", UNSENT_TEXTS,
          "Nobody sends them any more; who was written to when, and why, stays. Of sent ones the text is erased at "
          "once, but in a sandbox.", "retention.sweep"),
)  # fmt: skip

# Tables whose rows are not deleted, and do not grow with use.
BOUNDED = {
    "audit_capture": "One row an app whose bodies are captured.",
    "audit_mark": "One row a sealed table.",
    "auth_group": "Unused: permissions belong to users.",
    "auth_group_permissions": "Unused.",
    "auth_permission": "One row a permission of Django.",
    "backup_run": "One row a backup or drill; charthouse backup deletes those of more than 400 days ago.",
    "backup_stream": "One row.",
    "changes_clockoffset": "One row.",
    "changes_reader": "One row a reader of the change feed.",
    "changes_webhook": "One row a subscription; a deleted one loses its secret.",
    "django_content_type": "One row a table.",
    "django_migrations": "One row a migration.",
    "identity_apicalls": "One row an API user and class of calls.",
    "identity_incarnation": "One row: which database this is.",
    "identity_secretkey": "One row: the fingerprint of the secret key.",
    "identity_user_groups": "Unused.",
    "identity_user_user_permissions": "Unused.",
    "otp_static_staticdevice": "One row a user.",
    "otp_static_statictoken": "Ten rows a user.",
    "otp_totp_totpdevice": "Two rows a user at most.",
    "patients_payer": "One row a payer of the list that all practices share.",
    "procrastinate_periodic_defers": "One row a periodic task: each run deletes the one before.",
    "procrastinate_workers": "One row a worker; procrastinate deletes those that have ended.",
}

# Tables whose rows are kept as long as the record, in addition to the tables of the record.
KEPT = {
    "audit_seal": "One row each five minutes of activity: they prove that the audit and the change feed are whole.",
    "changes_change": "The history of the record, sealed with it.",
    "identity_apiuser": "Rows of the audit and the change feed name them.",
    "identity_application": "Rows of the audit and the change feed name them.",
    "identity_archivedpart": "Which rows were deleted with a patient or a visit, so that restoring it restores them.",
    "identity_practice": "The practice itself.",
    "patients_namepart": "What the names of patients are searched by: each name once.",
    "patients_searchterm": "What patients are searched by, written with them.",
    "identity_user": "Rows of the record, the audit and the change feed name them.",
}
_OF_THE_RECORD = "The record: rows are archived and not deleted."


def list_kept() -> dict[str, str]:
    """Return the tables that keep their rows, with the reason."""
    ruled = {rule.table for rule in RULES}
    record = {
        model._meta.db_table: _OF_THE_RECORD
        for model in apps.get_models()
        if issubclass(model, Record) and model._meta.db_table not in ruled
    }
    return record | KEPT
