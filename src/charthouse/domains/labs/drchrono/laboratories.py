"""Laboratories in the DrChrono API. Source: reference drchrono/resources.yaml."""

from django.db.models import Q

from charthouse.domains.labs import hooks
from charthouse.domains.labs.drchrono.policy import allow_laboratories
from charthouse.domains.labs.models import (
    Sublab,
)
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED

sublabs = Resource(
    path="sublabs",
    model=Sublab,
    doc="Laboratories that receive orders.",
    methods="GET POST PUT PATCH DELETE",
    policy=allow_laboratories("doctor"),
    rows=Q(archived=False),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("name", Text(), REQUIRED),
        Key("facility_code", Text(), REQUIRED, doc="The code for the laboratory in orders and results."),
        Key("vendor_name", Text(), READ_ONLY, addition=True, doc="The app that created it."),
    ),
    checks=(hooks.set_vendor,),
    example={"name": "Front Range Reference Laboratory", "facility_code": "FRR"},
)

RESOURCES = [sublabs]
