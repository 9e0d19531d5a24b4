"""Vitals of a patient as Cerbo shows them. Source: reference cerbo/objects.yaml; docs/decisions/0191-readings.md"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from charthouse import clock
from charthouse.domains.limits import find_impossible, make_type
from charthouse.domains.practice.cerbo.keys import (
    API_MADE,
    PAGES,
    make_created_key,
    make_object_key,
    make_policy,
)
from charthouse.domains.scheduling.hooks import describe_misfit
from charthouse.domains.scheduling.measures import (
    find_visit,
    select_measure,
    select_value_ids,
)
from charthouse.domains.scheduling.models import CustomVital, CustomVitalValue, Vitals
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.composites import MappedChoice, Parse, convert
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id
from charthouse.engine.declaration.resources import Parent, Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, InvalidValue, parse_text
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter
from charthouse.files.types import url_key

User = get_user_model()
PATH = "patients/{patient_id}/vitals"

# Zones that may follow a time, and their hours of offset from UTC.
ZONE_OFFSETS = {
    **dict.fromkeys(("UTC", "GMT"), 0),
    **{"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "HST": -10},
}


def _parse_taken(parse: Parse, value: Any) -> Any:
    """Parse a timestamp, which the three letters of a zone may follow. Raises InvalidValue."""
    text = parse_text(value).strip()
    found = re.fullmatch(r"(.{10,40}?)\s+([A-Za-z]{3})", text)
    if found is None:
        return parse(text)
    moment, zone = parse(found[1]), found[2].upper()
    if zone not in ZONE_OFFSETS:
        raise InvalidValue(f'"{zone}" is no time zone that is known here.')
    try:
        at = moment.replace(tzinfo=ZoneInfo(f"Etc/GMT{-ZONE_OFFSETS[zone]:+d}"))
        return at.astimezone(ZoneInfo("UTC"))
    except OverflowError:
        raise InvalidValue("Enter a valid date.") from None


def _make_visit_url_key() -> Key:
    """Make the key of the URL of the visit; null for a reading outside of visits."""
    key = url_key(
        "url_encounter", path_format="/api/v1/encounters/%s", columns=("appointment_id",), nullable=True
    )

    def make() -> Combinable:
        url = key.select()
        return Case(When(appointment__isnull=False, then=url), output_field=models.TextField())

    return replace(key, source=Expression(make))


def _make_measure_url_key() -> Key:
    """Make the key of the URL of the measure."""
    key = url_key("vital_url", path_format="/api/v1/vitals/%s", columns=("measure",))

    def make() -> Combinable:
        return sql.template(
            "format(%s, %s)", sql.Literal("/api/v1/vitals/%s"), select_measure(), output_field=sql.TEXT
        )

    return replace(key, source=Expression(make))


# -- which rows a patient has -------------------------------------------------------------------------------------


def _make_row_finder(model: Any) -> "Callable[[Any], models.QuerySet[Any]]":
    """Make the query of a patient's rows: those of the patient's visits and those of the patient alone, two searches
    that each use an index."""

    def ids(patient: Any) -> "models.QuerySet[Any]":
        rows: models.QuerySet[Any] = model.objects.filter(
            practice_id=BoundParameter("practice", models.BigIntegerField()), archived=False
        )
        visits = rows.filter(appointment__patient=patient, appointment__archived=False)
        alone = rows.filter(Q(appointment=None) | Q(appointment__archived=True), patient=patient)
        return visits.values_list("pk").union(alone.values_list("pk"), all=True)

    return ids


def _make_patient_parent(model: Any) -> Parent:
    return Parent("patient_id", to="patients", source="patient", ids=_make_row_finder(model))


# -- keys ---------------------------------------------------------------------------------------------------------


def _select_patient() -> Combinable:
    return Coalesce(F("appointment__patient_id"), F("patient_id"))


def _select_time_taken() -> Combinable:
    return sql.format_utc(Coalesce(F("taken_at"), F("appointment__scheduled_time")))


def _select_author() -> Combinable:
    return Coalesce(F("added_by_id"), F("appointment__created_by_id"), Value(API_MADE))


_HEAD: tuple[Key, ...] = (
    Key("id", Id(), READ_ONLY),
    Key("pt_id", Integer(), READ_ONLY, source=Expression(_select_patient), nullable=False),
)
_TAIL: tuple[Key, ...] = (
    Key(
        "date_taken",
        convert(Timestamp(spaced=True, past=True), parse=_parse_taken),
        OPTIONAL,
        source=Expression(_select_time_taken, column="taken_at"),
        nullable=False,
        default=clock.now,
        doc="UTC, unless a three-letter time zone follows. Default: now; for a visit, its start.",
    ),
    Key("comments", Text(multiline=True), OPTIONAL),
    Key(
        "addedby",
        Integer(),
        READ_ONLY,
        source=Expression(_select_author),
        nullable=False,
        doc="A user id; 99999 for a program.",
    ),
    make_created_key(),
)


def _make_units_key(name: str, *choices: str) -> Key:
    codes = {choice: choice for choice in choices}
    return Key("units", MappedChoice(codes, otherwise=choices[0]), OPTIONAL, source=name)


def _make_constant_units_key(text: str) -> Key:
    return Key("units", Text(), READ_ONLY, source=Expression(lambda: sql.Literal(text)), nullable=False)


# -- hooks --------------------------------------------------------------------------------------------------------


def _make_reading_check(*names: str) -> "Callable[[Change], None]":
    """Make a hook that requires one of these values in a reading, and refuses what can't be."""

    @hook()
    def check(change: Change) -> None:
        change.set_columns(added_by_id=change.actor.user)
        columns = {key.attribute: key.name for key in change.resource.writable}
        values = {column: change.values.get(name) for column, name in columns.items()}
        for column, message in find_impossible(values).items():
            change.add_error(columns[column], message)
        if all(change.values.get(name) in (None, "") for name in names):
            for name in names:
                change.add_error(name, f"Give {' or '.join(names)}.")

    return check


