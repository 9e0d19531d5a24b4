"""Documents and consent forms as DrChrono shows them. Facts: reference drchrono/resources.yaml, live_only.yaml."""

from dataclasses import replace
from typing import Any

from charthouse.domains.clinical.actions import of_the_patient
from charthouse.domains.documents import actions
from charthouse.domains.documents.models import ConsentForm, Document, SignedConsentForm
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import SINCE, Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Operation, Resource
from charthouse.engine.declaration.sources import UNSTORED
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.engine.errors import Invalid
from charthouse.engine.execution import writing
from charthouse.files.types import File

_IMAGE = (  # of one pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)


def _make_policy(sharing: str, owner: str) -> Policy:
    return Policy(scopes=("patients",), permissions=("Manage Patients",), sharing=sharing, owner=owner)


def _make_upload(name: str) -> Key:
    return Key(
        name,
        File(kinds=("document",), max_size=250 * 1024 * 1024),
        REQUIRED,
        keep_on_put=True,
        example=_IMAGE,
        doc="A PDF of at most 250 MB or an image of at most 50 MB; reads as a link that works for an hour.",
    )


documents = Resource(
    path="documents",
    model=Document,
    doc="Documents of patients. Deleted ones stay in lists, as archived.",
    methods="GET POST PUT PATCH DELETE",
    policy=_make_policy("share_patients", "doctor"),
    keys=(
        Key("archived", Boolean(), READ_ONLY, doc="Set by DELETE."),
        Key("date", Date(), REQUIRED),
        Key("description", Text(), REQUIRED),
        Key("doctor", Reference("doctors"), REQUIRED),
        _make_upload("document"),
        Key("patient", Reference("patients"), REQUIRED),
        Key("metatags", List(Text(max_length=200)), OPTIONAL, doc="In a form, as JSON text."),
        Key("id", Id(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(
        Filter("doctor", Reference("doctors")),
        Filter("patient", Reference("patients")),
        Filter("since", Timestamp(), SINCE, doc="Changed at or after.", source="updated_at"),
    ),
    events=plain_events("DOCUMENT_CREATE", "DOCUMENT_MODIFY", "DOCUMENT_DELETE", own="create modify delete"),
    example={
        "date": "2026-03-02",
        "description": "Cardiology consult note",
        "doctor": 1,
        "document": _IMAGE,
        "patient": 12,
        "metatags": ["cardiology", "consult"],
    },
)


def _appointment(name: str, doc: str, run: Any) -> Operation:
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
    policy=_make_policy("share_consent_forms", "doctor"),
    keys=(
        Key("archived", Boolean(), READ_ONLY),
        Key(
            "assign_by_default",
            Boolean(),
            OPTIONAL,
            default=False,
            doc="The doctor's new appointments have it.",
        ),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("id", Id(), READ_ONLY),
        Key(
            "is_mandatory",
            Boolean(),
            OPTIONAL,
            default=False,
            doc="To be signed before an appointment is checked in.",
        ),
        Key("order", Integer(), READ_ONLY, doc="Among the doctor's forms; a new one comes last."),
        Key("title", Text(), REQUIRED),
        Key("updated_at", Timestamp(), READ_ONLY),
        _make_upload("uri"),
    ),
    filters=(Filter("doctor", Reference("doctors")),),
    checks=(actions.put_last,),
    operations=(
        _appointment("apply_to_appointment", "Put the form on an appointment.", actions.apply_to_appointment),
        _appointment(
            "unapply_from_appointment",
            "Take the form off an appointment, also where it is assigned by default.",
            actions.unapply_from_appointment,
        ),
    ),
    example={"doctor": 1, "title": "Consent to treatment", "uri": _IMAGE},
)

signed_consent_forms = Resource(
    path="signed_consent_forms",
    model=SignedConsentForm,
    doc="Signatures of patients under consent forms.",
    methods="GET POST PATCH",
    policy=_make_policy("share_consent_forms", "consent_form__doctor"),
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
            doc="An image of the signature; reads as a link that works for an hour.",
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
    checks=(of_the_patient,),
    example={"patient": 12, "appointment": 5001, "consent_form": 3},
)

RESOURCES = [documents, consent_forms, signed_consent_forms]


def _sign(call: Call) -> None:
    """Change the signature that ``id`` names, in the query or in the body."""
    row_id = call.values.get("id") or call.parameters.get("id")
    if row_id is None:
        raise Invalid({"id": ["This field is required."]})
    writing.update(signed_consent_forms, call.actor, "modify", row_id, call.payload)


change_signature = Operation(
    path="signed_consent_forms",
    method="PATCH",
    of="signed_consent_forms",
    doc="Change the signature whose id is in the query or in the body.",
    run=_sign,
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

FUNCTIONS = [change_signature]
