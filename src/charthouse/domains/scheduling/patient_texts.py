"""Texts to patients about an appointment: for whom, with whom, where and when, by the clock of the office; not why."""

from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import override

from charthouse.domains.patients.languages import format_time, get_language
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling.models import Appointment


def make_reminder(appointment: Appointment, patient: Patient) -> tuple[str, str]:
    """Make the subject and the text of a reminder, in the patient's language."""
    with override(get_language(patient)):
        name = _get_name(patient)
        return (
            _("Appointment reminder for %(name)s") % {"name": name},
            _("Reminder for %(name)s: %(appointment)s")
            % {"name": name, "appointment": _describe(appointment)},
        )


def make_notice(appointment: Appointment, patient: Patient) -> tuple[str, str]:
    """Make the subject and the text of the notice of a new appointment, in the patient's language."""
    with override(get_language(patient)):
        name = _get_name(patient)
        return (
            _("Appointment for %(name)s") % {"name": name},
            _("Booked for %(name)s: %(appointment)s") % {"name": name, "appointment": _describe(appointment)},
        )


def _get_name(patient: Patient) -> str:
    return patient.first_name or patient.last_name


def _describe(appointment: Appointment) -> str:
    office = appointment.office
    when = appointment.scheduled_time.astimezone(ZoneInfo(office.doctor.timezone))
    text = _("appointment with %(doctor)s at %(office)s, %(time)s.") % {
        "doctor": appointment.doctor,
        "office": office,
        "time": format_time(when, "long"),
    }
    if office.phone_number:
        text += " " + _("Questions? Call %(phone)s.") % {"phone": office.phone_number}
    return text
