"""What a declaration may say of one value: its name, who may write it, how it is read from the wire and from SQL.

Types of the wire follow reference drchrono/resources.yaml (``conventions.types``); the texts of errors are those of
Django REST framework, which clients of both APIs already parse.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal as Number
from decimal import InvalidOperation
from enum import Enum
from typing import Any, ClassVar

import msgspec
from django.db import models
from django.db.models.expressions import Combinable, F
from django.db.models.functions import Cast

from charthouse.resource import sql

ABSENT: Any = object()


class Access(Enum):
    REQUIRED = "required"
    OPTIONAL = "optional"
    READ_ONLY = "read_only"
    WRITE_ONLY = "write_only"


REQUIRED, OPTIONAL, READ_ONLY, WRITE_ONLY = Access


class Wrong(Exception):
    """One value is not acceptable. ``messages`` is what the caller is told: a list, or a map for nested objects."""

    def __init__(self, messages: Any) -> None:
        super().__init__(messages)
        self.messages = [messages] if isinstance(messages, str) else messages


@dataclass(frozen=True, kw_only=True, eq=False)
class Field:
    """One key of a resource.

    name      as it stands on the wire
    access    who may write it
    source    model attribute, or a path of them (``office__doctor__timezone``) for read-only keys; default: ``name``
    computed  makes the SQL expression of a read-only key that no column holds
    given_with   name of a parameter, whose values ``computed`` may use: null where that parameter isn't given
    stored    False for keys that only an action reads (the engine then writes no column)
    nullable  null may be written; default: what the model says, and always for optional keys that aren't text
    default   when a create leaves it out: a value, or a callable
    required_unless, requires   names of other keys of the same request
    verbose   only shown with verbose on
    kept      a PUT that leaves it out keeps it
    in_query  a POST may give it as a query parameter as well
    addition  not in the seed: the hosted API has grown it since
    left      what an anonymised caller is shown of it (resource.anonymous); default: what the model says of the column
    """

    name: str = field(kw_only=False)
    access: Access = field(kw_only=False, default=OPTIONAL)
    doc: str = ""
    source: str = ""
    computed: Callable[[], Combinable] | None = None
    given_with: str = ""
    stored: bool = True
    nullable: bool | None = None
    default: Any = ABSENT
    required_unless: str = ""
    requires: str = ""
    verbose: bool = False
    kept: bool = False
    in_query: bool = False
    addition: bool = False
    left: str = ""
    example: Any = ABSENT

    json_type: ClassVar[dict[str, Any]] = {}
    model: ClassVar[type[models.Model]]

    @property
    def path(self) -> str:
        return self.source or self.name

    @property
    def attribute(self) -> str:
        """The attribute of a model instance that holds the value."""
        return self.path

    @property
    def writable(self) -> bool:
        return self.access is not READ_ONLY

    @property
    def readable(self) -> bool:
        return self.access is not WRITE_ONLY

    def column(self, model: type[models.Model]) -> Any:
        """The model's field behind this key, or None where it is computed or not stored."""
        if self.computed or not self.stored:
            return None
        found: Any = None
        for step in self.path.split("__"):
            found = model._meta.get_field(step)
            model = found.related_model or model
        return found

    def accepts_null(self, model: type[models.Model]) -> bool:
        if self.nullable is not None:
            return self.nullable
        column = self.column(model)
        return bool(column.null) if column is not None else self.access is not REQUIRED

    def absent(self, model: type[models.Model]) -> Any:
        """The value of an optional key that was left out."""
        if self.default is not ABSENT:
            return self.default() if callable(self.default) else self.default
        column = self.column(model)
        return None if column is None or column.null else column.get_default()

    def parse(self, value: Any) -> Any:
        """Wire value (JSON's types, or text from a form) → Python value. Raises Wrong."""
        raise NotImplementedError

    def keep(self, value: Any, practice: int) -> Any:
        """Parsed value → what the column holds, inside the transaction of the write."""
        return value

    def references(self, value: Any) -> Iterable[tuple["Ref", int, tuple[str, ...]]]:
        """Every row that a parsed value points to, with the path of keys to it, for errors."""
        return ()

    def within(self, item: Mapping[str, Any]) -> "Field":
        """The declaration that holds for a member of this object, where that hangs on its other members."""
        return self

    def plain(self) -> "Field":
        """What is shown of it without verbose."""
        return self

    def sql(self) -> Combinable:
        """The expression whose value is ready for the wire."""
        return self.computed() if self.computed else self.shown(F(self.path))

    def shown(self, column: Combinable) -> Combinable:
        return column

    finish: ClassVar[Any] = None  # a method, for what SQL can't make: stored value → wire value
    upload: ClassVar[bool] = False  # arrives as a file

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the value, null apart."""
        return dict(self.json_type)

    def written_schema(self) -> dict[str, Any]:
        """The same for what is written, where that is of another type than what is shown."""
        return self.schema()


@dataclass(frozen=True, kw_only=True, eq=False)
class Text(Field):
    """``choices`` closed unless ``open``; ``blank`` off refuses the empty text."""

    choices: Sequence[str] | None = None
    open: bool = False
    pattern: str = ""
    min_length: int = 0
    max_length: int | None = None
    blank: bool = True
    json_type = {"type": "string"}

    def parse(self, value: Any) -> str:
        text = plain_text(value)
        if not text and not self.blank:
            raise Wrong("This field may not be blank.")
        absent = not text and self.access is not REQUIRED  # "" is how an absent text reads
        if self.choices is not None and not self.open and text not in self.choices and not absent:
            raise Wrong(f'"{text[:100]}" is not a valid choice.')
        if len(text) < self.min_length and not absent:
            raise Wrong(f"Ensure this field has at least {self.min_length} characters.")
        if self.max_length is not None and len(text) > self.max_length:
            raise Wrong(f"Ensure this field has no more than {self.max_length} characters.")
        if self.pattern and not re.fullmatch(self.pattern, text):
            raise Wrong("This value does not match the required pattern.")
        return text

    def schema(self) -> dict[str, Any]:
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


def plain_text(value: Any) -> str:
    """Text that PostgreSQL can hold. Numbers pass as their digits, as the hosted API lets them."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Wrong("Not a valid string.")
    text = str(value)
    if "\x00" in text:
        raise Wrong("Null characters are not allowed.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Wrong("Not a valid string.") from None
    return text


def _color(text: str) -> bool:
    numbers = re.fullmatch(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)", text)
    return bool(re.fullmatch(r"#[0-9A-Fa-f]{6}", text)) or bool(
        numbers and all(int(number) < 256 for number in numbers.groups())
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Color(Text):
    """``#RRGGBB`` or ``rgb(r, g, b)``, kept as given."""

    def parse(self, value: Any) -> str:
        text = super().parse(value)
        if text and not _color(text):
            raise Wrong("Enter a color as #RRGGBB or rgb(r, g, b).")
        return text


@dataclass(frozen=True, kw_only=True, eq=False)
class Integer(Field):
    choices: Sequence[int] | None = None
    minimum: int = -(2**31)
    maximum: int = 2**31 - 1
    json_type = {"type": "integer"}

    def parse(self, value: Any) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d{1,30}\s*", value, re.ASCII):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise Wrong("A valid integer is required.")
        if value < self.minimum:
            raise Wrong(f"Ensure this value is greater than or equal to {self.minimum}.")
        if value > self.maximum:
            raise Wrong(f"Ensure this value is less than or equal to {self.maximum}.")
        if self.choices is not None and value not in self.choices:
            raise Wrong(f'"{value}" is not a valid choice.')
        return value

    def schema(self) -> dict[str, Any]:
        schema = super().schema()
        if self.minimum > -(2**31):
            schema["minimum"] = self.minimum
        if self.maximum < 2**31 - 1:
            schema["maximum"] = self.maximum
        if self.choices is not None:
            schema["enum"] = list(self.choices)
        return schema


@dataclass(frozen=True, kw_only=True, eq=False)
class Id(Field):
    """A row's own id. ``as_text`` where the wire types it as string."""

    access: Access = field(kw_only=False, default=READ_ONLY)
    as_text: bool = False

    def shown(self, column: Combinable) -> Combinable:
        return Cast(column, models.TextField()) if self.as_text else column

    def schema(self) -> dict[str, Any]:
        return {"type": "string"} if self.as_text else {"type": "integer", "format": "int64"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Ref(Field):
    """The id of a row of another resource (``to``: its path), which must exist and be visible to the caller.
    ``as_text`` where the wire shows it as text."""

    to: str
    as_text: bool = False
    json_type = {"type": "integer", "format": "int64"}

    @property
    def attribute(self) -> str:
        return self.path if self.path == "id" or self.path.endswith("_id") else f"{self.path}_id"

    def shown(self, column: Combinable) -> Combinable:
        shown = F(self.attribute) if not self.source or "__" not in self.source else column
        return Cast(shown, models.TextField()) if self.as_text else shown

    def schema(self) -> dict[str, Any]:
        return {"type": "string"} if self.as_text else dict(self.json_type)

    def references(self, value: Any) -> Iterable[tuple["Ref", int, tuple[str, ...]]]:
        return () if value is None else ((self, value, (self.name,)),)

    def parse(self, value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"\d{1,19}", value, re.ASCII):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise Wrong(f"Incorrect type. Expected pk value, received {_kind(value)}.")
        if not 0 < value < 2**63:
            raise Wrong(missing_row(value))
        return value


@dataclass(frozen=True, kw_only=True, eq=False)
class RefByKind(Ref):
    """Inside an object: the id of a row of the resource that ``among`` has for the value of the member ``kind``.
    Ids of kinds that it doesn't have are taken as they are. ``to`` stands for the others in documentation."""

    kind: str
    among: Mapping[str, str]

    def within(self, item: Mapping[str, Any]) -> "Field":
        to = self.among.get(item.get(self.kind, ""))
        return Integer(self.name) if to is None else replace(self, to=to)


def missing_row(row_id: Any) -> str:
    return f'Invalid pk "{row_id}" - object does not exist.'


def _kind(value: Any) -> str:
    return type(value).__name__


@dataclass(frozen=True, kw_only=True, eq=False)
class Boolean(Field):
    json_type = {"type": "boolean"}

    def parse(self, value: Any) -> bool:
        if isinstance(value, str):
            value = value.strip().lower()
        if value in ("true", "t", "yes", "y", "on", "1", 1, True):
            return True
        if value in ("false", "f", "no", "n", "off", "0", 0, False):
            return False
        raise Wrong("Must be a valid boolean.")


@dataclass(frozen=True, kw_only=True, eq=False)
class Decimal(Field):
    """Written as integer, float or text; read as text truncated to two places. At most 12 digits."""

    digits: int = 12
    places: int = 2
    json_type = {"type": "string", "format": "decimal"}

    def parse(self, value: Any) -> Number:
        if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)) > 60:
            raise Wrong("A valid number is required.")
        try:
            number = Number(str(value).strip())
        except InvalidOperation:
            raise Wrong("A valid number is required.") from None
        if not number.is_finite():
            raise Wrong("A valid number is required.")
        if number and number.adjusted() >= self.digits - self.places:
            raise Wrong(f"Ensure that there are no more than {self.digits} digits in total.")
        step = Number(1).scaleb(-self.places)
        return number.quantize(step, rounding="ROUND_DOWN")

    def shown(self, column: Combinable) -> Combinable:
        return sql.Truncated(column)


@dataclass(frozen=True, kw_only=True, eq=False)
class Measure(Decimal):
    """A measured quantity, shown as a JSON number."""

    json_type = {"type": "number"}

    def shown(self, column: Combinable) -> Combinable:
        return Cast(column, models.FloatField())


@dataclass(frozen=True, kw_only=True, eq=False)
class ListOf(Field):
    """A list of plain values in an array column. ``commas``: a comma-separated text is accepted as well."""

    item: Field
    commas: bool = False
    at_most: int = 1000

    def parse(self, value: Any) -> list[Any]:
        value = decoded(value)
        if isinstance(value, str) and self.commas:
            value = [part.strip() for part in value.split(",") if part.strip()]
        if not isinstance(value, list):
            raise Wrong(f'Expected a list of items but got type "{_kind(value)}".')
        if len(value) > self.at_most:
            raise Wrong(f"Ensure this field has no more than {self.at_most} elements.")
        return collect(value, self.item.parse)

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.item.schema()}


def collect(items: list[Any], parse: Callable[[Any], Any]) -> list[Any]:
    """Parse each item; raise Wrong with a map index → messages when any is wrong."""
    parsed, wrong = [], {}
    for index, item in enumerate(items):
        try:
            parsed.append(parse(item))
        except Wrong as error:
            wrong[str(index)] = error.messages
    if wrong:
        raise Wrong(wrong)
    return parsed


def decoded(value: Any) -> Any:
    """Lists and objects arrive as JSON text in forms."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            raise Wrong("Value must be valid JSON.") from None
    return value
