"""Reasons for visits, which fit the patient: names of conditions and complaints, and what nurses do."""

from functools import lru_cache
from random import Random

from charthouse.sandbox.calendar import Slot, Visit
from charthouse.sandbox.clinical.conditions import PatientCondition
from charthouse.sandbox.data.complaints import (
    ADULT_CHECKUP,
    CHILD_CHECKUP,
    COMPLAINTS,
    FOLLOWED_BY_NURSE,
    NURSE_VISITS,
)
from charthouse.sandbox.data.conditions import CONDITIONS_BY_CODE
from charthouse.sandbox.data.conditions.condition import Complaint
from charthouse.sandbox.patients.record import ADULT_AGE, PatientRecord

NURSE = tuple(NURSE_VISITS)
NURSE_WITHOUT_CONDITION = tuple(name for name in NURSE if name != "Medication review")
NEW_PATIENT = "Establish care"
FOLLOW_UP = "Follow-up: "
TOPICS = 3  # conditions that a visit goes through at most


def draw_reason(random: Random, profile: str, patient: PatientRecord, slot: Slot) -> str:
    """Draw the reason of a visit of this profile."""
    day = slot.start.date()
    age = patient.get_age(day)
    if profile == "Annual physical":
        return (ADULT_CHECKUP if age >= ADULT_AGE else CHILD_CHECKUP).name
    conditions = _list_present(patient, day.toordinal())
    if profile == "Nurse visit":
        return random.choice(NURSE if conditions else NURSE_WITHOUT_CONDITION)
    if profile == "New patient":
        return NEW_PATIENT
    if profile == "Sick visit" or not conditions:
        return random.choice(_list_complaints(patient.row["gender"], int(age))).name
    recent = [each.condition for each in conditions if each.condition.began is not None]
    if recent:
        return recent[0].name
    return f"{FOLLOW_UP}{random.choice(conditions).condition.name}"


def find_complaint(reason: str) -> Complaint | None:
    """Return the complaint that is the reason of a visit, if it is one."""
    return _index_complaints().get(reason)


def list_topics(patient: PatientRecord, visit: Visit) -> list[str]:
    """List the ICD-10-CM codes that a visit is about: its reason, then conditions that it goes through as well."""
    day, reason = visit.date.toordinal(), visit.row["reason"]
    present = [each.condition.code for each in _list_present(patient, day)]
    if reason in NURSE_VISITS:
        followed = [code for code in FOLLOWED_BY_NURSE.get(reason, ()) if code in present]
        return followed[:1] or [NURSE_VISITS[reason][0]]
    complaint = find_complaint(reason)
    if complaint and complaint not in (ADULT_CHECKUP, CHILD_CHECKUP):
        return [complaint.code]
    turn = visit.row["id"] % len(present) if present else 0
    others = present[turn:] + present[:turn]
    if complaint:
        return [complaint.code, *others][:TOPICS]
    first = _index_conditions().get(reason.removeprefix(FOLLOW_UP))
    codes = list(dict.fromkeys([first, *others] if first else others))[:TOPICS]
    return codes or [(ADULT_CHECKUP if patient.get_age(visit.date) >= ADULT_AGE else CHILD_CHECKUP).code]


def _list_present(patient: PatientRecord, day: int) -> list[PatientCondition]:
    """List the conditions that a patient has on a day."""
    return [each for each in patient.conditions if each.onset <= day]


@lru_cache(maxsize=512)
def _list_complaints(gender: str, age: int) -> tuple[Complaint, ...]:
    return tuple(
        complaint
        for complaint in COMPLAINTS
        if complaint.sex in ("", gender) and complaint.ages[0] <= age <= complaint.ages[1]
    )


@lru_cache(maxsize=1)
def _index_complaints() -> dict[str, Complaint]:
    return {each.name: each for each in (*COMPLAINTS, ADULT_CHECKUP, CHILD_CHECKUP)}


@lru_cache(maxsize=1)
def _index_conditions() -> dict[str, str]:
    return {condition.name: code for code, condition in CONDITIONS_BY_CODE.items()}
