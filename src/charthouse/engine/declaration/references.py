"""Types of ids: a row's own, and those of other rows."""

import re
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast

from charthouse.engine.declaration.json_schema import Schema
from charthouse.engine.declaration.types import References, Type
from charthouse.engine.declaration.values import InvalidValue, describe_missing_row, name_type


@dataclass(frozen=True, kw_only=True, eq=False)
class Id(Type):
    """A row's own id. ``as_text`` where the wire types it as string."""

    as_text: bool = False

    def select(self, column: Combinable) -> Combinable:
        return Cast(column, models.TextField()) if self.as_text else column

    def schema(self) -> Schema:
        return {"type": "string"} if self.as_text else {"type": "integer", "format": "int64"}

    @property
    def word(self) -> str:
        return "id as text" if self.as_text else "id"

    def make_sample(self) -> Any:
        return self.show_sample(1)

    def show_sample(self, value: Any) -> Any:
        return str(value) if self.as_text else value


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference(Type):
    """The id of a row of the resource with the path ``to``, which must exist and be visible to the caller.

    ``as_text`` where the wire shows it as text.
    """

    to: str = field(kw_only=False)
    as_text: bool = False
    json_type = {"type": "integer", "format": "int64"}
    control = "select"
    output_field = models.BigIntegerField()
    sample = 1

    @property
    def refers_to(self) -> str:
        return self.to

    def name_attribute(self, path: str) -> str:
        return path if path == "id" or path.endswith("_id") else f"{path}_id"

    def select(self, column: Combinable) -> Combinable:
        return Cast(column, models.TextField()) if self.as_text else column

    def schema(self) -> Schema:
        return {"type": "string"} if self.as_text else dict(self.json_type)

    def parameter_schema(self) -> Schema:
        return {"type": "integer"}

    def find_references(self, value: Any) -> References:
        return () if value is None else ((self.to, value, ()),)

    def parse(self, value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"\d{1,19}", value, re.ASCII):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidValue(f"Incorrect type. Expected pk value, received {name_type(value)}.")
        if not 0 < value < 2**63:
            raise InvalidValue(describe_missing_row(value))
        return value

    @property
    def word(self) -> str:
        return "id as text" if self.as_text else "id"

    def describe(self) -> list[str]:
        return [f"An id of {self.to}"] if self.to else []
