"""Filters that the Cerbo resources of patients share."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import F, Q

from charthouse.engine.declaration.filters import Operator, Values
from charthouse.engine.declaration.types import Type
from charthouse.engine.declaration.values import parse_text
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter
from charthouse.engine.sql.folding import Folded


@dataclass(frozen=True)
class Like(Operator):
    """The whole text, whatever case and accents, with ``%`` for any part of it.

    columns  of one of these, instead of the source
    folded   the columns hold folded text
    """

    columns: tuple[str, ...] = ()
    folded: bool = False

    def parse(self, type: Type, name: str, text: Any) -> Values:
        return {name: parse_text(text).replace("\\", "\\\\").replace("_", "\\_")}

    def match(self, type: Type, name: str, path: str) -> Q:
        pattern, condition = Folded(BoundParameter(name, models.TextField())), Q()
        for searched in self.columns or (path,):
            column = F(searched) if self.folded else Folded(F(searched))
            condition |= Q(sql.template("%s like %s", column, pattern, output_field=sql.BOOLEAN))
        return condition
