"""Tables of scheduling."""

from charthouse.domains.scheduling.models.appointments import (
    APPOINTMENT_STATUSES,
    FREEING_STATUSES,
    NO_ROOM,
    Appointment,
    BillingNote,
    CustomAppointmentFieldValue,
    Reminder,
    StatusTransition,
)
from charthouse.domains.scheduling.models.fields import MAX_DURATION
from charthouse.domains.scheduling.models.settings import (
    AppointmentProfile,
    AppointmentTemplate,
    CustomAppointmentField,
    ReminderProfile,
)
from charthouse.domains.scheduling.models.telehealth import TelehealthEvent, TelehealthVisit
from charthouse.domains.scheduling.models.vitals import CustomVital, CustomVitalValue, Vitals, VitalsTagGroup
from charthouse.domains.scheduling.models.waiting_list import FreedSlot, WaitingListEntry

__all__ = [
    "APPOINTMENT_STATUSES",
    "FREEING_STATUSES",
    "MAX_DURATION",
    "NO_ROOM",
    "Appointment",
    "AppointmentProfile",
    "AppointmentTemplate",
    "BillingNote",
    "CustomAppointmentField",
    "CustomAppointmentFieldValue",
    "CustomVital",
    "CustomVitalValue",
    "FreedSlot",
    "Reminder",
    "ReminderProfile",
    "StatusTransition",
    "TelehealthEvent",
    "TelehealthVisit",
    "Vitals",
    "VitalsTagGroup",
    "WaitingListEntry",
]
