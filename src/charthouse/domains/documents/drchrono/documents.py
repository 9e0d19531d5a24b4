"""Documents as DrChrono shows them. Source: reference drchrono/resources.yaml."""

from charthouse.domains.documents.drchrono.keys import EXAMPLE_IMAGE, make_file_key, make_policy
from charthouse.domains.documents.models import Document
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import SINCE, Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED

documents = Resource(
    path="documents",
    model=Document,
    doc="Patients' documents. Deleted documents remain in lists, as archived.",
    methods="GET POST PUT PATCH DELETE",
    policy=make_policy("share_patients", "doctor"),
    keys=(
        Key("archived", Boolean(), READ_ONLY, doc="Set by DELETE."),
        Key("date", Date(past=True), REQUIRED),
        Key("description", Text(multiline=True), REQUIRED),
        Key("doctor", Reference("doctors"), REQUIRED),
        make_file_key("document"),
        Key("patient", Reference("patients"), REQUIRED),
        Key("metatags", List(Text(max_length=200)), OPTIONAL, doc="In a form, write it as JSON text."),
        Key("id", Id(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(
        Filter("doctor", Reference("doctors")),
        Filter("patient", Reference("patients")),
        Filter("since", Timestamp(), SINCE, doc="Changed at or after this time.", source="updated_at"),
    ),
    events=plain_events("DOCUMENT_CREATE", "DOCUMENT_MODIFY", "DOCUMENT_DELETE", own="create modify delete"),
    example={
        "date": "2026-03-02",
        "description": "Cardiology consult note",
        "doctor": 1,
        "document": EXAMPLE_IMAGE,
        "patient": 12,
        "metatags": ["cardiology", "consult"],
    },
)

RESOURCES = [documents]
