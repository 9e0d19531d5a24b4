"""Appointment profiles as DrChrono shows them. Source: reference drchrono/resources.yaml."""

from charthouse.domains.scheduling import hooks
from charthouse.domains.scheduling.drchrono.filters import HIDE_ARCHIVED, SHOW_ARCHIVED, make_doctor_filter
from charthouse.domains.scheduling.models import MAX_DURATION, AppointmentProfile
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.types import Boolean, Integer, Text, check_color
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED

appointment_profiles = Resource(
    path="appointment_profiles",
    model=AppointmentProfile,
    doc="Types of visits, with the length and color of their appointments.",
    methods="GET POST PUT PATCH DELETE",
    policy=Policy(
        scopes=("calendar", "settings"),
        permissions=("Access Scheduling", "Settings"),
        sharing="share_appointment_profiles",
        owner="doctor",
    ),
    keys=(
        Key("color", Text(check=check_color), REQUIRED),
        Key("duration", Integer(minimum=1, maximum=MAX_DURATION), REQUIRED, doc="Minutes."),
        Key("name", Text(), REQUIRED),
        Key("online_scheduling", Boolean(), REQUIRED),
        Key("reason", Text(multiline=True), REQUIRED),
        Key("sort_order", Integer(), OPTIONAL, doc="Lower numbers come first."),
        Key("archived", Boolean(), READ_ONLY),
        Key("id", Id(), READ_ONLY),
        Key(
            "doctor",
            Reference("doctors"),
            OPTIONAL,
            keep_on_put=True,
            addition=True,
            doc="Default: the authorizing doctor.",
        ),
    ),
    filters=(make_doctor_filter(), SHOW_ARCHIVED),
    visibility=HIDE_ARCHIVED,
    checks=(hooks.default_doctor,),
    example={
        "name": "Physical exam",
        "color": "#3a87ad",
        "duration": 30,
        "online_scheduling": True,
        "reason": "Annual physical",
    },
)

RESOURCES = [appointment_profiles]
