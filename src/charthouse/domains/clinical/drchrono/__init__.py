"""The chart in the DrChrono API."""

from charthouse.domains.clinical.drchrono.allergies import allergies
from charthouse.domains.clinical.drchrono.amendments import amendments
from charthouse.domains.clinical.drchrono.care_plans import care_plans, care_team_members
from charthouse.domains.clinical.drchrono.note_templates import (
    clinical_note_field_types,
    clinical_note_templates,
)
from charthouse.domains.clinical.drchrono.note_values import clinical_note_field_values, yellow_notepad
from charthouse.domains.clinical.drchrono.notes import clinical_notes
from charthouse.domains.clinical.drchrono.observations import (
    patient_communications,
    patient_interventions,
    patient_physical_exams,
    patient_risk_assessments,
)
from charthouse.domains.clinical.drchrono.problems import problems
from charthouse.domains.clinical.drchrono.procedures import implantable_devices, procedures

RESOURCES = [
    clinical_notes,
    clinical_note_templates,
    clinical_note_field_types,
    clinical_note_field_values,
    yellow_notepad,
    amendments,
    problems,
    allergies,
    procedures,
    implantable_devices,
    care_plans,
    care_team_members,
    patient_interventions,
    patient_physical_exams,
    patient_risk_assessments,
    patient_communications,
]
