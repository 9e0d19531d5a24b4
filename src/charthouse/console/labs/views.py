"""The lab results of a patient as a grid by date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.http import HttpResponseBase

from charthouse.console.chart import layout
from charthouse.console.chart.plots import Sparkline, build_sparkline
from charthouse.console.kit.lab_results import Result, Series, list_days, list_series, read_results
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.labs import orders
from charthouse.engine.errors import Forbidden

DAYS = 8  # columns of the grid
TREND = 12  # results of a trend


@dataclass(frozen=True)
class Row:
    """A test of the grid. ``cells``: results of each day, most days none or one."""

    series: Series
    spark: Sparkline | None
    cells: list[list[Result]]


@page("Manage Patients")
def show_labs(request: Request, patient: int) -> HttpResponseBase:
    """Show results by test and date, DAYS dates at once, the latest first. ``page``: 1 is the latest."""
    values = layout.get_chart_context(request, patient)
    results = read_results(request, values["patient"])
    if results is None:
        raise Forbidden()
    days = list_days(results)
    text = request.GET.get("page", "")
    number = int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 6 and int(text) else 1
    shown = days[(number - 1) * DAYS : number * DAYS]
    values |= {
        "orders": orders.list_orders(request, patient),
        "days": shown,
        "rows": _build_rows(results, shown),
        "undated": [one for one in results if one.day is None],
        "newer": number - 1,
        "older": number + 1 if len(days) > number * DAYS else 0,
    }
    return render_page(request, "labs/grid.html", values)


def _build_rows(results: Sequence[Result], days: Sequence[date]) -> list[Row]:
    """Build a row for each test that has a result on one of the days."""
    found = []
    for series in list_series(one for one in results if one.day):
        cells = [[one for one in series.results if one.day == day] for day in days]
        if any(cells):
            found.append(Row(series, build_sparkline(series.points[-TREND:]), cells))
    return found
