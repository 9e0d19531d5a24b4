"""The API users of the sandbox: one without limits for each practice, and in the first one of each kind of limit."""

import re
from dataclasses import dataclass, field
from typing import Any

from charthouse.identity.api_users import digest_secret
from charthouse.identity.models import ApiUser
from charthouse.sandbox.credentials import Credentials


@dataclass(frozen=True)
class Program:
    """``limits``: columns of the API user that keep it from something."""

    name: str
    description: str
    limits: dict[str, Any] = field(default_factory=dict)


SYNC = Program("sync", "Keeps another system in step. Without limits.")
LIMITED = (
    Program("reports", "Counts things. May only read.", {"read_only": True}),
    Program("research", "Looks at whom it can't name. Anonymised.", {"read_only": True, "anonymize": True}),
    Program(
        "tagger",
        "Marks patients. Kept to a few endpoints.",
        {"endpoints": ["patients", "patient_tags", "tags"]},
    ),
    Program(
        "gateway",
        "Calls from two places alone, of which this machine is none.",
        {"ips": ["192.0.2.10", "198.51.100.0/24"]},
    ),
)


def rows(house: str, first: bool, credentials: Credentials) -> list[dict[str, Any]]:
    """The API users of a practice of this name, as rows of their table."""
    word = re.sub(r"\W", "", house.split()[0]).lower()
    made = []
    for program in (SYNC, *LIMITED) if first else (SYNC,):
        username = f"pk_{word}_{program.name}"
        made.append(
            {
                "username": username,
                "secret_digest": digest_secret(username, credentials.secret(username)),
                "nickname": program.name.title(),
                "contact": f"{program.name}@example.com",
                "description": program.description,
                **program.limits,
            }
        )
    return made


def described(user: ApiUser, credentials: Credentials) -> dict[str, Any]:
    """What a script needs to call as this API user."""
    return {
        "username": user.username,
        "secret": credentials.api_secrets[user.username],
        "read_only": user.read_only,
        "anonymize": user.anonymize,
        "endpoints": user.endpoints,
        "ips": user.ips,
    }
