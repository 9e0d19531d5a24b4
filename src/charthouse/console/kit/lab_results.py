"""Results of a patient, ordered and entered ones alike, as pages show them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import BigIntegerField, BooleanField, DateField, F, TextField, Value
from django.db.models.functions import Cast, Coalesce, NullIf

from charthouse.console.kit import records
from charthouse.console.kit.page import Request
from charthouse.console.kit.result_flags import build_flag_badge
from charthouse.console.kit.tables import Badge
from charthouse.domains.labs.hooks import format_range, format_unit, parse_number
from charthouse.domains.patients.models import Patient
from charthouse.engine.errors import Forbidden
from charthouse.engine.sql import expressions as sql

MAX_RESULTS = 400  # that a page reads
_COLUMNS = ("code", "named", "said", "units", "limits", "flag", "abnormal", "day", "note", "order")


@dataclass(frozen=True)
class Result:
    """A result. ``day``: in the time zone of the patient's doctor; ``number``: None for what is not a number."""

    key: str
    name: str
    value: str
    number: float | None
    unit: str
    range: str
    flag: Badge | None
    day: date | None
    comments: str
    order: int | None = None


@dataclass(frozen=True)
class Series:
    """The results of one test, the latest first. ``key``: its code, or its name where it has none."""

    key: str
    results: list[Result] = field(default_factory=list)

    @property
    def latest(self) -> Result:
        return self.results[0]

    @property
    def name(self) -> str:
        return self.latest.name

    @property
    def range(self) -> str:
        """The latest range that a result has."""
        return next((one.range for one in self.results if one.range), "")

    @property
    def points(self) -> list[float]:
        """The numbers in the latest unit, in order of time."""
        rows = [one for one in self.results if one.unit == self.latest.unit]
        return [one.number for one in reversed(rows) if one.number is not None]


def read_results(request: Request, patient: Patient) -> list[Result] | None:
    """Read the latest results of a patient, newest first: one query. None for users who may not see them."""
    zone = patient.doctor.timezone
    try:
        ordered = records.select_rows(records.get_resource("lab_results"), request.actor)
        entered = records.select_rows(records.get_resource("patient_lab_results"), request.actor)
    except Forbidden:
        return None
    ordered = ordered.filter(lab_test__lab_order__patient=patient.pk).annotate(
        code=F("observation_code"),
        named=_first_text("observation_description", "lab_test__name", "observation_code"),
        said=Cast("value", TextField()),
        units=F("unit"),
        limits=F("normal_range"),
        flag=F("abnormal_status"),
        abnormal=F("is_abnormal"),
        day=Cast(sql.to_wall_clock(F("test_performed"), zone), DateField()),
        note=F("comments"),
        order=F("lab_test__lab_order_id"),
    )
    entered = entered.filter(patient=patient.pk).annotate(
        code=F("loinc_code"),
        named=_first_text("title", "loinc_code"),
        said=Cast("lab_result_value", TextField()),
        units=F("lab_result_value_units"),
        limits=F("lab_normal_range"),
        flag=F("lab_abnormal_flag"),
        abnormal=Value(None, output_field=BooleanField()),
        day=F("date_test_performed"),
        note=F("doctor_comments"),
        order=Value(None, output_field=BigIntegerField()),
    )
    latest = F("day").desc(nulls_last=True)
    parts = [rows.order_by(latest, "-pk").values_list(*_COLUMNS)[:MAX_RESULTS] for rows in (ordered, entered)]
    found = parts[0].union(parts[1], all=True).order_by(latest, "named")
    return [_build_result(*row) for row in found[:MAX_RESULTS]]


def list_series(results: Iterable[Result]) -> list[Series]:
    """Group results by test, the test with the latest result first."""
    found: dict[str, Series] = {}
    for one in results:
        found.setdefault(one.key, Series(one.key)).results.append(one)
    return list(found.values())


def _first_text(*paths: str) -> Any:
    empty = Value("", output_field=TextField())
    return Coalesce(
        *(NullIf(Cast(path, TextField()), empty) for path in paths), Value("Result", output_field=TextField())
    )


def _build_result(
    code: str,
    name: str,
    value: str,
    unit: str,
    limits: str,
    flag: str,
    is_abnormal: bool | None,
    day: date | None,
    comments: str,
    order: int | None,
) -> Result:
    return Result(
        key=code or name.lower(),
        name=name,
        value=value,
        number=_parse(value),
        unit=format_unit(unit),
        range=format_range(limits),
        flag=build_flag_badge(flag, is_abnormal),
        day=day,
        comments=comments,
        order=order,
    )


def _parse(text: str) -> float | None:
    number = parse_number(text)
    return None if number is None else float(number)


def list_days(results: Sequence[Result]) -> list[date]:
    """List the days of results, the latest first."""
    return sorted({one.day for one in results if one.day}, reverse=True)
