"""The Plan of Treatment section (future visits, pending tests, referrals, instructions) and the Goals section."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import chain
from typing import Any

from charthouse.domains.clinical.models import CarePlan
from charthouse.domains.labs.models import LabTest
from charthouse.domains.scheduling.models import FREEING_STATUSES, Appointment
from charthouse.interchange.ccda import sections
from charthouse.interchange.cda import codes, entries, parties
from charthouse.interchange.cda.context import DocumentContext
from charthouse.interchange.cda.narrative import Row, format_day, format_time, join_words, name_cell_id
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.xml import (
    Concept,
    Element,
    coded,
    el,
    point,
    span,
    status,
    text_reference,
    typed,
)

COLUMNS = ("Planned", "What", "Details", "When", "Provider")
GOAL, EDUCATION, DECISION_AID, INSTRUCTION, REFERRAL = 1, 2, 3, 4, 5
NAMES = {
    EDUCATION: "Education", DECISION_AID: "Decision aid", INSTRUCTION: "Instruction", REFERRAL: "Referral",
}  # fmt: skip
ACTS = {
    EDUCATION: Concept("311401005", codes.SNOMED, "Patient education"),
    DECISION_AID: Concept("311401005", codes.SNOMED, "Patient education"),
    INSTRUCTION: Concept("409073007", codes.SNOMED, "Education"),
    REFERRAL: Concept("3457005", codes.SNOMED, "Patient referral"),
}
PENDING = ("N", "Q", "A", "S")


def fetch_future_visits(context: DocumentContext) -> list[dict[str, Any]]:
    found = context.select(Appointment).filter(
        context.filter_time("scheduled_time"),
        scheduled_time__gt=context.now,
        is_virtual_base=False,
    )
    return list(
        found.exclude(status__in=FREEING_STATUSES)
        .order_by("scheduled_time", "id")
        .values(
            "id",
            "scheduled_time",
            "duration",
            "profile__name",
            "reason",
            *parties.DOCTOR_COLUMNS,
            *entries.OFFICE_COLUMNS,
        )
    )


def fetch_pending_tests(context: DocumentContext) -> list[dict[str, Any]]:
    """Fetch the tests of orders without results."""
    found = context.select(LabTest, "lab_order__patient").filter(
        context.filter_time("lab_order__timestamp"),
        lab_order__archived=False,
        lab_order__status__in=PENDING,
    )
    rows = found.exclude(status__in=("canceled", "final", "correction")).order_by("id").values(
        "id", "code", "name", "lab_order__timestamp",
        *parties.doctor_columns_at("lab_order__doctor"),
    )  # fmt: skip
    return parties.rename_doctor_columns(rows, "lab_order__doctor")


def fetch_care_plans(context: DocumentContext, *kinds_of: int) -> list[dict[str, Any]]:
    """Fetch care plans of these types that were entered in the window; their scheduled date may lie outside of it."""
    found = context.select(CarePlan).filter(context.filter_time("created_at"), plan_type__in=kinds_of)
    return list(
        found.order_by("id").values(
            "id", "plan_type", "title", "description", "instructions", "code", "code_system", "scheduled_date",
            "created_at", *parties.DOCTOR_COLUMNS,
        )
    )  # fmt: skip


def build_section(context: DocumentContext) -> Section:
    visits, tests = fetch_future_visits(context), fetch_pending_tests(context)
    planned = fetch_care_plans(context, *NAMES)
    shown: list[Row] = [
        (
            f"planned-visit-{row['id']}",
            (
                "Visit",
                row["profile__name"] or "Visit",
                join_words(row["reason"]),
                format_time(row["scheduled_time"], context.zone),
                parties.format_doctor(row),
            ),
        )
        for row in visits
    ]
    shown += [
        (
            f"planned-test-{row['id']}",
            (
                "Test",
                row["name"] or row["code"],
                "",
                format_day(row["lab_order__timestamp"], context.zone),
                parties.format_doctor(row),
            ),
        )
        for row in tests
    ]
    shown += [_build_row(context, row) for row in planned]
    made = chain(
        (_build_planned_encounter(context, row) for row in visits),
        (_build_planned_observation(context, row) for row in tests),
        (_build_planned_act(context, row) for row in planned),
    )
    return Section(sections.PLAN, COLUMNS, shown, made, name_column=1)


def _build_row(context: DocumentContext, row: dict[str, Any]) -> Row:
    details = entries.join_lines((row["description"], row["instructions"]))
    when = format_day(row["scheduled_date"] or row["created_at"], context.zone)
    return f"plan-{row['id']}", (
        NAMES.get(row["plan_type"], "Goal"),
        row["title"],
        details,
        when,
        parties.format_doctor(row),
    )


def _build_planned_encounter(context: DocumentContext, row: dict[str, Any]) -> Element:
    """Build a Planned Encounter."""
    begun = row["scheduled_time"]
    return el(
        "encounter",
        entries.template_id("40", "2014-06-09"),
        entries.identifier_of(context, "appointments", row["id"]),
        coded(
            "code",
            Concept("AMB", codes.ACT_CODE, "Ambulatory"),
            original_text=row["profile__name"] or row["reason"],
        ),
        text_reference(f"planned-visit-{row['id']}"),
        status("active"),
        span(begun, begun + timedelta(minutes=row["duration"]), context.zone),
        entries.build_performer(context, row),
        entries.build_location(row),
        classCode="ENC",
        moodCode="APT",
    )


def _build_planned_observation(context: DocumentContext, row: dict[str, Any]) -> Element:
    """Build a Planned Observation."""
    reference = f"planned-test-{row['id']}"
    return el(
        "observation",
        entries.template_id("44", "2014-06-09"),
        entries.identifier_of(context, "lab_tests", row["id"]),
        coded(
            "code", codes.code_in(codes.LOINC, row["code"], row["name"]), reference=name_cell_id(reference)
        ),
        text_reference(reference),
        status("active"),
        point("effectiveTime", row["lab_order__timestamp"], context.zone),
        entries.build_author(context, row, row["lab_order__timestamp"]),
        classCode="OBS",
        moodCode="RQO",
    )


def _build_planned_act(context: DocumentContext, row: dict[str, Any]) -> Element:
    reference, when = f"plan-{row['id']}", row["scheduled_date"] or row["created_at"]
    identifier = entries.identifier_of(context, "care_plans", row["id"])
    what = code_plan(row, ACTS[row["plan_type"]])
    if row["plan_type"] != REFERRAL:
        return entries.build_instruction(identifier, what, reference, None)
    return el(
        "act",
        entries.template_id("39", "2014-06-09"),
        identifier,
        coded("code", what, reference=name_cell_id(reference)),
        text_reference(reference),
        status("active"),
        point("effectiveTime", when, context.zone),
        entries.build_author(context, row, row["created_at"]),
        classCode="ACT",
        moodCode="RQO",
    )


def code_plan(row: dict[str, Any], otherwise: Concept) -> Concept:
    """Return the plan's own code if its system is known, else ``otherwise``."""
    own = codes.code_observation(row["code_system"], row["code"], row["title"])
    return own if own.is_usable else otherwise


# -- goals ------------------------------------------------------------------------------------------------------


def build_goals_section(context: DocumentContext) -> Section:
    found = fetch_care_plans(context, GOAL)
    shown = [_build_row(context, row) for row in found]
    return Section(sections.GOALS, COLUMNS, shown, _build_goals(context, found), name_column=1)


def _build_goals(context: DocumentContext, found: list[dict[str, Any]]) -> Iterable[Element]:
    """Build Goal Observations."""
    for row in found:
        reference = f"plan-{row['id']}"
        yield el(
            "observation",
            entries.template_id("121"),
            entries.identifier_of(context, "care_plans", row["id"]),
            coded("code", code_plan(row, Concept("", None, row["title"])), reference=name_cell_id(reference)),
            text_reference(reference),
            status("active"),
            point("effectiveTime", row["scheduled_date"] or row["created_at"], context.zone),
            typed("value", "ST", row["title"]),
            entries.build_author(context, row, row["created_at"]),
            classCode="OBS",
            moodCode="GOL",
        )
