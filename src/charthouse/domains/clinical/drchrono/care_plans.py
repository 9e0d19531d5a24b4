"""Care plans and care teams in the DrChrono API. Source: reference drchrono/resources.yaml, enums.yaml."""

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import Q

from charthouse.domains.clinical.codes import CARE_PLAN_TYPES
from charthouse.domains.clinical.drchrono.filters import OF_DOCTOR, OF_PATIENT
from charthouse.domains.clinical.drchrono.policy import PERMISSIONS, SCOPES, SHARED
from charthouse.domains.clinical.models import (
    CarePlan,
    CareTeamMember,
)
from charthouse.engine.declaration.filters import Condition, Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Integer, Text
from charthouse.engine.declaration.values import READ_ONLY, InvalidValue, parse_text
from charthouse.engine.sql.expressions import BoundParameter


def _parse_plan_type(text: str, given: Mapping[str, str]) -> dict[str, Any]:
    if parse_text(text) not in map(str, CARE_PLAN_TYPES):
        raise InvalidValue(f"Select a valid choice. {text[:100]} is not one of the available choices.")
    return {"plan_type": int(text)}


care_plans = Resource(
    path="care_plans",
    model=CarePlan,
    doc="Patients' goals, instructions, and referrals.",
    methods="GET",
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, owner="doctor"),
    keys=(
        Key("appointment", Reference("appointments"), READ_ONLY),
        Key("code", Text(), READ_ONLY),
        Key("code_system", Text(), READ_ONLY),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("description", Text(), READ_ONLY),
        Key("id", Id(), READ_ONLY),
        Key("instructions", Text(), READ_ONLY),
        Key("patient", Reference("patients"), READ_ONLY),
        Key(
            "plan_type",
            Integer(),
            READ_ONLY,
            doc="1 goal, 2 patient education, 3 decision aid, 4 clinical instruction, 5 referral, 6 health concern.",
        ),
        Key("scheduled_date", Date(), READ_ONLY),
        Key("title", Text(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(
        OF_DOCTOR,
        OF_PATIENT,
        Condition(
            "plan_type",
            read=_parse_plan_type,
            condition=lambda: Q(plan_type=BoundParameter("plan_type", models.IntegerField())),
            described={"type": "integer", "enum": list(CARE_PLAN_TYPES)},
        ),
    ),
    example={"patient": 12, "plan_type": 1, "title": "Walk half an hour a day"},
)

care_team_members = Resource(
    path="care_team_members",
    model=CareTeamMember,
    doc="Members of the practice who take part in a patient's care.",
    methods="GET",
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, owner="patient__doctor"),
    addition=True,
    rows=Q(archived=False),
    keys=(
        Key("patient", Reference("patients"), READ_ONLY),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("appointment", Reference("appointments"), READ_ONLY),
        Key("id", Id(), READ_ONLY),
        Key("user", Reference("users"), READ_ONLY),
    ),
    filters=(
        OF_PATIENT,
        Filter("appointment", Reference("appointments")),
        Filter("doctor", Reference("doctors"), source="patient__doctor"),
    ),
    example={"patient": 12, "user": 3},
)

RESOURCES = [care_plans, care_team_members]