@hook(keys=("value",))
def _check_value(change: Change) -> None:
    """Check that a value fits the definition of its vital."""
    kind = CustomVital.objects.get(practice=change.actor.practice, pk=change.parent_ids["vital_id"])
    if message := describe_misfit(kind, change.values.get("value") or ""):
        change.add_error("value", message)


@hook(keys=("date_taken",))
def _place_at_visit(change: Change) -> None:
    """Put a value that was taken during a visit there, where DrChrono's API shows it, unless the visit has one of this
    measure already."""
    taken = change.values.get("date_taken")
    if taken is not None and not change.errors:
        parents = change.parent_ids
        visit = find_visit(change.actor.practice, parents["patient_id"], parents["vital_id"], taken)
        if visit is not None:
            change.set_columns(appointment_id=visit)


# -- readings -----------------------------------------------------------------------------------------------------

_COMMON: dict[str, Any] = {
    "methods": "GET POST",
    "reads": False,
    "page_size": PAGES,
    "policy": make_policy("patient_vitals"),
}

blood_pressures = Resource(
    path=f"{PATH}/bp",
    model=Vitals,
    doc="A patient's blood pressure readings, at visits and otherwise.",
    **_COMMON,
    parents=(_make_patient_parent(Vitals),),
    rows=Q(archived=False) & (Q(blood_pressure_1__isnull=False) | Q(blood_pressure_2__isnull=False)),
    keys=(
        make_object_key("vital_bp"),
        *_HEAD,
        Key(
            "systolic",
            make_type("blood_pressure_1"),
            OPTIONAL,
            source="blood_pressure_1",
            doc="mmHg.",
            example=124,
        ),
        Key(
            "diastolic",
            make_type("blood_pressure_2"),
            OPTIONAL,
            source="blood_pressure_2",
            doc="mmHg.",
            example=82,
        ),
        Key("pulse", make_type("pulse"), OPTIONAL, doc="Beats per minute."),
        _make_constant_units_key("mmHg"),
        *_TAIL,
    ),
    checks=(_make_reading_check("systolic", "diastolic"),),
    example={"systolic": "120", "diastolic": "80", "pulse": "64", "comments": "At home, sitting"},
)

heights = Resource(
    path=f"{PATH}/height",
    model=Vitals,
    doc="A patient's height readings, at visits and otherwise.",
    **_COMMON,
    parents=(_make_patient_parent(Vitals),),
    rows=Q(archived=False, height__isnull=False),
    keys=(
        make_object_key("vital_height"),
        *_HEAD,
        Key("height", make_type("height"), OPTIONAL),
        _make_units_key("height_units", "inches", "cm"),
        *_TAIL,
    ),
    checks=(_make_reading_check("height"),),
    example={"height": "65.5", "units": "inches", "comments": "Without shoes"},
)

weights = Resource(
    path=f"{PATH}/weight",
    model=Vitals,
    doc="A patient's weight readings, at visits and otherwise.",
    **_COMMON,
    parents=(_make_patient_parent(Vitals),),
    rows=Q(archived=False, weight__isnull=False),
    keys=(
        make_object_key("vital_weight"),
        *_HEAD,
        Key("weight", make_type("weight"), OPTIONAL),
        _make_units_key("weight_units", "lbs", "kg"),
        *_TAIL,
    ),
    checks=(_make_reading_check("weight"),),
    example={"weight": "64.5", "units": "kg", "comments": "Scale at home"},
)

custom_readings = Resource(
    path=f"{PATH}/{{vital_id}}",
    model=CustomVitalValue,
    doc="A patient's values of a vital defined by the practice, at visits and otherwise.",
    **_COMMON,
    parents=(
        _make_patient_parent(CustomVitalValue),
        Parent("vital_id", to="vitals", source="vital_type", ids=select_value_ids),
    ),
    rows=Q(archived=False),
    keys=(
        make_object_key("vital_custom"),
        *_HEAD,
        Key("vital_id", Integer(), READ_ONLY, source=Expression(select_measure), nullable=False),
        _make_measure_url_key(),
        Key("value", Text(multiline=True), OPTIONAL),
        Key("abnormal", Boolean(), OPTIONAL),
        Key(
            "encounter_id",
            Integer(),
            READ_ONLY,
            source="appointment_id",
            doc="The visit where it was measured.",
        ),
        _make_visit_url_key(),
        Key(
            "order_id",
            Integer(),
            READ_ONLY,
            source=Expression(lambda: sql.literal(None)),
            doc="Always null: orders have results instead.",
        ),
        Key("url_order", Text(), READ_ONLY, source=Expression(lambda: sql.literal(None))),
        Key("units", Text(), READ_ONLY, source="vital_type__unit"),
        *_TAIL,
    ),
    checks=(_make_reading_check("value"), _check_value, _place_at_visit),
    example={"value": "410", "abnormal": False, "comments": "Best of three"},
)

RESOURCES = [blood_pressures, heights, weights, custom_readings]
