"""The chart in the Cerbo API."""

from charthouse.domains.clinical.cerbo.encounter_types import encounter_types
from charthouse.domains.clinical.cerbo.encounters import encounters, encounters_of_patient
from charthouse.domains.clinical.cerbo.free_text_notes import note_types, notes, notes_of_a_type, write_note
from charthouse.domains.clinical.cerbo.health_maintenance import new_readings, readings, trackers
from charthouse.domains.clinical.cerbo.medical_history import past_medical_history

RESOURCES = [
    past_medical_history,
    encounter_types,
    encounters,
    encounters_of_patient,
    note_types,
    notes,
    notes_of_a_type,
    trackers,
    readings,
    new_readings,
]
OPERATIONS = [write_note]
