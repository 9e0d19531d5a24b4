"""Teams of doctors who share the patients of a practice: its own doctors, and those of additional offices."""

from collections.abc import Sequence
from dataclasses import dataclass

from charthouse.sandbox.billing.fee_schedules import add_fee_schedules
from charthouse.sandbox.context import PracticeContext
from charthouse.sandbox.data.practices import OFFICE_ROTATION
from charthouse.sandbox.patients.settings import PatientSettings, add_patient_settings
from charthouse.sandbox.practice import add_additional_office
from charthouse.sandbox.scheduling.settings import CalendarSettings, add_calendar_settings

WEEKDAYS = 5


@dataclass(frozen=True)
class Provider:
    """A doctor who sees patients. ``offices``: those of the weekdays from Monday. The exam room has the same number in
    all of them."""

    doctor: int
    offices: tuple[int, ...]
    exam_room: int
    patient_settings: PatientSettings
    calendar_settings: CalendarSettings


@dataclass(frozen=True)
class Team:
    """Doctors to whom patients are assigned in turn.

    ``visits_per_patient``: mean number of appointments. ``detailed``: with vitals, reminders, status history and all
    that the seeders add.
    """

    providers: tuple[Provider, ...]
    visits_per_patient: float
    detailed: bool

    @property
    def doctors(self) -> list[int]:
        """The ids of the doctors."""
        return [provider.doctor for provider in self.providers]


def make_own_team(context: PracticeContext, doctors: Sequence[int], offices: Sequence[int]) -> Team:
    """Make the team of the practice's own doctors, who work at its offices in rotation."""
    rotation = [
        [offices[index % len(offices)] for index in OFFICE_ROTATION[position]]
        for position in range(len(doctors))
    ]
    settings = add_patient_settings(context, doctors, plan_owner=context.primary_user)
    providers = _make_providers(context, settings, rotation)
    return Team(providers, context.spec.visits_per_patient, detailed=True)


def make_additional_team(context: PracticeContext, number: int, doctor_count: int) -> Team:
    """Make a team with an office and doctors of its own, who see each patient once."""
    doctors, office = add_additional_office(context, number, doctor_count)
    settings = add_patient_settings(context, doctors, plan_owner=None)
    providers = _make_providers(context, settings, [[office] * WEEKDAYS] * doctor_count)
    return Team(providers, 1.0, detailed=False)


def _make_providers(
    context: PracticeContext, settings: Sequence[PatientSettings], offices: Sequence[Sequence[int]]
) -> tuple[Provider, ...]:
    providers = []
    for room, (of_patients, own_offices) in enumerate(zip(settings, offices, strict=True), 1):
        doctor = of_patients.doctor
        of_calendar = add_calendar_settings(context, doctor, own_offices, room)
        add_fee_schedules(context, doctor)
        providers.append(Provider(doctor, tuple(own_offices), room, of_patients, of_calendar))
    return tuple(providers)
