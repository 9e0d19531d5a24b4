"""Vitals of a patient: measurements at visits and without one, in order of time, and their trends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.http import HttpResponseBase

from charthouse.console.chart import layout, plots
from charthouse.console.kit import records
from charthouse.console.kit.page import Request, page, render_page
from charthouse.domains.scheduling.models import Appointment, Vitals
from charthouse.engine.sql.expressions import to_wall_clock

MAX_MEASUREMENTS = 200  # measurements that are plotted
NOT_TAKEN = "\N{EN DASH}"
UNIT_WORDS = {"f": "°F", "c": "°C", "lbs": "lb", "kg": "kg", "inches": "in", "cm": "cm"}


@dataclass(frozen=True)
class Measure:
    """A measure of the vitals. ``columns``: of the row, two of a blood pressure; ``unit``: "" where the row has it."""

    name: str
    columns: tuple[str, ...]
    unit: str = ""
    short: str = ""

    @property
    def unit_column(self) -> str:
        return "" if self.unit else f"{self.columns[0]}_units"

    def get_unit(self, row: Any) -> str:
        """Get the unit of a row's value, as the record has it."""
        return self.unit or str(getattr(row, self.unit_column))

    def get_values(self, row: Any) -> list[Any]:
        return [getattr(row, column) for column in self.columns]


MEASURES = (
    Measure("Blood pressure", ("blood_pressure_1", "blood_pressure_2"), "mmHg", "BP"),
    Measure("Pulse", ("pulse",), "bpm", "Pulse"),
    Measure("Resp. rate", ("respiratory_rate",), "/min", "Resp."),
    Measure("Temperature", ("temperature",), short="Temp."),
    Measure("Oxygen saturation", ("oxygen_saturation",), "%", "SpO₂"),
    Measure("Weight", ("weight",), short="Weight"),
    Measure("Height", ("height",), short="Height"),
    Measure("Head circumference", ("head_circumference",), short="Head circ."),
)


@dataclass(frozen=True)
class Latest:
    """The latest value of a measure. ``text``: with its unit; ``points``: of its trend, in order of time."""

    measure: Measure
    text: str
    at: datetime
    points: list[float]


def read_measurements(
    request: Request, patient: int, limit: int = MAX_MEASUREMENTS, before: Any = None
) -> list[Any]:
    """Read the latest measurements, the last one first: one query.

    Annotated with ``at`` and ``wall``, the local time. ``before``: a time; only earlier ones. Raises Forbidden.
    """
    visits = records.select_rows(records.get_resource("visits"), request.actor).filter(patient=patient)
    moment = Coalesce("appointment__scheduled_time", "taken_at")
    zone = Coalesce(f"appointment__{Appointment.ZONE}", "patient__doctor__timezone")
    rows = (
        Vitals.objects.filter(practice=request.actor.practice, archived=False)
        .filter(Q(appointment__in=visits) | Q(appointment=None, patient=patient))
        .annotate(at=moment, wall=to_wall_clock(moment, zone))
        .select_related("appointment")
    )
    if before is not None:
        rows = rows.filter(at__lt=before)
    return list(rows.order_by(F("at").desc(nulls_last=True), "-pk")[:limit])


def list_latest(measured: Sequence[Any]) -> list[Latest]:
    """List the latest value of each measure that was taken. ``measured``: the last one first."""
    found = []
    for measure in MEASURES:
        taken = [row for row in measured if measure.get_values(row)[0] is not None]
        if taken:
            unit = measure.get_unit(taken[0])
            points = [
                float(measure.get_values(row)[0]) for row in reversed(taken) if measure.get_unit(row) == unit
            ]
            found.append(Latest(measure, format_value(measure, taken[0]), taken[0].wall, points))
    return found


def format_value(measure: Measure, row: Any) -> str:
    """Format a value with its unit: ``128/82 mmHg``, ``98.6 °F``; "" if it was not taken."""
    values = measure.get_values(row)
    if values[0] is None:
        return ""
    text = "/".join(NOT_TAKEN if one is None else format_number(one) for one in values)
    unit = measure.get_unit(row)
    return f"{text} {UNIT_WORDS.get(unit, unit)}"


def format_number(value: Any) -> str:
    """Format a measured number without trailing zeros."""
    return f"{value.normalize():f}" if hasattr(value, "normalize") else str(value)


@page("Manage Patients", "Access Clinical Notes")
def show_vitals(request: Request, patient: int) -> HttpResponseBase:
    """Show the latest MAX_MEASUREMENTS measurements as plots and a table."""
    values = layout.get_chart_context(request, patient)
    measured = read_measurements(request, patient)
    for row in measured:
        row.shown = [format_value(measure, row) for measure in MEASURES]
    values |= {"measured": measured, "measures": MEASURES, "plots": _build_plots(measured[::-1])}
    return render_page(request, "chart/vitals.html", values)


def _build_plots(measured: Sequence[Any]) -> list[plots.Plot]:
    plotted = []
    for measure in MEASURES:
        taken = [row for row in measured if measure.get_values(row)[0] is not None]
        if not taken:
            continue
        unit = measure.get_unit(taken[-1])
        names = ("systolic", "diastolic") if len(measure.columns) > 1 else (measure.name.lower(),)
        series = [
            (
                name,
                [
                    (row.at, float(getattr(row, column)))
                    for row in taken
                    if getattr(row, column) is not None and measure.get_unit(row) == unit
                ],
            )
            for name, column in zip(names, measure.columns, strict=True)
        ]
        if made := plots.build_plot(measure.name, UNIT_WORDS.get(unit, unit), series):
            plotted.append(made)
    return plotted
