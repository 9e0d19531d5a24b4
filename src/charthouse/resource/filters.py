"""Query parameters that narrow a list. Each reads its text once and binds the values into a compiled statement."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.expressions import F, Func

from charthouse import clock
from charthouse.resource import sql
from charthouse.resource.fields import Boolean, Ref, Wrong, collect, plain_text
from charthouse.resource.sql import Slot, WallClock
from charthouse.resource.times import parse_date, parse_moment


@dataclass(frozen=True, kw_only=True, eq=False)
class Filter:
    """One query parameter.

    source    path of the column it narrows (default: its name)
    required  a list can't be asked for without it
    needs     names of parameters that must come with it; a flag without them is ignored
    replaces  names of parameters whose condition this one's takes the place of
    addition  not in the seed: the hosted API has grown it since
    repeated  its value is a list: the parameter may be given several times
    ranged    how many rows it finds hangs on its values: such a list is planned anew for each request
    """

    name: str = field(kw_only=False)
    doc: str = ""
    source: str = ""
    required: bool = False
    needs: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    addition: bool = False
    json_type: ClassVar[dict[str, Any]] = {"type": "string"}
    ranged: ClassVar[bool] = False
    repeated: ClassVar[bool] = False

    @property
    def path(self) -> str:
        return self.source or self.name

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        """Text → values by slot name. ``given`` is the whole query. Raises Wrong."""
        raise NotImplementedError

    def where(self) -> Q:
        """The condition, over slots of those names."""
        raise NotImplementedError

    def schema(self) -> dict[str, Any]:
        return dict(self.json_type)


@dataclass(frozen=True, kw_only=True, eq=False)
class RefIs(Filter):
    """The id of a row of resource ``to``. An id that doesn't exist, or isn't visible, finds nothing."""

    to: str
    json_type = {"type": "integer"}

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        return {self.name: Ref(self.name, to=self.to).parse(text)}

    def where(self) -> Q:
        path = self.path if self.path.endswith("id") else f"{self.path}_id"
        return Q(**{path: Slot(self.name, models.BigIntegerField())})


@dataclass(frozen=True, kw_only=True, eq=False)
class RefsAre(Filter):
    """Ids of rows of resource ``to``, given one by one. Those that don't exist, or aren't visible, find nothing."""

    to: str
    at_most: int = 100
    repeated = True

    def parse(self, text: Any, given: Mapping[str, Any]) -> dict[str, Any]:
        texts = text if isinstance(text, list) else [text]
        if len(texts) > self.at_most:
            raise Wrong(f"Give at most {self.at_most} ids.")
        return {self.name: collect(texts, Ref(self.name, to=self.to).parse)}

    def where(self) -> Q:
        path = self.path if self.path.endswith("id") else f"{self.path}_id"
        return Q(sql.IsAny(F(path), Slot(self.name, ArrayField(models.BigIntegerField()))))

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "integer"}}


@dataclass(frozen=True, kw_only=True, eq=False)
class Is(Filter):
    """Equal to a text. ``choices``: other values are refused."""

    choices: Sequence[str] | None = None

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        text = plain_text(text)
        if self.choices is not None and text not in self.choices:
            raise Wrong(f"Select a valid choice. {text[:100]} is not one of the available choices.")
        return {self.name: text}

    def where(self) -> Q:
        return Q(**{self.path: Slot(self.name, models.TextField())})

    def schema(self) -> dict[str, Any]:
        return {"type": "string"} | ({"enum": list(self.choices)} if self.choices is not None else {})


@dataclass(frozen=True, kw_only=True, eq=False)
class Contains(Filter):
    """A part of the text, in any case."""

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        return {self.name: plain_text(text)}

    def where(self) -> Q:
        return Q(**{f"{self.path}__icontains": Slot(self.name, models.TextField())})


@dataclass(frozen=True, kw_only=True, eq=False)
class Like(Filter):
    """The whole text, in any case, with ``%`` for any part of it. ``sources``: one of these columns."""

    sources: tuple[str, ...] = ()

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        return {self.name: plain_text(text).replace("\\", "\\\\").replace("_", "\\_")}

    def where(self) -> Q:
        pattern = Slot(self.name, models.TextField())
        found = Q()
        for path in self.sources or (self.path,):
            found |= Q(_Like(F(path), pattern))
        return found


class _Like(Func):
    arity = 2
    conditional = True
    template = "upper(%(expressions)s)"
    arg_joiner = ") like upper("
    output_field = models.BooleanField()


@dataclass(frozen=True, kw_only=True, eq=False)
class DateIs(Filter):
    """One day. ``zone``: path of the column with the zone's name, or "UTC", when ``source`` is a moment."""

    zone: str = ""
    json_type = {"type": "string", "format": "date"}

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        day = parse_date(text)
        return _days(self.name, day, day)

    def where(self) -> Q:
        return _between(self)


