"""The Continuity of Care Document of a patient: the header and all sections, each written as it is read."""

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
from charthouse.interchange.cda.subject import Window, subject
from charthouse.interchange.cda.writer import Writer

SECTIONS = (
    allergies.section,
    medications.section,
    problems.section,
    procedures.section,
    results.section,
    vitals.section,
    immunizations.section,
    encounters.section,
    social.section,
    plans.section,
    plans.goals,
    problems.concerns,
    devices.section,
    payers.section,
    team.section,
    notes.section,
)


def of(patient: Patient, window: Window | None = None) -> bytes:
    """Render the document in UTF-8. The number of queries does not depend on the size of the chart."""
    about = subject(patient, window or Window())
    out = Writer("ClinicalDocument")
    header.write(out, sections.CCD, about)
    out.begin("component")
    out.begin("structuredBody")
    for read in SECTIONS:
        section.write(out, read(about))
    out.end()
    out.end()
    return out.done()
