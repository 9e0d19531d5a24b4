"""The test files that are nearest to each module that mutants are made of.

A package stands for the modules in it that are not named themselves. Left out: models and migrations, and what runs in
a process of its own or before the tests (the schema, row security, modes of a sandbox).
"""

from collections.abc import Iterator

from tests.mutation.mutants import SOURCE

ENDED, OAUTH = "tests/identity/test_ended_access.py", "tests/identity/test_oauth.py"
WEBHOOKS = (
    "tests/changes/test_webhooks.py",
    "tests/changes/test_cerbo_webhooks.py",
    "tests/changes/test_events.py",
)
API_USERS = ("tests/identity/test_api_users.py", "tests/identity/test_secret_keys.py", ENDED)
SIGN_IN = (
    "tests/identity/test_sign_in.py",
    "tests/identity/test_pages.py",
    ENDED,
    OAUTH,
    "tests/audit/test_identity_events.py",
)
ORIGIN = (
    "tests/identity/test_origin.py",
    "tests/identity/test_attempt_limits.py",
    "tests/audit/test_request_log.py",
)
SEALS = ("tests/audit/test_seals.py", "tests/audit/test_tampering.py")
BILLING = "tests/domains/billing/"

NEAREST: dict[str, tuple[str, ...]] = {
    "charthouse.engine": ("tests/engine/", "tests/contract/test_keys.py"),
    "charthouse.engine.sql": ("tests/engine/", "tests/contract/test_lists.py"),
    "charthouse.engine.declaration": (
        "tests/engine/",
        "tests/contract/test_keys.py",
        "tests/contract/test_lists.py",
    ),
    "charthouse.engine.declaration.deidentification": ("tests/contract/test_cerbo_anonymous.py",),
    "charthouse.engine.declaration.filters": (
        "tests/contract/test_lists.py",
        "tests/domains/patients/test_comparisons.py",
    ),
    "charthouse.engine.execution": (
        "tests/engine/",
        "tests/contract/test_keys.py",
        "tests/contract/test_lists.py",
        "tests/contract/test_access.py",
        "tests/contract/test_archived_references.py",
    ),
    "charthouse.identity": ("tests/identity/",),
    "charthouse.identity.grants": ("tests/changes/test_webhooks.py",),
    "charthouse.identity.api_users": API_USERS,
    "charthouse.identity.api_user_limits": (
        *API_USERS,
        "tests/domains/patients/test_cerbo_portal_access.py",
    ),
    "charthouse.identity.sealed_secrets": API_USERS,
    "charthouse.identity.sessions": SIGN_IN,
    "charthouse.identity.sign_in_views": SIGN_IN,
    "charthouse.identity.second_factor": SIGN_IN,
    "charthouse.identity.lockout": SIGN_IN,
    "charthouse.identity.permissions": ("tests/identity/test_sign_in.py", "tests/console/settings/"),
    "charthouse.identity.applications": (ENDED, OAUTH, "tests/console/developer/test_apps.py"),
    "charthouse.identity.authorization_requests": SIGN_IN,
    "charthouse.identity.client_ip": ORIGIN,
    "charthouse.identity.origin": ORIGIN,
    "charthouse.identity.secret_keys": ("tests/identity/test_secret_keys.py",),
    "charthouse.identity.token_pairs": (
        OAUTH,
        ENDED,
        "tests/identity/test_bearer_tokens.py",
        "tests/identity/test_concurrent_token_calls.py",
        "tests/audit/test_events.py",
    ),
    "charthouse.identity.oauth_validator": (OAUTH, ENDED, "tests/identity/test_concurrent_token_calls.py"),
    "charthouse.identity.oauth_views": (
        OAUTH,
        ENDED,
        "tests/audit/test_token_refusals.py",
        "tests/identity/test_oauth_rate_limit.py",
    ),
    "charthouse.identity.oauth_refusals": ("tests/audit/test_token_refusals.py",),
    "charthouse.identity.scopes": (OAUTH,),
    "charthouse.identity.bearer_tokens": ("tests/identity/test_bearer_tokens.py", OAUTH),
    "charthouse.identity.password_links": (
        "tests/identity/test_sign_in.py",
        ENDED,
        "tests/audit/test_identity_events.py",
    ),
    "charthouse.identity.attempt_limits": ("tests/identity/test_attempt_limits.py",),
    "charthouse.changes.actions": WEBHOOKS,
    "charthouse.changes.delivery_queue": ("tests/changes/test_delivery_queue.py", *WEBHOOKS),
    "charthouse.changes.fanout": ("tests/changes/test_fanout.py", *WEBHOOKS),
    "charthouse.changes.feed": ("tests/changes/test_feed.py", *WEBHOOKS),
    "charthouse.changes.periods": ("tests/changes/test_periods.py",),
    "charthouse.changes.partitions": ("tests/changes/test_feed.py",),
    "charthouse.changes.tasks": ("tests/changes/test_tasks.py", "tests/changes/test_periods.py"),
    "charthouse.changes": (
        "tests/changes/test_http_client.py",
        "tests/changes/test_clock_control.py",
        *WEBHOOKS,
    ),
    "charthouse.audit.seals": SEALS,
    "charthouse.audit.verification": SEALS,
    "charthouse.audit.record_check": SEALS,
    "charthouse.audit.anchors": ("tests/audit/test_anchors.py",),
    "charthouse.audit.tasks": ("tests/audit/test_anchors.py",),
    "charthouse.audit.page_log": ("tests/audit/test_page_log.py",),
    "charthouse.changes.event_catalog": ("tests/audit/test_page_log.py", *WEBHOOKS),
    "charthouse.audit": (
        "tests/audit/test_audit_log.py",
        "tests/audit/test_captured_bodies.py",
        "tests/audit/test_events.py",
        "tests/audit/test_identity_events.py",
        "tests/audit/test_request_log.py",
        "tests/audit/test_trail.py",
    ),
    "charthouse.files": ("tests/files/",),
    "charthouse.identity.password_reset": (
        "tests/identity/test_sign_in.py",
        "tests/audit/test_identity_events.py",
    ),
    "charthouse.console.account.views": (
        "tests/identity/test_sign_in.py",
        "tests/audit/test_identity_events.py",
    ),
    "charthouse.domains.scheduling": ("tests/domains/scheduling/", "tests/domains/test_state_changes.py"),
    "charthouse.domains.billing.ledger": ("tests/console/billing/",),
    "charthouse.domains.billing": (
        BILLING,
        "tests/contract/test_hosted_forms.py",
        "tests/domains/test_state_changes.py",
        "tests/console/billing/test_patient_account.py",
    ),
}
PACKAGES = tuple(
    f"charthouse.{name}" for name in ("engine", "identity", "changes", "audit", "files", "domains.billing")
)
LEFT_OUT = (
    "models",
    "oauth_models",
    "api_user_models",
    "apps",
    "urls",
    "rowsecurity",
    "parts",
    "schema_setup",
    "conformance",
    "modes",
)


def find_tests(module: str) -> tuple[str, ...]:
    """Return the test files nearest to a module: its own, or those of the nearest package around it."""
    while module not in NEAREST:
        module = module.rpartition(".")[0]
    return NEAREST[module]


def list_modules(name: str) -> Iterator[str]:
    """Yield a module, or the modules of a package. Raises KeyError where neither has tests in ``NEAREST``."""
    if not any(name == known or name.startswith(f"{known}.") for known in NEAREST):
        raise KeyError(f"{name} has no tests in tests/mutation/nearest.py")
    path = SOURCE / name.replace(".", "/")
    if not path.is_dir():
        yield name
        return
    for file in sorted(path.rglob("*.py")):
        parts = file.relative_to(SOURCE).with_suffix("").parts
        if "migrations" not in parts and parts[-1] not in ("__init__", *LEFT_OUT):
            yield ".".join(parts)
