"""Resources and operations of scheduling in DrChrono's API."""

from charthouse.domains.scheduling.drchrono import (
    appointment_profiles,
    appointment_templates,
    appointments,
    availability,
    custom_fields,
    reminder_profiles,
    schedule_blocks,
    telehealth,
)

RESOURCES = [
    appointments.appointments,
    custom_fields.custom_vitals,
    appointment_profiles.appointment_profiles,
    appointment_templates.appointment_templates,
    reminder_profiles.reminder_profiles,
    custom_fields.custom_appointment_fields,
    schedule_blocks.schedule_blocks,
    telehealth.telehealth_appointments,
    telehealth.telehealth_appointment_history,
]
OPERATIONS = [availability.availability]
