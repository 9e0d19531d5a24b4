"""Tables that are paged, sorted and filtered by the database. They work without scripts.

A page begins after, or ends before, a row whose id the URL names (keyset pagination). The thousandth page costs as much
as the first, and rows written meanwhile neither shift nor repeat others. URLs hold ids and the search text, never
values of rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import F, Q, QuerySet, TextField
from django.db.models.functions import Cast, StrIndex
from django.db.models.lookups import GreaterThan
from django.http import HttpRequest

from charthouse.engine.sql.folding import Folded, fold

MAX_SEARCH_LENGTH = 100  # characters


@dataclass(frozen=True)
class Badge:
    """A short word in a color of the CSS kit: blue, green, orange, red, secondary …"""

    text: str
    color: str = "secondary"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table.

    show  attribute path with dots, or a function of the row: text, number, date, time, Badge or list
    sort  ORM path to sort by; "": not sortable. An index should begin with the practice and it
    link  function of the row that returns the URL of its page
    kind  "number": aligned right; "wide": hidden on phones; "line": not broken into lines
    """

    name: str = field(kw_only=False)
    show: str | Callable[[Any], Any] = field(kw_only=False)
    sort: str = ""
    link: Callable[[Any], str | None] | None = None
    kind: str = ""

    def get_value(self, row: Any) -> Any:
        if callable(self.show):
            return self.show(row)
        for step in self.show.split("."):
            row = getattr(row, step, None)
        return row() if callable(row) else row


@dataclass(frozen=True, kw_only=True)
class TableFilter:
    """A filter of a table. ``options``: (value, label), the first is the default."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]
    apply: Callable[["QuerySet[Any]", str], "QuerySet[Any]"]


@dataclass(frozen=True)
class Cell:
    """A cell of a table."""

    value: Any
    link: str | None
    kind: str


@dataclass(frozen=True)
class Heading:
    """A heading. ``sort``: URL that sorts by it; ``direction``: "ascending", "descending" or ""."""

    name: str
    sort: str
    direction: str
    kind: str


@dataclass(frozen=True)
class FilterState:
    """A filter with its chosen value."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]
    chosen: str


