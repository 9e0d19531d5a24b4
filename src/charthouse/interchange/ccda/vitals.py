"""The Vital Signs section: measurements of visits and outside of them, with the computed body mass index."""

from collections import defaultdict
from collections.abc import Iterable
from copy import copy
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models import F, QuerySet

from charthouse.domains.scheduling.models import CustomVitalValue, Vitals
from charthouse.interchange.ccda import sections
from charthouse.interchange.cda import codes, entries
from charthouse.interchange.cda.context import DocumentContext
from charthouse.interchange.cda.narrative import format_time, join_words
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.xml import (
    Concept,
    Element,
    coded,
    el,
    format_number,
    format_timestamp,
    status,
    text_reference,
    typed,
)

COLUMNS = ("Measured", "Height", "Weight", "BMI", "Blood pressure", "Pulse", "Resp. rate", "Temperature",
        "O2 saturation", "Pain", "Head circumference", "Others")  # fmt: skip
ORGANIZER = Concept("46680005", codes.SNOMED, "Vital signs")
ORGANIZER_LOINC = Concept("74728-7", codes.LOINC, "Vital signs, weight, height, head circumference, oxygen "
                          "saturation and BMI panel")  # fmt: skip
_KILOGRAMS = {"lbs": Decimal("0.45359237"), "kg": Decimal(1)}
_METERS = {"inches": Decimal("0.0254"), "cm": Decimal("0.01")}


class VitalSign(NamedTuple):
    """A vital sign. ``unit``: UCUM, or the name of the column with the record's unit."""

    column: str
    loinc: str
    name: str
    unit: str


SIGNS = (
    VitalSign("height", "8302-2", "Body height", "height_units"),
    VitalSign("weight", "29463-7", "Body weight", "weight_units"),
    VitalSign("bmi", "39156-5", "Body mass index (BMI) [Ratio]", "kg/m2"),
    VitalSign("blood_pressure_1", "8480-6", "Systolic blood pressure", "mm[Hg]"),
    VitalSign("blood_pressure_2", "8462-4", "Diastolic blood pressure", "mm[Hg]"),
    VitalSign("pulse", "8867-4", "Heart rate", "/min"),
    VitalSign("respiratory_rate", "9279-1", "Respiratory rate", "/min"),
    VitalSign("temperature", "8310-5", "Body temperature", "temperature_units"),
    VitalSign("oxygen_saturation", "59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry", "%"),
    VitalSign("pain", "72514-3", "Pain severity - 0-10 verbal numeric rating [Score] - Reported", "{score}"),
    VitalSign(
        "head_circumference", "9843-4", "Head Occipital-frontal circumference", "head_circumference_units"
    ),
)


def fetch_rows(context: DocumentContext) -> list[dict[str, Any]]:
    """Fetch measurements of visits and outside of them, ordered by ``taken``, with ``bmi`` computed."""
    at_visits = context.select(Vitals, "appointment__patient").filter(
        context.filter_time("appointment__scheduled_time"),
        appointment__archived=False,
    )
    without_visit = context.select(Vitals).filter(context.filter_time("taken_at"), appointment=None)
    found = [
        *_select_columns(at_visits, "appointment__scheduled_time"),
        *_select_columns(without_visit, "taken_at"),
    ]
    return [
        {**row, "bmi": compute_bmi(row)} for row in sorted(found, key=lambda row: (row["taken"], row["id"]))
    ]


def _select_columns(found: "QuerySet[Vitals]", moment: str) -> "QuerySet[Any, dict[str, Any]]":
    columns = [sign.column for sign in SIGNS if sign.column != "bmi"]
    units = [sign.unit for sign in SIGNS if sign.unit.endswith("_units")]
    said = ("id", "appointment_id", "taken", "smoking_status", *columns, *units)
    listed: QuerySet[Any, dict[str, Any]] = found.annotate(taken=F(moment)).values(*said)
    return listed


def list_measured_signs(row: dict[str, Any]) -> Iterable[VitalSign]:
    return (sign for sign in SIGNS if row[sign.column] not in (None, ""))


