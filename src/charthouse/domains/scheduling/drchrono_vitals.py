"""The vitals of a visit as DrChrono shows them, inside an appointment. Facts: reference drchrono/nested.yaml."""

from typing import Any

from django.db import models
from django.db.models import F
from django.db.models.expressions import Func

from charthouse.domains.scheduling.models import Vitals
from charthouse.resource.fields import OPTIONAL, READ_ONLY, Integer, Measure, Text
from charthouse.resource.nested import One

LENGTH_UNITS = ("inches", "cm")
SMOKING_STATUSES = (  # SNOMED CT; reference enums.yaml smoking_status
    "blank",
    "449868002",
    "428041000124106",
    "8517006",
    "266919005",
    "77176002",
    "266927001",
    "428071000124103",
    "428061000124105",
)


class _BodyMassIndex(Func):
    """Kilograms by square meters, two places; null where one isn't taken."""

    template = "round(%(expressions)s, 2)::text"
    output_field = models.TextField()

    def __init__(self) -> None:
        super().__init__(F("weight"), F("weight_units"), F("height"), F("height_units"))

    def as_sql(self, compiler: Any, connection: Any, *names: Any, **extra: Any) -> Any:
        (weight, a), (of_weight, b), (height, c), (of_height, d) = map(
            compiler.compile, self.source_expressions
        )
        kilograms = f"{weight} * case {of_weight} when 'lbs' then 0.45359237 else 1 end"
        meters = f"nullif({height}, 0) * case {of_height} when 'inches' then 0.0254 else 0.01 end"
        return f"round({kilograms} / ({meters}) ^ 2, 2)::text", [*a, *b, *c, *d]


def _units(name: str, *choices: str) -> Text:
    return Text(name, choices=choices, default=choices[0])


vitals = One(
    "vitals",
    OPTIONAL,
    to=Vitals,
    link="appointment",
    always=True,
    verbose=True,
    doc="What was measured at the visit; null each where not taken.",
    fields=(
        Measure("height"),
        _units("height_units", *LENGTH_UNITS),
        Measure("weight"),
        _units("weight_units", "lbs", "kg"),
        Text("bmi", READ_ONLY, computed=_BodyMassIndex, doc="Kilograms by square meters."),
        Integer("blood_pressure_1", doc="Systolic, mmHg."),
        Integer("blood_pressure_2", doc="Diastolic, mmHg."),
        Measure("temperature"),
        _units("temperature_units", "f", "c"),
        Integer("pulse", doc="Beats per minute."),
        Integer("respiratory_rate", doc="Breaths per minute."),
        Measure("oxygen_saturation", doc="Percent."),
        Text("pain", choices=("", *map(str, range(11))), doc="0 to 10."),
        Text("smoking_status", choices=SMOKING_STATUSES, default="blank", doc="SNOMED CT."),
        Measure("head_circumference"),
        _units("head_circumference_units", *LENGTH_UNITS),
    ),
)
