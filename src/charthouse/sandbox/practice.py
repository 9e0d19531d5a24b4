"""A practice before its patients: doctors, offices, users, and what each doctor has set up."""

from dataclasses import dataclass
from random import Random
from typing import Any

from django.contrib.auth.hashers import make_password

from charthouse.audit.models import Event
from charthouse.domains.patients.models import CustomDemographic, CustomInsurancePlanName, FlagType
from charthouse.domains.practice.models import (
    Doctor,
    DoctorWorkSchedule,
    ExamRoom,
    Office,
    OfficeWorkSchedule,
    Staff,
    UserGroup,
    UserGroupMember,
)
from charthouse.identity.models import ApiUser, Practice, User
from charthouse.sandbox import api_users as programs
from charthouse.sandbox import oauth_apps as apps
from charthouse.sandbox.credentials import Credentials
from charthouse.sandbox.data.practices import ALL_PERMISSIONS, House
from charthouse.sandbox.loader import Loader
from charthouse.sandbox.patients import population as people

FLAGS = (("Fall risk", "#d9480f", 1), ("Needs interpreter", "#1c7ed6", 2), ("Balance due", "#c92a2a", 3))
DEMOGRAPHICS = (
    ("Preferred contact time", "contact_time", ("Morning", "Afternoon", "Evening")),
    ("Preferred pharmacy", "pharmacy", ()),
    ("Advance directive on file", "advance_directive", ("Yes", "No")),
)
PHARMACIES = ("Foothill Pharmacy", "Corner Drug", "Prairie Apothecary")

OPEN = (("08:00:00", "17:00:00"),)
WORKING = (("08:00:00", "12:00:00"), ("13:00:00", "17:00:00"))


def week(hours: tuple[tuple[str, str], ...], working: int) -> list[dict[str, Any]]:
    """The days of a work schedule: the same hours on so many days from Monday, the others off."""
    return [
        {
            "id": day,
            "iso_weekday": str(day),
            "enabled": day <= working,
            "work_hours": [
                {"id": day * 100 + at, "start_time": start, "end_time": end, "enabled": True}
                for at, (start, end) in enumerate(hours, 1)
            ],
        }
        for day in range(1, 8)
    ]


@dataclass
class Provider:
    """A doctor at work: the panel of patients, the office of each weekday, the exam room used in all of them.
    ``furniture``: what is set up for the calendar."""

    doctor: int
    panel: people.Panel
    offices: tuple[int, ...]
    room: int
    furniture: Any = None


