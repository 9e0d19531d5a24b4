"""Types of flags on patients as DrChrono shows them. Source: reference drchrono/resources.yaml."""

from charthouse.domains.patients.drchrono.patients import SHARING
from charthouse.domains.patients.models import FlagType
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text, check_color
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED

patient_flag_types = Resource(
    path="patient_flag_types",
    model=FlagType,
    doc="Flags that doctors can assign to their patients.",
    methods="GET POST PUT PATCH",
    policy=Policy(
        scopes=("patients", "settings"),
        permissions=("Manage Patients", "Settings"),
        sharing=SHARING,
        owner="doctor",
    ),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("name", Text(), OPTIONAL),
        Key("color", Text(check=check_color), OPTIONAL),
        Key("priority", Integer(), OPTIONAL),
        Key("archived", Boolean(), READ_ONLY),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(Filter("doctor", Reference("doctors")),),
    example={"doctor": 1, "name": "Fall risk", "color": "#CC3300", "priority": 1},
)

RESOURCES = [patient_flag_types]
