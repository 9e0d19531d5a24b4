"""Lists of the chart as Cerbo shows them. Facts: reference cerbo/objects.yaml; docs/decisions/0230-*.md"""

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, NullIf

from charthouse.domains.clinical import cerbo_encounters, cerbo_kept
from charthouse.domains.clinical.models import Problem
from charthouse.domains.practice.cerbo_keys import below_patient, by, common, created, encounter, tag
from charthouse.resource.declare import PageSize, Resource
from charthouse.resource.fields import READ_ONLY, Id, Text

PAGES = PageSize(100, 100, 100)


def _version() -> Combinable:
    return Cast(F("icd_version"), models.TextField())


def _display_name() -> Combinable:
    return Coalesce(NullIf(F("description"), Value("")), F("name"), output_field=models.TextField())


past_medical_history = Resource(
    path="patients/{patient_id}/pmh",
    model=Problem,
    doc="What a patient has or had: diagnoses, by ICD code.",
    methods="GET",
    reads=False,
    **common("patient_past_medical_history"),
    page_size=PAGES,
    parents=below_patient(),
    rows=Q(archived=False),
    fields=(
        tag("past_medical_history_entry"),
        Id("id", as_text=True),
        Text("name", READ_ONLY, doc="The code's official text unless another was given."),
        Text(
            "display_name",
            READ_ONLY,
            computed=_display_name,
            nullable=False,
            doc="Its description; its name where it has none.",
        ),
        Text("code", READ_ONLY, source="icd_code"),
        Text("icd_version", READ_ONLY, computed=_version, nullable=False, doc="9 or 10."),
        Text("problem_status", READ_ONLY, source="status", doc="active, inactive or resolved."),
        *encounter(),
        by("addedby", as_text=True),
        created(),
    ),
    example={"name": "Essential (primary) hypertension", "code": "I10", "icd_version": "10"},
)

RESOURCES = [past_medical_history, *cerbo_encounters.RESOURCES, *cerbo_kept.RESOURCES]
FUNCTIONS = cerbo_kept.FUNCTIONS
