"""The operation ``/api/mu_2015_report`` of DrChrono's API, the report on meaningful use. Source: seed page; the keys of
objectives are inferred, see docs/decisions/0111-the-report-on-objectives.md."""

from datetime import timedelta
from decimal import Decimal as Number
from typing import Any

from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import Filter, InDays
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.resources import Operation
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Decimal, Integer, Text
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.errors import Forbidden
from charthouse.interchange.objectives.measures import OBJECTIVES, Objective
from charthouse.interchange.objectives.period import Period, resolve_period

STAGES = ("1", "2")
ANY_LENGTH = timedelta.max.days
_CENT = Number("0.01")


def _respond(call: Call) -> dict[str, Any]:
    actor = call.actor
    if actor.doctor is None:
        raise Forbidden("The report is a doctor's, and this user belongs to none.")
    stage = int(call.parameters.get("stage", STAGES[-1]))
    days = resolve_period(
        actor.practice,
        actor.doctor,
        call.parameters.get("date_range_first"),
        call.parameters.get("date_range_last"),
    )
    return {
        "start_date": f"{days.first}T00:00:00",
        "end_date": f"{days.last}T23:59:59",
        "stage": stage,
        "objectives": [
            _serialize_objective(each, stage, days) for each in OBJECTIVES if stage in each.thresholds
        ],
    }


def _serialize_objective(objective: Objective, stage: int, days: Period) -> dict[str, Any]:
    """Serialize an objective. With a denominator of 0, ``percentage`` and ``passed`` are null."""
    numerator, denominator = objective.count(days)
    threshold = objective.thresholds[stage]
    percent = Number(100 * numerator) / denominator if denominator else None
    return {
        "name": objective.name,
        "numerator": numerator,
        "denominator": denominator,
        "percentage": None if percent is None else str(percent.quantize(_CENT)),
        "threshold": str(threshold.quantize(_CENT)),
        "passed": None if percent is None else percent > threshold,
    }


OPERATIONS = [
    Operation(
        path="mu_2015_report",
        doc=(
            "The caller's doctor's results on the meaningful use objectives (2015 rule), counted from "
            "the record."
        ),
        run=_respond,
        policy=Policy(scopes=("clinical",), permissions=("Access Clinical Notes",)),
        filters=(
            Filter(
                "date_range",
                Date(),
                InDays(max_days=ANY_LENGTH),
                doc="Days of the doctor's calendar. Default: this year to date.",
            ),
            Filter("stage", Text(choices=STAGES), doc="Default: 2."),
        ),
        answer=(
            Key(
                "start_date",
                Timestamp(),
                READ_ONLY,
                doc="Start of the first day, local time of the doctor.",
            ),
            Key("end_date", Timestamp(), READ_ONLY, doc="End of the last day."),
            Key("stage", Integer(minimum=1, maximum=2), READ_ONLY),
            Key(
                "objectives",
                List(
                    Object(
                        (
                            Key("name", Text(), READ_ONLY),
                            Key("numerator", Integer(), READ_ONLY),
                            Key("denominator", Integer(), READ_ONLY),
                            Key("percentage", Decimal(), READ_ONLY, doc="Null if the denominator is 0."),
                            Key("threshold", Decimal(), READ_ONLY, doc="Percentage that must be exceeded."),
                            Key("passed", Boolean(), READ_ONLY, doc="Null if the denominator is 0."),
                        )
                    )
                ),
                READ_ONLY,
                doc="docs/objectives.md describes how each one is counted.",
            ),
        ),
        example={
            "start_date": "2026-01-01T00:00:00",
            "end_date": "2026-12-31T23:59:59",
            "stage": 2,
            "objectives": [
                {
                    "name": "Electronic prescribing",
                    "numerator": 81,
                    "denominator": 96,
                    "percentage": "84.37",
                    "threshold": "50.00",
                    "passed": True,
                }
            ],
        },
    ),
]
