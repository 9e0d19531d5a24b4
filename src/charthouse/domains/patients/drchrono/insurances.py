"""Insurance of a patient and the directory of payers as DrChrono shows them. Source: reference drchrono/nested.yaml,
resources.yaml.

Payers are stored as given (the reference: insurance data is unvalidated); codes that the API enumerates are checked.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models
from django.db.models import F, Q

from charthouse.domains.patients import codes
from charthouse.domains.patients.models import (
    AutoAccidentInsurance,
    Coverage,
    CustomInsurancePlanName,
    Payer,
    ReferringDoctor,
    WorkersCompInsurance,
)
from charthouse.domains.patients.text_types import choose_text_type
from charthouse.engine.declaration.filters import CONTAINS, SINCE, Condition, Filter, Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import ChildRow
from charthouse.engine.declaration.resources import Resource, Visibility
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Text
from charthouse.engine.declaration.values import READ_ONLY, InvalidValue, parse_text
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter
from charthouse.engine.sql.folding import Folded
from charthouse.files.types import File

_CHOICES = {
    "insurance_plan_type": codes.PLAN_TYPES,
    "patient_relationship_to_subscriber": codes.RELATIONSHIPS,
    "subscriber_gender": codes.SUBSCRIBER_GENDERS,
    "significant_injury": codes.SIGNIFICANT_INJURY,
    "provider_qualifier": codes.PROVIDER_QUALIFIERS,
}
_UNSHOWN_COLUMNS = {"id", "practice", "patient", "rank", "archived", "created_at", "updated_at"}
_CERBO_COLUMNS = {"insurance_phone", "notes"}


def _make_keys(model: type[models.Model], prefix: str = "", bare: Iterable[str] = ()) -> tuple[Key, ...]:
    """Make a key for every column of a table. ``prefix`` is put before the wire name, except for columns in
    ``bare``."""
    members = []
    for column in model._meta.local_fields:
        if column.name not in _UNSHOWN_COLUMNS:
            name = column.name if column.name in bare else prefix + column.name
            members.append(_make_key(column, name))
    return tuple(members)


def _make_key(column: Any, name: str) -> Key:
    """Make the key of a column."""
    source = column.name if column.name != name else ""
    if isinstance(column, models.ForeignKey):
        return Key(
            name,
            File(),
            source=source,
            doc="A picture of the card, as base64 text; returned as a link.",
            keep_on_put=True,
        )
    if isinstance(column, models.BooleanField):
        return Key(name, Boolean(), source=source, default=column.default)
    if isinstance(column, models.DateField):
        past = column.name.endswith(("date_of_birth", "date_of_accident", "similar_condition_date"))
        return Key(name, Date(past=past), source=source)
    if choices := _CHOICES.get(column.name):
        return Key(name, Text(choices=choices), source=source)
    text = choose_text_type(column.name)
    if text.check is not None and column.model is not ReferringDoctor:
        text = Text()  # insurance data is not validated
    return Key(name, text, source=source)


def make_coverage_key(name: str, rank: Coverage.Rank) -> Key:
    """Make the key of the patient's insurance of a rank. Null deletes it; an object changes the keys that it names."""
    return Key(
        name,
        Object(tuple(member for member in _make_keys(Coverage) if member.name not in _CERBO_COLUMNS)),
        source=ChildRow(Coverage, link="patient", where={"rank": rank.value}),
        verbose=True,
        doc="Changing it may make past appointments unbillable; payers: insurances",
    )


def make_auto_accident_key() -> Key:
    """Make the key of the auto accident insurance."""
    return Key(
        "auto_accident_insurance",
        Object(_make_keys(AutoAccidentInsurance, "auto_accident_")),
        source=ChildRow(AutoAccidentInsurance, link="patient", check=_check_disability),
        verbose=True,
    )


def _check_disability(row: AutoAccidentInsurance) -> None:
    """Refuse a disability that ends before it begins. Raises InvalidValue."""
    begin, end = row.disabled_from_date, row.disabled_to_date
    if begin is not None and end is not None and end < begin:
        message = "This can't be before auto_accident_disabled_from_date."
        raise InvalidValue({"auto_accident_disabled_to_date": [message]})


def make_workers_comp_key() -> Key:
    """Make the key of the workers' compensation insurance."""
    return Key(
        "workers_comp_insurance",
        Object(
            _make_keys(
                WorkersCompInsurance, "workers_comp_", bare=("property_and_casualty_agency_claim_number",)
            )
        ),
        source=ChildRow(WorkersCompInsurance, link="patient"),
        verbose=True,
    )


def make_referring_doctor_key() -> Key:
    """Make the key of the referring doctor."""
    return Key(
        "referring_doctor",
        Object(_make_keys(ReferringDoctor)),
        source=ChildRow(ReferringDoctor, link="patient"),
        verbose=True,
        doc="The referring doctor, outside the practice.",
    )


def _read_term(text: str, given: Mapping[str, str]) -> dict[str, Any]:
    return {"term": parse_text(text).strip()}


def _match_term() -> Q:
    term = BoundParameter("term", models.TextField())
    named = sql.template(
        "(strpos(%s, %s) > 0)", Folded(F("payer_name")), Folded(term), output_field=sql.BOOLEAN
    )
    return Q(named) | Q(payer_id__icontains=term) | Q(state__iexact=term)


insurances = Resource(
    path="insurances",
    model=Payer,
    doc="Directory of insurance payers, for patients' insurance objects.",
    methods="GET",
    policy=Policy(scopes=("user",), permissions=(), sharing=ALWAYS, owner=None),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("payer_name", Text(), READ_ONLY, doc="Use as insurance_company in an insurance object."),
        Key("payer_id", Text(), READ_ONLY, doc="Use as insurance_payer_id in an insurance object."),
        Key("state", Text(), READ_ONLY, doc="State of the payer's headquarters."),
    ),
    filters=(
        Filter("payer_type", Text(choices=Payer.Type.values), required=True),
        Condition(
            "term",
            read=_read_term,
            condition=_match_term,
            doc="Part of the name or id, or the state.",
        ),
    ),
    example={"payer_name": "Aetna", "payer_id": "60054", "state": "CT"},
)

custom_insurance_plan_names = Resource(
    path="custom_insurance_plan_names",
    model=CustomInsurancePlanName,
    doc="The practice's own plan names.",
    methods="GET",
    policy=Policy(
        scopes=("settings",), permissions=("Settings",), sharing="custom_insurance_plan_name", owner="doctor"
    ),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("insurance_plan_name", Text(), READ_ONLY),
        Key("doctor", Reference("doctors"), READ_ONLY, doc="User who created it."),
        Key("user", Reference("users"), READ_ONLY, doc="User who created it."),
        Key("archived", Boolean(), READ_ONLY),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(
        Filter("doctor", Reference("doctors")),
        Filter("user", Reference("users")),
        Filter("name", Text(), CONTAINS, source="insurance_plan_name"),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
        Flag("show_archived", doc="Includes archived names."),
    ),
    visibility=Visibility(Q(archived=True), shown_by="show_archived"),
    example={"insurance_plan_name": "County employees PPO"},
)

RESOURCES = [insurances, custom_insurance_plan_names]
