"""Laboratories, pharmacies and specialists as Cerbo shows them. Facts: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0196-*.md"""

from datetime import UTC
from typing import Any

from django.db.models import Q

from charthouse.domains.patients.facilities import (
    LABORATORY,
    SPECIALIST,
    Facility,
    PatientFacility,
    in_order,
    pharmacies_of,
)
from charthouse.domains.practice.cerbo_keys import API_MADE, below_patient, by, common, created, tag
from charthouse.resource.declare import PageSize, Resource
from charthouse.resource.fields import (
    OPTIONAL,
    READ_ONLY,
    REQUIRED,
    WRITE_ONLY,
    Boolean,
    Field,
    Id,
    Integer,
    Ref,
    Text,
)
from charthouse.resource.filters import Like
from charthouse.resource.functions import Call, Function
from charthouse.resource.joined import Linked
from charthouse.resource.nested import Embedded
from charthouse.resource.times import Moment

PAGES = PageSize(100, 100, 100)
_WHOLE = "The whole name, in any case; % stands for any part."
_WHERE: tuple[Field, ...] = (
    Text("address1", READ_ONLY),
    Text("city", READ_ONLY),
    Text("state", READ_ONLY),
    Text("zip", READ_ONLY, source="zip_code"),
    Text("phone", READ_ONLY),
    Text("fax", READ_ONLY),
)
_LABORATORY: tuple[Field, ...] = (
    Id("id"),
    Text("name", READ_ONLY),
    Text("company_brand", READ_ONLY),
    *_WHERE,
)
_SPECIALIST: tuple[Field, ...] = (
    Id("id"),
    Text("name", READ_ONLY),
    Text("specialty", READ_ONLY),
    *_WHERE,
    Text("email", READ_ONLY),
)

laboratories = Resource(
    path="laboratories",
    model=Facility,
    doc="The laboratories of the practice's directory.",
    methods="GET",
    reads=False,
    **common("facilities"),
    page_size=PAGES,
    rows=Q(kind=LABORATORY, archived=False),
    fields=(tag("laboratory"), *_LABORATORY),
    filters=(
        Like("city", doc=_WHOLE),
        Like("state", doc=_WHOLE),
        Like("company-brand", source="company_brand", doc=_WHOLE),
    ),
    example={"name": "Foothill Diagnostics, Main Street", "company_brand": "Foothill Diagnostics"},
)

# Cerbo has no operation that shows them: they are referred to.
specialists = Resource(
    path="specialists",
    model=Facility,
    doc="The specialists of the practice's directory.",
    methods="GET",
    reads=False,
    lists=False,
    **common("patient_facilitiesspecialists"),
    rows=Q(kind=SPECIALIST, archived=False),
    fields=_SPECIALIST,
    example={"name": "Dr. Lena Fuchs", "specialty": "Cardiology"},
)


def _of_patients(kind: str, path: str, details: tuple[Field, ...]) -> Resource:
    return Resource(
        path=f"patients/{{patient_id}}/{path}",
        model=PatientFacility,
        doc=f"The {path} of a patient. One that is there already is written anew.",
        methods="GET POST DELETE",
        reads=False,
        **common("patient_facilitiesspecialists"),
        page_size=PAGES,
        parents=below_patient(),
        rows=Q(archived=False, facility__kind=kind),
        fields=(
            tag(f"patient_{kind}"),
            Id("id"),
            Ref(f"{kind}_id", REQUIRED, source="facility", to=path),
            Linked(f"{kind}_details", to=Facility, via="facility", fields=details),
            Integer(
                "priority_order",
                OPTIONAL,
                minimum=0,
                maximum=1_000_000,
                doc="The lowest comes first. Left out: the last place, or the first with set_as_primary.",
            ),
            Boolean("set_as_primary", WRITE_ONLY, stored=False, doc="priority_order goes before it."),
            Text("note", OPTIONAL),
            by("addedby"),
            created(),
        ),
        one_for=(f"{kind}_id",),
        checks=(in_order(kind),),
        example={f"{kind}_id": 7, "priority_order": 1, "note": "Takes walk-ins."},
    )


patient_laboratories = _of_patients(LABORATORY, "laboratories", _LABORATORY)
patient_specialists = _of_patients(SPECIALIST, "specialists", _SPECIALIST)


def list_pharmacies(call: Call) -> list[dict[str, Any]]:
    """The pharmacies that the patient's row names, as the directory has them."""
    return [
        {
            "object": "patient_pharmacy",
            "id": row.pk,
            "pharmacy_id": row.pk,
            "pharmacy_details": {
                "id": row.pk,
                "name": row.name,
                **{field.name: getattr(row, field.path) for field in _WHERE},
                "ncpdp_id": row.ncpdp_id,
            },
            "priority_order": place,
            "note": "",
            "addedby": row.added_by_id or API_MADE,
            "created": f"{row.created_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        }
        for place, row in enumerate(pharmacies_of(call.row), 1)
    ]


patient_pharmacies = Function(
    path="patients/{id}/pharmacies",
    doc="The pharmacies that a patient goes to: DrChrono's default_pharmacy, then its preferred_pharmacies.",
    of="patients",
    scopes=("patient_facilitiesspecialists",),
    many=True,
    answers=(
        tag("patient_pharmacy"),
        Integer("id", READ_ONLY, nullable=False),
        Integer("pharmacy_id", READ_ONLY, nullable=False),
        Embedded(
            "pharmacy_details",
            READ_ONLY,
            nullable=False,
            fields=(
                Integer("id", READ_ONLY),
                Text("name", READ_ONLY),
                *(Text(field.name, READ_ONLY) for field in _WHERE),
                Text("ncpdp_id", READ_ONLY),
            ),
        ),
        Integer("priority_order", READ_ONLY, nullable=False),
        Text("note", READ_ONLY),
        Integer("addedby", READ_ONLY, nullable=False),
        Moment("created", READ_ONLY, nullable=False),
    ),
    run=list_pharmacies,
    example={"pharmacy_id": 3, "priority_order": 1, "note": ""},
)

RESOURCES = [laboratories, specialists, patient_laboratories, patient_specialists]
FUNCTIONS = [patient_pharmacies]
