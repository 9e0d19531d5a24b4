"""Sending an e-mail to a patient through Cerbo's API. Source: reference cerbo/operations.yaml."""

from typing import Any

from charthouse.domains.patients import correspondence
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.contact_types import EmailAddress
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.resources import Operation
from charthouse.engine.declaration.sources import UNSTORED
from charthouse.engine.declaration.texts import check_email
from charthouse.engine.declaration.types import Boolean, Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED, InvalidValue
from charthouse.engine.errors import Invalid
from charthouse.identity.api_user_limits import enforce_spacing

RESULT_KEYS: tuple[Key, ...] = (
    Key("result", Boolean(), READ_ONLY, nullable=False),
    Key("message", Text(), READ_ONLY, nullable=False),
)


def _send_email(call: Call) -> dict[str, Any]:
    """Queue an e-mail to the patient's primary address. Raises Invalid for a patient without one or who has died,
    Throttled for a second e-mail too soon after the first."""
    if call.row.is_deceased:
        raise Invalid({"patient_id": ["The patient has died."]})
    try:
        check_email(call.row.email)
    except InvalidValue:
        raise Invalid({"patient_id": ["The patient has no valid e-mail address."]}) from None
    enforce_spacing("email_per_patient", call.row.pk)
    values = call.values
    correspondence.queue_patient_email(
        call.row,
        values["subject"],
        values["body"],
        purpose="e-mail to a patient",
        reply_to=values["reply-to"],
    )
    return {"result": True, "message": "The e-mail will be sent."}


send_email = Operation(
    path="patients/{id}/emails/send",
    of="patients",
    method="POST",
    doc="Send an email to a patient's primary address, from the practice's address.",
    keys=(
        Key("subject", Text(max_length=200), REQUIRED, source=UNSTORED),
        Key("body", Text(multiline=True, max_length=100_000), REQUIRED, source=UNSTORED),
        Key("reply-to", EmailAddress(max_length=254), REQUIRED, source=UNSTORED, doc="Reply-to address."),
    ),
    answer=RESULT_KEYS,
    run=_send_email,
    policy=Policy(scopes=("patient_emails",), rate_class="email_trigger"),
    example={
        "subject": "Your visit",
        "body": "See you on Monday.",
        "reply-to": "front@practice.example",
        "result": True,
        "message": "The e-mail will be sent.",
    },
)

OPERATIONS = [send_email]
