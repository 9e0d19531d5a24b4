"""Tables that the database pages, sorts and searches. They work without scripts; with them, only the table changes.

A page is cut at a row: the address names the row's id, and the rows beyond it in the order of the table follow. So the
thousandth page costs what the first does, and rows written meanwhile neither shift nor repeat what follows. The
address holds an id and what was typed into the search, never a value of a row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import F, Model, Q, QuerySet
from django.http import HttpRequest

MOST_SEARCHED = 100  # characters


@dataclass(frozen=True)
class Badge:
    """A short word in a colour of the kit: blue, green, orange, red, secondary …"""

    text: str
    colour: str = "secondary"


@dataclass(frozen=True, kw_only=True)
class Column:
    """show  attribute path with dots, or a function of the row: text, a number, a date, a moment, a Badge, or a list
    sort  ORM path by which the table can be sorted; "" can't. An index should begin with the practice and it
    link  address of the row's page, of the row
    kind  "number" stands right; "wide" is left out on a phone; "moment" is shown in ``zone`` of the page
    """

    name: str = field(kw_only=False)
    show: str | Callable[[Any], Any] = field(kw_only=False)
    sort: str = ""
    link: Callable[[Any], str | None] | None = None
    kind: str = ""

    def value(self, row: Any) -> Any:
        if callable(self.show):
            return self.show(row)
        for step in self.show.split("."):
            row = getattr(row, step, None)
        return row() if callable(row) else row


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A parameter that narrows the table: ``options`` are (value, words), the first is what holds when it isn't
    given; ``narrow(rows, value)`` narrows."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]
    narrow: Callable[["QuerySet[Any]", str], "QuerySet[Any]"]


@dataclass(frozen=True)
class Cell:
    value: Any
    link: str | None
    kind: str


@dataclass(frozen=True)
class Heading:
    """``sort``: the address that sorts by it; ``direction``: "ascending", "descending" or "" as the table is now."""

    name: str
    sort: str
    direction: str
    kind: str


@dataclass(frozen=True)
class Offered:
    """A Choice as it is drawn."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]
    chosen: str


@dataclass(frozen=True)
class Listing:
    """A table's page, ready for ``console/table.html``. ``rows`` are pairs of the row and its cells."""

    name: str
    label: str
    headings: list[Heading]
    rows: list[tuple[Any, list[Cell]]]
    search: str | None
    choices: list[Offered]
    sort: str
    previous: str
    next: str
    empty: str
    narrowed: bool


