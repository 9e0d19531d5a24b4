"""A search of a catalogue by words."""

from functools import reduce
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable, Func
from django.db.models.functions import Concat

from charthouse.resource import sql
from charthouse.resource.fields import Wrong, plain_text
from charthouse.resource.filters import Filter, Where
from charthouse.resource.sql import Slot

MOST = 20  # words of a search


class _LikeAll(Func):
    """Whether a text has every pattern of an array in it, in any case."""

    arity = 2
    conditional = True
    output_field = models.BooleanField()

    def as_sql(self, compiler: Any, connection: Any, *names: Any, **extra: Any) -> Any:
        (text, a), (patterns, b) = map(compiler.compile, self.source_expressions)
        return f"({text}) ilike all ({patterns})", [*a, *b]


def words(name: str, *columns: str) -> Filter:
    """Every word of a text, somewhere in one of some columns."""

    def read(text: str, given: Any) -> dict[str, Any]:
        said = plain_text(text).split()
        if len(said) > MOST:
            raise Wrong(f"Give no more than {MOST} words.")
        escaped = (w.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for w in said)
        return {name: [f"%{word}%" for word in escaped]}

    def condition() -> Q:
        texts: list[Combinable] = [F(column) for column in columns]
        return Q(_LikeAll(reduce(_beside, texts), Slot(name, ArrayField(models.TextField()))))

    return Where(name, read=read, condition=condition, doc="Words, all of which are somewhere in the names.")


def _beside(one: Combinable, other: Combinable) -> Combinable:
    return Concat(one, sql.Text(" "), other, output_field=models.TextField())
