"""The Problems and Health Concerns sections."""

from typing import Any

from charthouse.domains.clinical.models import CarePlan, Problem
from charthouse.interchange.ccda import sections
from charthouse.interchange.cda import codes, entries, parties
from charthouse.interchange.cda.narrative import day, name_of, words
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.subject import Subject
from charthouse.interchange.cda.xml import Concept, Element, coded, el, span, status, text

HEALTH_CONCERN = 6  # CarePlan.plan_type

HEAD = ("Problem", "Code", "Status", "Since", "Until", "Verified", "Notes")


def rows(about: Subject) -> list[dict[str, Any]]:
    """Fetch the problem list without rows entered in error."""
    found = Problem.objects.filter(about.own(), about.during("date_onset", "abatement_date"))
    return list(
        found.exclude(verification_status="entered-in-error")
        .order_by("id")
        .values(
            "id", "icd_version", "icd_code", "snomed_ct_code", "name", "description", "notes", "status",
            "verification_status", "date_onset", "date_diagnosis", "date_changed", "abatement_date", "created_at",
            *parties.DOCTOR,
        )
    )  # fmt: skip


def section(about: Subject) -> Section:
    found = rows(about)
    shown = [
        (
            _id(row),
            (
                _name(row),
                row["icd_code"] or row["snomed_ct_code"],
                row["status"],
                day(row["date_onset"], about.zone),
                day(row["abatement_date"], about.zone),
                row["verification_status"],
                entries.described((row["description"], row["notes"])),
            ),
        )
        for row in found
    ]
    return Section(sections.PROBLEMS, HEAD, shown, (_entry(about, row) for row in found))


def _id(row: dict[str, Any]) -> str:
    return f"problem-{row['id']}"


def _name(row: dict[str, Any]) -> str:
    return str(row["name"] or row["description"] or row["icd_code"] or row["snomed_ct_code"])


def value(row: dict[str, Any], reference: str) -> Element:
    """Build the code: SNOMED CT with ICD as a translation, as C-CDA requires, or ICD alone."""
    snomed = Concept(row["snomed_ct_code"], codes.SNOMED, _name(row))
    icd = codes.diagnosis(row["icd_code"], _name(row), row["icd_version"])
    if not snomed.usable:
        return coded("value", icd, kind="CD", reference=name_of(reference))
    return coded("value", snomed, kind="CD", translations=[icd], reference=name_of(reference))


def _entry(about: Subject, row: dict[str, Any]) -> Element:
    active, reference = row["status"] == "active", _id(row)
    ended = row["abatement_date"] or (row["date_changed"] if not active else None)
    observation = entries.diagnosis(
        entries.ident(about, "problems", row["id"]),
        value(row, reference),
        reference,
        span(row["date_onset"], ended if not active else row["abatement_date"], ended=not active),
        problem=True,
        state=row["status"],
        refuted=row["verification_status"] == "refuted",
        entered=entries.author(about, row, row["date_diagnosis"] or row["created_at"]),
    )
    low = row["date_diagnosis"] or row["date_onset"]
    identifier = entries.ident(about, "concerns", row["id"])
    return entries.concern(
        identifier, low, ended, observation, active=active, number="3", release="2015-08-01"
    )


# -- health concerns --------------------------------------------------------------------------------------------


def concerns(about: Subject) -> Section:
    """Build the Health Concerns section from care plans of the type "health concern"."""
    found = list(
        CarePlan.objects.filter(about.own(), about.at("created_at"), plan_type=HEALTH_CONCERN)
        .order_by("id")
        .values(
            "id", "title", "description", "instructions", "code", "code_system", "created_at", *parties.DOCTOR
        )
    )
    shown = [
        (
            f"concern-{row['id']}",
            (
                row["title"],
                entries.described((row["description"], row["instructions"])),
                day(row["created_at"], about.zone),
                words(parties.doctor_of(row)),
            ),
        )
        for row in found
    ]
    head = ("Concern", "Details", "Entered", "By")
    return Section(sections.CONCERNS, head, shown, (_concern(about, row) for row in found))


def _concern(about: Subject, row: dict[str, Any]) -> Element:
    """Build a Health Concern Act."""
    return el(
        "act",
        entries.tid("132", "2015-08-01"),
        entries.ident(about, "care_plans", row["id"]),
        coded("code", Concept("75310-3", codes.LOINC, "Health concerns Document")),
        text(f"concern-{row['id']}"),
        status("active"),
        span(row["created_at"], zone=about.zone),
        entries.author(about, row, row["created_at"]),
        classCode="ACT",
        moodCode="EVN",
    )
