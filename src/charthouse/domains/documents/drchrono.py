"""Documents and consent forms as DrChrono shows them. Facts: reference drchrono/resources.yaml, live_only.yaml."""

from dataclasses import replace
from typing import Any

from charthouse.domains.clinical.actions import of_the_patient
from charthouse.domains.documents import actions
from charthouse.domains.documents.models import ConsentForm, Document, SignedConsentForm
from charthouse.files.fields import File
from charthouse.resource import write
from charthouse.resource.declare import Action, Resource
from charthouse.resource.errors import Invalid
from charthouse.resource.events import plain
from charthouse.resource.fields import OPTIONAL, READ_ONLY, REQUIRED, Boolean, Id, Integer, ListOf, Ref, Text
from charthouse.resource.filters import RefIs, Since
from charthouse.resource.functions import Call, Function
from charthouse.resource.times import Date, Timestamp

_PERMITTED: dict[str, Any] = {"scopes": ("patients",), "permissions": ("Manage Patients",)}
_UPLOAD: dict[str, Any] = {
    "kinds": ("document",),
    "max_size": 250 * 1024 * 1024,
    "example": (
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
    ),
    "doc": "A PDF of at most 250 MB or an image of at most 50 MB; reads as a link that works for an hour.",
}

documents = Resource(
    path="documents",
    model=Document,
    doc="Documents of patients. Deleted ones stay in lists, as archived.",
    methods="GET POST PUT PATCH DELETE",
    **_PERMITTED,
    sharing="share_patients",
    owner="doctor",
    fields=(
        Boolean("archived", READ_ONLY, doc="Set by DELETE."),
        Date("date", REQUIRED),
        Text("description", REQUIRED),
        Ref("doctor", REQUIRED, to="doctors"),
        File("document", REQUIRED, **_UPLOAD),
        Ref("patient", REQUIRED, to="patients"),
        ListOf("metatags", OPTIONAL, item=Text("metatag", max_length=200), doc="In a form, as JSON text."),
        Id("id"),
        Timestamp("updated_at", READ_ONLY),
    ),
    filters=(
        RefIs("doctor", to="doctors"),
        RefIs("patient", to="patients"),
        Since("since", doc="Changed at or after."),
    ),
    events=plain("DOCUMENT_CREATE", "DOCUMENT_MODIFY", "DOCUMENT_DELETE", ours="create modify delete"),
    example={
        "date": "2026-03-02",
        "description": "Cardiology consult note",
        "doctor": 1,
        "document": _UPLOAD["example"],
        "patient": 12,
        "metatags": ["cardiology", "consult"],
    },
)


def _appointment(name: str, doc: str, run: Any) -> Action:
    return Action(
        name=name,
        doc=doc,
        fields=(Ref("appointment", REQUIRED, stored=False, to="appointments"),),
        run=run,
        answers="nothing",
    )


consent_forms = Resource(
    path="consent_forms",
    model=ConsentForm,
    doc="Forms that patients sign.",
    methods="GET POST PUT PATCH",
    **_PERMITTED,
    sharing="share_consent_forms",
    owner="doctor",
    fields=(
        Boolean("archived", READ_ONLY),
        Boolean("assign_by_default", OPTIONAL, default=False, doc="The doctor's new appointments have it."),
        Timestamp("created_at", READ_ONLY),
        Ref("doctor", REQUIRED, to="doctors"),
        Id("id"),
        Boolean(
            "is_mandatory",
            OPTIONAL,
            default=False,
            doc="To be signed before an appointment is checked in.",
        ),
        Integer("order", READ_ONLY, doc="Among the doctor's forms; a new one comes last."),
        Text("title", REQUIRED),
        Timestamp("updated_at", READ_ONLY),
        File("uri", REQUIRED, **_UPLOAD),
    ),
    filters=(RefIs("doctor", to="doctors"),),
    checks=(actions.put_last,),
    actions=(
        _appointment("apply_to_appointment", "Put the form on an appointment.", actions.apply_to_appointment),
        _appointment(
            "unapply_from_appointment",
            "Take the form off an appointment, also where it is assigned by default.",
            actions.unapply_from_appointment,
        ),
    ),
    example={"doctor": 1, "title": "Consent to treatment", "uri": _UPLOAD["example"]},
)

signed_consent_forms = Resource(
    path="signed_consent_forms",
    model=SignedConsentForm,
    doc="Signatures of patients under consent forms.",
    methods="GET POST PATCH",
    addition=True,
    **_PERMITTED,
    sharing="share_consent_forms",
    owner="consent_form__doctor",
    fields=(
        Id("id"),
        Timestamp("date_signed", READ_ONLY),
        Boolean("archived", OPTIONAL, default=False),
        Ref("appointment", REQUIRED, to="appointments", in_query=True),
        File(
            "signature_file",
            OPTIONAL,
            kinds=("image",),
            doc="An image of the signature; reads as a link that works for an hour.",
        ),
        Timestamp("updated_at", READ_ONLY),
        Ref("patient", REQUIRED, to="patients", in_query=True),
        Ref("consent_form", REQUIRED, to="consent_forms", in_query=True),
    ),
    filters=(
        RefIs("patient", to="patients", addition=True),
        RefIs("appointment", to="appointments", addition=True),
        RefIs("consent_form", to="consent_forms", addition=True),
        RefIs("doctor", source="consent_form__doctor", to="doctors", addition=True),
    ),
    checks=(of_the_patient,),
    example={"patient": 12, "appointment": 5001, "consent_form": 3},
)

RESOURCES = [documents, consent_forms, signed_consent_forms]


def _sign(call: Call) -> None:
    """Change the signature that ``id`` names, in the query or in the body."""
    row_id = call.values.get("id") or call.slots.get("id")
    if row_id is None:
        raise Invalid({"id": ["This field is required."]})
    write.update(signed_consent_forms, call.actor, "modify", row_id, call.payload)


change_signature = Function(
    path="signed_consent_forms",
    method="PATCH",
    of="signed_consent_forms",
    doc="Change the signature whose id is in the query or in the body.",
    run=_sign,
    status=204,
    max_body=signed_consent_forms.max_body,
    parameters=(RefIs("id", to="signed_consent_forms"),),
    fields=(
        Ref("id", OPTIONAL, to="signed_consent_forms", stored=False),
        *(replace(f, access=OPTIONAL, stored=False) for f in signed_consent_forms.writable),
    ),
    example={"id": 7, "archived": True},
    addition=True,
)

FUNCTIONS = [change_signature]
