"""Files of a practice's record. Storage holds the encrypted contents by address; rows hold the metadata."""

from django.db import models

from charthouse.identity.tenancy import Record


class StoredFile(Record):
    """One stored file. ``address``: keyed hash of practice and content, its name in storage; ``size`` in bytes;
    ``media_type`` as detected from the content; ``name`` as given by the sender. ``unused_since``: when the sweep first
    found no row that refers to it. Once archived, the content may be deleted."""

    address = models.CharField(max_length=64)
    size = models.BigIntegerField()
    media_type = models.CharField(max_length=100)
    name = models.CharField(max_length=200, blank=True, default="")
    unused_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["practice", "address"], name="file_by_content")]

    def __str__(self) -> str:
        return f"file {self.pk}"