@dataclass(frozen=True)
class TablePage:
    """A page of a table for ``console/kit/table.html``. ``rows``: pairs of the row and its cells."""

    name: str
    label: str
    headings: list[Heading]
    rows: list[tuple[Any, list[Cell]]]
    search: str | None
    filters: list[FilterState]
    sort: str
    previous: str
    next: str
    empty: str
    is_filtered: bool
    notice: str
    chooser: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table.

    name    of the table in the page; further tables of a page need ``prefix``, of their query parameters
    search  ORM paths to search, or a function (rows, text) of the rows found and a notice above them; empty: no search
    chooser id of a form of the page: each row has a checkbox that sends its id with it, as ``row``
    order   a column's ``sort``, with "-" for descending, or any ORM path
    """

    name: str
    label: str
    columns: Sequence[Column]
    search: Sequence[str] | Callable[["QuerySet[Any]", str], "tuple[QuerySet[Any], str]"] = ()
    filters: Sequence[TableFilter] = ()
    order: str = "pk"
    size: int = 25
    empty: str = "Nothing here yet."
    chooser: str = ""
    prefix: str = ""

    def build_page(self, request: HttpRequest, rows: "QuerySet[Any]") -> TablePage:
        """Build the page that the query asks for: one query, and one for the boundary row.

        Malformed parameters are ignored.
        """
        given = _Parameters(request, self.prefix)
        text = given("q")[:MAX_SEARCH_LENGTH].replace("\0", "").strip()
        states = [
            _build_filter_state(table_filter, given(table_filter.name)) for table_filter in self.filters
        ]
        for table_filter, state in zip(self.filters, states, strict=True):
            rows = table_filter.apply(rows, state.chosen)
        sort = given("sort") if self._may_sort(given("sort")) else self.order
        found, notice = self._search(rows, text)
        shown, before, after = self._slice(found, sort, given("after"), given("before"))
        is_filtered = bool(text) or any(state.chosen != state.options[0][0] for state in states)
        return TablePage(
            name=self.name,
            label=self.label,
            headings=[self._build_heading(column, sort, given) for column in self.columns],
            rows=[(row, [_build_cell(column, row) for column in self.columns]) for row in shown],
            search=text if self.search else None,
            filters=[replace(state, name=self.prefix + state.name) for state in states],
            sort=sort if sort != self.order else "",
            previous=given.build_url(before=str(shown[0].pk), after="") if before else "",
            next=given.build_url(after=str(shown[-1].pk), before="") if after else "",
            empty="Nothing matches." if is_filtered else self.empty,
            is_filtered=is_filtered,
            notice=notice,
            chooser=self.chooser,
        )

    def _may_sort(self, asked: str) -> bool:
        return any(column.sort and asked.removeprefix("-") == column.sort for column in self.columns)

    def _search(self, rows: "QuerySet[Any]", text: str) -> "tuple[QuerySet[Any], str]":
        if not text or not self.search:
            return rows, ""
        if callable(self.search):
            return self.search(rows, text)
        for word in text.split()[:5]:
            matches = Q()
            for path in self.search:
                shown = Folded(Cast(path, TextField()))
                matches |= Q(GreaterThan(StrIndex(shown, fold(word)), 0))
            rows = rows.filter(matches)
        return rows, ""

    def _slice(
        self, rows: "QuerySet[Any]", sort: str, after: str, before: str
    ) -> tuple[list[Any], bool, bool]:
        """Return the rows of the page, whether there are rows before it, and after it."""
        path, down = sort.removeprefix("-"), sort.startswith("-")
        edge = _find_boundary(rows, after or before, path)
        backwards = edge is not None and not after
        if edge is not None:
            rows = rows.filter(_filter_beyond(path, edge, down != backwards))
        found = list(rows.order_by(*_build_ordering(path, down != backwards))[: self.size + 1])
        more = len(found) > self.size
        found = found[: self.size]
        if backwards:
            found.reverse()
        if not found:
            return found, False, False
        return found, (more if backwards else edge is not None), (backwards or more)

    def _build_heading(self, column: Column, sort: str, given: "_Parameters") -> Heading:
        address = direction = ""
        if column.sort:
            now = sort.removeprefix("-") == column.sort
            direction = ("descending" if sort.startswith("-") else "ascending") if now else ""
            asked = f"-{column.sort}" if direction == "ascending" else column.sort
            address = given.build_url(sort=asked, after="", before="")
        return Heading(column.name, address, direction, column.kind)


class _Parameters:
    """The query parameters of one table."""

    def __init__(self, request: HttpRequest, prefix: str) -> None:
        self.path, self.prefix = request.path, prefix
        self.parameters = {name: request.GET[name] for name in request.GET}

    def __call__(self, name: str) -> str:
        return str(self.parameters.get(self.prefix + name, ""))

    def build_url(self, **changed: str) -> str:
        """Build the URL of this page with changed parameters; "" removes one."""
        parameters = self.parameters | {self.prefix + name: value for name, value in changed.items()}
        return f"{self.path}?{urlencode({name: value for name, value in parameters.items() if value})}"


def _find_boundary(rows: "QuerySet[Any]", text: str, path: str) -> tuple[int, Any] | None:
    """Find the row at which the page is cut: its id and its value of the sort column."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        return None
    found = rows.model._default_manager.using(rows.db).filter(pk=int(text)).values_list("pk", path).first()
    return None if found is None else (found[0], found[1])


def _filter_beyond(path: str, edge: tuple[int, Any], down: bool) -> Q:
    """Filter the rows beyond the boundary; nulls sort last ascending, first descending."""
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


def _build_ordering(path: str, down: bool) -> list[Any]:
    if path in ("pk", "id"):
        return ["-pk" if down else "pk"]
    return [F(path).desc(nulls_first=True), "-pk"] if down else [F(path).asc(nulls_last=True), "pk"]


def _build_filter_state(table_filter: TableFilter, asked: str) -> FilterState:
    known = [value for value, _ in table_filter.options]
    return FilterState(
        table_filter.name, table_filter.label, table_filter.options, asked if asked in known else known[0]
    )


def _build_cell(column: Column, row: Any) -> Cell:
    return Cell(column.get_value(row), column.link(row) if column.link else None, column.kind)
