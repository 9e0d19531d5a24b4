"""The API users of the sandbox: one without limits in each practice, and in the first one of each kind of limit."""

import re
from dataclasses import dataclass, field
from typing import Any

from charthouse.identity.api_users import digest_secret
from charthouse.identity.models import ApiUser
from charthouse.sandbox.context import PracticeContext
from charthouse.sandbox.loader import Row


@dataclass(frozen=True)
class ApiUserSpec:
    """An API user. ``limits``: values of the columns that restrict it."""

    name: str
    description: str
    limits: dict[str, Any] = field(default_factory=dict)


UNLIMITED = ApiUserSpec("sync", "Keeps another system in step. Without limits.")
LIMITED = (
    ApiUserSpec("reports", "Counts things. May only read.", {"read_only": True}),
    ApiUserSpec(
        "research", "Looks at whom it can't name. Anonymised.", {"read_only": True, "anonymize": True}
    ),
    ApiUserSpec(
        "tagger",
        "Marks patients. Kept to a few endpoints.",
        {"endpoints": ["patients", "patient_tags", "tags"]},
    ),
    ApiUserSpec(
        "gateway",
        "Calls from two places alone, of which this machine is none.",
        {"ips": ["192.0.2.10", "198.51.100.0/24"]},
    ),
)


def add_api_users(context: PracticeContext) -> None:
    """Add the API users of a practice."""
    specs = (UNLIMITED, *LIMITED) if context.practice == 1 else (UNLIMITED,)
    context.copy(ApiUser, [_make_row(context, spec) for spec in specs])


def _make_row(context: PracticeContext, spec: ApiUserSpec) -> Row:
    word = re.sub(r"\W", "", context.spec.name.split()[0]).lower()
    username = f"pk_{word}_{spec.name}"
    return {
        "username": username,
        "secret_digest": digest_secret(username, context.credentials.get_api_secret(username)),
        "nickname": spec.name.title(),
        "contact": f"{spec.name}@example.com",
        "description": spec.description,
        **spec.limits,
    }
