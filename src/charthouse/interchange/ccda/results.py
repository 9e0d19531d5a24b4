"""The Results section: laboratory results of orders, by test, and manually entered ones."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from charthouse.domains.labs.models import LabResult, PatientLabResult
from charthouse.interchange.ccda import sections
from charthouse.interchange.cda import codes, entries
from charthouse.interchange.cda.narrative import Row, day, words
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.subject import Subject, listed
from charthouse.interchange.cda.xml import (
    Concept,
    Element,
    coded,
    el,
    number,
    point,
    quantity,
    status,
    text,
    token,
    typed,
)  # fmt: skip

HEAD = ("Test", "Observation", "Value", "Normal", "Flag", "Performed")
CANCELED = "X"
FINAL = ("F", "C")


def ordered(about: Subject) -> list[dict[str, Any]]:
    """Fetch results of orders, grouped by test, without canceled ones."""
    return listed(
        LabResult.objects.filter(
            about.own("lab_test__lab_order__patient"),
            about.at("test_performed"),
            lab_test__archived=False,
            lab_test__lab_order__archived=False,
        )
        .exclude(status=CANCELED)
        .order_by("lab_test_id", "id")
        .values(
            "id", "lab_test_id", "status", "value", "value_is_numeric", "unit", "normal_range", "abnormal_status",
            "observation_code", "observation_description", "test_performed", "lab_test__code", "lab_test__name",
            "lab_test__collection_date",
        )
    )  # fmt: skip


def by_hand(about: Subject) -> list[dict[str, Any]]:
    return listed(
        PatientLabResult.objects.filter(about.own(), about.on("date_test_performed"))
        .order_by("id")
        .values(
            "id", "title", "loinc_code", "date_test_performed", "lab_result_value", "lab_result_value_units",
            "lab_normal_range", "lab_abnormal_flag",
        )
    )  # fmt: skip


def section(about: Subject) -> Section:
    results, entered = ordered(about), by_hand(about)
    shown = [_row(about, row) for row in results] + [_row_by_hand(about, row) for row in entered]
    return Section(sections.RESULTS, HEAD, shown, _entries(about, results, entered), named=1)


def _row(about: Subject, row: dict[str, Any]) -> Row:
    said = (
        row["lab_test__name"],
        row["observation_description"] or row["observation_code"],
        words(row["value"], row["unit"]),
        row["normal_range"],
        row["abnormal_status"],
        day(row["test_performed"], about.zone),
    )
    return f"result-{row['id']}", said


def _row_by_hand(about: Subject, row: dict[str, Any]) -> Row:
    said = (
        row["title"],
        row["title"],
        words(row["lab_result_value"], row["lab_result_value_units"]),
        row["lab_normal_range"],
        row["lab_abnormal_flag"],
        day(row["date_test_performed"], about.zone),
    )
    return f"manual-result-{row['id']}", said


def _entries(
    about: Subject, results: Sequence[dict[str, Any]], entered: Sequence[dict[str, Any]]
) -> Iterable[Element]:
    for test, of_test in groupby(results, key=itemgetter("lab_test_id")):
        listed = list(of_test)
        first = listed[0]
        final = all(row["status"] in FINAL for row in listed)
        taken = first["lab_test__collection_date"] or first["test_performed"]
        yield _organizer(
            entries.ident(about, "lab_tests", test),
            codes.loinc(first["lab_test__code"], first["lab_test__name"]),
            _times(about, taken, first["test_performed"]),
            [observation(about, row) for row in listed],
            final=final,
        )
    for row in entered:
        moment = row["date_test_performed"]
        yield _organizer(
            entries.ident(about, "patient_lab_tests", row["id"]),
            codes.loinc(row["loinc_code"], row["title"]),
            el("effectiveTime", point("low", moment), point("high", moment)),
            [_observation_by_hand(about, row)],
            final=True,
        )


def _times(about: Subject, taken: datetime, performed: datetime) -> Element:
    low, high = min(taken, performed), max(taken, performed)
    return el("effectiveTime", point("low", low, about.zone), point("high", high, about.zone))


def _organizer(
    identifier: Element, what: Concept, times: Element, observations: Sequence[Element], *, final: bool
) -> Element:
    """Build a Result Organizer."""
    return el(
        "organizer",
        entries.tid("1", "2015-08-01"),
        identifier,
        coded("code", what),
        status("completed" if final else "active"),
        times,
        (el("component", observation) for observation in observations),
        classCode="BATTERY",
        moodCode="EVN",
    )


def observation(about: Subject, row: dict[str, Any]) -> Element:
    """Build a Result Observation."""
    numeric = row["value_is_numeric"]
    name = row["observation_description"] or row["lab_test__name"]
    return _observation(
        entries.ident(about, "lab_results", row["id"]),
        f"result-{row['id']}",
        codes.loinc(row["observation_code"], name),
        point("effectiveTime", row["test_performed"], about.zone),
        value(row["value"], row["unit"], numeric=numeric),
        row["abnormal_status"],
        _reference_range(row["normal_range"], row["unit"], numeric=numeric),
        final=row["status"] in FINAL,
    )


def _observation_by_hand(about: Subject, row: dict[str, Any]) -> Element:
    unit = row["lab_result_value_units"]
    numeric = number(row["lab_result_value"]) is not None
    return _observation(
        entries.ident(about, "patient_lab_results", row["id"]),
        f"manual-result-{row['id']}",
        codes.loinc(row["loinc_code"], row["title"]),
        point("effectiveTime", row["date_test_performed"]),
        value(row["lab_result_value"], unit, numeric=numeric),
        row["lab_abnormal_flag"],
        _reference_range(row["lab_normal_range"], unit, numeric=numeric),
    )


def _observation(
    identifier: Element,
    reference: str,
    what: Concept,
    when: Element,
    found: Element,
    flag: str,
    normal: Element | None,
    *,
    final: bool = True,
) -> Element:
    meaning = codes.interpretation(flag)
    return el(
        "observation",
        entries.tid("2", "2015-08-01"),
        identifier,
        coded("code", what),
        text(reference),
        status("completed" if final else "active"),
        when,
        found,
        coded("interpretationCode", meaning) if meaning else None,
        normal,
        classCode="OBS",
        moodCode="EVN",
    )


def value(found: str, unit: str, *, numeric: bool) -> Element:
    """Build the value: a quantity for a number with a possible UCUM unit, else text."""
    if numeric and number(found) is not None and (not unit or token(unit)):
        return quantity("value", found, unit, kind="PQ")
    said = words(found, unit)
    return typed("value", "ST", said) if said.strip() else typed("value", "ST", nullFlavor="UNK")


def _reference_range(normal: str, unit: str, *, numeric: bool) -> Element | None:
    """Build the reference range: an interval for two numbers separated by a space, else text; None if empty."""
    if not normal.strip():
        return None
    bounds = [number(part) for part in normal.split()]
    limits = None
    if numeric and len(bounds) == 2 and None not in bounds:
        unit = unit if token(unit) else ""
        low, high = (quantity(tag, bound, unit) for tag, bound in zip(("low", "high"), bounds, strict=True))
        limits = typed("value", "IVL_PQ", low, high)
    return el("referenceRange", el("observationRange", el("text", normal), limits))
