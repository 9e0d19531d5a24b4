"""Synthetic patients with what belongs to them: insurance, flags, custom demographics, a referring doctor.

Everything follows from a ``random.Random`` of the caller. Names and their frequencies are Faker's; telephone numbers
are 555-01xx, e-mail addresses example.com, social security numbers begin with 666: none of them can exist.
Rows are dicts by model attribute; dates and times are text that PostgreSQL reads.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from random import Random
from typing import Any

from faker.providers.person.en_US import Provider as Names

from charthouse.sandbox.data.payers import Payer
from charthouse.sandbox.data.places import EMPLOYERS, STREETS, Town

Row = dict[str, Any]

RACES = (
    ("white", 62),
    ("declined", 9),
    ("asian", 8),
    ("black", 10),
    ("indian", 2),
    ("hawaiian", 1),
    ("blank", 8),
)
LANGUAGES = (("eng", 82), ("spa", 11), ("zho", 2), ("fra", 1), ("rus", 1), ("declined", 1), ("blank", 2))
SOURCES = ("Friend or family", "Insurance directory", "Web search", "Hospital discharge", "Walked by", "")
RELATIONS = ("Spouse", "Parent", "Sibling", "Child", "Friend", "Partner")
SPECIALTIES = ("Cardiology", "Orthopedics", "Endocrinology", "Dermatology", "Emergency Medicine", "Neurology")


BIRTHS = date(2026, 1, 1)  # ages are those of this day


def _days_before(last: date, count: int) -> list[str]:
    return [(last - timedelta(days=back)).isoformat() for back in range(count + 1)]


class Picker:
    """Draws from weighted choices, many at once."""

    def __init__(self, weighted: Sequence[tuple[str, float]]) -> None:
        self.values = [value for value, _ in weighted]
        self.weights = list(accumulate(weight for _, weight in weighted))

    def __call__(self, random: Random, count: int) -> list[str]:
        return random.choices(self.values, cum_weights=self.weights, k=count)


FEMALE = Picker(list(Names.first_names_female.items()))
MALE = Picker(list(Names.first_names_male.items()))
CONTACTS = [*FEMALE.values[:200], *MALE.values[:200]]
LAST = Picker(list(Names.last_names.items()))
GENDER = Picker((("Female", 50.5), ("Male", 48.5), ("Other", 1)))
RACE, LANGUAGE = Picker(RACES), Picker(LANGUAGES)


@dataclass(frozen=True)
class Panel:
    """Whose patients they are: a doctor, with the flags and custom demographics of that doctor's own."""

    doctor: int
    flag_types: Sequence[int] = ()
    demographics: Sequence[tuple[int, Sequence[str]]] = ()


@dataclass
class Person:
    """A patient's rows: ``row`` is the patient's own. The chart was opened so many days ago."""

    row: Row
    opened: int
    coverages: list[Row] = field(default_factory=list)
    flags: list[Row] = field(default_factory=list)
    demographics: list[Row] = field(default_factory=list)
    referring: Row | None = None


