"""Custom vitals and custom appointment fields as DrChrono shows them. Source: reference drchrono/resources.yaml."""

from charthouse.domains.scheduling import hooks
from charthouse.domains.scheduling.drchrono.filters import HIDE_ARCHIVED, SHOW_ARCHIVED, make_doctor_filter
from charthouse.domains.scheduling.models import (
    CustomAppointmentField,
    CustomVital,
)
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED

custom_vitals = Resource(
    path="custom_vitals",
    model=CustomVital,
    doc="Vitals that doctors have defined; appointments contain their values.",
    methods="GET",
    policy=Policy(
        scopes=("clinical", "settings"),
        permissions=("Access Clinical Notes", "Settings"),
        sharing="share_clinical_templates",
        owner="doctor",
    ),
    keys=(
        Key("archived", Boolean(), READ_ONLY),
        Key("data_type", Text(choices=CustomVital.DataType.values), READ_ONLY),
        Key("doctor", Reference("doctors"), READ_ONLY, doc="User who created it."),
        Key("id", Id(), READ_ONLY),
        Key("is_fraction_field", Boolean(), READ_ONLY),
        Key("name", Text(), READ_ONLY),
        Key("allowed_values", List(Text()), READ_ONLY, doc="Only for single_sel; empty for other types."),
        Key("description", Text(), READ_ONLY),
        Key("fraction_delimiter", Text(), READ_ONLY, doc="Separates numerator and denominator, usually /."),
        Key("unit", Text(), READ_ONLY),
    ),
    filters=(make_doctor_filter(), SHOW_ARCHIVED),
    visibility=HIDE_ARCHIVED,
    example={"name": "Peak flow", "data_type": "number", "unit": "L/min"},
)


custom_appointment_fields = Resource(
    path="custom_appointment_fields",
    model=CustomAppointmentField,
    doc="Fields that doctors have added to appointments.",
    methods="GET POST PUT PATCH",
    policy=Policy(
        scopes=("clinical", "settings"),
        permissions=("Access Clinical Notes", "Settings"),
        sharing="share_patients",
        owner="doctor",
    ),
    keys=(
        Key("archived", Boolean(), READ_ONLY),
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("field_name", Text(), REQUIRED),
        Key("field_desc", Text(multiline=True)),
        Key("id", Id(), READ_ONLY),
        Key("order", Integer(), READ_ONLY),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(make_doctor_filter(), SHOW_ARCHIVED),
    visibility=HIDE_ARCHIVED,
    checks=(hooks.order_last,),
    example={"doctor": 1, "field_name": "Interpreter", "field_desc": "Language needed"},
)

RESOURCES = [custom_vitals, custom_appointment_fields]
