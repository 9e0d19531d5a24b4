"""Consent forms and signatures under them as DrChrono shows them. Source: reference drchrono/resources.yaml,
live_only.yaml."""

from dataclasses import replace
from typing import Any

from django.db.models import Q

from charthouse.domains.clinical.hooks import check_appointment_of_patient
from charthouse.domains.documents import hooks
from charthouse.domains.documents.drchrono.keys import EXAMPLE_IMAGE, make_file_key, make_policy
from charthouse.domains.documents.models import ConsentForm, SignedConsentForm
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Operation, Resource
from charthouse.engine.declaration.sources import UNSTORED
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.engine.errors import Invalid
from charthouse.engine.execution import writing
from charthouse.files.types import File


def _make_operation(name: str, doc: str, run: Any) -> Operation:
    return Operation(
        name=name,
        method="POST",
        doc=doc,
        keys=(Key("appointment", Reference("appointments"), REQUIRED, source=UNSTORED),),
        run=run,
    )


consent_forms = Resource(
    path="consent_forms",
    model=ConsentForm,
    doc="Forms that patients sign.",
    methods="GET POST PUT PATCH",
    policy=make_policy("share_consent_forms", "doctor"),
    keys=(
        Key("archived", Boolean(), READ_ONLY),
        Key(
            "assign_by_default",
            Boolean(),
            OPTIONAL,
            default=False,
            doc="Applied to the doctor's new appointments.",
        ),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("id", Id(), READ_ONLY),
        Key(
            "is_mandatory",
            Boolean(),
            OPTIONAL,
            default=False,
            doc="Must be signed before an appointment is checked in.",
        ),
        Key(
            "order", Integer(), READ_ONLY, doc="Position among the doctor's forms; new forms are added last."
        ),
        Key("title", Text(), REQUIRED),
        Key("updated_at", Timestamp(), READ_ONLY),
        make_file_key("uri"),
    ),
    filters=(Filter("doctor", Reference("doctors")),),
    checks=(hooks.order_last,),
    operations=(
        _make_operation(
            "apply_to_appointment", "Assign the form to an appointment.", hooks.apply_to_appointment
        ),
        _make_operation(
            "unapply_from_appointment",
            "Remove the form from an appointment, even if it is assigned by default.",
            hooks.unapply_from_appointment,
        ),
    ),
    example={"doctor": 1, "title": "Consent to treatment", "uri": EXAMPLE_IMAGE},
)


signed_consent_forms = Resource(
    path="signed_consent_forms",
    model=SignedConsentForm,
    doc="Patients' signatures on consent forms.",
    referable=Q(),  # a change names an archived one to take it out of the archive
    methods="GET POST PATCH",
    policy=make_policy("share_consent_forms", "consent_form__doctor"),
    addition=True,
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("date_signed", Timestamp(), READ_ONLY),
        Key("archived", Boolean(), OPTIONAL, default=False),
        Key("appointment", Reference("appointments"), REQUIRED, in_query=True),
        Key(
            "signature_file",
            File(kinds=("image",)),
            OPTIONAL,
            doc="An image of the signature; returned as a link that is valid for an hour.",
            keep_on_put=True,
        ),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key("patient", Reference("patients"), REQUIRED, in_query=True),
        Key("consent_form", Reference("consent_forms"), REQUIRED, in_query=True),
    ),
    filters=(
        Filter("patient", Reference("patients"), addition=True),
        Filter("appointment", Reference("appointments"), addition=True),
        Filter("consent_form", Reference("consent_forms"), addition=True),
        Filter("doctor", Reference("doctors"), source="consent_form__doctor", addition=True),
    ),
    checks=(check_appointment_of_patient,),
    example={"patient": 12, "appointment": 5001, "consent_form": 3},
)


def _change_signature(call: Call) -> None:
    """Change the signature whose id is in the query or in the body. Raises Invalid without one."""
    row_id = call.values.get("id") or call.parameters.get("id")
    if row_id is None:
        raise Invalid({"id": ["This field is required."]})
    writing.update(signed_consent_forms, call.actor, "modify", row_id, call.payload)


change_signature = Operation(
    path="signed_consent_forms",
    method="PATCH",
    of="signed_consent_forms",
    doc="Change the signature whose id is in the query string or body.",
    run=_change_signature,
    status=204,
    max_body=signed_consent_forms.max_body,
    filters=(Filter("id", Reference("signed_consent_forms")),),
    keys=(
        Key("id", Reference("signed_consent_forms"), OPTIONAL, source=UNSTORED),
        *(replace(key, access=OPTIONAL, source=UNSTORED) for key in signed_consent_forms.writable),
    ),
    example={"id": 7, "archived": True},
    addition=True,
)

RESOURCES = [consent_forms, signed_consent_forms]

OPERATIONS = [change_signature]
