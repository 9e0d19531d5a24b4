"""Files of a practice's record. The bytes lie sealed in storage under their address; a row says what they are."""

from django.db import models

from charthouse.identity.tenancy import Record


class StoredFile(Record):
    """One upload. ``address``: a keyed hash of its practice and content, under which storage has the bytes; ``size``
    in bytes, ``media_type`` as found in the content, ``name`` as the sender called it. ``unused_since``: when the
    sweep first found that no row refers to it; archived: its bytes may be gone."""

    address = models.CharField(max_length=64)
    size = models.BigIntegerField()
    media_type = models.CharField(max_length=100)
    name = models.CharField(max_length=200, blank=True, default="")
    unused_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["practice", "address"], name="file_by_content")]

    def __str__(self) -> str:
        return f"file {self.pk}"
