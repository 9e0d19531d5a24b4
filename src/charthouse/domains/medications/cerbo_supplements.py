"""Supplements as Cerbo shows them. Facts: reference cerbo/objects.yaml, operations.yaml; docs/decisions/0194-*.md"""

from django.db import models
from django.db.models import Case, Q, When
from django.db.models.expressions import Combinable, ExpressionWrapper

from charthouse.domains.medications import supplements as actions
from charthouse.domains.medications.models import PatientSupplement, Supplement
from charthouse.domains.medications.searching import words
from charthouse.domains.patients.queueing import ENQUEUE, QUEUED
from charthouse.domains.practice.cerbo_keys import below_patient, common, created, encounter, tag
from charthouse.resource import sql
from charthouse.resource.declare import Action, PageSize, Resource
from charthouse.resource.events import plain
from charthouse.resource.fields import OPTIONAL, READ_ONLY, REQUIRED, Boolean, Field, Id, Ref, Text
from charthouse.resource.filters import Filter, Flag, Is
from charthouse.resource.functions import Function
from charthouse.resource.joined import Constant, Linked, Parts
from charthouse.resource.times import Date, Moment

PAGES = PageSize(100, 100, 100)

SUPPLEMENT: tuple[Field, ...] = (
    tag("supplement"),
    Id("id"),
    Text("name", REQUIRED),
    Text("nicknames", OPTIONAL),
    Text("class", READ_ONLY, source="kind"),
    Text("vendor_code", OPTIONAL),
    Text("code", READ_ONLY),
    Text("description", OPTIONAL),
    Text("external_ref_id", OPTIONAL),
    Boolean("inactive", OPTIONAL, default=False),
    created(),
)
FILTERS: tuple[Filter, ...] = (
    Flag(
        "active_only",
        on_for="any",
        matches=lambda: Q(inactive=False),
        doc="Any value: without inactive ones.",
    ),
    Is("vendor_code"),
    Is("class", source="kind"),
    Is("external_ref_id"),
)
_EXAMPLE = {"name": "Magnesium glycinate 400 mg", "nicknames": "Mag", "vendor_code": "MG400"}

supplements = Resource(
    path="supplements",
    model=Supplement,
    doc="The supplements that the practice recommends.",
    methods="GET POST PATCH",
    **common("supplements"),
    page_size=PAGES,
    rows=Q(archived=False),
    fields=SUPPLEMENT,
    filters=FILTERS,
    example=_EXAMPLE,
)

found_supplements = Resource(
    path="supplements/search/{terms}",
    model=Supplement,
    doc="Supplements by words of their names.",
    methods="GET",
    reads=False,
    **common("supplements"),
    page_size=PAGES,
    rows=Q(archived=False),
    fields=SUPPLEMENT,
    filters=(words("terms", "name", "nicknames"), *FILTERS),
    example=_EXAMPLE,
)


def _stopped() -> Combinable:
    return ExpressionWrapper(Q(discontinued_at__isnull=False), output_field=models.BooleanField())


def _stopped_word() -> Combinable:
    return Case(When(discontinued_at__isnull=False, then=sql.Text("1")), output_field=models.TextField())


patient_supplements = Resource(
    path="patients/{patient_id}/supplements",
    model=PatientSupplement,
    doc="The supplements that a patient takes or took.",
    methods="GET",
    **common("patient_supplements"),
    page_size=PAGES,
    parents=below_patient(),
    rows=Q(archived=False),
    fields=(
        tag("patient_supplement"),
        Id("id"),
        Text("name", READ_ONLY, source="supplement__name"),
        Constant("plan_type", value="plan_other"),
        Ref("associated_plan_id", READ_ONLY, source="supplement", to="supplements"),
        Linked(
            "plan_definition",
            to=Supplement,
            via="supplement",
            fields=(
                Id("id"),
                Text("name", READ_ONLY),
                Text("nicknames", READ_ONLY),
                Text("class", READ_ONLY, source="kind"),
                Text("code", READ_ONLY),
                Text("description", READ_ONLY),
                Boolean("disabled", READ_ONLY, source="inactive"),
            ),
            doc="The supplement of the catalogue.",
        ),
        Parts(
            "prescribing_details",
            fields=(
                Text("dose", READ_ONLY),
                Text("frequency", READ_ONLY),
                Date("start_date", READ_ONLY),
                Text("discontinued", READ_ONLY, computed=_stopped_word, doc="1, or null."),
                Moment("discontinued_date", READ_ONLY, source="discontinued_at"),
                Text("discontinued_note", READ_ONLY),
            ),
        ),
        Boolean("is_discontinued", READ_ONLY, computed=_stopped, nullable=False),
        *encounter(),
        created(),
    ),
    events=plain(
        "supplement.created", "supplement.modified", "supplement.deleted", ours="create modify delete"
    ),
    actions=(
        Action(
            name="discontinue",
            method="PATCH",
            doc="Stop a supplement.",
            fields=(
                Moment(
                    "discontinued_date", OPTIONAL, stored=False, doc="Now where it isn't given; not later."
                ),
                Text("discontinued_note", OPTIONAL, stored=False, max_length=10_000),
            ),
            run=actions.discontinue,
        ),
    ),
    example={"name": "Magnesium glycinate 400 mg", "is_discontinued": False},
)

queue_supplement = Function(
    path="patients/{id}/supplements",
    method="POST",
    doc="Ask for a supplement; staff take it into the chart, unless enqueue is off.",
    of="patients",
    scopes=("patient_supplements",),
    parameters=(ENQUEUE,),
    fields=(
        Ref("supplement_id", REQUIRED, stored=False, to="supplements"),
        Text("notes", OPTIONAL, stored=False, max_length=10_000),
    ),
    answers=QUEUED,
    run=actions.send,
    example={"supplement_id": 4, "notes": "For sleep", "result": True},
)

RESOURCES = [supplements, found_supplements, patient_supplements]
FUNCTIONS = [queue_supplement]
