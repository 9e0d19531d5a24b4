"""The Results section: laboratory results of orders, by test, and manually entered ones."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import Q

from charthouse.domains.labs import released_results
from charthouse.domains.labs.models import LabResult, PatientLabResult
from charthouse.interchange.ccda import sections
from charthouse.interchange.cda import codes, entries
from charthouse.interchange.cda.context import DocumentContext, list_rows
from charthouse.interchange.cda.narrative import Row, format_day, join_words
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.xml import (
    Concept,
    Element,
    coded,
    el,
    format_number,
    is_token,
    point,
    quantity,
    status,
    text_reference,
    typed,
)  # fmt: skip

COLUMNS = ("Test", "Observation", "Value", "Normal", "Flag", "Performed")
CANCELED = "X"
FINAL = ("F", "C")
_NUMBER = r"-?\d{1,12}(?:\.\d{1,12})?"
_TWO_LIMITS = re.compile(rf"(?P<low>{_NUMBER})(?:\s*[-\u2013]\s*|\s+to\s+|\s+)(?P<high>{_NUMBER})")
_ONE_LIMIT = re.compile(rf"([<>≤≥])(?P<inclusive>=?)\s*(?P<number>{_NUMBER})")


def fetch_ordered_results(context: DocumentContext) -> list[dict[str, Any]]:
    """Fetch results of orders, grouped by test, without canceled ones."""
    return list_rows(
        context.select(LabResult, "lab_test__lab_order__patient").filter(context.filter_time("test_performed"),
            released_results.ORDERED if context.released_only else Q(),
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


def fetch_manual_results(context: DocumentContext) -> list[dict[str, Any]]:
    return list_rows(
        context.select(PatientLabResult).filter(context.filter_day("date_test_performed"),
            released_results.ENTERED if context.released_only else Q(),
        )
        .order_by("id")
        .values(
            "id", "title", "loinc_code", "date_test_performed", "lab_result_value", "lab_result_value_units",
            "lab_normal_range", "lab_abnormal_flag",
        )
    )  # fmt: skip


def build_section(context: DocumentContext) -> Section:
    results, entered = fetch_ordered_results(context), fetch_manual_results(context)
    shown = [_build_row(context, row) for row in results] + [
        _build_manual_row(context, row) for row in entered
    ]
    return Section(sections.RESULTS, COLUMNS, shown, _build_entries(context, results, entered), name_column=1)


def _build_row(context: DocumentContext, row: dict[str, Any]) -> Row:
    cells = (
        row["lab_test__name"],
        row["observation_description"] or row["observation_code"],
        join_words(row["value"], row["unit"]),
        row["normal_range"],
        row["abnormal_status"],
        format_day(row["test_performed"], context.zone),
    )
    return f"result-{row['id']}", cells


def _build_manual_row(context: DocumentContext, row: dict[str, Any]) -> Row:
    cells = (
        row["title"],
        row["title"],
        join_words(row["lab_result_value"], row["lab_result_value_units"]),
        row["lab_normal_range"],
        row["lab_abnormal_flag"],
        format_day(row["date_test_performed"], context.zone),
    )
    return f"manual-result-{row['id']}", cells


def _build_entries(
    context: DocumentContext, results: Sequence[dict[str, Any]], entered: Sequence[dict[str, Any]]
) -> Iterable[Element]:
    for test, of_test in groupby(results, key=itemgetter("lab_test_id")):
        listed = list(of_test)
        first = listed[0]
        final = all(row["status"] in FINAL for row in listed)
        taken = first["lab_test__collection_date"] or first["test_performed"]
        yield _build_organizer(
            entries.identifier_of(context, "lab_tests", test),
            codes.code_in(codes.LOINC, first["lab_test__code"], first["lab_test__name"]),
            _build_time_range(context, taken, first["test_performed"]),
            [build_observation(context, row) for row in listed],
            final=final,
        )
    for row in entered:
        moment = row["date_test_performed"]
        yield _build_organizer(
            entries.identifier_of(context, "patient_lab_tests", row["id"]),
            codes.code_in(codes.LOINC, row["loinc_code"], row["title"]),
            el("effectiveTime", point("low", moment), point("high", moment)),
            [_build_manual_observation(context, row)],
            final=True,
        )


def _build_time_range(context: DocumentContext, taken: datetime, performed: datetime) -> Element:
    low, high = min(taken, performed), max(taken, performed)
    return el("effectiveTime", point("low", low, context.zone), point("high", high, context.zone))


def _build_organizer(
    identifier: Element, what: Concept, times: Element, observations: Sequence[Element], *, final: bool
) -> Element:
    """Build a Result Organizer."""
    return el(
        "organizer",
        entries.template_id("1", "2015-08-01"),
        identifier,
        coded("code", what),
        status("completed" if final else "active"),
        times,
        (el("component", observation) for observation in observations),
        classCode="BATTERY",
        moodCode="EVN",
    )


def build_observation(context: DocumentContext, row: dict[str, Any]) -> Element:
    """Build a Result Observation."""
    numeric = row["value_is_numeric"]
    name = row["observation_description"] or row["lab_test__name"]
    return _build_observation(
        entries.identifier_of(context, "lab_results", row["id"]),
        f"result-{row['id']}",
        codes.code_in(codes.LOINC, row["observation_code"], name),
        point("effectiveTime", row["test_performed"], context.zone),
        build_value(row["value"], row["unit"], numeric=numeric),
        row["abnormal_status"],
        build_reference_range(row["normal_range"], row["unit"], numeric=numeric),
        final=row["status"] in FINAL,
    )


def _build_manual_observation(context: DocumentContext, row: dict[str, Any]) -> Element:
    unit = row["lab_result_value_units"]
    numeric = format_number(row["lab_result_value"]) is not None
    return _build_observation(
        entries.identifier_of(context, "patient_lab_results", row["id"]),
        f"manual-result-{row['id']}",
        codes.code_in(codes.LOINC, row["loinc_code"], row["title"]),
        point("effectiveTime", row["date_test_performed"]),
        build_value(row["lab_result_value"], unit, numeric=numeric),
        row["lab_abnormal_flag"],
        build_reference_range(row["lab_normal_range"], unit, numeric=numeric),
    )


def _build_observation(
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
    meaning = codes.code_interpretation(flag)
    return el(
        "observation",
        entries.template_id("2", "2015-08-01"),
        identifier,
        coded("code", what),
        text_reference(reference),
        status("completed" if final else "active"),
        when,
        found,
        coded("interpretationCode", meaning) if meaning else None,
        normal,
        classCode="OBS",
        moodCode="EVN",
    )


def build_value(found: str, unit: str, *, numeric: bool) -> Element:
    """Build the value: a quantity for a number with a possible UCUM unit, else text."""
    if numeric and format_number(found) is not None and (not unit or is_token(unit)):
        return quantity("value", found, unit, xsi_type="PQ")
    cells = join_words(found, unit)
    return typed("value", "ST", cells) if cells.strip() else typed("value", "ST", nullFlavor="UNK")


def build_reference_range(normal: str, unit: str, *, numeric: bool) -> Element | None:
    """Build the reference range: an interval where the text states limits of a number, else text; None if empty."""
    if not normal.strip():
        return None
    limits = _parse_limits(normal, unit) if numeric else None
    value = typed("value", "IVL_PQ", *limits) if limits else typed("value", "ST", normal)
    return el("referenceRange", el("observationRange", el("text", normal), value))


def _parse_limits(normal: str, unit: str) -> list[Element] | None:
    """Parse "70 99", "70-99", "70 to 99", "<5.7" or ">= 60", with or without the unit; None for anything else."""
    words = normal.strip().removesuffix(unit).strip()
    known_unit = unit if is_token(unit) else ""
    if limits := _TWO_LIMITS.fullmatch(words):
        return [quantity(tag, limits[tag], known_unit) for tag in ("low", "high")]
    if limit := _ONE_LIMIT.fullmatch(words):
        bound = quantity("high" if limit[1] in "<≤" else "low", limit["number"], known_unit)
        bound.set("inclusive", "true" if limit["inclusive"] or limit[1] in "≤≥" else "false")
        return [bound]
    return None
