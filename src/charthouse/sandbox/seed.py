"""Filling the sandbox: two practices, their patients, and a year of their calendars.

The same seed gives the same rows with the same ids. Calendars are laid around the day of the build (the reference day,
which is stored with the credentials): what is past by then has happened. People don't depend on that day.

The patients of a practice's own doctors have everything that the seeders add. More patients than these get additional
offices of ten doctors with 5,000 patients each: one visit a patient, without details.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db import models, transaction

from charthouse import clock
from charthouse.changes import periods
from charthouse.domains.clinical.models import ClinicalNote, ClinicalNoteFieldValue
from charthouse.domains.patients.models import (
    AttachedFlag,
    Coverage,
    CustomDemographicValue,
    Patient,
    ReferringDoctor,
)
from charthouse.domains.patients.models import Payer as PayerModel
from charthouse.domains.practice.models import Doctor, Office
from charthouse.domains.scheduling.models import Appointment
from charthouse.identity.models import User
from charthouse.sandbox.api_users import add_api_users
from charthouse.sandbox.billing import claims
from charthouse.sandbox.billing.charges import Charges
from charthouse.sandbox.clinical.charts import Charts
from charthouse.sandbox.clinical.encounters import Encounters
from charthouse.sandbox.clinical.health_maintenance import HealthMaintenance
from charthouse.sandbox.clinical.practice_lists import PracticeLists
from charthouse.sandbox.context import PracticeContext
from charthouse.sandbox.credentials import Credentials
from charthouse.sandbox.data.payers import Payer, list_payers
from charthouse.sandbox.data.practices import PRACTICES, PracticeSpec
from charthouse.sandbox.documents import Documents, Images
from charthouse.sandbox.examples import add_examples, find_unseeded_resources
from charthouse.sandbox.inventory import Stock, Vaccines
from charthouse.sandbox.labs import LabOrders
from charthouse.sandbox.loader import Loader, Progress
from charthouse.sandbox.medications import MedicationCatalogs, Supplements
from charthouse.sandbox.messaging import Messages
from charthouse.sandbox.oauth_apps import add_apps
from charthouse.sandbox.patients.facilities import Facilities
from charthouse.sandbox.patients.population import Population
from charthouse.sandbox.patients.portal_access import PortalAccesses
from charthouse.sandbox.patients.record import PatientRecord
from charthouse.sandbox.patients.tags import Tags
from charthouse.sandbox.portal import Portal
from charthouse.sandbox.practice import add_doctors, add_offices, add_users
from charthouse.sandbox.scheduling import appointments
from charthouse.sandbox.scheduling.appointments import AppointmentBook
from charthouse.sandbox.scheduling.breaks import Breaks
from charthouse.sandbox.scheduling.vitals import VitalsGroups
from charthouse.sandbox.scheduling.waiting_list import WaitingList
from charthouse.sandbox.seeder import Seeder
from charthouse.sandbox.tasks import Tasks
from charthouse.sandbox.teams import Team, make_additional_team, make_own_team

# What is added to a practice after its patients, appointments and claims, in this order within each step. A new domain
# adds its seeders here; a table that no seeder fills gets rows from the examples of its resources (``examples``).
SEEDERS: tuple[type[Seeder], ...] = (
    MedicationCatalogs,
    PracticeLists,
    Charts,
    LabOrders,
    Vaccines,
    Breaks,
    Documents,
    Messages,
    Tasks,
    Supplements,
    Facilities,
    Charges,
    Stock,
    HealthMaintenance,
    VitalsGroups,
    Encounters,
    Tags,
    Images,
    Portal,
    WaitingList,
)

BATCH_SIZE = 1000  # patients
CREATED_BEFORE = timedelta(days=2600)  # the reference day, the practices
DOCTORS_PER_OFFICE = 10
PATIENTS_PER_DOCTOR = 5000
# The tables that grow with the patients.
LARGE_TABLES: tuple[type[models.Model], ...] = (
    Patient,
    Coverage,
    AttachedFlag,
    CustomDemographicValue,
    ReferringDoctor,
    Appointment,
    ClinicalNote,
    ClinicalNoteFieldValue,
    *appointments.DETAILS,
    *claims.MODELS,
)
FIRST_IDS: dict[type[models.Model], int] = {
    User: 11,
    Doctor: 101,
    Office: 201,
    Patient: 1001,
    Appointment: 5001,
}


def build(seed: int, patients: int | None, progress: Progress) -> None:
    """Fill an empty, migrated database, all or nothing. No delta reports its rows as added.

    ``patients``: number of patients of the first practice, None for those of its own doctors. ``progress`` is called
    with the step, the parts that are done and those in all.
    """
    today = clock.now().astimezone(ZoneInfo(PRACTICES[0].timezone)).date()
    credentials = Credentials(seed, today.isoformat())
    loader = Loader("owner", f"{(today - CREATED_BEFORE).isoformat()} 16:00:00+00", FIRST_IDS)
    with transaction.atomic(using="owner"), loader.recording_changes_once():
        progress("Practices", 0, len(PRACTICES))
        payers = list(list_payers())
        loader.copy(PayerModel, [payer.make_row() for payer in payers])
        first, *others = [
            PracticeBuilder(loader, spec, f"{seed}/{index}", credentials, payers)
            for index, spec in enumerate(PRACTICES)
        ]
        progress("Practices", len(PRACTICES), len(PRACTICES))
        with loader.without_indexes(LARGE_TABLES):
            for other in others:
                other.populate(other.context.spec.patient_count, lambda *_: None)
            first.populate(first.context.spec.patient_count if patients is None else patients, progress)
            progress("Indexes and checks", 0, 2)
        progress("Indexes and checks", 1, 2)
        loader.finish()
        progress("Indexes and checks", 2, 2)
        credentials.save()
    add_examples(find_unseeded_resources(loader.models))
    periods.begin_here()


class PracticeBuilder:
    """Builds one practice."""

    def __init__(
        self, loader: Loader, spec: PracticeSpec, seed: str, credentials: Credentials, payers: Sequence[Payer]
    ) -> None:
        self.context = context = PracticeContext(loader, spec, seed, credentials)
        self.population = Population(spec.towns, payers, spec.ages, context.today)
        doctors = add_doctors(context, spec.specialties)
        doctor_ids = [doctor["id"] for doctor in doctors]
        offices = add_offices(context, doctor_ids)
        add_users(context, doctors)
        add_apps(context)
        add_api_users(context)
        self.own_team = make_own_team(context, doctor_ids, offices)

    def populate(self, count: int, progress: Progress) -> None:
        """Add so many patients with all that belongs to them."""
        done = 0
        for number, (team, size) in enumerate(self._split(count)):
            for added in self._populate_team(team, str(number), size):
                done += added
                progress("Patients", done, count)

    def _split(self, count: int) -> Iterator[tuple[Team, int]]:
        """Split patients among teams: the practice's own doctors, then as many additional offices as are needed."""
        own = min(count, self.context.spec.patient_count)
        yield self.own_team, own
        rest, number = count - own, 0
        while rest > 0:
            number += 1
            size = min(rest, DOCTORS_PER_OFFICE * PATIENTS_PER_DOCTOR)
            doctor_count = -(-size // PATIENTS_PER_DOCTOR)
            yield make_additional_team(self.context, number, doctor_count), size
            rest -= size

    def _populate_team(self, team: Team, stream: str, count: int) -> Iterator[int]:
        """Add the patients of a team, in batches. Yields the size of each batch when it has been added."""
        context = self.context
        random = context.get_random(stream)
        book = AppointmentBook(context, team, stream)
        accesses = PortalAccesses(context)
        seeders = [seeder(context, team) for seeder in SEEDERS] if team.detailed else []
        for seeder in seeders:
            seeder.set_up()
        settings = [provider.patient_settings for provider in team.providers]
        featured = context.spec.featured if team.detailed else ()
        for start in range(0, count, BATCH_SIZE):
            ids = context.loader.reserve_ids(Patient, min(BATCH_SIZE, count - start))
            patients = self.population.make_patients(random, settings, ids, featured if start == 0 else ())
            self._add_patients(patients)
            if team.detailed:
                context.patients.update({patient.row["id"]: patient for patient in patients})
                accesses.add(patients)
            visits = book.add(patients)
            for seeder in seeders:
                seeder.add_batch(patients, visits)
            yield len(patients)
        for seeder in seeders:
            seeder.finish()

    def _add_patients(self, patients: Sequence[PatientRecord]) -> None:
        copy = self.context.copy
        copy(Patient, [patient.row for patient in patients])
        copy(Coverage, [row for patient in patients for row in patient.coverages])
        copy(AttachedFlag, [row for patient in patients for row in patient.flags])
        copy(CustomDemographicValue, [row for patient in patients for row in patient.demographics])
        copy(ReferringDoctor, [patient.referring_doctor for patient in patients if patient.referring_doctor])
