"""Vitals of a patient and what a practice measures beside them, as Cerbo shows them. Facts: reference
cerbo/objects.yaml; docs/decisions/0191-readings.md"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, NullIf

from charthouse import clock
from charthouse.domains.practice.cerbo_keys import API_MADE, by, common, created, tag
from charthouse.domains.scheduling.actions import misfit
from charthouse.domains.scheduling.models import CustomVital, CustomVitalValue, Vitals
from charthouse.domains.scheduling.vitals_groups import VitalsTagGroup
from charthouse.files.fields import Address
from charthouse.resource import sql
from charthouse.resource.change import Change
from charthouse.resource.declare import Hidden, PageSize, Parent, Resource
from charthouse.resource.fields import (
    OPTIONAL,
    READ_ONLY,
    Boolean,
    Field,
    Id,
    Integer,
    ListOf,
    Measure,
    Ref,
    Text,
    Wrong,
    plain_text,
)
from charthouse.resource.filters import Flag
from charthouse.resource.joined import Coded
from charthouse.resource.sql import Slot
from charthouse.resource.times import Moment

User = get_user_model()
PAGES = PageSize(100, 100, 100)
BELOW = "patients/{patient_id}/vitals"

# What three letters at the end of a time mean: hours of the offset from UTC.
ZONES = {
    **dict.fromkeys(("UTC", "GMT"), 0),
    **{"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "HST": -10},
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Taken(Moment):
    """A moment; three letters of a zone may follow it."""

    def parse(self, value: Any) -> Any:
        text = plain_text(value).strip()
        found = re.fullmatch(r"(.{10,40}?)\s+([A-Za-z]{3})", text)
        if found is None:
            return super().parse(text)
        moment, zone = super().parse(found[1]), found[2].upper()
        if zone not in ZONES:
            raise Wrong(f'"{zone}" is no time zone that is known here.')
        try:
            at = moment.replace(tzinfo=ZoneInfo(f"Etc/GMT{-ZONES[zone]:+d}"))
            return at.astimezone(ZoneInfo("UTC"))
        except OverflowError:
            raise Wrong("Enter a valid date.") from None


@dataclass(frozen=True, kw_only=True, eq=False)
class _VisitAddress(Address):
    """The URL of something about the visit; null where there was none."""

    nullable: bool | None = True

    def sql(self) -> Combinable:
        return Case(When(appointment__isnull=False, then=super().sql()), output_field=models.TextField())


# -- which rows a patient has -------------------------------------------------------------------------------------


def _of_patient(model: Any) -> "Callable[[Any], models.QuerySet[Any]]":
    """Those of the patient's visits, and those of the patient alone: two searches, each over an index."""

    def ids(patient: Any) -> "models.QuerySet[Any]":
        rows: models.QuerySet[Any] = model.objects.filter(
            practice_id=Slot("practice", models.BigIntegerField()), archived=False
        )
        visits = rows.filter(appointment__patient=patient, appointment__archived=False)
        alone = rows.filter(patient=patient, appointment=None)
        return visits.values_list("pk").union(alone.values_list("pk"), all=True)

    return ids


def _below(model: Any) -> Parent:
    return Parent("patient_id", to="patients", source="patient", ids=_of_patient(model))


# -- keys ---------------------------------------------------------------------------------------------------------


def _patient() -> Combinable:
    return Coalesce(F("appointment__patient_id"), F("patient_id"))


def _taken() -> Combinable:
    return sql.Spaced(Coalesce(F("appointment__scheduled_time"), F("taken_at")))


def _who() -> Combinable:
    return Coalesce(F("added_by_id"), F("appointment__created_by_id"), Value(API_MADE))


