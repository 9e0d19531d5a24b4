"""Which documents a patient sees in the portal: those that a user of the practice shares, and no others.
docs/decisions/0261-what-patients-see.md"""

from django.db import models

from charthouse.domains.documents.models import SharedDocument


def is_shared(practice: int, document: int) -> bool:
    """Return whether the patient sees a document in the portal."""
    return _list_shared(practice, document).exists()


def share(practice: int, document: int, user: int) -> None:
    """Let the patient see a document, which the caller has found. ``user``: the id of who does it. It may be shared
    already."""
    SharedDocument.objects.bulk_create(
        [SharedDocument(practice_id=practice, document_id=document, shared_by_id=user)], ignore_conflicts=True
    )


def unshare(practice: int, document: int) -> None:
    """Hide a document from the patient."""
    for row in _list_shared(practice, document):
        row.archived = True
        row.save(update_fields=["archived", "updated_at"])


def _list_shared(practice: int, document: int) -> "models.QuerySet[SharedDocument]":
    return SharedDocument.objects.filter(practice=practice, document=document, archived=False)
