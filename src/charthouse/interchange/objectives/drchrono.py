"""The report on meaningful use as DrChrono shows it (seed page, ``/api/mu_2015_report``). What its objectives' keys
are, the reference infers; docs/decisions/0111-the-report-on-objectives.md."""

from datetime import timedelta
from decimal import Decimal as Number
from typing import Any

from charthouse.interchange.objectives.measures import OBJECTIVES, Objective
from charthouse.interchange.objectives.period import Period, period
from charthouse.resource.errors import Forbidden
from charthouse.resource.fields import READ_ONLY, Boolean, Decimal, Integer, Text
from charthouse.resource.filters import DateRange, Is
from charthouse.resource.functions import Call, Function
from charthouse.resource.nested import Embedded
from charthouse.resource.times import Timestamp

STAGES = ("1", "2")
ANY_LENGTH = timedelta.max.days
_CENT = Number("0.01")


def _report(call: Call) -> dict[str, Any]:
    actor = call.actor
    if actor.doctor is None:
        raise Forbidden("The report is a doctor's, and this user belongs to none.")
    stage = int(call.slots.get("stage", STAGES[-1]))
    days = period(
        actor.practice, actor.doctor, call.slots.get("date_range_first"), call.slots.get("date_range_last")
    )
    return {
        "start_date": f"{days.first}T00:00:00",
        "end_date": f"{days.last}T23:59:59",
        "stage": stage,
        "objectives": [_shown(each, stage, days) for each in OBJECTIVES if stage in each.thresholds],
    }


def _shown(objective: Objective, stage: int, days: Period) -> dict[str, Any]:
    """Where there was nothing to count, there is no percentage, and nothing was passed or failed."""
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


FUNCTIONS = [
    Function(
        path="mu_2015_report",
        doc="How the caller's doctor did on the objectives of meaningful use (2015 rule), counted in the record.",
        run=_report,
        scopes=("clinical",),
        permissions=("Access Clinical Notes",),
        parameters=(
            DateRange(
                "date_range",
                max_days=ANY_LENGTH,
                doc="Days of the doctor's calendar. Default: this year so far.",
            ),
            Is("stage", choices=STAGES, doc="Default: 2."),
        ),
        answers=(
            Timestamp("start_date", READ_ONLY, doc="The first day's beginning, wall clock of the doctor."),
            Timestamp("end_date", READ_ONLY, doc="The last day's end."),
            Integer("stage", READ_ONLY, minimum=1, maximum=2),
            Embedded(
                "objectives",
                READ_ONLY,
                many=True,
                doc="docs/objectives.md says how each is counted.",
                fields=(
                    Text("name", READ_ONLY),
                    Integer("numerator", READ_ONLY),
                    Integer("denominator", READ_ONLY),
                    Decimal("percentage", READ_ONLY, doc="Null where the denominator is 0."),
                    Decimal("threshold", READ_ONLY, doc="Percent that has to be exceeded."),
                    Boolean("passed", READ_ONLY, doc="Null where the denominator is 0."),
                ),
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
