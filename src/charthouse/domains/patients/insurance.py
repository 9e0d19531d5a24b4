"""Who pays and who sent the patient, as DrChrono shows it: objects inside a patient's, and the payer directory.

Facts: reference drchrono/nested.yaml and resources.yaml. Payers are taken as given (the seed: insurance data is
unvalidated); codes that the API enumerates are held to its lists.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models
from django.db.models import Q

from charthouse.domains.patients import codes
from charthouse.domains.patients.models import (
    AutoAccidentInsurance,
    Coverage,
    CustomInsurancePlanName,
    Payer,
    ReferringDoctor,
    WorkersCompInsurance,
)
from charthouse.files.fields import File
from charthouse.resource.declare import ALWAYS, Hidden, Resource
from charthouse.resource.fields import READ_ONLY, Boolean, Field, Id, Ref, Text, plain_text
from charthouse.resource.filters import Contains, Flag, Is, RefIs, Since, Where
from charthouse.resource.nested import One
from charthouse.resource.sql import Slot
from charthouse.resource.times import Date, Timestamp

_CHOICES = {
    "insurance_plan_type": codes.PLAN_TYPES,
    "patient_relationship_to_subscriber": codes.RELATIONSHIPS,
    "subscriber_gender": codes.SUBSCRIBER_GENDERS,
    "significant_injury": codes.SIGNIFICANT_INJURY,
    "provider_qualifier": codes.PROVIDER_QUALIFIERS,
}
_OWN = {"id", "practice", "patient", "rank", "archived", "created_at", "updated_at"}
_OF_CERBO = {"insurance_phone", "notes"}


def _members(model: type[models.Model], prefix: str = "", bare: Iterable[str] = ()) -> tuple[Field, ...]:
    """A key for every column of the table; ``prefix`` stands before the wire name, but for the ``bare`` ones."""
    members = []
    for column in model._meta.local_fields:
        if column.name not in _OWN:
            name = column.name if column.name in bare else prefix + column.name
            members.append(_member(column, name))
    return tuple(members)


def _member(column: Any, name: str) -> Field:
    source = column.name if column.name != name else ""
    if isinstance(column, models.ForeignKey):
        return File(name, source=source, doc="A picture of the card, as base64 text; read as a link.")
    if isinstance(column, models.BooleanField):
        return Boolean(name, source=source, default=column.default)
    if isinstance(column, models.DateField):
        return Date(name, source=source)
    return Text(name, source=source, choices=_CHOICES.get(column.name))


def coverage(name: str, rank: Coverage.Rank) -> One:
    """The patient's insurance of a rank. Null takes it away; an object changes the keys that it names."""
    return One(
        name,
        to=Coverage,
        link="patient",
        where={"rank": rank.value},
        verbose=True,
        fields=tuple(member for member in _members(Coverage) if member.name not in _OF_CERBO),
        doc="Changing it may make past appointments unbillable; payers: insurances",
    )


def auto_accident() -> One:
    return One(
        "auto_accident_insurance",
        to=AutoAccidentInsurance,
        link="patient",
        verbose=True,
        fields=_members(AutoAccidentInsurance, "auto_accident_"),
    )


def workers_comp() -> One:
    return One(
        "workers_comp_insurance",
        to=WorkersCompInsurance,
        link="patient",
        verbose=True,
        fields=_members(
            WorkersCompInsurance, "workers_comp_", bare=("property_and_casualty_agency_claim_number",)
        ),
    )


def referring_doctor() -> One:
    return One(
        "referring_doctor",
        to=ReferringDoctor,
        link="patient",
        verbose=True,
        fields=_members(ReferringDoctor),
        doc="The doctor elsewhere who sent the patient.",
    )


def _term(text: str, given: Mapping[str, str]) -> dict[str, Any]:
    return {"term": plain_text(text).strip()}


def _matches_term() -> Q:
    term = Slot("term", models.TextField())
    return Q(payer_name__icontains=term) | Q(payer_id__icontains=term) | Q(state__iexact=term)


insurances = Resource(
    path="insurances",
    model=Payer,
    doc="The directory of insurance payers, for the insurance objects of patients.",
    methods="GET",
    scopes=("user",),
    permissions=(),
    sharing=ALWAYS,
    owner=None,
    fields=(
        Id("id"),
        Text("payer_name", READ_ONLY, doc="An insurance object's insurance_company."),
        Text("payer_id", READ_ONLY, doc="An insurance object's insurance_payer_id."),
        Text("state", READ_ONLY, doc="Where the payer's headquarters are."),
    ),
    filters=(
        Is("payer_type", choices=Payer.Type.values, required=True),
        Where(
            "term", read=_term, condition=_matches_term, doc="A part of the name or of the id, or the state."
        ),
    ),
    example={"payer_name": "Aetna", "payer_id": "60054", "state": "CT"},
)

custom_insurance_plan_names = Resource(
    path="custom_insurance_plan_names",
    model=CustomInsurancePlanName,
    doc="Plan names of the practice's own.",
    methods="GET",
    scopes=("settings",),
    permissions=("Settings",),
    sharing="custom_insurance_plan_name",
    owner="doctor",
    fields=(
        Id("id"),
        Text("insurance_plan_name", READ_ONLY),
        Ref("doctor", READ_ONLY, to="doctors", doc="Who made it."),
        Ref("user", READ_ONLY, to="users", doc="Who made it."),
        Boolean("archived", READ_ONLY),
        Timestamp("created_at", READ_ONLY),
        Timestamp("updated_at", READ_ONLY),
    ),
    filters=(
        RefIs("doctor", to="doctors"),
        RefIs("user", to="users"),
        Contains("name", source="insurance_plan_name"),
        Since("since"),
        Flag("show_archived", doc="Adds archived names."),
    ),
    hidden=Hidden(Q(archived=True), unless="show_archived"),
    example={"insurance_plan_name": "County employees PPO"},
)
