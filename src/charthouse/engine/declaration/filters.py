"""Query parameters that narrow a list: type, operator, source. Each text is read once and bound into a compiled
statement."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.expressions import F
from django.db.models.lookups import Exact

from charthouse import clock
from charthouse.engine.declaration.json_schema import Schema
from charthouse.engine.declaration.times import parse_date
from charthouse.engine.declaration.types import Boolean, Text, Type
from charthouse.engine.declaration.values import InvalidValue, parse_text
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter
from charthouse.engine.sql.folding import Folded

Values = dict[str, Any]


class Operator:
    """How the value of a parameter selects rows.

    replan    how many rows it finds depends on the value: such a list is planned for the values of each request
    word      in a reader's words, where the filter itself says nothing
    """

    replan: ClassVar[bool] = False
    word: ClassVar[str] = ""

    def parse(self, type: Type, name: str, text: Any) -> Values:
        """Text → values of parameters, by name. Raises InvalidValue."""
        return {name: type.parse_parameter(text)}

    def match(self, type: Type, name: str, path: str) -> Q:
        """The condition, over parameters of those names."""
        raise NotImplementedError

    def schema(self, type: Type) -> Schema:
        return type.parameter_schema()


@dataclass(frozen=True)
class Lookup(Operator):
    """A lookup of the ORM."""

    lookup: str = ""
    replan: bool = False  # type: ignore[misc]
    word: str = ""  # type: ignore[misc]

    def match(self, type: Type, name: str, path: str) -> Q:
        attribute = type.name_attribute(path) + (f"__{self.lookup}" if self.lookup else "")
        return Q(**{attribute: BoundParameter(name, type.output_field)})


@dataclass(frozen=True)
class Equals(Operator):
    """The same value, as the type compares them. ``folded``: the column holds values in that form."""

    folded: bool = False

    def match(self, type: Type, name: str, path: str) -> Q:
        parameter = BoundParameter(name, type.output_field)
        attribute = type.name_attribute(path)
        wanted = type.compare(parameter)
        if self.folded or wanted is parameter:
            return Q(**{attribute: wanted})
        return Q(Exact(type.compare(F(attribute)), wanted))


class Contains(Operator):
    """A part of the text, whatever case and accents."""

    def match(self, type: Type, name: str, path: str) -> Q:
        part = Folded(BoundParameter(name, models.TextField()))
        return Q(sql.template("(strpos(%s, %s) > 0)", Folded(F(path)), part, output_field=sql.BOOLEAN))


EQUALS, EQUALS_FOLDED = Equals(), Equals(folded=True)
CONTAINS = Contains()
SINCE = Lookup("gte", replan=True, word="Changed at or after this date or timestamp (UTC)")


@dataclass(frozen=True)
class OnDay(Operator):
    """One day. ``zone``: path of the column with the zone's name, or "UTC", when the source is a timestamp."""

    zone: str = ""

    def parse(self, type: Type, name: str, text: Any) -> Values:
        day = parse_date(text)
        return _bind_days(name, day, day)

    def match(self, type: Type, name: str, path: str) -> Q:
        return _match_days(self.zone, name, path)


@dataclass(frozen=True)
class InDays(OnDay):
    """``YYYY-MM-DD/YYYY-MM-DD``, both days included; longer than ``max_days`` only if it lies in the past."""

    max_days: int = 190
    replan: ClassVar[bool] = True
    word: ClassVar[str] = (
        "YYYY-MM-DD/YYYY-MM-DD, both days included; at most 190 days unless it lies in the past"
    )

    def parse(self, type: Type, name: str, text: Any) -> Values:
        first_text, slash, last_text = parse_text(text).partition("/")
        if not slash:
            raise InvalidValue("Enter a date range as YYYY-MM-DD/YYYY-MM-DD.")
        first, last = parse_date(first_text), parse_date(last_text)
        if last < first:
            raise InvalidValue("The range ends before it begins.")
        if (last - first).days > self.max_days and last >= clock.now().date():
            limit = f"The range may not be longer than {self.max_days} days unless it lies in the past."
            raise InvalidValue(limit)
        return _bind_days(name, first, last)

    def schema(self, type: Type) -> Schema:
        return {"type": "string", "format": "date-range"}


def _bind_days(name: str, first: date, last: date) -> Values:
    """Bounds as days, and widened to whatever zone the rows are in (UTC-12 to UTC+14)."""
    try:
        return {
            f"{name}_first": first,
            f"{name}_last": last,
            f"{name}_from": first - timedelta(days=1),
            f"{name}_to": last + timedelta(days=2),
        }
    except OverflowError:
        raise InvalidValue("Enter a valid date.") from None


