"""The Continuity of Care Document of a patient: the header and all sections, each written as it is read."""

from datetime import datetime

from charthouse.domains.patients.models import Patient
from charthouse.interchange.ccda import (
    allergies,
    devices,
    encounters,
    immunizations,
    medications,
    notes,
    payers,
    plans,
    problems,
    procedures,
    results,
    sections,
    social,
    team,
    vitals,
)
from charthouse.interchange.cda import header, section
from charthouse.interchange.cda.context import PatientBatch, Window, load_context
from charthouse.interchange.cda.writer import Writer

SECTION_BUILDERS = (
    allergies.build_section,
    medications.build_section,
    problems.build_section,
    procedures.build_section,
    results.build_section,
    vitals.build_section,
    immunizations.build_section,
    encounters.build_section,
    social.build_section,
    plans.build_section,
    plans.build_goals_section,
    problems.build_concerns_section,
    devices.build_section,
    payers.build_section,
    team.build_section,
    notes.build_section,
)


def render(
    patient: Patient,
    window: Window | None = None,
    *,
    now: datetime | None = None,
    document_id: str = "",
    released_only: bool = False,
    batch: PatientBatch | None = None,
) -> bytes:
    """Render the document in UTF-8. The number of queries does not depend on the size of the chart. ``now`` and
    ``document_id`` (a UUID) are of its creation; by default the present and a new one. ``released_only``: without
    results that nobody has signed off, for the patient. ``batch``: the patients whose documents are made together;
    what none of a kind of rows has is then asked once for all."""
    context = load_context(
        patient,
        window or Window(),
        now=now,
        document_id=document_id,
        released_only=released_only,
        batch=batch,
    )
    out = Writer("ClinicalDocument")
    header.write_header(out, sections.CCD, context)
    out.begin("component")
    out.begin("structuredBody")
    for read in SECTION_BUILDERS:
        section.write_section(out, read(context))
    out.end()
    out.end()
    return out.finish()
