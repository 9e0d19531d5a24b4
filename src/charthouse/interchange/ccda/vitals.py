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
from charthouse.interchange.cda.narrative import time, words
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.subject import Subject
from charthouse.interchange.cda.xml import (
    Concept,
    Element,
    coded,
    el,
    number,
    stamp,
    status,
    text,
    typed,
)

HEAD = ("Measured", "Height", "Weight", "BMI", "Blood pressure", "Pulse", "Breaths", "Temperature", "O2 saturation",
        "Pain", "Head circumference", "Others")  # fmt: skip
ORGANIZER = Concept("46680005", codes.SNOMED, "Vital signs")
ORGANIZER_LOINC = Concept("74728-7", codes.LOINC, "Vital signs, weight, height, head circumference, oxygen "
                          "saturation and BMI panel")  # fmt: skip
_KILOGRAMS = {"lbs": Decimal("0.45359237"), "kg": Decimal(1)}
_METRES = {"inches": Decimal("0.0254"), "cm": Decimal("0.01")}


class Sign(NamedTuple):
    """A vital sign. ``unit``: UCUM, or the name of the column with the record's unit."""

    column: str
    loinc: str
    name: str
    unit: str


SIGNS = (
    Sign("height", "8302-2", "Body height", "height_units"),
    Sign("weight", "29463-7", "Body weight", "weight_units"),
    Sign("bmi", "39156-5", "Body mass index (BMI) [Ratio]", "kg/m2"),
    Sign("blood_pressure_1", "8480-6", "Systolic blood pressure", "mm[Hg]"),
    Sign("blood_pressure_2", "8462-4", "Diastolic blood pressure", "mm[Hg]"),
    Sign("pulse", "8867-4", "Heart rate", "/min"),
    Sign("respiratory_rate", "9279-1", "Respiratory rate", "/min"),
    Sign("temperature", "8310-5", "Body temperature", "temperature_units"),
    Sign("oxygen_saturation", "59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry", "%"),
    Sign("pain", "72514-3", "Pain severity - 0-10 verbal numeric rating [Score] - Reported", "{score}"),
    Sign("head_circumference", "9843-4", "Head Occipital-frontal circumference", "head_circumference_units"),
)


def rows(about: Subject) -> list[dict[str, Any]]:
    """Fetch measurements of visits and outside of them, ordered by ``taken``, with ``bmi`` computed."""
    at_visits = Vitals.objects.filter(
        about.own("appointment__patient"),
        about.at("appointment__scheduled_time"),
        appointment__archived=False,
    )
    beside = Vitals.objects.filter(about.own(), about.at("taken_at"), appointment=None)
    found = [*_listed(at_visits, "appointment__scheduled_time"), *_listed(beside, "taken_at")]
    return [{**row, "bmi": bmi(row)} for row in sorted(found, key=lambda row: (row["taken"], row["id"]))]


def _listed(found: "QuerySet[Vitals]", moment: str) -> "QuerySet[Any, dict[str, Any]]":
    columns = [sign.column for sign in SIGNS if sign.column != "bmi"]
    units = [sign.unit for sign in SIGNS if sign.unit.endswith("_units")]
    said = ("id", "appointment_id", "taken", "smoking_status", *columns, *units)
    listed: QuerySet[Any, dict[str, Any]] = found.annotate(taken=F(moment)).values(*said)
    return listed


def measured(row: dict[str, Any]) -> Iterable[Sign]:
    return (sign for sign in SIGNS if row[sign.column] not in (None, ""))


def bmi(row: dict[str, Any]) -> Decimal | None:
    """Compute the body mass index in kg/m², to one decimal; None where height or weight is missing."""
    if not row["height"] or not row["weight"]:
        return None
    metres = row["height"] * _METRES.get(row["height_units"], Decimal("0.0254"))
    kilograms = row["weight"] * _KILOGRAMS.get(row["weight_units"], Decimal("0.45359237"))
    found = (kilograms / (metres * metres)).quantize(Decimal("0.1"))
    return found if found < 1000 else None


def _others(about: Subject) -> dict[int, str]:
    """Fetch the practice's custom vitals, which have no codes, formatted, by visit id."""
    said = defaultdict(list)
    values = CustomVitalValue.objects.filter(
        about.own("appointment__patient"),
        about.at("appointment__scheduled_time"),
        appointment__archived=False,
    )
    listed = values.order_by("id").values_list(
        "appointment_id", "vital_type__name", "value", "vital_type__unit"
    )
    for visit, name, value, unit in listed:
        said[visit].append(f"{name}: {words(value, unit)}")
    return {visit: "; ".join(parts) for visit, parts in said.items()}


def section(about: Subject) -> Section:
    others = _others(about)
    found = [row for row in rows(about) if row["appointment_id"] in others or any(measured(row))]
    shown = [(f"vitals-{row['id']}", _cells(about, row, others)) for row in found]
    made = (_organizer(about, row) for row in found if any(measured(row)))
    return Section(sections.VITALS, HEAD, shown, made)


def _cells(about: Subject, row: dict[str, Any], others: dict[int, str]) -> tuple[str, ...]:
    def with_unit(column: str) -> str:
        return words(row[column], row[f"{column}_units"]) if row[column] is not None else ""

    pressure = [row["blood_pressure_1"], row["blood_pressure_2"]]
    return (
        time(row["taken"], about.zone),
        with_unit("height"),
        with_unit("weight"),
        words(row["bmi"]),
        "/".join("?" if part is None else str(part) for part in pressure) if any(pressure) else "",
        words(row["pulse"]),
        words(row["respiratory_rate"]),
        with_unit("temperature"),
        words(row["oxygen_saturation"]),
        row["pain"],
        with_unit("head_circumference"),
        others.get(row["appointment_id"], ""),
    )


def _organizer(about: Subject, row: dict[str, Any]) -> Element:
    """Build a Vital Signs Organizer."""
    when = stamp(row["taken"], about.zone)
    return el(
        "organizer",
        entries.tid("26", "2015-08-01"),
        entries.ident(about, "vitals", row["id"]),
        coded("code", ORGANIZER, translations=[ORGANIZER_LOINC]),
        status("completed"),
        el("effectiveTime", value=when),
        (el("component", observation(about, row, sign, when)) for sign in measured(row)),
        classCode="CLUSTER",
        moodCode="EVN",
    )


def unit(row: dict[str, Any], sign: Sign) -> str:
    return codes.ucum(row[sign.unit]) if sign.unit.endswith("_units") else sign.unit


def observation(about: Subject, row: dict[str, Any], sign: Sign, when: str) -> Element:
    """Build a Vital Sign Observation. ``when``: its time as CDA's TS."""
    made = copy(_blank(sign, unit(row, sign), about.root("vital_signs")))
    _, _, identifier, _, said, _, time, value = made
    identifier.set("extension", f"{row['id']}-{sign.loinc}")
    said[0].set("value", f"#vitals-{row['id']}")
    time.set("value", when)
    value.set("value", number(row[sign.column]))
    return made


@lru_cache(maxsize=256)
def _blank(sign: Sign, unit: str, root: str) -> Element:
    """Build and cache the common parts of a sign's observations, which are copied: charts may have tens of
    thousands."""
    return el(
        "observation",
        entries.tid("27", "2014-06-09"),
        el("id", root=root),
        coded("code", Concept(sign.loinc, codes.LOINC, sign.name)),
        text("vitals"),
        status("completed"),
        el("effectiveTime"),
        typed("value", "PQ", unit=unit),
        classCode="OBS",
        moodCode="EVN",
    )