@dataclass(frozen=True, kw_only=True, eq=False)
class DateRange(Filter):
    """``YYYY-MM-DD/YYYY-MM-DD``, both days included; wider than ``max_days`` only if it lies in the past."""

    zone: str = ""
    max_days: int = 190
    json_type = {"type": "string", "format": "date-range"}
    ranged = True

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        first_text, slash, last_text = plain_text(text).partition("/")
        if not slash:
            raise Wrong("Enter a date range as YYYY-MM-DD/YYYY-MM-DD.")
        first, last = parse_date(first_text), parse_date(last_text)
        if last < first:
            raise Wrong("The range ends before it begins.")
        if (last - first).days > self.max_days and last >= clock.now().date():
            raise Wrong(f"The range may not be longer than {self.max_days} days unless it lies in the past.")
        return _days(self.name, first, last)

    def where(self) -> Q:
        return _between(self)


def _days(name: str, first: date, last: date) -> dict[str, Any]:
    """Bounds as days, and widened to whatever zone the rows are in (UTC-12 to UTC+14)."""
    try:
        return {
            f"{name}_first": first,
            f"{name}_last": last,
            f"{name}_from": first - timedelta(days=1),
            f"{name}_to": last + timedelta(days=2),
        }
    except OverflowError:
        raise Wrong("Enter a valid date.") from None


def _between(this: "DateIs | DateRange") -> Q:
    first = Slot(f"{this.name}_first", models.DateField())
    last = Slot(f"{this.name}_last", models.DateField())
    if not this.zone:
        return Q(**{f"{this.path}__gte": first, f"{this.path}__lte": last})
    zone: Any = "UTC" if this.zone == "UTC" else F(this.zone)
    # The first condition can use an index, whatever the zone of each row; the second is exact.
    coarse = Q(
        **{
            f"{this.path}__gte": Slot(f"{this.name}_from", models.DateTimeField()),
            f"{this.path}__lt": Slot(f"{this.name}_to", models.DateTimeField()),
        }
    )
    return coarse & Q(_LocalDayBetween(WallClock(F(this.path), zone), first, last))


class _LocalDayBetween(Func):
    arity = 3
    conditional = True
    output_field = models.BooleanField()

    def as_sql(self, compiler: Any, connection: Any, *names: Any, **extra: Any) -> Any:
        (day, a), (first, b), (last, c) = map(compiler.compile, self.source_expressions)
        return f"({day})::date between {first} and {last}", [*a, *b, *c]


@dataclass(frozen=True, kw_only=True, eq=False)
class Since(Filter):
    """Changed at or after a moment (a date, or a timestamp; UTC)."""

    source: str = "updated_at"
    json_type = {"type": "string", "format": "timestamp"}
    ranged = True

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        return {self.name: parse_moment(text)}

    def where(self) -> Q:
        return Q(**{f"{self.path}__gte": Slot(self.name, models.DateTimeField())})


@dataclass(frozen=True, kw_only=True, eq=False)
class Chosen(Filter):
    """Comma-separated whole numbers between ``minimum`` and ``maximum``; ``matches`` makes the condition."""

    matches: Callable[[Slot], Q]
    minimum: int = 1
    maximum: int = 2**63 - 1

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        numbers = []
        for part in plain_text(text).split(","):
            number = part.strip()
            if not (number.isascii() and number.isdigit()) or len(number) > 19:
                raise Wrong("Enter whole numbers separated by commas.")
            if not self.minimum <= int(number) <= self.maximum:
                raise Wrong(f"Each number must be between {self.minimum} and {self.maximum}.")
            numbers.append(int(number))
        return {self.name: numbers[:1000]}

    def where(self) -> Q:
        return self.matches(Slot(self.name, ArrayField(models.BigIntegerField())))


@dataclass(frozen=True, kw_only=True, eq=False)
class Flag(Filter):
    """On when present, unless its value says no. What it does is up to ``unless`` of a resource's hidden rows,
    or to ``matches``. ``on_for``: "any" value that isn't empty, or the literal text "true" alone."""

    matches: Callable[[], Q] | None = None
    on_for: str = ""
    json_type = {"type": "boolean"}

    def on(self, text: str) -> bool:
        if self.on_for:
            return text == "true" if self.on_for == "true" else bool(text)
        try:
            return Boolean(self.name).parse(text)
        except Wrong:
            return True

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        return {}

    def where(self) -> Q:
        return self.matches() if self.matches else Q()

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": ["true"]} if self.on_for == "true" else super().schema()


@dataclass(frozen=True, kw_only=True, eq=False)
class Where(Filter):
    """A condition of the declaring domain's own: ``read`` makes slot values, ``condition`` uses them."""

    read: Callable[[str, Mapping[str, str]], dict[str, Any]]
    condition: Callable[[], Q]
    type: dict[str, Any] = field(default_factory=lambda: {"type": "string"})

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        return self.read(text, given)

    def where(self) -> Q:
        return self.condition()

    def schema(self) -> dict[str, Any]:
        return dict(self.type)