@dataclass(frozen=True, kw_only=True)
class Table:
    """name    of the table in the page; other tables of the page need ``prefix``, which stands before its parameters
    search  ORM paths that a search looks through, or a function (rows, text) → rows; none: no search
    order   a column's ``sort``, with "-" for descending, or any ORM path
    """

    name: str
    label: str
    columns: Sequence[Column]
    search: Sequence[str] | Callable[["QuerySet[Any]", str], "QuerySet[Any]"] = ()
    choices: Sequence[Choice] = ()
    order: str = "pk"
    size: int = 25
    empty: str = "Nothing here yet."
    prefix: str = ""

    def of(self, request: HttpRequest, rows: "QuerySet[Any]") -> Listing:
        """The page of ``rows`` that the request asks for: one query, and one for the row it is cut at. Parameters that
        make no sense are as good as none."""
        given = _Given(request, self.prefix)
        text = given("q")[:MOST_SEARCHED].replace("\0", "").strip()
        offered = [_offered(choice, given(choice.name)) for choice in self.choices]
        for choice, drawn in zip(self.choices, offered, strict=True):
            rows = choice.narrow(rows, drawn.chosen)
        sort = given("sort") if self._sortable(given("sort")) else self.order
        found = self._found(rows, text)
        shown, before, after = self._cut(found, sort, given("after"), given("before"))
        narrowed = bool(text) or any(drawn.chosen != drawn.options[0][0] for drawn in offered)
        return Listing(
            name=self.name,
            label=self.label,
            headings=[self._heading(column, sort, given) for column in self.columns],
            rows=[(row, [_cell(column, row) for column in self.columns]) for row in shown],
            search=text if self.search else None,
            choices=[replace(drawn, name=self.prefix + drawn.name) for drawn in offered],
            sort=sort if sort != self.order else "",
            previous=given.address(before=str(shown[0].pk), after="") if before else "",
            next=given.address(after=str(shown[-1].pk), before="") if after else "",
            empty="Nothing matches." if narrowed else self.empty,
            narrowed=narrowed,
        )

    def _sortable(self, asked: str) -> bool:
        return any(column.sort and asked.removeprefix("-") == column.sort for column in self.columns)

    def _found(self, rows: "QuerySet[Any]", text: str) -> "QuerySet[Any]":
        if not text or not self.search:
            return rows
        if callable(self.search):
            return self.search(rows, text)
        for word in text.split()[:5]:
            matches = Q()
            for path in self.search:
                matches |= Q(**{f"{path}__icontains": word})
            rows = rows.filter(matches)
        return rows

    def _cut(self, rows: "QuerySet[Any]", sort: str, after: str, before: str) -> tuple[list[Any], bool, bool]:
        """The rows of the page, whether there are some before them, and after them."""
        path, down = sort.removeprefix("-"), sort.startswith("-")
        edge = _edge(rows.model, after or before, path)
        backwards = edge is not None and not after
        if edge is not None:
            rows = rows.filter(_beyond(path, edge, down != backwards))
        found = list(rows.order_by(*_order(path, down != backwards))[: self.size + 1])
        more = len(found) > self.size
        found = found[: self.size]
        if backwards:
            found.reverse()
        if not found:
            return found, False, False
        return found, (more if backwards else edge is not None), (backwards or more)

    def _heading(self, column: Column, sort: str, given: "_Given") -> Heading:
        address = direction = ""
        if column.sort:
            now = sort.removeprefix("-") == column.sort
            direction = ("descending" if sort.startswith("-") else "ascending") if now else ""
            asked = f"-{column.sort}" if direction == "ascending" else column.sort
            address = given.address(sort=asked, after="", before="")
        return Heading(column.name, address, direction, column.kind)


class _Given:
    """The parameters of one table in the address."""

    def __init__(self, request: HttpRequest, prefix: str) -> None:
        self.path, self.prefix = request.path, prefix
        self.parameters = {name: request.GET[name] for name in request.GET}

    def __call__(self, name: str) -> str:
        return str(self.parameters.get(self.prefix + name, ""))

    def address(self, **changed: str) -> str:
        """This page with other parameters; "" takes one away."""
        parameters = self.parameters | {self.prefix + name: value for name, value in changed.items()}
        return f"{self.path}?{urlencode({name: value for name, value in parameters.items() if value})}"


def _edge(model: type[Model], text: str, path: str) -> tuple[int, Any] | None:
    """Id and sorted value of the row that a page is cut at."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        return None
    found = model._default_manager.filter(pk=int(text)).values_list("pk", path).first()
    return None if found is None else (found[0], found[1])


def _beyond(path: str, edge: tuple[int, Any], down: bool) -> Q:
    """The rows past the edge; nulls come last going up, first going down."""
    row_id, value = edge
    by_id = Q(pk__lt=row_id) if down else Q(pk__gt=row_id)
    if path in ("pk", "id"):
        return by_id
    step = "lt" if down else "gt"
    if value is None:
        same = Q(**{f"{path}__isnull": True}) & by_id
        return same | Q(**{f"{path}__isnull": False}) if down else same
    # the first condition can use an index, the second is exact
    past = Q(**{f"{path}__{step}e": value}) & (Q(**{f"{path}__{step}": value}) | Q(**{path: value}) & by_id)
    return past if down else past | Q(**{f"{path}__isnull": True})


def _order(path: str, down: bool) -> list[Any]:
    if path in ("pk", "id"):
        return ["-pk" if down else "pk"]
    return [F(path).desc(nulls_first=True), "-pk"] if down else [F(path).asc(nulls_last=True), "pk"]


def _offered(choice: Choice, asked: str) -> Offered:
    known = [value for value, _ in choice.options]
    return Offered(choice.name, choice.label, choice.options, asked if asked in known else known[0])


def _cell(column: Column, row: Any) -> Cell:
    return Cell(column.value(row), column.link(row) if column.link else None, column.kind)
