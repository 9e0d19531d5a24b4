"""Laboratories, pharmacies and specialists as Cerbo shows them. Source: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0196-*.md"""

from datetime import UTC
from typing import Any

from django.db.models import Q

from charthouse.domains.patients.cerbo.filters import Like
from charthouse.domains.patients.facilities import list_pharmacies, make_priority_check
from charthouse.domains.patients.models import Facility, PatientFacility
from charthouse.domains.patients.models.facilities import LABORATORY, SPECIALIST
from charthouse.domains.practice.cerbo.keys import (
    API_MADE,
    PAGES,
    make_created_key,
    make_object_key,
    make_patient_parent,
    make_policy,
    make_user_key,
)
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import RelatedRow
from charthouse.engine.declaration.resources import Operation, Resource
from charthouse.engine.declaration.sources import UNSTORED
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED, WRITE_ONLY

_WHOLE_NAME = "The whole name, case-insensitive; % matches any text."
_ADDRESS_KEYS: tuple[Key, ...] = (
    Key("address1", Text(), READ_ONLY),
    Key("city", Text(), READ_ONLY),
    Key("state", Text(), READ_ONLY),
    Key("zip", Text(), READ_ONLY, source="zip_code"),
    Key("phone", Text(), READ_ONLY),
    Key("fax", Text(), READ_ONLY),
)
_LABORATORY_KEYS: tuple[Key, ...] = (
    Key("id", Id(), READ_ONLY),
    Key("name", Text(), READ_ONLY),
    Key("company_brand", Text(), READ_ONLY),
    *_ADDRESS_KEYS,
)
_SPECIALIST_KEYS: tuple[Key, ...] = (
    Key("id", Id(), READ_ONLY),
    Key("name", Text(), READ_ONLY),
    Key("specialty", Text(), READ_ONLY),
    *_ADDRESS_KEYS,
    Key("email", Text(), READ_ONLY),
)

laboratories = Resource(
    path="laboratories",
    model=Facility,
    doc="Laboratories in the practice's directory.",
    methods="GET",
    policy=make_policy("facilities"),
    reads=False,
    page_size=PAGES,
    rows=Q(kind=LABORATORY, archived=False),
    keys=(make_object_key("laboratory"), *_LABORATORY_KEYS),
    filters=(
        Filter("city", Text(), Like(), doc=_WHOLE_NAME),
        Filter("state", Text(), Like(), doc=_WHOLE_NAME),
        Filter("company-brand", Text(), Like(), source="company_brand", doc=_WHOLE_NAME),
    ),
    example={"name": "Foothill Diagnostics, Main Street", "company_brand": "Foothill Diagnostics"},
)

# Cerbo has no operation that lists them: they are declared so that patients' specialists can refer to them.
specialists = Resource(
    path="specialists",
    model=Facility,
    doc="Specialists in the practice's directory.",
    methods="GET",
    policy=make_policy("patient_facilitiesspecialists"),
    reads=False,
    lists=False,
    rows=Q(kind=SPECIALIST, archived=False),
    keys=_SPECIALIST_KEYS,
    example={"name": "Dr. Lena Fuchs", "specialty": "Cardiology"},
)


def _make_patient_resource(kind: str, path: str, details: tuple[Key, ...]) -> Resource:
    return Resource(
        path=f"patients/{{patient_id}}/{path}",
        model=PatientFacility,
        doc=f"A patient's {path}. If it already exists, it is updated.",
        methods="GET POST DELETE",
        policy=make_policy("patient_facilitiesspecialists"),
        reads=False,
        page_size=PAGES,
        parents=make_patient_parent(),
        rows=Q(archived=False, facility__kind=kind),
        keys=(
            make_object_key(f"patient_{kind}"),
            Key("id", Id(), READ_ONLY),
            Key(f"{kind}_id", Reference(path), REQUIRED, source="facility"),
            Key(f"{kind}_details", Object(details), READ_ONLY, source=RelatedRow(Facility, via="facility")),
            Key(
                "priority_order",
                Integer(minimum=0, maximum=1_000_000),
                OPTIONAL,
                doc="Lower numbers come first. Default: last, or first with set_as_primary.",
            ),
            Key(
                "set_as_primary",
                Boolean(),
                WRITE_ONLY,
                source=UNSTORED,
                doc="priority_order takes precedence over it.",
            ),
            Key("note", Text(multiline=True), OPTIONAL),
            make_user_key("addedby"),
            make_created_key(),
        ),
        upsert_keys=(f"{kind}_id",),
        checks=(make_priority_check(kind),),
        example={f"{kind}_id": 7, "priority_order": 1, "note": "Takes walk-ins."},
    )


patient_laboratories = _make_patient_resource(LABORATORY, "laboratories", _LABORATORY_KEYS)
patient_specialists = _make_patient_resource(SPECIALIST, "specialists", _SPECIALIST_KEYS)


def _list_pharmacies(call: Call) -> list[dict[str, Any]]:
    """List the pharmacies that the patient's row names, as the directory has them."""
    return [
        {
            "object": "patient_pharmacy",
            "id": row.pk,
            "pharmacy_id": row.pk,
            "pharmacy_details": {
                "id": row.pk,
                "name": row.name,
                **{key.name: getattr(row, key.attribute) for key in _ADDRESS_KEYS},
                "ncpdp_id": row.ncpdp_id,
            },
            "priority_order": place,
            "note": "",
            "addedby": row.added_by_id or API_MADE,
            "created": f"{row.created_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        }
        for place, row in enumerate(list_pharmacies(call.row), 1)
    ]


patient_pharmacies = Operation(
    path="patients/{id}/pharmacies",
    doc="A patient's pharmacies: DrChrono's default_pharmacy, followed by preferred_pharmacies.",
    of="patients",
    many=True,
    answer=(
        make_object_key("patient_pharmacy"),
        Key("id", Integer(), READ_ONLY, nullable=False),
        Key("pharmacy_id", Integer(), READ_ONLY, nullable=False),
        Key(
            "pharmacy_details",
            Object(
                (
                    Key("id", Integer(), READ_ONLY),
                    Key("name", Text(), READ_ONLY),
                    *(Key(key.name, Text(), READ_ONLY) for key in _ADDRESS_KEYS),
                    Key("ncpdp_id", Text(), READ_ONLY),
                )
            ),
            READ_ONLY,
            nullable=False,
        ),
        Key("priority_order", Integer(), READ_ONLY, nullable=False),
        Key("note", Text(), READ_ONLY),
        Key("addedby", Integer(), READ_ONLY, nullable=False),
        Key("created", Timestamp(spaced=True), READ_ONLY, nullable=False),
    ),
    run=_list_pharmacies,
    policy=Policy(scopes=("patient_facilitiesspecialists",)),
    example={"pharmacy_id": 3, "priority_order": 1, "note": ""},
)

RESOURCES = [laboratories, specialists, patient_laboratories, patient_specialists]

OPERATIONS = [patient_pharmacies]