class Population:
    """Patients of one practice, in order. ``ages`` are years, lowest and highest; ``today`` the reference day."""

    def __init__(
        self, towns: Sequence[Town], payers: Sequence[Payer], ages: tuple[int, int], today: date
    ) -> None:
        self.towns, self.ages = towns, ages
        self.state = towns[0].state
        self.companies = [payer for payer in payers if payer.directory == "emdeon" and not payer.state][:12]
        here = [payer for payer in payers if payer.state == self.state]
        self.medicare = next(payer for payer in here if payer.plan_type == "MB")
        self.medicaid = next(payer for payer in here if payer.plan_type == "MC")
        # Text of every day that can be needed: making them one by one is what costs. Birthdays do not follow
        # ``today``: the same seed gives the same people on any day.
        self.births = _days_before(BIRTHS, ages[1] * 366)
        self.days = _days_before(today, 2600)
        self.charts: dict[str, int] = {}

    def people(self, random: Random, panels: Sequence[Panel], ids: range) -> list[Person]:
        """One person for each id, dealt to the panels in turn."""
        count = len(ids)
        genders = GENDER(random, count)
        names = {"Female": iter(FEMALE(random, count)), "Male": iter(MALE(random, count))}
        names["Other"] = names["Female"]
        middles = {"Female": iter(FEMALE(random, count)), "Male": iter(MALE(random, count))}
        middles["Other"] = middles["Male"]
        lasts, contacts = LAST(random, count), random.choices(CONTACTS, k=count)
        races, languages = RACE(random, count), LANGUAGE(random, count)
        streets, towns = random.choices(STREETS, k=count), random.choices(self.towns, k=count)
        made = []
        for at, patient_id in enumerate(ids):
            row: Row = {
                "id": patient_id,
                "first_name": next(names[genders[at]]),
                "middle_name": next(middles[genders[at]]),
                "last_name": lasts[at],
                "gender": genders[at],
                "race": races[at],
                "preferred_language": languages[at],
                "address": f"{random.randrange(1, 9900)} {streets[at]}",
            }
            panel = panels[at % len(panels)]
            made.append(self._person(random, row, contacts[at], towns[at], panel))
        return made

    def _person(self, random: Random, row: Row, contact: str, town: Town, panel: Panel) -> Person:
        lot = random.random
        first, last = row["first_name"], row["last_name"]
        born = int((self.ages[0] + (self.ages[1] - self.ages[0]) * lot() ** 1.1) * 365.25)
        known = int(min(born, 2500) * lot()) + 1  # days since the chart was opened
        row |= {
            "doctor_id": panel.doctor,
            "chart_id": self._chart(first, last),
            "middle_name": row["middle_name"] if lot() < 0.6 else row["middle_name"][0],
            "date_of_birth": self.births[born],
            "ethnicity": "hispanic" if row["preferred_language"] == "spa" or lot() < 0.1 else "not_hispanic",
            "city": town.name,
            "state": town.state,
            "zip_code": town.zip_code,
            "social_security_number": f"666-{int(lot() * 90) + 10}-{int(lot() * 9000) + 1000}",
            "cell_phone": phone(random, town),
            "patient_status": "A" if lot() < 0.95 else "I" if lot() < 0.8 else "D",
            "disable_sms_messages": lot() < 0.06,
            "emergency_contact_name": f"{contact} {last}",
            "emergency_contact_phone": phone(random, town),
            "emergency_contact_relation": RELATIONS[int(lot() * 6)],
            "referring_source": SOURCES[int(lot() * 6)],
            "created_at": f"{self.days[known]} 15:{int(lot() * 50) + 10}:00+00",
            "updated_at": f"{self.days[int(known * lot()) + 1]} 16:{int(lot() * 50) + 10}:00+00",
        }
        row |= _said_of_oneself(row)
        if row["patient_status"] == "D":
            row["date_of_death"] = self.days[int(known * lot())]
        if lot() < 0.85:
            row["email"] = f"{first}.{last}{row['id'] % 1000}@example.com".lower()
        if lot() < 0.4:
            row["home_phone"] = phone(random, town)
        if born < 18 * 365:
            _minor(row, contact)
        elif born < 67 * 365 and lot() < 0.7:
            _employed(random, row, town)
        person = Person(row, known)
        self._insure(random, person, born)
        _extras(random, person, panel)
        return person

    def _chart(self, first: str, last: str) -> str:
        """The form that patients.actions gives a new chart."""
        prefix = last[:2] + first[:2]
        self.charts[prefix] = number = self.charts.get(prefix, 0) + 1
        return f"{prefix}{number:06d}"

    def _insure(self, random: Random, person: Person, born: int) -> None:
        row, lot = person.row, random.random()
        if lot > 0.93:
            row["patient_payment_profile"] = "Cash"
            return
        row["patient_payment_profile"] = "Insurance"
        row["copay"] = f"{int(random.random() * 12) * 5}.00"
        company = self.companies[int(random.random() * len(self.companies))]
        if born > 65 * 365:
            chosen = [self.medicare, company] if lot < 0.6 else [self.medicare]
        elif lot < 0.12:
            chosen = [self.medicaid]
        else:
            chosen = [company] if lot < 0.85 else [company, self.companies[int(lot * 9)]]
        for rank, payer in enumerate(chosen, 1):
            person.coverages.append(_coverage(random, row, rank, payer, born))


