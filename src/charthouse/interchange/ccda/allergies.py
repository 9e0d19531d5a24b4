"""The Allergies and Intolerances section."""

from typing import Any

from charthouse.domains.clinical.absences import Absence, find_absent_allergies
from charthouse.domains.clinical.models import Allergy
from charthouse.interchange.ccda import sections, statements
from charthouse.interchange.cda import codes, entries, parties
from charthouse.interchange.cda.context import DocumentContext
from charthouse.interchange.cda.narrative import format_day, name_cell_id
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.xml import Concept, Element, coded, el, span, status, text_reference

COLUMNS = ("Substance", "Reaction", "Severity", "Status", "Verified", "Entered", "Notes")


def fetch_rows(context: DocumentContext) -> list[dict[str, Any]]:
    """Fetch all allergies not entered in error, each with ``absence``, the statement that nothing is known. The record
    has no dates of them, so a window excludes none.
    """
    found = list(
        context.select(Allergy)
        .exclude(verification_status="entered-in-error")
        .order_by("id")
        .values(
            "id", "description", "notes", "reaction", "rxnorm", "snomed_code", "snomed_reaction", "severity",
            "status", "verification_status", "created_at", *parties.DOCTOR_COLUMNS,
        )
    )  # fmt: skip
    for row in found:
        row["absence"] = find_absent_allergies(row["snomed_code"], row["description"], row["rxnorm"])
    return statements.drop_outdated(found)


def build_section(context: DocumentContext) -> Section:
    found = fetch_rows(context)
    shown = [
        (
            f"allergy-{row['id']}",
            (
                row["description"],
                row["reaction"],
                row["severity"],
                row["status"],
                row["verification_status"],
                format_day(row["created_at"], context.zone),
                row["notes"],
            ),
        )
        for row in found
    ]
    return Section(sections.ALLERGIES, COLUMNS, shown, (_build_entry(context, row) for row in found))


def code_substance(row: dict[str, Any]) -> Concept:
    """Return the code of the substance: RxNorm for drugs, SNOMED CT for others, else its name."""
    rxnorm = codes.code_in(codes.RXNORM, row["rxnorm"], row["description"])
    if rxnorm.is_usable:
        return rxnorm
    return codes.code_in(codes.SNOMED, row["snomed_code"], row["description"])


def _build_entry(context: DocumentContext, row: dict[str, Any]) -> Element:
    absence: Absence | None = row["absence"]
    active, reference = row["status"] == "active", f"allergy-{row['id']}"
    observation = el(
        "observation",
        entries.template_id("7", "2014-06-09"),
        entries.identifier_of(context, "allergies", row["id"]),
        coded("code", codes.ASSERTION),
        text_reference(reference),
        status("completed"),
        span(None, ended=not active),
        coded("value", statements.code_denied(absence) if absence else _code_type(row), xsi_type="CD"),
        entries.build_author(context, row, row["created_at"]),
        statements.build_no_substance() if absence else _build_participant(row, reference),
        None if absence else _build_reaction(context, row, reference),
        classCode="OBS",
        moodCode="EVN",
        negationInd="true" if absence or row["verification_status"] == "refuted" else None,
    )
    identifier = entries.identifier_of(context, "allergy_concerns", row["id"])
    low = row["created_at"].astimezone(context.zone).date()
    return entries.build_concern_act(
        identifier, low, None, observation, active=active, number="30", release="2015-08-01"
    )


def _code_type(row: dict[str, Any]) -> Concept:
    return codes.DRUG_ALLERGY if row["rxnorm"] else codes.ALLERGY


def _build_participant(row: dict[str, Any], reference: str) -> Element:
    concept = code_substance(row)
    entity = el(
        "playingEntity",
        coded("code", concept, reference=name_cell_id(reference)),
        el("name", row["description"]) if row["description"] else None,
        classCode="MMAT",
    )
    return el("participant", el("participantRole", entity, classCode="MANU"), typeCode="CSM")


def _build_reaction(context: DocumentContext, row: dict[str, Any], reference: str) -> Element | None:
    """Build a Reaction Observation, None where no reaction is known."""
    if not row["reaction"] and not row["snomed_reaction"]:
        return None
    concept = codes.code_in(codes.SNOMED, row["snomed_reaction"], row["reaction"])
    observation = el(
        "observation",
        entries.template_id("9", "2014-06-09"),
        entries.identifier_of(context, "reactions", row["id"]),
        coded("code", codes.ASSERTION),
        text_reference(reference),
        status("completed"),
        span(None),
        coded("value", concept, xsi_type="CD"),
        _build_severity(row, reference),
        classCode="OBS",
        moodCode="EVN",
    )
    return el("entryRelationship", observation, typeCode="MFST", inversionInd="true")


def _build_severity(row: dict[str, Any], reference: str) -> Element | None:
    """Build the Severity Observation of a reaction, None where none is known.

    The severity of an allergy without a reaction is in the narrative alone: C-CDA has no other place for it.
    """
    if row["severity"] not in codes.SEVERITIES:
        return None
    observation = el(
        "observation",
        entries.template_id("8", "2014-06-09"),
        coded("code", codes.SEVERITY),
        text_reference(reference),
        status("completed"),
        coded("value", codes.SEVERITIES[row["severity"]], xsi_type="CD"),
        classCode="OBS",
        moodCode="EVN",
    )
    return el("entryRelationship", observation, typeCode="SUBJ", inversionInd="true")
