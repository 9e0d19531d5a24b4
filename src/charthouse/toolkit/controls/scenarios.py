"""Named states that integrations have to cope with, on top of what is there."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from charthouse.toolkit.controls.clock import NoParameters
from charthouse.toolkit.declaration import Control, Parameters

SCENARIOS = {
    "expired-token": "An app whose access token has expired; its refresh token is valid.",
    "large-patient": "A patient with 5,000 rows: visits, medications, problems, allergies.",
    "shares-nothing": "A practice with two doctors that shares nothing: each sees only their own patients.",
    "duplicate": "Two records of one patient, in a practice that refuses a third with 409.",
    "full-calendar": "A day on which a doctor has no free time.",
    "locked-note": "A visit whose clinical note is signed and locked; changes are refused.",
    "results-in-an-hour": "A laboratory order whose results arrive when the clock is an hour ahead.",
    "refused-card": "A card payment that was declined; the charge is open again.",
}

Name = Annotated[
    str,
    Meta(
        pattern=f"^({'|'.join(SCENARIOS)})$",
        description=" ".join(f"{name}: {text}" for name, text in SCENARIOS.items()),
    ),
]


class ScenarioParameters(Parameters):
    name: Name
    practice: Annotated[
        int | None,
        Meta(description="Id of the practice, whose primary user acts. Default: the first."),
    ] = None


class Scenario(msgspec.Struct):
    """``ids``: what was made, by what it is: ids of rows, credentials, a day."""

    id: int
    name: str
    practice: int
    ids: dict[str, Any]


class KnownScenario(msgspec.Struct):
    name: str
    summary: str


class Scenarios(msgspec.Struct):
    scenarios: list[KnownScenario]
    added: list[Scenario]


CONTROLS = (
    Control(
        "scenarios.list", "GET", "/scenarios", "List the available scenarios and those that were added.",
        NoParameters, Scenarios,
    ),
    Control(
        "scenarios.add", "POST", "/scenarios/{name}",
        "Add a scenario to a practice. Its ids are in the response and in sandbox.json.",
        ScenarioParameters, Scenario, ("name",),
    ),
)  # fmt: skip
