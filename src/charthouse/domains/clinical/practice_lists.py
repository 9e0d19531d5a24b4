"""Lists of a practice that the searches of its charts offer before the common ones: allergens, favorite problems."""

from django.db import models

from charthouse.domains.practice.models import text
from charthouse.identity.tenancy import Record


class Allergen(Record):
    """What the practice's patients are allergic to. ``rxnorm``, ``snomed_code``: its codes, "" where it has none."""

    name = models.CharField(max_length=200)
    rxnorm = text(20)
    snomed_code = text(20)

    def __str__(self) -> str:
        return self.name


class FavoriteProblem(Record):
    """A problem that the practice often charts, in its own words. ``icd_code``: ICD-10-CM."""

    name = models.CharField(max_length=200)
    icd_code = text(20)

    def __str__(self) -> str:
        return self.name
