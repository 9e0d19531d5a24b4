"""Synthetic patients with their insurance, flags, custom demographics and referring doctor.

All of it is drawn from a ``random.Random`` of the caller. E-mail addresses are at example.com and social security
numbers begin with 666, so that none of them can exist. Rows are dicts by model attribute, with dates and times as ISO
text.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from random import Random

from charthouse.sandbox.data.featured_patients import FeaturedPatient
from charthouse.sandbox.data.payers import Payer
from charthouse.sandbox.data.places import EMPLOYERS, STREETS, Town
from charthouse.sandbox.loader import Row
from charthouse.sandbox.patients.featured import list_columns, list_names
from charthouse.sandbox.patients.record import ADULT_AGE, AGE_DATE, PatientRecord, needs_interpreter
from charthouse.sandbox.patients.settings import FALL_RISK, FLAGS, INTERPRETER, PatientSettings
from charthouse.sandbox.people import (
    FEMALE_NAMES,
    LAST_NAMES,
    MALE_NAMES,
    WeightedChoice,
    draw_name,
    draw_npi,
    draw_phone,
)

RACES = WeightedChoice(
    (
        ("white", 62),
        ("declined", 9),
        ("asian", 8),
        ("black", 10),
        ("indian", 2),
        ("hawaiian", 1),
        ("blank", 8),
    )
)
LANGUAGES = WeightedChoice(
    (("eng", 82), ("spa", 11), ("zho", 2), ("fra", 1), ("rus", 1), ("declined", 1), ("blank", 2))
)
GENDERS = WeightedChoice((("Female", 50.5), ("Male", 48.5), ("Other", 1)))
SOURCES = ("Friend or family", "Insurance directory", "Web search", "Hospital discharge", "Walked by", "")
RELATIONS = ("Spouse", "Parent", "Sibling", "Child", "Friend", "Partner")
SPECIALTIES = ("Cardiology", "Orthopedics", "Endocrinology", "Dermatology", "Emergency Medicine", "Neurology")
INSURANCE_PLANS = ("Choice PPO", "Core HMO", "High Deductible 3000")
CONTACT_NAMES = [*FEMALE_NAMES.values[:200], *MALE_NAMES.values[:200]]
# Codes of the CDC's race and ethnicity code set.
ASIAN_ORIGINS = (
    ("2029-7", "Asian Indian"),
    ("2034-7", "Chinese"),
    ("2036-2", "Filipino"),
    ("2047-7", "Vietnamese"),
)
# SNOMED CT codes.
GENDER_IDENTITIES = {"Male": "446151000124109", "Female": "446141000124107", "Other": "446131000124102"}

MAX_DAYS_KNOWN = 2500
YEAR = 365  # days, for comparing ages


class Population:
    """The patients of one practice, made in order.

    ``ages``: lowest and highest age in years. ``today``: the reference day. The same random numbers give the same
    people on any reference day.
    """

    def __init__(
        self, towns: Sequence[Town], payers: Sequence[Payer], ages: tuple[int, int], today: date
    ) -> None:
        self.towns, self.ages, self.today = towns, ages, today
        self.companies = [payer for payer in payers if payer.directory == "emdeon" and not payer.state][:12]
        of_state = [payer for payer in payers if payer.state == towns[0].state]
        self.medicare = next(payer for payer in of_state if payer.plan_type == "MB")
        self.medicaid = next(payer for payer in of_state if payer.plan_type == "MC")
        # Made once, by days before the last: formatting a date for each patient is what takes the time.
        self.birth_dates = _list_days_before(AGE_DATE, max(ages[1], 95) * 366)
        self.dates = _list_days_before(today, MAX_DAYS_KNOWN + 100)
        self.chart_numbers: dict[str, int] = {}

    def make_patients(
        self,
        random: Random,
        settings: Sequence[PatientSettings],
        ids: range,
        featured: Sequence[FeaturedPatient] = (),
    ) -> list[PatientRecord]:
        """Make a patient for each id, the first ones as ``featured`` describes them.

        They are assigned to the doctors of ``settings`` in turn."""
        count = len(ids)
        genders = GENDERS.draw(random, count)
        first_names, middle_names = _draw_names(random, count, "Female"), _draw_names(random, count, "Male")
        last_names, contacts = LAST_NAMES.draw(random, count), random.choices(CONTACT_NAMES, k=count)
        races, languages = RACES.draw(random, count), LANGUAGES.draw(random, count)
        streets, towns = random.choices(STREETS, k=count), random.choices(self.towns, k=count)
        patients = []
        for index, patient_id in enumerate(ids):
            row: Row = {
                "id": patient_id,
                "first_name": next(first_names[genders[index]]),
                "middle_name": next(middle_names[genders[index]]),
                "last_name": last_names[index],
                "gender": genders[index],
                "race": races[index],
                "preferred_language": languages[index],
                "address": f"{random.randrange(1, 9900)} {streets[index]}",
            }
            own_settings = settings[index % len(settings)]
            described = featured[index] if index < len(featured) else None
            patients.append(
                self._make_patient(random, row, contacts[index], towns[index], own_settings, described)
            )
        return patients

    def _make_patient(
        self,
        random: Random,
        row: Row,
        contact: str,
        town: Town,
        settings: PatientSettings,
        featured: FeaturedPatient | None,
    ) -> PatientRecord:
        draw = random.random
        age = int((self.ages[0] + (self.ages[1] - self.ages[0]) * draw() ** 1.1) * 365.25)  # days
        days_known = int(min(age, MAX_DAYS_KNOWN) * draw()) + 1
        if featured:
            row |= list_names(featured)
            born = date.fromisoformat(featured.born)
            age, days_known = (AGE_DATE - born).days, min(featured.days_known, (self.today - born).days - 1)
        row["doctor_id"] = settings.doctor
        row |= self._make_demographics(random, row, town, age)
        row |= self._make_chart_columns(random, row, contact, town, days_known)
        row |= _make_self_description(row)
        if row["patient_status"] == "D":
            row["date_of_death"] = self.dates[int(days_known * draw())]
        if draw() < 0.85:
            row["email"] = f"{row['first_name']}.{row['last_name']}{row['id'] % 1000}@example.com".lower()
        if draw() < 0.4:
            row["home_phone"] = draw_phone(random, town)
        if age < ADULT_AGE * YEAR:
            _add_responsible_parent(row, contact)
        elif age < 67 * YEAR and draw() < 0.7:
            _add_employer(random, row, town)
        if featured:
            row |= list_columns(featured, row, self.today)
        patient = PatientRecord(row, days_known, self.today, featured)
        self._insure(random, patient, age)
        _add_flags(random, patient, settings, age)
        _add_demographics(random, patient, settings)
        _add_referring_doctor(random, patient)
        return patient

    def _make_demographics(self, random: Random, row: Row, town: Town, age: int) -> Row:
        draw, middle = random.random, row["middle_name"]
        is_hispanic = row["preferred_language"] == "spa"
        return {
            "chart_id": self._assign_chart_id(row["first_name"], row["last_name"]),
            "middle_name": middle if draw() < 0.6 else middle[0],
            "date_of_birth": self.birth_dates[age],
            "ethnicity": "hispanic" if is_hispanic or draw() < 0.1 else "not_hispanic",
            "city": town.name,
            "state": town.state,
            "zip_code": town.zip_code,
            "social_security_number": f"666-{int(draw() * 90) + 10}-{int(draw() * 9000) + 1000}",
            "cell_phone": draw_phone(random, town),
        }

    def _make_chart_columns(self, random: Random, row: Row, contact: str, town: Town, days_known: int) -> Row:
        draw, dates = random.random, self.dates
        return {
            "patient_status": "A" if draw() < 0.95 else "I" if draw() < 0.8 else "D",
            "disable_sms_messages": draw() < 0.06,
            "emergency_contact_name": f"{contact} {row['last_name']}",
            "emergency_contact_phone": draw_phone(random, town),
            "emergency_contact_relation": RELATIONS[int(draw() * 6)],
            "referring_source": SOURCES[int(draw() * 6)],
            "created_at": f"{dates[days_known]} 15:{int(draw() * 50) + 10}:00+00",
            "updated_at": f"{dates[int(days_known * draw()) + 1]} 16:{int(draw() * 50) + 10}:00+00",
        }

    def _assign_chart_id(self, first: str, last: str) -> str:
        """Return the next chart id of this name, in the form that ``patients.actions`` gives to a new chart."""
        prefix = last[:2] + first[:2]
        self.chart_numbers[prefix] = number = self.chart_numbers.get(prefix, 0) + 1
        return f"{prefix}{number:06d}"

    def _insure(self, random: Random, patient: PatientRecord, age: int) -> None:
        row, share = patient.row, random.random()
        if share > 0.93:
            row["patient_payment_profile"] = "Cash"
            return
        row["patient_payment_profile"] = "Insurance"
        row["copay"] = f"{int(random.random() * 12) * 5}.00"
        company = self.companies[int(random.random() * len(self.companies))]
        if age > 65 * YEAR:
            payers = [self.medicare, company] if share < 0.6 else [self.medicare]
        elif share < 0.12:
            payers = [self.medicaid]
        else:
            payers = [company] if share < 0.85 else [company, self.companies[int(share * 9)]]
        for rank, payer in enumerate(payers, 1):
            patient.coverages.append(_make_coverage(random, row, rank, payer, age))


def _draw_names(random: Random, count: int, of_others: str) -> dict[str, Iterator[str]]:
    """Draw names by gender; ``of_others``: the gender whose names those who are neither have."""
    names = {
        "Female": iter(FEMALE_NAMES.draw(random, count)),
        "Male": iter(MALE_NAMES.draw(random, count)),
    }
    return names | {"Other": names[of_others]}


def _list_days_before(last: date, count: int) -> list[str]:
    """List ISO dates by the number of days that they are before the last one."""
    return [(last - timedelta(days=days)).isoformat() for days in range(count + 1)]


def _make_coverage(random: Random, row: Row, rank: int, payer: Payer, age: int) -> Row:
    number = int(random.random() * 900_000_000) + 100_000_000
    coverage: Row = {
        "patient_id": row["id"],
        "rank": rank,
        "insurance_company": payer.name,
        "insurance_payer_id": payer.payer_id,
        "insurance_id_number": f"{payer.payer_id[:2]}{number}",
        "insurance_plan_type": payer.plan_type,
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }
    if payer.state:  # a public program
        return coverage
    coverage["insurance_group_number"] = f"{number % 90000 + 10000}"
    coverage["insurance_group_name"] = row.get("employer", "") or "Individual"
    coverage["insurance_plan_name"] = INSURANCE_PLANS[number % 3]
    is_minor = age < ADULT_AGE * YEAR
    if is_minor or number % 5 == 0:
        coverage |= {
            "is_subscriber_the_patient": False,
            "patient_relationship_to_subscriber": "19" if is_minor else "01",
            "subscriber_first_name": row["emergency_contact_name"].split()[0],
            "subscriber_last_name": row["last_name"],
            "subscriber_address": row["address"],
            "subscriber_city": row["city"],
            "subscriber_state": row["state"],
            "subscriber_zip_code": row["zip_code"],
            "subscriber_country": "US",
        }
    return coverage


def _add_flags(random: Random, patient: PatientRecord, settings: PatientSettings, age: int) -> None:
    if settings.flag_types and random.random() < 0.12:
        fits = {FALL_RISK: age >= 65 * YEAR, INTERPRETER: needs_interpreter(patient.row)}
        fitting = [
            flag for flag, (name, *_) in zip(settings.flag_types, FLAGS, strict=True) if fits.get(name, True)
        ]
        flag_type = fitting[int(random.random() * len(fitting))]
        text = "" if random.random() < 0.5 else "Ask at desk"
        patient.flags.append({**_link_to(patient), "flag_type_id": flag_type, "flag_text": text})


def _add_demographics(random: Random, patient: PatientRecord, settings: PatientSettings) -> None:
    for field_type, values in settings.demographics:
        if random.random() < 0.35:
            value = values[int(random.random() * len(values))]
            patient.demographics.append({**_link_to(patient), "field_type_id": field_type, "value": value})


def _add_referring_doctor(random: Random, patient: PatientRecord) -> None:
    if random.random() < 0.1:
        first, last = draw_name(random, female_share=0.5)
        patient.referring_doctor = {
            **_link_to(patient),
            "first_name": first,
            "last_name": last,
            "suffix": "MD",
            "npi": draw_npi(random),
            "specialty": SPECIALTIES[int(random.random() * len(SPECIALTIES))],
            "email": f"{last}@clinic.example.com".lower(),
        }
        patient.row["primary_care_physician"] = f"{first} {last}"


def _link_to(patient: PatientRecord) -> Row:
    row = patient.row
    return {"patient_id": row["id"], "created_at": row["created_at"], "updated_at": row["updated_at"]}


def _make_self_description(row: Row) -> Row:
    """Make what some patients state of themselves, by their id: it draws no random numbers."""
    described: Row = {}
    if row["race"] == "asian" and row["id"] % 2:
        code, description = ASIAN_ORIGINS[row["id"] // 2 % len(ASIAN_ORIGINS)]
        described["race_subcategories"] = [{"code": code, "description": description}]
    if row["id"] % 3 == 0:
        described["gender_identity"] = GENDER_IDENTITIES[row["gender"]]
    return described


def _add_responsible_parent(row: Row, parent: str) -> None:
    row["emergency_contact_relation"] = "Parent"
    row["responsible_party_name"] = row["emergency_contact_name"]
    row["responsible_party_relation"] = "Parent"
    row["responsible_party_phone"] = row["emergency_contact_phone"]
    row["responsible_party_email"] = f"{parent}.{row['last_name']}@example.com".lower()


def _add_employer(random: Random, row: Row, town: Town) -> None:
    row["employer"] = EMPLOYERS[int(random.random() * len(EMPLOYERS))]
    row["employer_address"] = f"{int(random.random() * 900) + 100} Commerce Way"
    row["employer_city"], row["employer_state"] = town.name, town.state
    row["employer_zip_code"] = town.zip_code
