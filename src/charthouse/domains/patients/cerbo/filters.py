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


@dataclass(frozen=True)
class Like(Operator):
    """The whole text, in any case, with ``%`` for any part of it. ``columns``: of one of these, instead of the
    source."""

    columns: tuple[str, ...] = ()

    def parse(self, type: Type, name: str, text: Any) -> Values:
        return {name: parse_text(text).replace("\\", "\\\\").replace("_", "\\_")}

    def match(self, type: Type, name: str, path: str) -> Q:
        pattern, condition = BoundParameter(name, models.TextField()), Q()
        for column in self.columns or (path,):
            like = sql.template("upper(%s) like upper(%s)", F(column), pattern, output_field=sql.BOOLEAN)
            condition |= Q(like)
        return condition
