"""The Social History section: smoking status as recorded at visits."""

from typing import Any

from charthouse.domains.scheduling.models import Vitals
from charthouse.interchange.ccda import sections
from charthouse.interchange.cda import codes, entries
from charthouse.interchange.cda.context import DocumentContext, list_rows
from charthouse.interchange.cda.narrative import format_day
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.xml import Concept, Element, coded, el, point, status, text_reference

COLUMNS = ("Asked", "Answer", "On")
QUESTION = Concept("72166-2", codes.LOINC, "Tobacco smoking status")


def fetch_rows(context: DocumentContext) -> list[dict[str, Any]]:
    """Fetch each answer that differs from the one before, newest first: readers take the first one as current."""
    answers = list_rows(
        context.select(Vitals, "appointment__patient")
        .filter(
            context.filter_time("appointment__scheduled_time"),
            appointment__archived=False,
        )
        .exclude(smoking_status="blank")
        .order_by("appointment__scheduled_time", "id")
        .values("id", "smoking_status", "appointment__scheduled_time")
    )
    changed: list[dict[str, Any]] = []
    for row in answers:
        if not changed or changed[-1]["smoking_status"] != row["smoking_status"]:
            changed.append(row)
    return changed[::-1]


def code_answer(row: dict[str, Any]) -> Concept:
    code = row["smoking_status"]
    return Concept(code, codes.SNOMED, codes.SMOKING.get(code, code))


def build_section(context: DocumentContext) -> Section:
    found = fetch_rows(context)
    shown = [
        (
            f"social-{row['id']}",
            (
                "Smoking status",
                code_answer(row).name,
                format_day(row["appointment__scheduled_time"], context.zone),
            ),
        )
        for row in found
    ]
    return Section(sections.SOCIAL, COLUMNS, shown, (_build_entry(context, row) for row in found))


def _build_entry(context: DocumentContext, row: dict[str, Any]) -> Element:
    """Build a Smoking Status (Meaningful Use)."""
    return el(
        "observation",
        entries.template_id("78", "2014-06-09"),
        entries.identifier_of(context, "smoking", row["id"]),
        coded("code", QUESTION),
        text_reference(f"social-{row['id']}"),
        status("completed"),
        point("effectiveTime", row["appointment__scheduled_time"], context.zone),
        coded("value", code_answer(row), xsi_type="CD"),
        classCode="OBS",
        moodCode="EVN",
    )
