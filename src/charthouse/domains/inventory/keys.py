"""Keys of stock items that the Cerbo API and the console share."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.expressions import Combinable, ExpressionWrapper

from charthouse.domains.inventory import stock
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.types import Boolean, Text
from charthouse.engine.declaration.values import ABSENT, OPTIONAL

_AMOUNT = (r"(\d{1,9}(\.\d{1,2})?)?", "12.50")

# Members of package_properties with a format: pattern and example.
_PATTERNS: dict[str, tuple[str, Any]] = {
    "charge_per_dose": _AMOUNT,
    "charge_per_dispense": _AMOUNT,
    "cost_per_dose": _AMOUNT,
    "patient_information_url": (r"(https?://\S{1,1990})?", "https://leaflets.example.com/flu"),
}


def make_package_property(name: str) -> Key:
    """Return the key of a member of ``package_properties``."""
    pattern, example = _PATTERNS.get(name, ("", ABSENT))
    return Key(name, Text(pattern=pattern, max_length=2000), OPTIONAL, example=example)


def make_discontinued_key() -> Key:
    """Return the key that says whether an item is discontinued."""
    return Key(
        "discontinued",
        Boolean(),
        OPTIONAL,
        source=Expression(_select_discontinued),
        nullable=False,
        default=False,
        doc="Set together with date_discontinued, which defaults to today.",
    )


def _select_discontinued() -> Combinable:
    return ExpressionWrapper(~Q(status=stock.ACTIVE), output_field=models.BooleanField())
