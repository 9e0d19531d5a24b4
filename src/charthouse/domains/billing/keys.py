"""Keys that both APIs share."""

from collections.abc import Callable

from django.db.models.expressions import Combinable

from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.types import Decimal
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.sql.expressions import format_truncated


def make_amount(name: str, amount: Callable[[], Combinable], doc: str = "") -> Key:
    """Return the key of a computed amount."""
    return Key(
        name,
        Decimal(),
        READ_ONLY,
        source=Expression(lambda: format_truncated(amount())),
        nullable=False,
        doc=doc,
    )