_HEAD: tuple[Field, ...] = (
    Id("id"),
    Integer("pt_id", READ_ONLY, computed=_patient, nullable=False),
)
_TAIL: tuple[Field, ...] = (
    Taken(
        "date_taken",
        OPTIONAL,
        source="taken_at",
        computed=_taken,
        nullable=False,
        default=clock.now,
        doc="UTC, unless three letters of a zone follow; default: now. Of a visit, its beginning.",
    ),
    Text("comments", OPTIONAL),
    Integer("addedby", READ_ONLY, computed=_who, nullable=False, doc="A user's id; 99999: by a program."),
    created(),
)


def _units(name: str, *choices: str) -> Field:
    codes = {choice: choice for choice in choices}
    return Coded("units", OPTIONAL, source=name, codes=codes, otherwise=choices[0])


def _only(text: str) -> Field:
    return Text("units", READ_ONLY, computed=lambda: sql.Text(text), nullable=False)


# -- hooks --------------------------------------------------------------------------------------------------------


def _needs(*names: str) -> "Callable[[Change], None]":
    """A reading says something."""

    def check(change: Change) -> None:
        change.columns["added_by_id"] = change.actor.user
        if all(change.values.get(name) in (None, "") for name in names):
            for name in names:
                change.wrong(name, f"Give {' or '.join(names)}.")

    return check


def _fits(change: Change) -> None:
    """A value is one of those that its definition takes."""
    kind = CustomVital.objects.get(practice=change.actor.practice, pk=change.at["vital_id"])
    if message := misfit(kind, change.values.get("value") or ""):
        change.wrong("value", message)


# -- readings -----------------------------------------------------------------------------------------------------

_COMMON: dict[str, Any] = {
    "methods": "GET POST",
    "reads": False,
    **common("patient_vitals"),
    "page_size": PAGES,
}

blood_pressures = Resource(
    path=f"{BELOW}/bp",
    model=Vitals,
    doc="Blood pressures of a patient, at visits and otherwise.",
    **_COMMON,
    parents=(_below(Vitals),),
    rows=Q(archived=False) & (Q(blood_pressure_1__isnull=False) | Q(blood_pressure_2__isnull=False)),
    fields=(
        tag("vital_bp"),
        *_HEAD,
        Integer("systolic", OPTIONAL, source="blood_pressure_1", doc="mmHg."),
        Integer("diastolic", OPTIONAL, source="blood_pressure_2", doc="mmHg."),
        Integer("pulse", OPTIONAL, doc="Beats per minute."),
        _only("mmHg"),
        *_TAIL,
    ),
    checks=(_needs("systolic", "diastolic"),),
    example={"systolic": "120", "diastolic": "80", "pulse": "64", "comments": "At home, sitting"},
)

heights = Resource(
    path=f"{BELOW}/height",
    model=Vitals,
    doc="Heights of a patient, at visits and otherwise.",
    **_COMMON,
    parents=(_below(Vitals),),
    rows=Q(archived=False, height__isnull=False),
    fields=(
        tag("vital_height"),
        *_HEAD,
        Measure("height", OPTIONAL),
        _units("height_units", "inches", "cm"),
        *_TAIL,
    ),
    checks=(_needs("height"),),
    example={"height": "170.5", "units": "cm", "comments": "Without shoes"},
)

weights = Resource(
    path=f"{BELOW}/weight",
    model=Vitals,
    doc="Weights of a patient, at visits and otherwise.",
    **_COMMON,
    parents=(_below(Vitals),),
    rows=Q(archived=False, weight__isnull=False),
    fields=(
        tag("vital_weight"),
        *_HEAD,
        Measure("weight", OPTIONAL),
        _units("weight_units", "lbs", "kg"),
        *_TAIL,
    ),
    checks=(_needs("weight"),),
    example={"weight": "64.5", "units": "kg", "comments": "Scale at home"},
)

