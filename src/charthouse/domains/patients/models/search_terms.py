"""The index of what patients are searched by. Written by a trigger of the patients' table alone (migration 0007)."""

from typing import Any

from django.db import models


def _make_key(target: str) -> Any:
    return models.ForeignKey(
        target, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )


class SearchTerm(models.Model):
    """A text by whose beginning a patient is found: a name, a phone number or its end, the chart id, an e-mail address,
    the birthday as YYYY-MM-DD. Folded (``engine.sql.folding``), in the order of its bytes. Archived patients have
    theirs too.
    """

    web_role_sees = "own"
    web_role_may = frozenset({"SELECT"})

    pk = models.CompositePrimaryKey("practice", "term", "patient")
    practice = _make_key("identity.Practice")
    term = models.TextField(db_collation="C")
    patient = _make_key("patients.Patient")

    class Meta:
        indexes = [models.Index(fields=["practice", "patient", "term"], name="patient_terms")]

    def __str__(self) -> str:
        return f"search term of patient {self.patient_id}"


class NamePart(models.Model):
    """A part of a first or last name that patients of the practice have or had, from some letter of it to its end:
    for searches by any part of a name. ``name``: the whole folded name."""

    web_role_sees = "own"
    web_role_may = frozenset({"SELECT"})

    pk = models.CompositePrimaryKey("practice", "part", "name")
    practice = _make_key("identity.Practice")
    part = models.TextField(db_collation="C")
    name = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["practice", "name", "part"], name="name_parts")]

    def __str__(self) -> str:
        return "part of a name"
