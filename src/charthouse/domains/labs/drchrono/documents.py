"""Files of laboratory orders in the DrChrono API. Source: reference drchrono/resources.yaml."""

from django.db.models import Q

from charthouse.domains.labs import hooks
from charthouse.domains.labs.codes import DOCUMENT_TYPES
from charthouse.domains.labs.drchrono.policy import allow_laboratories
from charthouse.domains.labs.models import (
    LabDocument,
)
from charthouse.engine.declaration.filters import SINCE, Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED
from charthouse.files.types import File

_PDF = (
    "data:application/pdf;base64,JVBERi0xLjQKMSAwIG9iajw8L1R5cGUvQ2F0YWxvZy9QYWdlcyAyIDAgUj4+ZW5kb2JqCjIgMCBvYmo8PC9U"
    "eXBlL1BhZ2VzL0tpZHNbXS9Db3VudCAwPj5lbmRvYmoKdHJhaWxlcjw8L1Jvb3QgMSAwIFI+Pg=="
)

lab_documents = Resource(
    path="lab_documents",
    model=LabDocument,
    doc="Requisitions, Advance Beneficiary Notices, and reports of orders, as files.",
    methods="GET POST PUT PATCH DELETE",
    policy=allow_laboratories("lab_order__doctor"),
    rows=Q(archived=False),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("lab_order", Reference("lab_orders"), REQUIRED),
        Key(
            "document",
            File(kinds=("document",)),
            REQUIRED,
            example=_PDF,
            doc="A file; returned as a link.",
            keep_on_put=True,
        ),
        Key(
            "type",
            Text(choices=DOCUMENT_TYPES),
            REQUIRED,
            doc="REQ requisition, ABN Advance Beneficiary Notice, R-A both, RES results.",
        ),
        Key("timestamp", Timestamp(), READ_ONLY, source="created_at", doc="When the document was uploaded."),
        Key(
            "hl7",
            Text(multiline=True),
            keep_on_put=True,
            addition=True,
            doc="The message received with the document.",
        ),
    ),
    filters=(
        Filter("doctor", Reference("doctors"), source="lab_order__doctor"),
        Filter("since", Timestamp(), SINCE, source="created_at", doc="Uploaded at or after this time."),
    ),
    checks=(hooks.check_has_no_results, hooks.check_document_deletable),
    example={"lab_order": 40, "document": _PDF, "type": "RES"},
)

RESOURCES = [lab_documents]
