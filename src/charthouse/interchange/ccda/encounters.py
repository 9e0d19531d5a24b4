"""The Encounters section: completed visits with their diagnoses."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import Q

from charthouse.domains.billing.models import LineItem
from charthouse.domains.clinical.code_labels import get_icd10_label
from charthouse.domains.scheduling.models import FREEING_STATUSES, Appointment
from charthouse.interchange.ccda import sections
from charthouse.interchange.cda import codes, entries, parties
from charthouse.interchange.cda.context import DocumentContext
from charthouse.interchange.cda.narrative import format_time
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.xml import Concept, Element, coded, el, span, status, text_reference

COLUMNS = ("Visit", "Kind", "Reason", "Diagnoses", "Provider", "Place")
AMBULATORY = Concept("AMB", codes.ACT_CODE, "Ambulatory")
MAX_DIAGNOSES = 12  # of one visit, as on a claim


def filter_completed_visits(context: DocumentContext) -> Q:
    """Filter visits that have begun and were neither canceled nor missed."""
    return Q(scheduled_time__lte=context.now, is_virtual_base=False) & ~Q(status__in=FREEING_STATUSES)


def fetch_rows(context: DocumentContext) -> list[dict[str, Any]]:
    found = context.select(Appointment).filter(
        context.filter_time("scheduled_time"), filter_completed_visits(context)
    )
    return list(
        found.order_by("scheduled_time", "id").values(
            "id", "scheduled_time", "duration", "profile__name", "reason", "icd10_codes", *parties.DOCTOR_COLUMNS,
            *entries.OFFICE_COLUMNS,
        )
    )  # fmt: skip


def fetch_billed_codes(context: DocumentContext) -> dict[int, tuple[str, str]]:
    """Fetch the evaluation and management code (CPT 99202 to 99499) of each visit's claim: visit id → (code, text)."""
    items = context.select(LineItem).filter(
        context.filter_time("appointment__scheduled_time"),
        procedure_type="C",
        code__gte="99202",
        code__lte="99499",
    )
    listed = items.order_by("-id").values_list("appointment_id", "code", "description")
    return {visit: (code, description) for visit, code, description in listed}


def build_section(context: DocumentContext) -> Section:
    found, billed = fetch_rows(context), fetch_billed_codes(context)
    shown = [
        (
            f"encounter-{row['id']}",
            (
                format_time(row["scheduled_time"], context.zone),
                row["profile__name"] or "",
                row["reason"],
                ", ".join(concept.name for concept in list_diagnoses(row)),
                parties.format_doctor(row),
                row["office__name"],
            ),
        )
        for row in found
    ]
    return Section(
        sections.ENCOUNTERS,
        COLUMNS,
        shown,
        (_build_entry(context, row, billed.get(row["id"])) for row in found),
    )


def list_diagnoses(row: dict[str, Any]) -> list[Concept]:
    return [codes.code_diagnosis(code, get_icd10_label(code)) for code in row["icd10_codes"][:MAX_DIAGNOSES]]


def build_encounter_code(row: dict[str, Any], billed: tuple[str, str] | None) -> Element:
    """Build the visit's code: as billed, else ambulatory, with the practice's name of the visit type as text."""
    original = row["profile__name"] or row["reason"]
    if billed is None:
        return coded("code", AMBULATORY, original_text=original)
    code, description = billed
    concept = codes.code_in(codes.CPT, code, description or original)
    return coded("code", concept, translations=[AMBULATORY], original_text=original)


def _build_entry(context: DocumentContext, row: dict[str, Any], billed: tuple[str, str] | None) -> Element:
    """Build an Encounter Activity."""
    reference = f"encounter-{row['id']}"
    begun = row["scheduled_time"]
    return el(
        "encounter",
        entries.template_id("49", "2015-08-01"),
        entries.identifier_of(context, "appointments", row["id"]),
        build_encounter_code(row, billed),
        text_reference(reference),
        status("completed"),
        span(begun, begun + timedelta(minutes=row["duration"]), context.zone),
        entries.build_performer(context, row),
        entries.build_location(row),
        list(_build_diagnoses(context, row, reference)),
        classCode="ENC",
        moodCode="EVN",
    )


def _build_diagnoses(context: DocumentContext, row: dict[str, Any], reference: str) -> Iterable[Element]:
    """Build Encounter Diagnoses."""
    for concept in list_diagnoses(row):
        key = f"{row['id']}-{concept.code}"
        observation = entries.build_problem_observation(
            entries.identifier_of(context, "encounter_diagnoses", key),
            coded("value", concept, xsi_type="CD"),
            reference,
            span(row["scheduled_time"], zone=context.zone),
            problem=False,
        )
        act = el(
            "act",
            entries.template_id("80", "2015-08-01"),
            coded("code", codes.DIAGNOSIS_LOINC),
            status("active"),
            span(row["scheduled_time"], zone=context.zone),
            el("entryRelationship", observation, typeCode="SUBJ"),
            classCode="ACT",
            moodCode="EVN",
        )
        yield el("entryRelationship", act, typeCode="SUBJ")
