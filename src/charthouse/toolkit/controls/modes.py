"""How calls of an app or an API user are read, and what their answers have besides what the hosted APIs do."""

from typing import Annotated

import msgspec
from msgspec import Meta

from charthouse.toolkit.controls.clock import NoParameters
from charthouse.toolkit.declaration import Control, Parameters

MODES = {
    "faithful": "requests are read as the hosted API reads them",
    "strict": "anything that the hosted API ignores or silently accepts is refused and named",
    "lenient": "invalid query parameters and optional fields are ignored; required parameters can be omitted",
}
EXPLAIN_HEADER = "X-Charthouse-Explain"  # of a call and of its answer

Mode = Annotated[
    str,
    Meta(
        pattern=f"^({'|'.join(MODES)})$",
        description="; ".join(f"{name}: {text}" for name, text in MODES.items()) + ".",
    ),
]
App = Annotated[str | None, Meta(description="Only for the app with this client id.")]
ApiUser = Annotated[str | None, Meta(description="Only for the API user with this name.")]


class ModeParameters(Parameters):
    mode: Mode
    app: App = None
    api_user: ApiUser = None


class CallerMode(msgspec.Struct):
    app: str | None
    api_user: str | None
    mode: str


class Modes(msgspec.Struct):
    modes: list[CallerMode]


class ExtraParameters(Parameters):
    app: App = None
    api_user: ApiUser = None
    rate_limit_headers: Annotated[
        bool, Meta(description="Add RateLimit-Limit, RateLimit-Remaining, and RateLimit-Reset to responses.")
    ] = False
    idempotency_keys: Annotated[
        bool,
        Meta(
            description="Execute POST and PATCH with an Idempotency-Key once; the response is stored for 24 hours."
        ),
    ] = False
    etags: Annotated[
        bool, Meta(description="Add ETag to responses with an object; support If-None-Match and If-Match.")
    ] = False


class CallerExtras(msgspec.Struct):
    app: str | None
    api_user: str | None
    rate_limit_headers: bool
    idempotency_keys: bool
    etags: bool


class Extras(msgspec.Struct):
    extras: list[CallerExtras]


class Cleared(msgspec.Struct):
    cleared: int


CONTROLS = (
    Control("modes.list", "GET", "/modes", "List callers with a mode other than faithful.", NoParameters, Modes),
    Control(
        "modes.set", "POST", "/modes",
        "Set the mode of an app, an API user, or everyone without their own mode.",
        ModeParameters, CallerMode, ("mode",),
    ),
    Control("modes.clear", "DELETE", "/modes", "Reset all modes to faithful.", NoParameters, Cleared),
    Control("extras.list", "GET", "/extras", "List callers with extras.", NoParameters, Extras),
    Control(
        "extras.set", "POST", "/extras",
        "Set the extras of an app, an API user, or everyone without their own extras.",
        ExtraParameters, CallerExtras,
    ),
    Control("extras.clear", "DELETE", "/extras", "Remove all extras.", NoParameters, Cleared),
)  # fmt: skip
