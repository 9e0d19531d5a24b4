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
from charthouse.interchange.cda.narrative import time
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.subject import Subject
from charthouse.interchange.cda.xml import Concept, Element, coded, el, span, status, text

HEAD = ("Visit", "Kind", "Reason", "Diagnoses", "Provider", "Place")
AMBULATORY = Concept("AMB", codes.ACT_CODE, "Ambulatory")
MOST_DIAGNOSES = 12  # of one visit, as on a claim


def taken_place(about: Subject) -> Q:
    """Filter visits that have begun and were neither canceled nor missed."""
    return Q(scheduled_time__lte=about.now, is_virtual_base=False) & ~Q(status__in=FREEING_STATUSES)


def rows(about: Subject) -> list[dict[str, Any]]:
    found = Appointment.objects.filter(about.own(), about.at("scheduled_time"), taken_place(about))
    return list(
        found.order_by("scheduled_time", "id").values(
            "id", "scheduled_time", "duration", "profile__name", "reason", "icd10_codes", *parties.DOCTOR,
            *entries.OFFICE,
        )
    )  # fmt: skip


def billed_as(about: Subject) -> dict[int, tuple[str, str]]:
    """Fetch the evaluation and management code (CPT 99202 to 99499) of each visit's claim: visit id → (code, text)."""
    items = LineItem.objects.filter(
        about.own(),
        about.at("appointment__scheduled_time"),
        procedure_type="C",
        code__gte="99202",
        code__lte="99499",
    )
    listed = items.order_by("-id").values_list("appointment_id", "code", "description")
    return {visit: (code, description) for visit, code, description in listed}


def section(about: Subject) -> Section:
    found, billed = rows(about), billed_as(about)
    shown = [
        (
            f"encounter-{row['id']}",
            (
                time(row["scheduled_time"], about.zone),
                row["profile__name"] or "",
                row["reason"],
                ", ".join(concept.name for concept in diagnoses(row)),
                parties.doctor_of(row),
                row["office__name"],
            ),
        )
        for row in found
    ]
    return Section(
        sections.ENCOUNTERS, HEAD, shown, (_entry(about, row, billed.get(row["id"])) for row in found)
    )


def diagnoses(row: dict[str, Any]) -> list[Concept]:
    return [codes.diagnosis(code, get_icd10_label(code)) for code in row["icd10_codes"][:MOST_DIAGNOSES]]


def kind(row: dict[str, Any], billed: tuple[str, str] | None) -> Element:
    """Build the visit's code: as billed, else ambulatory, with the practice's name of the visit type as text."""
    original = row["profile__name"] or row["reason"]
    if billed is None:
        return coded("code", AMBULATORY, original=original)
    code, description = billed
    concept = Concept(code, codes.CPT, description or original)
    return coded("code", concept, translations=[AMBULATORY], original=original)


def _entry(about: Subject, row: dict[str, Any], billed: tuple[str, str] | None) -> Element:
    """Build an Encounter Activity."""
    reference = f"encounter-{row['id']}"
    begun = row["scheduled_time"]
    return el(
        "encounter",
        entries.tid("49", "2015-08-01"),
        entries.ident(about, "appointments", row["id"]),
        kind(row, billed),
        text(reference),
        status("completed"),
        span(begun, begun + timedelta(minutes=row["duration"]), about.zone),
        entries.performer(about, row),
        entries.place(row),
        list(_diagnosed(about, row, reference)),
        classCode="ENC",
        moodCode="EVN",
    )


def _diagnosed(about: Subject, row: dict[str, Any], reference: str) -> Iterable[Element]:
    """Build Encounter Diagnoses."""
    for concept in diagnoses(row):
        key = f"{row['id']}-{concept.code}"
        observation = entries.diagnosis(
            entries.ident(about, "encounter_diagnoses", key),
            coded("value", concept, kind="CD"),
            reference,
            span(row["scheduled_time"], zone=about.zone),
            problem=False,
        )
        act = el(
            "act",
            entries.tid("80", "2015-08-01"),
            coded("code", codes.DIAGNOSIS_LOINC),
            status("active"),
            span(row["scheduled_time"], zone=about.zone),
            el("entryRelationship", observation, typeCode="SUBJ"),
            classCode="ACT",
            moodCode="EVN",
        )
        yield el("entryRelationship", act, typeCode="SUBJ")
