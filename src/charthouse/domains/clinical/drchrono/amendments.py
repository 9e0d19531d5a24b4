"""Amendments in the DrChrono API. Source: reference drchrono/resources.yaml."""

from django.db import models
from django.db.models import Q

from charthouse.domains.clinical import hooks
from charthouse.domains.clinical.drchrono.policy import PERMISSIONS, SCOPES, SHARED
from charthouse.domains.clinical.models import (
    Amendment,
)
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.engine.sql.expressions import BoundParameter
from charthouse.files.types import File

# A PDF with one empty page, base64.
_PDF = (
    "JVBERi0xLjQKMSAwIG9iago8PC9UeXBlL0NhdGFsb2cvUGFnZXMgMiAwIFI+PgplbmRvYmoKMiAwIG9iago8PC9UeXBlL1BhZ2VzL0tpZHNb"
    "MyAwIFJdL0NvdW50IDE+PgplbmRvYmoKMyAwIG9iago8PC9UeXBlL1BhZ2UvUGFyZW50IDIgMCBSL01lZGlhQm94WzAgMCA2MTIgNzkyXT4+"
    "CmVuZG9iagp0cmFpbGVyCjw8L1Jvb3QgMSAwIFI+Pgo="
)

amendments = Resource(
    path="amendments",
    model=Amendment,
    doc=(
        "PDFs that amend the record; only those of the calling app. Amendments to a note are "
        "appended to its pages."
    ),
    methods="GET POST PUT PATCH DELETE",
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, owner="doctor"),
    rows=Q(archived=False, app=BoundParameter("caller_app", models.BigIntegerField())),
    keys=(
        Key("amendment_name", Text(), REQUIRED),
        Key(
            "amendment_file",
            File(kinds=("pdf",)),
            REQUIRED,
            example=_PDF,
            doc="A PDF; returned as a link.",
            keep_on_put=True,
        ),
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("patient", Reference("patients"), REQUIRED),
        Key(
            "appointment",
            Reference("appointments"),
            OPTIONAL,
            doc="The visit whose note the amendment is appended to.",
        ),
        Key("comments", Text(multiline=True), OPTIONAL),
        Key("id", Id(), READ_ONLY),
    ),
    filters=(
        Filter("appointment", Reference("appointments")),
        Filter("patient", Reference("patients")),
        Filter("doctor", Reference("doctors"), addition=True),
    ),
    checks=(hooks.set_amendment_app,),
    example={"amendment_name": "Corrected history", "doctor": 1, "patient": 12, "comments": "By request."},
)

RESOURCES = [amendments]
