"""The vitals of a visit as DrChrono shows them, inside an appointment. Source: reference drchrono/nested.yaml."""

from django.db.models import F
from django.db.models.expressions import Combinable

from charthouse.domains.limits import find_impossible, make_type
from charthouse.domains.scheduling.codes import LENGTH_UNITS, SMOKING_STATUSES
from charthouse.domains.scheduling.models import Vitals
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.related import ChildRow
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, InvalidValue
from charthouse.engine.sql import expressions as sql


def _body_mass_index() -> Combinable:
    """Select the body mass index, kilograms by square meters, two places; null where one wasn't taken."""
    kilograms = "%s * case %s when 'lbs' then 0.45359237 else 1 end"
    meters = "nullif(%s, 0) * case %s when 'inches' then 0.0254 else 0.01 end"
    columns = (F("weight"), F("weight_units"), F("height"), F("height_units"))
    return sql.template(f"round({kilograms} / ({meters}) ^ 2, 2)::text", *columns, output_field=sql.TEXT)


def _make_units_key(name: str, *choices: str) -> Key:
    return Key(name, Text(choices=choices), default=choices[0])


def _check(row: Vitals) -> None:
    """Refuse what can't be. Raises InvalidValue."""
    if wrong := find_impossible(vars(row)):
        raise InvalidValue({name: [message] for name, message in wrong.items()})


vitals = Key(
    "vitals",
    Object(
        (
            Key("height", make_type("height"), example=170.5),
            _make_units_key("height_units", *LENGTH_UNITS),
            Key("weight", make_type("weight"), example=64.5),
            _make_units_key("weight_units", "lbs", "kg"),
            Key(
                "bmi",
                Text(),
                READ_ONLY,
                source=Expression(_body_mass_index),
                doc="Kilograms per square meter.",
            ),
            Key("blood_pressure_1", make_type("blood_pressure_1"), example=124, doc="Systolic, mmHg."),
            Key("blood_pressure_2", make_type("blood_pressure_2"), example=82, doc="Diastolic, mmHg."),
            Key("temperature", make_type("temperature"), example=37.2),
            _make_units_key("temperature_units", "f", "c"),
            Key("pulse", make_type("pulse"), doc="Beats per minute."),
            Key("respiratory_rate", make_type("respiratory_rate"), doc="Breaths per minute."),
            Key("oxygen_saturation", make_type("oxygen_saturation"), example=98, doc="Percent."),
            Key("pain", Text(choices=("", *map(str, range(11)))), doc="0 to 10."),
            Key("smoking_status", Text(choices=SMOKING_STATUSES), default="blank", doc="SNOMED CT."),
            Key("head_circumference", make_type("head_circumference"), example=55.5),
            _make_units_key("head_circumference_units", *LENGTH_UNITS),
        )
    ),
    OPTIONAL,
    source=ChildRow(Vitals, link="appointment", always=True, check=_check),
    verbose=True,
    doc="Measurements from the visit; each is null if not taken.",
)
