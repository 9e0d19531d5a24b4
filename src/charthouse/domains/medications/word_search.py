"""Search of a catalogue by words."""

from functools import reduce
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat

from charthouse.engine.declaration.filters import Condition, Filter
from charthouse.engine.declaration.values import InvalidValue, parse_text
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter
from charthouse.engine.sql.folding import Folded

MAX_WORDS = 20  # per search


def make_word_filter(name: str, *columns: str) -> Filter:
    """Return a filter: rows that contain every word of a text in one of some columns."""

    def read(text: str, given: Any) -> dict[str, Any]:
        words = parse_text(text).split()
        if len(words) > MAX_WORDS:
            raise InvalidValue(f"Give no more than {MAX_WORDS} words.")
        return {name: " ".join(words)}

    def condition() -> Q:
        texts: list[Combinable] = [F(column) for column in columns]
        words = Folded(BoundParameter(name, models.TextField()))
        missing = "(not exists (select from regexp_split_to_table(%s, ' ') word where strpos(%s, word) = 0))"
        return Q(sql.template(missing, words, Folded(reduce(_join_texts, texts)), output_field=sql.BOOLEAN))

    return Condition(name, read=read, condition=condition, doc="Words that must all occur in the names.")


def _join_texts(one: Combinable, other: Combinable) -> Combinable:
    return Concat(one, sql.Literal(" "), other, output_field=models.TextField())
