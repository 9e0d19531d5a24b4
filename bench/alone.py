"""(d): the database alone. The same statements as scripts for pgbench, run as Charthouse's web role, row security on.

Each begins with the statement that checks the token, counts the call and sets the tenant, as a request does.
"""

import re
from typing import Any

from bench import statements
from bench.statements import Plan
from charthouse.engine.sql.expressions import Parameter
from charthouse.identity.bearer_tokens import EXAMINE_SQL


def compose_scripts(facts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By case: ``text`` and ``constants`` of a database.Script, in plain types."""
    patient = f"\\set id random({facts['first']}, {facts['last']})"
    doctor, office = facts["places"][0]
    known = {"checksum": facts["checksum"], "practice": facts["practice"], "limit": 251}
    request = (
        "'00000000-0000-0000-0000-000000000000,0'"  # the number of a call, which goes into the change feed
    )
    token = f"{fill_parameters(EXAMINE_SQL.decode(), [':checksum', 'now()', request])};"
    one = write_plan(statements.ONE)
    listed = write_plan(statements.LISTED)
    filtered = write_plan(statements.FILTERED)
    chosen = {name: str(value) for name, value in statements.read_filter_values(facts["filter"]).items()}
    ends = len(facts["places"]) - 1
    book = [
        patient,
        f"\\set place random(0, {ends})",
        "\\set quarter random(0, 400000)",
        f"\\set room random(1, {facts['rooms']})",
        f"\\set doctor :place + {doctor}",
        f"\\set office :place + {office}",
        token,
        "begin;",
        *map(write_booking, (statements.BOOK_PLACE, statements.BOOK_OVERLAP, statements.BOOK_INSERT)),
        "commit;",
    ]
    return {
        "one": {"text": "\n".join([patient, token, one[0]]), "constants": one[1] | known},
        "list": {"text": "\n".join([token, listed[0]]), "constants": listed[1] | known},
        "filtered": {"text": "\n".join([token, filtered[0]]), "constants": filtered[1] | known | chosen},
        "post": {"text": "\n".join(book), "constants": known | {"user": facts["user"]}},
    }


def write_plan(plan: Plan) -> tuple[str, dict[str, Any]]:
    """A plan as one line, parameters by name; constants beside."""
    names, constants = [], {}
    for number, part in enumerate(plan.parameters):
        name = part.name if isinstance(part, Parameter) else f"constant{number}"
        if not isinstance(part, Parameter):
            constants[name] = part
        names.append(f":{name}")
    return f"{fill_parameters(plan.text, names)};", constants


def write_booking(text: str) -> str:
    """A statement of the booking, whose values stand in the order that ``statements.book`` gives them."""
    at = "(timestamp '2050-01-01 09:00' + :quarter * interval '15 minutes')"
    values = {
        statements.BOOK_PLACE: [":practice", ":doctor", ":office", ":id"],
        statements.BOOK_OVERLAP: [":practice", ":office", ":room", at, "'US/Eastern'", "15"],
        statements.BOOK_INSERT: [
            *(":practice", ":doctor", ":office", ":room", ":id", at, "'US/Eastern'", "15"),
            *("'Follow-up'", "'Bring the referral letter.'", ":user"),
        ],
    }[text]
    return f"{fill_parameters(text, values)};"


def fill_parameters(text: str, values: list[str]) -> str:
    """``$1`` … replaced, all on one line."""
    return " ".join(re.sub(r"\$(\d+)", lambda found: values[int(found[1]) - 1], text).split())
