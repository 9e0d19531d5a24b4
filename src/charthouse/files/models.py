"""Files of a practice's record. The bytes lie in storage under their hash; a row says what they are."""

from django.db import models

from charthouse.identity.tenancy import Record


class StoredFile(Record):
    """One upload. ``size`` in bytes, ``media_type`` as found in the content, ``name`` as the sender called it."""

    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    media_type = models.CharField(max_length=100)
    name = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["practice", "sha256"], name="file_by_content")]

    def __str__(self) -> str:
        return f"file {self.pk}"