def compute_bmi(row: dict[str, Any]) -> Decimal | None:
    """Compute the body mass index in kg/m², to one decimal; None where height or weight is missing."""
    if not row["height"] or not row["weight"]:
        return None
    metres = row["height"] * _METERS.get(row["height_units"], Decimal("0.0254"))
    kilograms = row["weight"] * _KILOGRAMS.get(row["weight_units"], Decimal("0.45359237"))
    found = (kilograms / (metres * metres)).quantize(Decimal("0.1"))
    return found if found < 1000 else None


def _fetch_custom_vitals(context: DocumentContext) -> dict[int, str]:
    """Fetch the practice's custom vitals, which have no codes, formatted, by visit id."""
    said = defaultdict(list)
    values = context.select(CustomVitalValue, "appointment__patient").filter(
        context.filter_time("appointment__scheduled_time"),
        appointment__archived=False,
    )
    listed = values.order_by("id").values_list(
        "appointment_id", "vital_type__name", "value", "vital_type__unit"
    )
    for visit, name, value, unit in listed:
        said[visit].append(f"{name}: {join_words(value, unit)}")
    return {visit: "; ".join(parts) for visit, parts in said.items()}


def build_section(context: DocumentContext) -> Section:
    others = _fetch_custom_vitals(context)
    found = [
        row for row in fetch_rows(context) if row["appointment_id"] in others or any(list_measured_signs(row))
    ]
    shown = [(f"vitals-{row['id']}", _format_cells(context, row, others)) for row in found]
    organizers = (_build_organizer(context, row) for row in found if any(list_measured_signs(row)))
    return Section(sections.VITALS, COLUMNS, shown, organizers)


def _format_cells(context: DocumentContext, row: dict[str, Any], others: dict[int, str]) -> tuple[str, ...]:
    def with_unit(column: str) -> str:
        return join_words(row[column], row[f"{column}_units"]) if row[column] is not None else ""

    pressure = [row["blood_pressure_1"], row["blood_pressure_2"]]
    return (
        format_time(row["taken"], context.zone),
        with_unit("height"),
        with_unit("weight"),
        join_words(row["bmi"]),
        "/".join("?" if part is None else str(part) for part in pressure) if any(pressure) else "",
        join_words(row["pulse"]),
        join_words(row["respiratory_rate"]),
        with_unit("temperature"),
        join_words(row["oxygen_saturation"]),
        row["pain"],
        with_unit("head_circumference"),
        others.get(row["appointment_id"], ""),
    )


def _build_organizer(context: DocumentContext, row: dict[str, Any]) -> Element:
    """Build a Vital Signs Organizer."""
    when = format_timestamp(row["taken"], context.zone)
    return el(
        "organizer",
        entries.template_id("26", "2015-08-01"),
        entries.identifier_of(context, "vitals", row["id"]),
        coded("code", ORGANIZER, translations=[ORGANIZER_LOINC]),
        status("completed"),
        el("effectiveTime", value=when),
        (el("component", build_observation(context, row, sign, when)) for sign in list_measured_signs(row)),
        classCode="CLUSTER",
        moodCode="EVN",
    )


def find_unit(row: dict[str, Any], sign: VitalSign) -> str:
    return codes.convert_unit(row[sign.unit]) if sign.unit.endswith("_units") else sign.unit


def build_observation(context: DocumentContext, row: dict[str, Any], sign: VitalSign, when: str) -> Element:
    """Build a Vital Sign Observation. ``when``: its time as CDA's TS."""
    observation = copy(_observation_template(sign, find_unit(row, sign), context.id_root("vital_signs")))
    _, _, identifier, _, said, _, time, value = observation
    identifier.set("extension", f"{row['id']}-{sign.loinc}")
    said[0].set("value", f"#vitals-{row['id']}")
    time.set("value", when)
    value.set("value", format_number(row[sign.column]))
    return observation


@lru_cache(maxsize=256)
def _observation_template(sign: VitalSign, unit: str, root: str) -> Element:
    """Build and cache the common parts of a sign's observations, which are copied: charts may have tens of
    thousands."""
    return el(
        "observation",
        entries.template_id("27", "2014-06-09"),
        el("id", root=root),
        coded("code", Concept(sign.loinc, codes.LOINC, sign.name)),
        text_reference("vitals"),
        status("completed"),
        el("effectiveTime"),
        typed("value", "PQ", unit=unit),
        classCode="OBS",
        moodCode="EVN",
    )
