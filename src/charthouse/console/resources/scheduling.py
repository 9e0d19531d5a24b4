"""Custom vitals and groups of vitals, as the console writes them."""

from django.db.models import Q

from charthouse.console.resources.declaring import CLINICAL, declare_doctor_setup, make_doctor_key
from charthouse.domains.practice.unique_names import make_name_check
from charthouse.domains.scheduling.hooks import check_included_fields
from charthouse.domains.scheduling.models import CustomVital, VitalsTagGroup
from charthouse.domains.scheduling.models.vitals import MAX_GROUP_SIZE, STANDARD_VITALS
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED

RESOURCES = (
    declare_doctor_setup(
        "vital_kinds",
        CustomVital,
        "always",
        make_doctor_key(),
        Key("name", Text(), REQUIRED),
        Key("data_type", Text(choices=tuple(CustomVital.DataType.values)), OPTIONAL, default="text"),
        Key("description", Text(multiline=True)),
        Key("unit", Text()),
        Key("allowed_values", List(Text())),
        permissions=("Access Clinical Notes",),
        example={"name": "Peak flow"},
    ),
    Resource(
        path="vitals_groups",
        model=VitalsTagGroup,
        doc="Vitals that are shown together.",
        methods="GET POST PATCH DELETE",
        rows=Q(archived=False),
        policy=Policy(scopes=("settings",), permissions=(CLINICAL,), sharing=ALWAYS, owner=None),
        keys=(
            Key("id", Id(), READ_ONLY),
            Key("name", Text(blank=False), REQUIRED),
            Key(
                "included_fields",
                List(Text(max_length=20, blank=False), max_items=MAX_GROUP_SIZE),
                OPTIONAL,
                doc=f"{', '.join(STANDARD_VITALS)}, or the id of a custom vital.",
            ),
        ),
        checks=(check_included_fields, make_name_check("Another panel has this name.")),
        unique={"vitals_group_once": ("name", "Another panel has this name.")},
        example={"name": "Weight clinic", "included_fields": ["weight", "bp"]},
    ),
)
