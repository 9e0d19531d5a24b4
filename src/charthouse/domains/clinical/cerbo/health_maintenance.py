"""Health maintenance in the Cerbo API. Source: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0233-*.md"""

from django.db.models import Q

from charthouse.domains.clinical import health_maintenance
from charthouse.domains.clinical.health_maintenance import HealthReading, HealthTracker
from charthouse.domains.practice.cerbo.keys import (
    PAGES,
    make_created_key,
    make_object_key,
    make_patient_key,
    make_patient_parent,
    make_policy,
    make_user_key,
)
from charthouse.engine.declaration.filters import Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Parent, Resource, Visibility
from charthouse.engine.declaration.times import Date
from charthouse.engine.declaration.types import Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED

READINGS = "patients/{patient_id}/health_maintenance"

trackers = Resource(
    path="health_maintenance",
    model=HealthTracker,
    doc="Recurring care, and who is due for it.",
    methods="GET",
    policy=make_policy("health_maintenance"),
    page_size=PAGES,
    rows=Q(archived=False),
    keys=(
        make_object_key("health_maintenance_tracker"),
        Key("id", Id(as_text=True), READ_ONLY),
        Key("name", Text(), READ_ONLY),
        Key("description", Text(), READ_ONLY),
        Key("applies_to", Text(choices=health_maintenance.APPLIES_TO), READ_ONLY),
        Key("sex", Text(), READ_ONLY, doc="Male or Female; empty for both."),
        Key("start_age", Integer(), READ_ONLY, doc="Years."),
        Key("end_age", Integer(), READ_ONLY, doc="Years."),
        Key("frequency", Text(), READ_ONLY),
        Key("icd_codes", Text(), READ_ONLY),
        Key("overrides", Text(), READ_ONLY),
        make_user_key("addedby", as_text=True),
        make_created_key(),
    ),
    filters=(Flag("include_specific_pt", doc="Includes trackers that apply only to selected patients."),),
    visibility=Visibility(
        Q(applies_to=health_maintenance.SPECIFIC_PATIENTS), shown_by="include_specific_pt", referable=True
    ),
    example={"name": "Mammogram", "sex": "Female", "start_age": 40, "end_age": 74},
)

_READING: tuple[Key, ...] = (
    make_object_key("health_maintenance_reading"),
    Key("id", Id(), READ_ONLY),
    make_patient_key(),
    Key("health_maintenance_id", Reference("health_maintenance"), READ_ONLY, source="tracker"),
    Key("date", Date(past=True), REQUIRED),
    Key("notes", Text(multiline=True), OPTIONAL),
    make_user_key("addedby"),
    make_created_key(),
)

_POLICY = make_policy("patient_health_maintenance")
_EXAMPLE = {"date": "2026-03-04", "notes": "No finding."}

readings = Resource(
    path=READINGS,
    model=HealthReading,
    doc="When a patient received the tracked care.",
    methods="GET",
    reads=False,
    policy=_POLICY,
    page_size=PAGES,
    parents=make_patient_parent(),
    rows=Q(archived=False),
    keys=_READING,
    example=_EXAMPLE,
)

new_readings = Resource(
    path=f"{READINGS}/{{health_maintenance_id}}",
    model=HealthReading,
    doc="Record that a patient received a tracker's care.",
    methods="POST",
    reads=False,
    lists=False,
    policy=_POLICY,
    parents=(
        *make_patient_parent(),
        Parent("health_maintenance_id", to="health_maintenance", source="tracker"),
    ),
    rows=Q(archived=False),
    keys=_READING,
    example=_EXAMPLE,
)

RESOURCES = [trackers, readings, new_readings]
