"""The synthetic practice: two practices, their patients, a year of their calendars.

The same seed gives the same rows with the same ids. Calendars are laid around the day of the build (the reference
day, kept with the credentials): what is past by then is done, what is to come is not. People don't change with it.

Beyond the patients that the first practice has of its own, ``patients`` adds offices of ten doctors with 5,000
patients each: one visit a patient, without what only a look at single charts would show (vitals, status history).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models, transaction

from charthouse import clock
from charthouse.domains.clinical.models import ClinicalNote
from charthouse.domains.patients.models import (
    AttachedFlag,
    Coverage,
    CustomDemographicValue,
    Patient,
    Payer,
    PortalAccess,
    ReferringDoctor,
)
from charthouse.domains.practice.models import Doctor, Office
from charthouse.domains.scheduling.models import Appointment
from charthouse.identity.models import User
from charthouse.sandbox import oauth_apps as apps
from charthouse.sandbox import stock
from charthouse.sandbox.billing import claims as billing
from charthouse.sandbox.billing import fee_schedules as prices
from charthouse.sandbox.billing.charges import SUPPLY, Accounts
from charthouse.sandbox.calendar import Calendar
from charthouse.sandbox.clinical import health_maintenance as kept
from charthouse.sandbox.clinical.charts import Charts
from charthouse.sandbox.credentials import Credentials
from charthouse.sandbox.data import payers
from charthouse.sandbox.data import practices as house
from charthouse.sandbox.data.practices import HOUSES, House
from charthouse.sandbox.inventory import Vaccines
from charthouse.sandbox.labs import Laboratories
from charthouse.sandbox.loader import Loader, Progress
from charthouse.sandbox.medications import Shelf
from charthouse.sandbox.patients import tags as marks
from charthouse.sandbox.patients.facilities import Directory
from charthouse.sandbox.patients.population import Population, invited
from charthouse.sandbox.portal import Portal
from charthouse.sandbox.practice import Provider, Setup
from charthouse.sandbox.scheduling import appointments as visits
from charthouse.sandbox.scheduling.settings import furnish
from charthouse.sandbox.tasks import Desk

CHUNK = 1000
SET_UP = timedelta(days=2600)  # before the reference day
DOCTORS_AN_OFFICE = 10
PATIENTS_A_DOCTOR = 5000
MANY = (
    Patient,
    Coverage,
    AttachedFlag,
    CustomDemographicValue,
    ReferringDoctor,
    Appointment,
    ClinicalNote,
    *visits.DETAILS,
    *billing.MODELS,
)  # tables that grow with the patients
FIRST_IDS: dict[type[models.Model], int] = {
    User: 11,
    Doctor: 101,
    Office: 201,
    Patient: 1001,
    Appointment: 5001,
}


def build(seed: int, patients: int | None, progress: Progress) -> None:
    """Fill an empty, migrated database, all or nothing. ``patients``: how many the first practice gets, None for as
    many as it has of its own. ``progress(what, done, of)`` is called now and then."""
    today = clock.now().astimezone(ZoneInfo(HOUSES[0].zone)).date()
    credentials = Credentials(seed, today.isoformat())
    loader = Loader("owner", f"{(today - SET_UP).isoformat()} 16:00:00+00", FIRST_IDS)
    with transaction.atomic(using="owner"):
        progress("Practices", 0, len(HOUSES))
        directory = list(payers.payers())
        loader.copy(Payer, [payer.row() for payer in directory])
        sites = [Site(loader, plan, f"{seed}/{at}", credentials, directory) for at, plan in enumerate(HOUSES)]
        progress("Practices", len(HOUSES), len(HOUSES))
        first, *others = sites
        with loader.bare(MANY):
            for site in others:
                site.populate(site.house.patients, lambda *_: None)
            first.populate(first.house.patients if patients is None else patients, progress)
            progress("Indexes and checks", 0, 2)
        progress("Indexes and checks", 1, 2)
        loader.finish()
        progress("Indexes and checks", 2, 2)
        credentials.save()


def set_rate_limit(value: str | None) -> None:
    """Calls an hour of the apps of the sandbox: a number, "off", or None for what each was built with. Raises
    ValueError."""
    apps.limit(value, [app for plan in HOUSES for app in plan.apps])


@dataclass(frozen=True)
class Team:
    """Doctors among whom patients are dealt in turn. ``detailed``: with vitals, reminders, status history."""

    providers: list[Provider]
    calendar: Calendar
    mean: float
    detailed: bool


class Site:
    """One practice in the making."""

    def __init__(
        self,
        loader: Loader,
        plan: House,
        seed: str,
        credentials: Credentials,
        directory: list[payers.Payer],
    ) -> None:
        self.loader, self.house, self.seed = loader, plan, seed
        self.setup = Setup(loader, plan, Random(seed), credentials)  # noqa: S311
        today = datetime.fromisoformat(credentials.reference_day).date()
        self.today = today
        self.calendar = Calendar(plan.zone, today)
        self.population = Population(plan.towns, directory, plan.ages, today)
        doctors = self.setup.doctors(plan.specialties)
        offices = self.setup.offices(doctors)
        users = self.setup.users(doctors)
        self.setup.apps(users[0])
        self.user = users[0]
        self.setup.programs()
        ids = [doctor["id"] for doctor in doctors]
        rota = [[offices[at % len(offices)] for at in house.ROTA[place]] for place in range(len(ids))]
        self.own = self._team(ids, rota, users[0], plan.visits, detailed=True)

    def _team(
        self, doctors: list[int], rota: list[list[int]], user: int | None, mean: float, *, detailed: bool
    ) -> Team:
        panels = self.setup.panels(doctors, user)
        providers = [
            Provider(panel.doctor, panel, tuple(offices), room)
            for room, (panel, offices) in enumerate(zip(panels, rota, strict=True), 1)
        ]
        for provider in providers:
            provider.furniture = furnish(self.setup, provider)
            prices.price(self.setup, provider)
        return Team(providers, self.calendar, mean, detailed)

    def populate(self, count: int, progress: Progress) -> None:
        done = 0
        for team, number, size in self._blocks(count):
            random = Random(f"{self.seed}/{number}")  # noqa: S311
            book = visits.Book(self.setup.copy, team.providers, team.calendar, random, detailed=team.detailed)
            if team.detailed:
                doctors = [provider.doctor for provider in team.providers]
                shelf = Shelf(self.setup, team.calendar, Random(f"{self.seed}/shelf"))  # noqa: S311
                of_charts = Random(f"{self.seed}/charts")  # noqa: S311
                charts = Charts(self.setup, doctors, team.calendar, of_charts, shelf.drugs)
                labs = Laboratories(self.setup, doctors, team.calendar, Random(f"{self.seed}/labs"))  # noqa: S311
                vaccines = Vaccines(self.setup, doctors, team.calendar, Random(f"{self.seed}/vaccines"))  # noqa: S311
            for start in range(0, size, CHUNK):
                part = min(CHUNK, size - start)
                people = self.population.people(
                    random, [provider.panel for provider in team.providers], self.loader.ids(Patient, part)
                )
                self._write(people)
                if team.detailed:
                    accesses = [*invited(people, self.user, self.today)]
                    self.setup.guest(people, accesses)
                    self.setup.copy(PortalAccess, accesses)
                made = book.fill(people, team.mean, self._appointments)
                if team.detailed:
                    charts.fill(people, made)
                    labs.fill(people, made)
                    vaccines.fill(people, made)
                done += part
                progress("Patients", done, count)
            if team.detailed:
                book.breaks(self._appointments)
                Desk(self.setup, team.calendar, Random(f"{self.seed}/desk")).fill()  # noqa: S311
                shelf.fill()
                Directory(self.setup, Random(f"{self.seed}/directory")).fill()  # noqa: S311
                accounts = Accounts(self.setup, team.calendar, Random(f"{self.seed}/accounts"))  # noqa: S311
                accounts.fill()
                of_stock = Random(f"{self.seed}/stock")  # noqa: S311
                products = [*shelf.drugs.values()], shelf.supplements, accounts.definitions[SUPPLY]
                stock.fill(self.setup, *products, self.today, of_stock)
                kept.fill(self.setup, team.calendar, Random(f"{self.seed}/kept"))  # noqa: S311
                marks.fill(self.setup, team.calendar, Random(f"{self.seed}/marks"))  # noqa: S311
                Portal(self.setup, team.calendar, Random(f"{self.seed}/portal")).fill()  # noqa: S311

    def _appointments(self, count: int) -> range:
        return self.loader.ids(Appointment, count)

    def _blocks(self, count: int) -> Iterator[tuple[Team, int, int]]:
        """(team, its number, its patients): the practice's own doctors, then as many offices as it takes."""
        own = min(count, self.house.patients)
        yield self.own, 0, own
        left, number = count - own, 0
        while left > 0:
            number += 1
            size = min(left, DOCTORS_AN_OFFICE * PATIENTS_A_DOCTOR)
            yield self._annex(-(-size // PATIENTS_A_DOCTOR), number), number, size
            left -= size

    def _annex(self, doctors: int, number: int) -> Team:
        """Another office, for doctors of its own."""
        ids, office = self.setup.annex(doctors, number)
        return self._team(ids, [[office] * 5] * doctors, None, 1.0, detailed=False)

    def _write(self, people: list[Any]) -> None:
        copy = self.setup.copy
        copy(Patient, [person.row for person in people])
        copy(Coverage, [row for person in people for row in person.coverages])
        copy(AttachedFlag, [row for person in people for row in person.flags])
        copy(CustomDemographicValue, [row for person in people for row in person.demographics])
        copy(ReferringDoctor, [person.referring for person in people if person.referring])
