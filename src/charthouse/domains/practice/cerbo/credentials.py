"""Checks of somebody's credentials in the Cerbo API: a wrong pair is an answer and no error."""

from collections.abc import Callable, Mapping
from typing import Any

from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id
from charthouse.engine.declaration.resources import Operation
from charthouse.engine.declaration.sources import UNSTORED
from charthouse.engine.declaration.types import Boolean, Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED
from charthouse.identity.api_user_limits import enforce_subject_limit

RIGHT, WRONG = "The log-in is right.", "The log-in is wrong."

_RESULT = (
    Key("result", Boolean(), READ_ONLY, nullable=False),
    Key("message", Text(), READ_ONLY, nullable=False),
)


def make_person(*texts: str) -> Object:
    """Make the type of who it is: an id and these texts."""
    return Object((Key("id", Id(), READ_ONLY), *(Key(text, Text()) for text in texts)), open=True)


def declare_credential_check(
    path: str,
    endpoints: str,
    *,
    doc: str,
    find: Callable[[Call], Mapping[str, Any] | None],
    name: Key,
    details: str,
    who: Object,
    example: Mapping[str, Any],
) -> Operation:
    """Declare a check of a name and a password, limited by name: a caller who checks many people is not locked.

    endpoints  the name of the group of endpoints
    find       who it is, as the answer shows it; None where the pair is wrong, which takes as long
    name       the key of the name
    details    the key of who it is, an object like ``who``
    example    of the name and of who it is
    """

    def run(call: Call) -> dict[str, Any]:
        checked = str(call.payload[name.name]).strip().lower()
        enforce_subject_limit("credential_validation", f"{call.actor.practice} {path} {checked}")
        found = find(call)
        return {"result": found is not None, "message": WRONG if found is None else RIGHT, details: found}

    return Operation(
        path=path,
        method="POST",
        doc=doc,
        reading=True,
        keys=(name, Key("password", Text(max_length=200, verbatim=True), REQUIRED, source=UNSTORED)),
        answer=(
            *_RESULT,
            Key(details, who, READ_ONLY, doc="The user who signed in; null if the credentials are wrong."),
        ),
        run=run,
        policy=Policy(scopes=(endpoints,), permissions=(), rate_class="credential_validation"),
        example={"password": "correct horse battery staple", "result": True, "message": RIGHT, **example},
    )
