"""Types: how a value looks on the wire. A type reads it, renders it, describes it, and names its form control.

Nothing outside asks which type a value has: what differs between types is a method or an attribute here.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal as Number
from typing import Any, ClassVar

from django.db import models
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast

from charthouse.engine.declaration.json_schema import Schema, add_pattern, name_format
from charthouse.engine.declaration.numbers import parse_decimal
from charthouse.engine.declaration.texts import normalize_text, parse_kept_text
from charthouse.engine.declaration.values import InvalidValue, parse_text
from charthouse.engine.sql import expressions as sql

# (path of a resource, id of a row, path of keys to it) of each row that a value points to.
References = Iterable[tuple[str, int, tuple[str, ...]]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Type:
    """How a value looks on the wire.

    json_type     JSON Schema of the plain form
    control       the form control that edits it: text, checkbox, select, number, list, object, file, or an HTML type
    keeps_blank   whether "" is a value of its own; otherwise it means null
    never_null    whether null is never read, whatever the column
    upload        whether it arrives as a file
    is_utc        whether it is a time in UTC, which a form asks for as a local one
    output_field  the SQL type of a parameter of this type
    sample        a typical value, for documentation; ``prefers_sample``: also where the value may be null
    choices       the values that may be written; ``open``: these are usual ones, others may be written as well
    item          the type of a list's items
    """

    json_type: ClassVar[Schema] = {}
    control: ClassVar[str] = "text"
    keeps_blank: ClassVar[bool] = False
    never_null: ClassVar[bool] = False
    upload: ClassVar[bool] = False
    is_list: ClassVar[bool] = False
    output_field: ClassVar[Any] = models.TextField()
    sample: ClassVar[Any] = None
    prefers_sample: ClassVar[bool] = False
    choices: Sequence[Any] | None = field(default=None, init=False)
    open: bool = field(default=False, init=False)
    item: "Type | None" = field(default=None, init=False)

    # -- the wire -----------------------------------------------------------------------------------------------

    def parse(self, value: Any) -> Any:
        """Wire value (JSON's types, or text from a form) → Python value. Raises InvalidValue."""
        raise NotImplementedError

    def parse_parameter(self, text: str) -> Any:
        """The same for the text of a query parameter."""
        return self.parse(text)

    def compare(self, value: Combinable) -> Combinable:
        """The form of a value, or of a column, in which two are the same that are meant to be."""
        return value

    def select(self, column: Combinable) -> Combinable:
        """The expression whose value is ready for the wire."""
        return column

    @property
    def render(self) -> Callable[[Any], Any] | None:
        """A function from the selected value to the wire value, for what SQL cannot do."""
        return None

    def store(self, value: Any, practice: int) -> Any:
        """Parsed value → what the column holds, inside the transaction of the write."""
        return value

    def find_references(self, value: Any) -> References:
        """Every row that a parsed value points to, with the path of keys to it, for errors."""
        return ()

    # -- the declaration ----------------------------------------------------------------------------------------

    @property
    def keys(self) -> tuple[Any, ...]:
        """The keys (Key) of an object, or of the objects of a list."""
        return ()

    @property
    def item_keys(self) -> tuple[Any, ...]:
        """The same for an object that is an item of a list."""
        return self.keys

    @property
    def refers_to(self) -> str:
        """Path of the resource that the value, or an item of the list, is an id of."""
        return ""

    def name_attribute(self, path: str) -> str:
        """The attribute of a model instance that holds the stored value."""
        return path

    def as_required(self, required: bool) -> "Type":
        """The type of a required key, or of one that is not."""
        return self

    @property
    def is_utc(self) -> bool:
        return False

    @property
    def control_attributes(self) -> dict[str, Any]:
        """The limits that the form control gets as HTML attributes."""
        return {}

    # -- documentation ------------------------------------------------------------------------------------------

    def schema(self) -> Schema:
        """JSON Schema of the value, null apart."""
        return dict(self.json_type)

    def parameter_schema(self) -> Schema:
        return self.schema()

    def read_schema(self, *, in_json: bool = False) -> Schema:
        """JSON Schema of what is shown. ``in_json``: a member of a JSON column, which may hold anything older."""
        return add_pattern(self.schema())

    def write_schema(self, *, in_json: bool = False) -> Schema:
        """JSON Schema of what is written, where that differs."""
        return name_format(self.schema())

    @property
    def word(self) -> str:
        """The type in a reader's words."""
        printed = self.schema()
        return str(printed.get("format") or printed.get("type") or "any")

    def describe(self) -> list[str]:
        """What no JSON Schema says of it, in sentences without a full stop."""
        return []

    def find_departure(self, value: Any) -> str:
        """What of a written value the documentation does not say although the hosted API takes it: a sentence, or
        ""."""
        return ""

    def list_choices(self) -> Sequence[str]:
        """The texts that the value, or an item of the list, is one of."""
        return ()

    def list_limits(self) -> list[str]:
        """What is accepted, in sentences without a full stop."""
        return []

    def make_sample(self) -> Any:
        return self.sample

    def show_sample(self, value: Any) -> Any:
        """A written example as it is read back."""
        return value


@dataclass(frozen=True, kw_only=True, eq=False)
class Text(Type):
    """Text, kept as ``texts`` says; one line unless ``multiline``.

    ``choices`` closed unless ``open``; ``blank`` off refuses the empty text; ``check`` raises InvalidValue;
    ``verbatim``: kept to the last blank, as secrets are.
    """

    multiline: bool = False
    verbatim: bool = False
    choices: Sequence[str] | None = None
    open: bool = False
    pattern: str = ""
    min_length: int = 0
    max_length: int | None = None
    blank: bool = True
    check: Callable[[str], None] | None = None
    required: bool = False
    json_type = {"type": "string"}
    keeps_blank = True

    def as_required(self, required: bool) -> Type:
        return self if required is self.required else replace(self, required=required)

    def parse(self, value: Any) -> str:
        text = parse_text(value) if self.verbatim else parse_kept_text(value, multiline=self.multiline)
        if not text and not self.blank:
            raise InvalidValue("This field may not be blank.")
        absent = not text and not self.required  # "" is how an absent text reads
        if self.choices is not None and not self.open and text not in self.choices and not absent:
            raise InvalidValue(f'"{text[:100]}" is not a valid choice.')
        if len(text) < self.min_length and not absent:
            raise InvalidValue(f"Ensure this field has at least {self.min_length} characters.")
        if self.max_length is not None and len(text) > self.max_length:
            raise InvalidValue(f"Ensure this field has no more than {self.max_length} characters.")
        if self.pattern and not re.fullmatch(self.pattern, text):
            raise InvalidValue("This value does not match the required pattern.")
        if self.check is not None and text:
            self.check(text)
        return text

    def parse_parameter(self, text: str) -> str:
        text = normalize_text(parse_text(text))
        if self.choices is not None and text not in self.choices:
            raise InvalidValue(f"Select a valid choice. {text[:100]} is not one of the available choices.")
        return text

    @property
    def control_attributes(self) -> dict[str, Any]:
        return {"maxlength": self.max_length} if self.max_length else {}

    def schema(self) -> Schema:
        schema = super().schema()
        if self.choices is not None and not self.open:
            schema["enum"] = list(self.choices)
        if self.min_length:
            schema["minLength"] = self.min_length
        if self.max_length is not None:
            schema["maxLength"] = self.max_length
        if self.pattern:
            schema["pattern"] = f"^(?:{self.pattern})$"
        return schema

    def read_schema(self, *, in_json: bool = False) -> Schema:
        schema = self.schema()
        schema.pop("maxLength", None)
        schema.pop("pattern", None)
        if "enum" in schema and "" not in schema["enum"] and (in_json or not self.required):
            schema["enum"] = [*schema["enum"], ""]
        return name_format(schema)

    def find_departure(self, value: Any) -> str:
        if self.open and self.choices and str(value) not in self.choices:
            return "This is none of the documented values; it is taken all the same."
        return ""

    def describe(self) -> list[str]:
        if self.open and self.choices:
            return ["Usual values: " + ", ".join(repr(choice) for choice in self.choices)]
        return []

    def list_choices(self) -> Sequence[str]:
        return self.choices or ()

    def list_limits(self) -> list[str]:
        limits = ["Other values are accepted"] if self.open and self.choices else []
        if self.min_length:
            limits.append(f"At least {self.min_length} characters")
        if self.max_length:
            limits.append(f"At most {self.max_length} characters")
        return limits

    def make_sample(self) -> Any:
        choices = [choice for choice in self.choices or () if choice]
        return choices[0] if choices and self.required else ""


def check_color(text: str) -> None:
    """``#RRGGBB`` or ``rgb(r, g, b)``. Raises InvalidValue."""
    numbers = re.fullmatch(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)", text)
    if numbers and all(int(number) < 256 for number in numbers.groups()):
        return
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", text):
        raise InvalidValue("Enter a color as #RRGGBB or rgb(r, g, b).")


@dataclass(frozen=True, kw_only=True, eq=False)
class Integer(Type):
    choices: Sequence[int] | None = None
    minimum: int = -(2**31)
    maximum: int = 2**31 - 1
    json_type = {"type": "integer"}
    control = "number"
    output_field = models.BigIntegerField()
    sample = 0

    def parse(self, value: Any) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d{1,30}\s*", value, re.ASCII):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidValue("A valid integer is required.")
        if value < self.minimum:
            raise InvalidValue(f"Ensure this value is greater than or equal to {self.minimum}.")
        if value > self.maximum:
            raise InvalidValue(f"Ensure this value is less than or equal to {self.maximum}.")
        if self.choices is not None and value not in self.choices:
            raise InvalidValue(f'"{value}" is not a valid choice.')
        return value

    @property
    def control_attributes(self) -> dict[str, Any]:
        return {"min": self.minimum, "max": self.maximum, "step": 1}

    def schema(self) -> Schema:
        schema = super().schema()
        if self.minimum > -(2**31):
            schema["minimum"] = self.minimum
        if self.maximum < 2**31 - 1:
            schema["maximum"] = self.maximum
        if self.choices is not None:
            schema["enum"] = list(self.choices)
        return schema


@dataclass(frozen=True, kw_only=True, eq=False)
class Boolean(Type):
    json_type = {"type": "boolean"}
    control = "checkbox"
    output_field = models.BooleanField()
    sample = False

    def parse(self, value: Any) -> bool:
        if isinstance(value, str):
            value = value.strip().lower()
        if value in ("true", "t", "yes", "y", "on", "1", 1, True):
            return True
        if value in ("false", "f", "no", "n", "off", "0", 0, False):
            return False
        raise InvalidValue("Must be a valid boolean.")


@dataclass(frozen=True, kw_only=True, eq=False)
class Decimal(Type):
    """Written as integer, float or text; read as text truncated to two places. At most ``digits`` digits, ``places`` of
    them after the point. ``minimum`` and ``maximum``: of what is written; none where None."""

    digits: int = 12
    places: int = 2
    minimum: int | None = None
    maximum: int | None = None
    rounding: str = "ROUND_DOWN"
    json_type = {"type": "string", "format": "decimal"}
    control = "number"
    sample: ClassVar[Any] = "0.00"

    @property
    def control_attributes(self) -> dict[str, Any]:
        limits = {"min": self.minimum, "max": self.maximum}
        return {name: limit for name, limit in limits.items() if limit is not None} | {"step": "any"}

    def parse(self, value: Any) -> Number:
        number = parse_decimal(value, digits=self.digits, places=self.places, rounding=self.rounding)
        if self.minimum is not None and number < self.minimum:
            raise InvalidValue(f"Ensure this value is greater than or equal to {self.minimum}.")
        if self.maximum is not None and number > self.maximum:
            raise InvalidValue(f"Ensure this value is less than or equal to {self.maximum}.")
        return number

    def select(self, column: Combinable) -> Combinable:
        return sql.format_truncated(column)

    def write_schema(self, *, in_json: bool = False) -> Schema:
        number: Schema = {"type": "number"}
        if self.minimum is not None:
            number["minimum"] = self.minimum
        if self.maximum is not None:
            number["maximum"] = self.maximum
        return {"anyOf": [number, {"type": "string", "format": "decimal"}]}

    def show_sample(self, value: Any) -> Any:
        return f"{float(value):.2f}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Measurement(Decimal):
    """A measured quantity, shown as a JSON number, as it was measured: six places."""

    places: int = 6
    rounding: str = "ROUND_HALF_EVEN"
    json_type = {"type": "number"}
    sample = 0

    def select(self, column: Combinable) -> Combinable:
        return Cast(column, models.FloatField())

    def write_schema(self, *, in_json: bool = False) -> Schema:
        return self.schema()

    def show_sample(self, value: Any) -> Any:
        return value
