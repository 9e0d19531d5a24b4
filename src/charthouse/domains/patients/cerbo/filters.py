"""Filters that the Cerbo resources of this domain share."""

from typing import Any

from django.db import models
from django.db.models import F, Q

from charthouse.domains.patients.search_filters import escape_pattern, match_pattern
from charthouse.engine.declaration.filters import Operator, Values
from charthouse.engine.declaration.types import Type
from charthouse.engine.declaration.values import parse_text
from charthouse.engine.sql.expressions import BoundParameter
from charthouse.engine.sql.folding import Folded


class Like(Operator):
    """The whole text, whatever case and accents, with ``%`` for any part of it."""

    def parse(self, type: Type, name: str, text: Any) -> Values:
        return {name: escape_pattern(parse_text(text))}

    def match(self, type: Type, name: str, path: str) -> Q:
        return match_pattern(Folded(F(path)), Folded(BoundParameter(name, models.TextField())))
