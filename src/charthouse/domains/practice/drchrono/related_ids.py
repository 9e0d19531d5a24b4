"""Ids of rows that point to a row, as lists."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.expressions import Combinable

from charthouse.engine.declaration.sources import Expression, Model


def select_related_ids(base: Model, relation_name: str, target: str) -> Expression:
    """Distinct ids over a relation that points to the row: the ``office`` of its ``appointments``.

    The relation is named, not imported: its model may belong to a domain that this one does not know.
    """

    def make() -> Combinable:
        relation: Any = base._meta.get_field(relation_name)
        rows = relation.related_model._default_manager.filter(
            practice=OuterRef("practice_id"), archived=False, **{relation.field.name: OuterRef("pk")}
        )
        return ArraySubquery(rows.order_by(f"{target}_id").values_list(f"{target}_id", flat=True).distinct())

    return Expression(make)