custom_readings = Resource(
    path=f"{BELOW}/{{vital_id}}",
    model=CustomVitalValue,
    doc="Values of a vital that the practice has defined, at visits and otherwise.",
    **_COMMON,
    parents=(_below(CustomVitalValue), Parent("vital_id", to="vitals", source="vital_type")),
    rows=Q(archived=False),
    fields=(
        tag("vital_custom"),
        *_HEAD,
        Ref("vital_id", READ_ONLY, source="vital_type", to="vitals"),
        Address("vital_url", where="/api/v1/vitals/%s", about=("vital_type_id",)),
        Text("value", OPTIONAL),
        Boolean("abnormal", OPTIONAL),
        Integer("encounter_id", READ_ONLY, source="appointment_id", doc="The visit that it was taken at."),
        _VisitAddress("url_encounter", where="/api/v1/encounters/%s", about=("appointment_id",)),
        Integer("order_id", READ_ONLY, computed=lambda: sql.constant(None), doc="Null: orders have results."),
        Text("url_order", READ_ONLY, computed=lambda: sql.constant(None)),
        Text("units", READ_ONLY, source="vital_type__unit"),
        *_TAIL,
    ),
    checks=(_needs("value"), _fits),
    example={"value": "410", "abnormal": False, "comments": "Best of three"},
)

# -- definitions --------------------------------------------------------------------------------------------------


def _charted() -> Combinable:
    values = CustomVitalValue.objects.filter(
        practice=OuterRef("practice_id"), vital_type=OuterRef("pk"), archived=False
    )
    return Exists(values)


def _doctors_user() -> Combinable:
    users = User._default_manager.filter(
        practice=OuterRef("practice_id"), doctor_id=OuterRef("doctor_id"), role="doctor"
    )
    return Coalesce(Subquery(users.order_by("pk").values_list("pk")[:1]), Value(API_MADE))


def _full_name() -> Combinable:
    description = NullIf(F("description"), sql.Text(""))
    return Coalesce(description, F("name"), output_field=models.TextField())


def _nothing(name: str, doc: str) -> Field:
    return Text(name, READ_ONLY, computed=lambda: sql.constant(None), doc=doc)


vitals = Resource(
    path="vitals",
    model=CustomVital,
    doc="Vitals that the practice has defined.",
    methods="GET",
    **common("vitals"),
    page_size=PAGES,
    rows=Q(archived=False),
    fields=(
        tag("vital_definition"),
        Id("id"),
        Text("name", READ_ONLY),
        Text(
            "name_full",
            READ_ONLY,
            computed=_full_name,
            nullable=False,
        ),
        _nothing("nicknames", "Null: a definition has one name."),
        Text("units", READ_ONLY, source="unit"),
        Text("unit_type", READ_ONLY, source="data_type", choices=CustomVital.DataType.values),
        _nothing("normal_low", "Null: definitions have no limits."),
        _nothing("normal_high", "Null."),
        Text("notes", READ_ONLY, source="description"),
        Boolean(
            "dashboard_active",
            READ_ONLY,
            computed=lambda: sql.constant(True),
            nullable=False,
            doc="True: one that is archived isn't shown.",
        ),
        Integer("addedby", READ_ONLY, computed=_doctors_user, nullable=False, doc="The user of its doctor."),
        created(),
    ),
    filters=(Flag("show_all", doc="Also those of which no value was ever written."),),
    hidden=Hidden(~Q(_charted()), unless="show_all", usable=True),
    example={"name": "Peak flow", "units": "L/min"},
)

vitals_tag_groups = Resource(
    path="vitals_tag_groups",
    model=VitalsTagGroup,
    doc="Vitals that the practice looks at together.",
    methods="GET",
    reads=False,
    **common("vitals"),
    page_size=PAGES,
    rows=Q(archived=False),
    fields=(
        Text("name", READ_ONLY),
        ListOf(
            "included_fields",
            READ_ONLY,
            item=Text(""),
            doc="As the addresses of readings have them: bp, height, weight, or the id of a vital.",
        ),
        by("created_by"),
        created(),
    ),
    example={"name": "Weight clinic", "included_fields": ["weight", "bp", "12"]},
)

RESOURCES = [blood_pressures, heights, weights, custom_readings, vitals, vitals_tag_groups]
