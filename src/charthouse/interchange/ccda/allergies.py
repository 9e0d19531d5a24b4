"""The Allergies and Intolerances section."""

from typing import Any

from charthouse.domains.clinical.models import Allergy
from charthouse.interchange.ccda import sections
from charthouse.interchange.cda import codes, entries, parties
from charthouse.interchange.cda.narrative import day, name_of
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.subject import Subject
from charthouse.interchange.cda.xml import Concept, Element, coded, el, span, status, text

HEAD = ("Substance", "Reaction", "Status", "Verified", "Entered", "Notes")


def rows(about: Subject) -> list[dict[str, Any]]:
    """Fetch all allergies not entered in error. The record has no dates of them, so a window excludes none."""
    return list(
        Allergy.objects.filter(about.own())
        .exclude(verification_status="entered-in-error")
        .order_by("id")
        .values(
            "id", "description", "notes", "reaction", "rxnorm", "snomed_code", "snomed_reaction", "status",
            "verification_status", "created_at", *parties.DOCTOR,
        )
    )  # fmt: skip


def section(about: Subject) -> Section:
    found = rows(about)
    shown = [
        (
            f"allergy-{row['id']}",
            (
                row["description"],
                row["reaction"],
                row["status"],
                row["verification_status"],
                day(row["created_at"], about.zone),
                row["notes"],
            ),
        )
        for row in found
    ]
    return Section(sections.ALLERGIES, HEAD, shown, (_entry(about, row) for row in found))


def substance(row: dict[str, Any]) -> Concept:
    """Return the code of the substance: RxNorm for drugs, SNOMED CT for others, else its name."""
    if row["rxnorm"]:
        return Concept(row["rxnorm"], codes.RXNORM, row["description"])
    return Concept(row["snomed_code"], codes.SNOMED, row["description"])


def _entry(about: Subject, row: dict[str, Any]) -> Element:
    active, reference = row["status"] == "active", f"allergy-{row['id']}"
    observation = el(
        "observation",
        entries.tid("7", "2014-06-09"),
        entries.ident(about, "allergies", row["id"]),
        coded("code", codes.ASSERTION),
        text(reference),
        status("completed"),
        span(None, ended=not active),
        coded("value", codes.DRUG_ALLERGY if row["rxnorm"] else codes.ALLERGY, kind="CD"),
        entries.author(about, row, row["created_at"]),
        _participant(row, reference),
        _reaction(about, row, reference),
        classCode="OBS",
        moodCode="EVN",
        negationInd="true" if row["verification_status"] == "refuted" else None,
    )
    identifier = entries.ident(about, "allergy_concerns", row["id"])
    low = row["created_at"].astimezone(about.zone).date()
    return entries.concern(
        identifier, low, None, observation, active=active, number="30", release="2015-08-01"
    )


def _participant(row: dict[str, Any], reference: str) -> Element:
    concept = substance(row)
    entity = el(
        "playingEntity",
        coded("code", concept, reference=name_of(reference)),
        el("name", row["description"]) if row["description"] else None,
        classCode="MMAT",
    )
    return el("participant", el("participantRole", entity, classCode="MANU"), typeCode="CSM")


def _reaction(about: Subject, row: dict[str, Any], reference: str) -> Element | None:
    """Build a Reaction Observation, None where no reaction is known."""
    if not row["reaction"] and not row["snomed_reaction"]:
        return None
    concept = Concept(row["snomed_reaction"], codes.SNOMED, row["reaction"])
    observation = el(
        "observation",
        entries.tid("9", "2014-06-09"),
        entries.ident(about, "reactions", row["id"]),
        coded("code", codes.ASSERTION),
        text(reference),
        status("completed"),
        span(None),
        coded("value", concept, kind="CD"),
        classCode="OBS",
        moodCode="EVN",
    )
    return el("entryRelationship", observation, typeCode="MFST", inversionInd="true")
