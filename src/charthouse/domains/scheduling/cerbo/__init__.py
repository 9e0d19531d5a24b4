"""Resources and operations of scheduling in Cerbo's API."""

from charthouse.domains.scheduling.cerbo import (
    appointment_types,
    appointments,
    availability,
    reminders,
    vitals,
)

RESOURCES = [
    appointments.appointments,
    appointment_types.appointment_types,
    vitals.blood_pressures,
    vitals.heights,
    vitals.weights,
    vitals.custom_readings,
    vitals.vitals,
    vitals.vitals_tag_groups,
    reminders.reminders,
    reminders.email_reminders,
    reminders.sms_reminders,
]
OPERATIONS = [availability.availability]
