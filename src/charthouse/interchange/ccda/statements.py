"""Statements that nothing is known, in the sections of allergies and problems: negated observations.

Source: C-CDA 2.1, Allergy - Intolerance Observation and Problem Observation; HL7's C-CDA examples "No Known Allergies"
and "No Known Problems".
"""

from collections.abc import Sequence
from typing import Any

from charthouse.domains.clinical.absences import Absence, is_active
from charthouse.interchange.cda import codes
from charthouse.interchange.cda.xml import Concept, Element, el


def drop_outdated(rows: Sequence[dict[str, Any]], *, contradicted: bool = False) -> list[dict[str, Any]]:
    """Drop statements that hold no more, or that an active row contradicts. Rows: with ``absence``, None for others.

    ``contradicted``: whether an active row that is not among ``rows`` contradicts general statements.
    """
    contradicted = contradicted or any(row["absence"] is None and _is_active(row) for row in rows)
    return [
        row
        for row in rows
        if row["absence"] is None or (_is_active(row) and not (contradicted and row["absence"].is_general))
    ]


def _is_active(row: dict[str, Any]) -> bool:
    return is_active(row["status"], row["verification_status"])


def code_denied(absence: Absence) -> Concept:
    """Return the code of what the patient does not have."""
    code, name = absence.denied
    return Concept(code, codes.SNOMED, name)


def build_no_substance() -> Element:
    """Build the participant of an observation that denies allergies: a substance that does not apply."""
    entity = el("playingEntity", el("code", nullFlavor="NA"), classCode="MMAT")
    return el("participant", el("participantRole", entity, classCode="MANU"), typeCode="CSM")


def is_statement(observation: Element) -> bool:
    """Whether an observation of a section is such a statement."""
    value, entity = (
        observation.find("value"),
        observation.find("participant/participantRole/playingEntity/code"),
    )
    is_problem = value is not None and value.get("code") == codes.PROBLEM.code
    return observation.get("negationInd") == "true" and (
        is_problem or (entity is not None and entity.get("nullFlavor") == "NA")
    )