class Setup:
    """Sets up one practice; every row follows from ``random`` but passwords and keys."""

    def __init__(self, loader: Loader, house: House, random: Random, credentials: Credentials) -> None:
        self.loader, self.house, self.random, self.credentials = loader, house, random, credentials
        self.has_guest = False
        (self.practice,) = loader.copy(
            Practice, [{"name": house.name, "sharing": list(house.sharing), "plan_type": "Provider"}]
        )

    def copy(self, model: Any, rows: list[dict[str, Any]]) -> list[int]:
        return self.loader.copy(model, rows, self.practice)

    def doctors(self, specialties: tuple[str, ...]) -> list[dict[str, Any]]:
        group = people.npi(self.random)
        rows = []
        for specialty in specialties:
            first, last = self._name()
            town = self.random.choice(self.house.towns)
            rows.append(
                {
                    "first_name": first,
                    "last_name": last,
                    "suffix": "MD",
                    "specialty": specialty,
                    "job_title": "Provider/Staff (Private Practice)",
                    "email": f"{first}.{last}@example.com".lower(),
                    "cell_phone": people.phone(self.random, town),
                    "office_phone": people.phone(self.random, town),
                    "npi_number": people.npi(self.random),
                    "group_npi_number": group,
                    "website": "https://" + self.house.name.lower().replace(" ", "-") + ".example.com",
                    "timezone": self.house.zone,
                }
            )
        self.copy(Doctor, rows)
        self.copy(
            DoctorWorkSchedule,
            [{"doctor_id": row["id"], "work_days": week(WORKING, 5)} for row in rows],
        )
        return rows

    def offices(self, doctors: list[dict[str, Any]]) -> list[int]:
        rows, rooms = [], []
        for at, place in enumerate(self.house.places):
            town = self.house.towns[place.town]
            rows.append(
                {
                    "doctor_id": doctors[at % len(doctors)]["id"],
                    "name": place.name,
                    "address": place.address,
                    "city": town.name,
                    "state": town.state,
                    "zip_code": town.zip_code,
                    "phone_number": people.phone(self.random, town),
                    "fax_number": people.phone(self.random, town),
                    "tax_id_number_professional": f"00-{self.random.randrange(1000000, 9999999)}",
                    "start_hour": 8,
                    "end_hour": 17,
                    "online_scheduling": at == 0,
                    "online_timeslots": [
                        {"day": day, "hour": hour, "minute": 0} for day in range(5) for hour in (9, 14)
                    ]
                    if at == 0
                    else [],
                }
            )
        ids = self.copy(Office, rows)
        for office, place in zip(ids, self.house.places, strict=True):
            rooms += [
                {"office_id": office, "index": index, "name": name, "online_scheduling": index == 1}
                for index, name in enumerate(place.rooms, 1)
            ]
        self.copy(ExamRoom, rooms)
        self.copy(OfficeWorkSchedule, [{"office_id": office, "work_days": week(OPEN, 5)} for office in ids])
        return ids

    def annex(self, doctors: int, number: int) -> tuple[list[int], int]:
        """An office with so many doctors who don't sign in, and a room for each. Doctors' ids, the office's."""
        rows = self.doctors(("Family Medicine",) * doctors)
        town = self.house.towns[number % len(self.house.towns)]
        (office,) = self.copy(
            Office,
            [
                {
                    "doctor_id": rows[0]["id"],
                    "name": f"{self.house.name} {town.name} {number}",
                    "address": f"{number} Commerce Way",
                    "city": town.name,
                    "state": town.state,
                    "zip_code": town.zip_code,
                    "phone_number": people.phone(self.random, town),
                    "start_hour": 8,
                    "end_hour": 17,
                }
            ],
        )
        rooms = range(1, doctors + 1)
        self.copy(ExamRoom, [{"office_id": office, "index": at, "name": f"Room {at}"} for at in rooms])
        return [row["id"] for row in rows], office

    def users(self, doctors: list[dict[str, Any]]) -> list[int]:
        """Doctors and staff; the first doctor is the practice's primary user. Groups of them."""
        rows = [
            self._user(doctor["first_name"], doctor["last_name"], "doctor", ALL_PERMISSIONS, doctor["id"])
            for doctor in doctors
        ]
        rows[0]["is_primary"] = True
        for post in self.house.staff:
            rows.append(self._user(*self._name(), "staff", post.permissions, doctors[0]["id"]))
        ids = self.copy(User, rows)
        self.copy(
            Staff,
            [
                {"user_id": user, "cell_phone": f"303555{user % 10000:04}"}
                for user, row in zip(ids, rows, strict=True)
                if row["role"] == "staff"
            ],
        )
        created = {
            "at": self.loader.moment,
            "what": "account created",
            "user_id": ids[0],
            "ip": "",
            "patient_id": None,
        }
        self.copy(Event, [{**created, "details": {"user": user}} for user in ids])
        groups = {"Clinical team": ids[: len(doctors)], "Front office": ids[len(doctors) :]}
        made = self.copy(UserGroup, [{"name": name} for name in groups])
        members = [
            {"group_id": group, "user_id": user}
            for group, users in zip(made, groups.values(), strict=True)
            for user in users
        ]
        self.copy(UserGroupMember, members)
        return ids

    def _user(
        self, first: str, last: str, role: str, permissions: tuple[str, ...], doctor: int
    ) -> dict[str, Any]:
        username = f"{first}.{last}".lower()
        return {
            "username": username,
            "password": make_password(self.credentials.password(username)),
            "email": f"{username}@example.com",
            "first_name": first,
            "last_name": last,
            "role": role,
            "permissions": list(permissions),
            "doctor_id": doctor,
        }

    def _name(self) -> tuple[str, str]:
        """A name that nobody of the sandbox signs in with yet."""
        while True:
            names = people.FEMALE if self.random.random() < 0.55 else people.MALE
            first, last = names(self.random, 1)[0], people.LAST(self.random, 1)[0]
            if f"{first}.{last}".lower() not in self.credentials.passwords:
                return first, last

    def panels(self, doctors: list[int], user: int | None) -> list[people.Panel]:
        """What each doctor has set up for patients; plan names where there is a ``user`` to own them."""
        made = []
        for doctor in doctors:
            flags = self.copy(
                FlagType,
                [
                    {"doctor_id": doctor, "name": name, "color": color, "priority": priority}
                    for name, color, priority in FLAGS
                ],
            )
            fields = self.copy(
                CustomDemographic,
                [
                    {
                        "doctor_id": doctor,
                        "name": name,
                        "template_name": template,
                        "allowed_values": list(values),
                    }
                    for name, template, values in DEMOGRAPHICS
                ],
            )
            values = [values or PHARMACIES for _, _, values in DEMOGRAPHICS]
            made.append(people.Panel(doctor, flags, tuple(zip(fields, values, strict=True))))
            if user is not None:
                plans = ("County employees PPO", "Ski patrol group plan")
                rows = [{"doctor_id": doctor, "user_id": user, "insurance_plan_name": name} for name in plans]
                self.copy(CustomInsurancePlanName, rows)
        return made

    def programs(self) -> None:
        self.copy(ApiUser, programs.rows(self.house.name, self.practice == 1, self.credentials))

    def guest(self, patients: list[people.Person], accesses: list[people.Row]) -> None:
        """Give the first of those with access to the portal a name and a password, unless somebody has them."""
        taken = next((row for row in accesses if row["activated_on"]), None)
        if taken is None or self.has_guest:
            return
        self.has_guest = True
        emails = {person.row["id"]: person.row["email"] for person in patients if person.row.get("email")}
        username = emails[taken["patient_id"]].lower()
        password = self.credentials.portal_password(username, taken["patient_id"])
        taken |= {"username": username, "password": make_password(password)}

    def apps(self, owner: int) -> None:
        user = User.objects.using("owner").get(pk=owner)
        letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
        for app in self.house.apps:
            client_id = "".join(self.random.choices(letters, k=40))
            apps.register(app, client_id, user, self.credentials.app(client_id))