def _match_days(zone_path: str, name: str, path: str) -> Q:
    first = BoundParameter(f"{name}_first", models.DateField())
    last = BoundParameter(f"{name}_last", models.DateField())
    if not zone_path:
        return Q(**{f"{path}__gte": first, f"{path}__lte": last})
    zone: Any = "UTC" if zone_path == "UTC" else F(zone_path)
    # The first condition can use an index, whatever the zone of each row; the second is exact.
    coarse = Q(
        **{
            f"{path}__gte": BoundParameter(f"{name}_from", models.DateTimeField()),
            f"{path}__lt": BoundParameter(f"{name}_to", models.DateTimeField()),
        }
    )
    wall_clock = sql.to_wall_clock(F(path), zone)
    text = "(%s)::date between %s and %s"
    return coarse & Q(sql.template(text, wall_clock, first, last, output_field=sql.BOOLEAN))


# -- filters ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class Filter:
    """One query parameter.

    source    path of the column it selects by (default: its name)
    required  a list cannot be asked for without it
    needs     names of parameters that must come with it; a flag without them is ignored
    replaces  names of parameters whose condition this one's takes the place of
    addition  not in the seed: the hosted API has grown it since
    """

    name: str = field(kw_only=False)
    type: Type = field(kw_only=False, default_factory=Text)
    operator: Operator = field(kw_only=False, default=EQUALS)
    source: str = ""
    doc: str = ""
    required: bool = False
    needs: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    addition: bool = False
    is_flag: ClassVar[bool] = False
    repeated: ClassVar[bool] = False

    def is_on(self, text: str) -> bool:
        """Whether a parameter with this text has an effect."""
        return True

    @property
    def path(self) -> str:
        return self.source or self.name

    @property
    def replan(self) -> bool:
        return self.operator.replan

    @property
    def refers_to(self) -> str:
        """Path of the resource that its values are ids of."""
        return self.type.refers_to

    @property
    def is_reference(self) -> bool:
        """Whether it selects the rows whose own column refers to one row: an index finds them in the order of ids."""
        is_own = "__" not in self.path and not self.repeated
        return bool(self.refers_to) and self.operator is EQUALS and is_own

    def parse(self, text: Any, given: Mapping[str, Any]) -> Values:
        """Text (a list of texts where ``repeated``) → values of parameters, by name. ``given`` is the whole query.
        Raises InvalidValue."""
        return self.operator.parse(self.type, self.name, text)

    def match(self) -> Q:
        """The condition, over parameters of those names."""
        return self.operator.match(self.type, self.name, self.path)

    def find_departure(self, text: Any) -> str:
        """What of a parameter's text the documentation does not say although it is taken: a sentence, or ""."""
        return (self.type.item or self.type).find_departure(text)

    def schema(self) -> Schema:
        return self.operator.schema(self.type)

    @property
    def type_word(self) -> str:
        """The type in a reader's words."""
        if self.refers_to:
            return "list of ids" if self.repeated else "id"
        printed = self.schema()
        return str(printed.get("format") or printed.get("type") or "any")

    @property
    def word(self) -> str:
        """What it does, in a reader's words, where ``doc`` does not say it."""
        return self.operator.word


@dataclass(frozen=True, kw_only=True, eq=False)
class Flag(Filter):
    """On when present, unless its value says no. It shows the rows of a Visibility, or selects those of ``condition``.

    on_for   "any" value that is not empty, or the literal text "true" alone
    negated  off when its value says yes: what it names happens then
    """

    condition: Callable[[], Q] | None = None
    on_for: str = ""
    negated: bool = False
    is_flag = True

    def is_on(self, text: str) -> bool:
        if self.negated:
            return bool(text) and not self._is_true(text)
        return self._is_true(text)

    def _is_true(self, text: str) -> bool:
        if self.on_for:
            return text == "true" if self.on_for == "true" else bool(text)
        try:
            return Boolean().parse(text)
        except InvalidValue:
            return True

    def parse(self, text: Any, given: Mapping[str, Any]) -> Values:
        return {}

    def find_departure(self, text: Any) -> str:
        allowed = ("true",) if self.on_for == "true" else ("true", "false")
        return "" if text in allowed else f"This is not {' or '.join(allowed)}; it is read as one of them."

    def match(self) -> Q:
        return self.condition() if self.condition else Q()

    def schema(self) -> Schema:
        return {"type": "string", "enum": ["true"]} if self.on_for == "true" else {"type": "boolean"}

    @property
    def word(self) -> str:
        return "On when present, unless its value says no"


@dataclass(frozen=True, kw_only=True, eq=False)
class Condition(Filter):
    """A condition of the declaring domain's own.

    read       ``(text, query)`` → values of parameters, by name; raises InvalidValue
    condition  makes the condition, over parameters of those names
    described  JSON Schema of the parameter
    repeated   the parameter may be given several times: its value is a list of texts
    """

    read: Callable[[Any, Mapping[str, Any]], Values]
    condition: Callable[[], Q] = Q
    described: Schema = field(default_factory=lambda: {"type": "string"})
    replan: bool = False
    repeated: bool = False  # type: ignore[misc]

    def parse(self, text: Any, given: Mapping[str, Any]) -> Values:
        return self.read(text, given)

    def find_departure(self, text: Any) -> str:
        return ""

    def match(self) -> Q:
        return self.condition()

    def schema(self) -> Schema:
        return dict(self.described)
