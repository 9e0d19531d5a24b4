"""Custom demographic fields as DrChrono shows them. Source: reference drchrono/resources.yaml."""

from django.db.models import Q

from charthouse.domains.patients.drchrono.patients import SHARING
from charthouse.domains.patients.models import CustomDemographic
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import Filter, Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource, Visibility
from charthouse.engine.declaration.types import Boolean, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED

custom_demographics = Resource(
    path="custom_demographics",
    model=CustomDemographic,
    doc="Fields that a practice adds to its patients' demographics.",
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
        Key("name", Text(), REQUIRED),
        Key(
            "template_name",
            Text(pattern="[A-Za-z0-9_]*"),
            OPTIONAL,
            doc="The field's name in clinical note templates.",
        ),
        Key(
            "allowed_values",
            List(Text(max_length=200), commas=True),
            OPTIONAL,
            doc="A list, or text separated by commas. If null, any text is allowed.",
        ),
        Key("description", Text(multiline=True), OPTIONAL),
        Key("archived", Boolean(), OPTIONAL, default=False),
    ),
    filters=(Filter("doctor", Reference("doctors")), Flag("show_archived", doc="Includes archived fields.")),
    visibility=Visibility(Q(archived=True), shown_by="show_archived"),
    example={"doctor": 1, "name": "Housing", "allowed_values": ["Owns", "Rents"], "template_name": "housing"},
)

RESOURCES = [custom_demographics]