def _coverage(random: Random, row: Row, rank: int, payer: Payer, born: int) -> Row:
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
    if not payer.state:
        coverage["insurance_group_number"] = f"{number % 90000 + 10000}"
        coverage["insurance_group_name"] = row.get("employer", "") or "Individual"
        coverage["insurance_plan_name"] = ("Choice PPO", "Core HMO", "High Deductible 3000")[number % 3]
    child = born < 18 * 365
    if not payer.state and (child or number % 5 == 0):
        coverage |= {
            "is_subscriber_the_patient": False,
            "patient_relationship_to_subscriber": "19" if child else "01",
            "subscriber_first_name": row["emergency_contact_name"].split()[0],
            "subscriber_last_name": row["last_name"],
            "subscriber_address": row["address"],
            "subscriber_city": row["city"],
            "subscriber_state": row["state"],
            "subscriber_zip_code": row["zip_code"],
            "subscriber_country": "US",
        }
    return coverage


def _extras(random: Random, person: Person, panel: Panel) -> None:
    row, lot = person.row, random.random
    stamps = {"patient_id": row["id"], "created_at": row["created_at"], "updated_at": row["updated_at"]}
    if panel.flag_types and lot() < 0.12:
        flag = panel.flag_types[int(lot() * len(panel.flag_types))]
        person.flags.append(
            {**stamps, "flag_type_id": flag, "flag_text": "" if lot() < 0.5 else "Ask at desk"}
        )
    for field_type, values in panel.demographics:
        if lot() < 0.35:
            value = values[int(lot() * len(values))]
            person.demographics.append({**stamps, "field_type_id": field_type, "value": value})
    if lot() < 0.1:
        named = FEMALE(random, 1) if lot() < 0.5 else MALE(random, 1)
        last = LAST(random, 1)[0]
        person.referring = {
            **stamps,
            "first_name": named[0],
            "last_name": last,
            "suffix": "MD",
            "npi": npi(random),
            "specialty": SPECIALTIES[int(lot() * len(SPECIALTIES))],
            "email": f"{last}@clinic.example.com".lower(),
        }
        row["primary_care_physician"] = f"{named[0]} {last}"


# CDC's race and ethnicity codes.
ORIGINS = (
    ("2029-7", "Asian Indian"),
    ("2034-7", "Chinese"),
    ("2036-2", "Filipino"),
    ("2047-7", "Vietnamese"),
)


def _said_of_oneself(row: Row) -> Row:
    """What some patients have said of themselves, by their number: draws nothing from the lot."""
    said: Row = {}
    if row["race"] == "asian" and row["id"] % 2:
        code, description = ORIGINS[row["id"] // 2 % len(ORIGINS)]
        said["race_subcategories"] = [{"code": code, "description": description}]
    if row["id"] % 3 == 0:
        identities = {"Male": "446151000124109", "Female": "446141000124107", "Other": "446131000124102"}
        said["gender_identity"] = identities[row["gender"]]
    return said


def _minor(row: Row, parent: str) -> None:
    row["emergency_contact_relation"] = "Parent"
    row["responsible_party_name"] = row["emergency_contact_name"]
    row["responsible_party_relation"] = "Parent"
    row["responsible_party_phone"] = row["emergency_contact_phone"]
    row["responsible_party_email"] = f"{parent}.{row['last_name']}@example.com".lower()


def _employed(random: Random, row: Row, town: Town) -> None:
    row["employer"] = EMPLOYERS[int(random.random() * len(EMPLOYERS))]
    row["employer_address"] = f"{int(random.random() * 900) + 100} Commerce Way"
    row["employer_city"], row["employer_state"] = town.name, town.state
    row["employer_zip_code"] = town.zip_code


def invited(people: Sequence[Person], user: int, today: date) -> Iterator[Row]:
    """The portal's rows: of those with an e-mail address, some have access and some an invitation."""
    for person in people:
        row = person.row
        if row.get("email") and row["patient_status"] == "A" and row["id"] % 4 == 0:
            sent = row["updated_at"]
            yield {
                "patient_id": row["id"],
                "doctor_id": row["doctor_id"],
                "enabled_by_id": user,
                "enabled_on": sent,
                "activated_on": sent if row["id"] % 8 else None,
                "expires_on": f"{today + timedelta(days=7)} 12:00:00+00",
                "created_at": sent,
                "updated_at": sent,
            }


def phone(random: Random, town: Town) -> str:
    return f"({town.area_code}) 555-01{int(random.random() * 100):02d}"


def npi(random: Random) -> str:
    """Ten digits with the check digit of an NPI (Luhn over 80840 and the number)."""
    nine = f"1{int(random.random() * 100_000_000):08d}"
    total = 24  # of the prefix 80840
    for place, digit in enumerate(reversed(nine)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return f"{nine}{-total % 10}"
