"""How calls of an app or an API user are read, and what their answers have besides what the hosted APIs do."""

from typing import Annotated

import msgspec
from msgspec import Meta

from charthouse.toolkit.controls.clock import NoParameters
from charthouse.toolkit.declaration import Control, Parameters

MODES = {
    "faithful": "as the hosted API reads them",
    "strict": "what the hosted API ignores or takes silently is refused and named",
    "lenient": "query parameters and optional keys that can't be read are ignored, required parameters may be left out",
}
EXPLAIN_HEADER = "X-Charthouse-Explain"  # of a call and of its answer

Mode = Annotated[
    str,
    Meta(
        pattern=f"^({'|'.join(MODES)})$",
        description="; ".join(f"{name}: {text}" for name, text in MODES.items()) + ".",
    ),
]
App = Annotated[str | None, Meta(description="Only of the app with this client id.")]
ApiUser = Annotated[str | None, Meta(description="Only of the API user with this name.")]


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
        bool, Meta(description="RateLimit-Limit, RateLimit-Remaining and RateLimit-Reset in answers.")
    ] = False
    idempotency_keys: Annotated[
        bool,
        Meta(
            description="POST and PATCH with an Idempotency-Key are done once; the answer is kept for 24 hours."
        ),
    ] = False
    etags: Annotated[
        bool, Meta(description="ETag in answers with an object; If-None-Match and If-Match are heeded.")
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
    Control("modes.list", "GET", "/modes", "List whose calls are not read faithfully.", NoParameters, Modes),
    Control(
        "modes.set", "POST", "/modes",
        "Say how calls are read: those of an app, of an API user, or all that have no mode of their own.",
        ModeParameters, CallerMode, ("mode",),
    ),
    Control("modes.clear", "DELETE", "/modes", "Read all calls faithfully.", NoParameters, Cleared),
    Control("extras.list", "GET", "/extras", "List whose answers have extras.", NoParameters, Extras),
    Control(
        "extras.set", "POST", "/extras",
        "Say which extras answers have: those to an app, to an API user, or all that have none of their own.",
        ExtraParameters, CallerExtras,
    ),
    Control("extras.clear", "DELETE", "/extras", "Answer all calls without extras.", NoParameters, Cleared),
)  # fmt: skip
