"""Vitals that a practice looks at together. Only Cerbo's API shows them: docs/decisions/0241-groups-of-vitals.md"""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from charthouse.domains.practice.models import one_of_each
from charthouse.identity.tenancy import Record, Signed

KNOWN = ("bp", "height", "weight")
MOST = 50  # vitals of a group


class VitalsTagGroup(Signed, Record):
    """``included_fields``: KNOWN ones, or the id of a vital that the practice has defined; as the addresses of readings
    have them."""

    name = models.CharField(max_length=200)
    included_fields = ArrayField(models.CharField(max_length=20), default=list, blank=True)

    class Meta:
        constraints = [one_of_each("name", "vitals_group_once")]

    def __str__(self) -> str:
        return self.name
