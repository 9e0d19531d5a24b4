"""The Problems and Health Concerns sections."""

from typing import Any

from charthouse.domains.clinical.absences import Absence, find_absent_problems
from charthouse.domains.clinical.models import CarePlan, Problem
from charthouse.interchange.ccda import sections, statements
from charthouse.interchange.cda import codes, entries, parties
from charthouse.interchange.cda.context import DocumentContext
from charthouse.interchange.cda.narrative import format_day, join_words, name_cell_id
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.xml import Concept, Element, coded, el, span, status, text_reference

HEALTH_CONCERN = 6  # CarePlan.plan_type

COLUMNS = ("Problem", "Code", "Status", "Since", "Until", "Verified", "Notes")


def fetch_rows(context: DocumentContext) -> list[dict[str, Any]]:
    """Fetch the problem list without rows entered in error, each with ``absence``, the statement of none known."""
    rows = context.select(Problem).filter(context.filter_period("date_onset", "abatement_date"))
    found = list(
        rows.exclude(verification_status="entered-in-error")
        .order_by("id")
        .values(
            "id", "icd_version", "icd_code", "snomed_ct_code", "name", "description", "notes", "status",
            "verification_status", "date_onset", "date_diagnosis", "date_changed", "abatement_date", "created_at",
            *parties.DOCTOR_COLUMNS,
        )
    )  # fmt: skip
    for row in found:
        row["absence"] = find_absent_problems(
            row["snomed_ct_code"], row["name"] or row["description"], row["icd_code"]
        )
    stated = [row["id"] for row in found if row["absence"] is not None]
    return statements.drop_outdated(found, contradicted=bool(stated) and _has_active(context, stated))


def _has_active(context: DocumentContext, stated: list[int]) -> bool:
    """Whether the patient has an active problem, also outside the window. ``stated``: ids of statements."""
    active = context.select(Problem).filter(status="active").exclude(pk__in=stated)
    return active.exclude(verification_status__in=("refuted", "entered-in-error")).exists()


def build_section(context: DocumentContext) -> Section:
    found = fetch_rows(context)
    shown = [
        (
            _row_id(row),
            (
                _name_problem(row),
                row["icd_code"] or row["snomed_ct_code"],
                row["status"],
                format_day(row["date_onset"], context.zone),
                format_day(row["abatement_date"], context.zone),
                row["verification_status"],
                entries.join_lines((row["description"], row["notes"])),
            ),
        )
        for row in found
    ]
    return Section(sections.PROBLEMS, COLUMNS, shown, (_build_entry(context, row) for row in found))


def _row_id(row: dict[str, Any]) -> str:
    return f"problem-{row['id']}"


def _name_problem(row: dict[str, Any]) -> str:
    return str(row["name"] or row["description"] or row["icd_code"] or row["snomed_ct_code"])


def code_problem(row: dict[str, Any], reference: str) -> Element:
    """Build the code: SNOMED CT with ICD as a translation, as C-CDA requires, or ICD alone."""
    snomed = codes.code_in(codes.SNOMED, row["snomed_ct_code"], _name_problem(row))
    icd = codes.code_diagnosis(row["icd_code"], _name_problem(row), row["icd_version"])
    if not snomed.is_usable:
        return coded("value", icd, xsi_type="CD", reference=name_cell_id(reference))
    return coded("value", snomed, xsi_type="CD", translations=[icd], reference=name_cell_id(reference))


def _build_value(row: dict[str, Any], reference: str) -> Element:
    absence: Absence | None = row["absence"]
    if absence is None:
        return code_problem(row, reference)
    return coded("value", statements.code_denied(absence), xsi_type="CD")


def _build_entry(context: DocumentContext, row: dict[str, Any]) -> Element:
    active, reference = row["status"] == "active", _row_id(row)
    ended = row["abatement_date"] or (row["date_changed"] if not active else None)
    observation = entries.build_problem_observation(
        entries.identifier_of(context, "problems", row["id"]),
        _build_value(row, reference),
        reference,
        span(row["date_onset"], ended if not active else row["abatement_date"], ended=not active),
        problem=True,
        state=row["status"],
        refuted=row["absence"] is not None or row["verification_status"] == "refuted",
        entered=entries.build_author(context, row, row["date_diagnosis"] or row["created_at"]),
    )
    low = row["date_diagnosis"] or row["date_onset"]
    identifier = entries.identifier_of(context, "concerns", row["id"])
    return entries.build_concern_act(
        identifier, low, ended, observation, active=active, number="3", release="2015-08-01"
    )


# -- health concerns --------------------------------------------------------------------------------------------


def build_concerns_section(context: DocumentContext) -> Section:
    """Build the Health Concerns section from care plans of the type "health concern"."""
    found = list(
        context.select(CarePlan)
        .filter(context.filter_time("created_at"), plan_type=HEALTH_CONCERN)
        .order_by("id")
        .values(
            "id",
            "title",
            "description",
            "instructions",
            "code",
            "code_system",
            "created_at",
            *parties.DOCTOR_COLUMNS,
        )
    )
    shown = [
        (
            f"concern-{row['id']}",
            (
                row["title"],
                entries.join_lines((row["description"], row["instructions"])),
                format_day(row["created_at"], context.zone),
                join_words(parties.format_doctor(row)),
            ),
        )
        for row in found
    ]
    head = ("Concern", "Details", "Entered", "By")
    return Section(sections.CONCERNS, head, shown, (_build_concern(context, row) for row in found))


def _build_concern(context: DocumentContext, row: dict[str, Any]) -> Element:
    """Build a Health Concern Act."""
    return el(
        "act",
        entries.template_id("132", "2015-08-01"),
        entries.identifier_of(context, "care_plans", row["id"]),
        coded("code", Concept("75310-3", codes.LOINC, "Health concerns Document")),
        text_reference(f"concern-{row['id']}"),
        status("active"),
        span(row["created_at"], zone=context.zone),
        entries.build_author(context, row, row["created_at"]),
        classCode="ACT",
        moodCode="EVN",
    )
