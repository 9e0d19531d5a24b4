"""Reasons for visits: texts of ICD-10-CM codes, and some that have no code."""

from functools import cache
from random import Random

from charthouse.domains.clinical.code_labels import get_icd10_label

CHRONIC = (
    "I10", "E11.9", "E78.5", "J45.909", "F41.1", "K21.9", "M54.50", "E03.9", "F32.A", "G43.909", "M17.9", "N18.30",
    "I48.91", "J44.9", "E66.9",
)  # fmt: skip
ACUTE = (
    "J06.9", "J02.9", "N39.0", "R05.9", "M25.561", "R10.9", "H66.90", "L03.90", "B34.9", "R51.9", "J20.9", "L30.9",
)  # fmt: skip
CHILDHOOD = ("J06.9", "H66.90", "J02.9", "J45.909", "L20.9", "R05.9", "R50.9", "K59.00", "B08.4", "H10.9")
CHECKUP = {True: "Z00.129", False: "Z00.00"}  # of a child, of an adult
NURSE = ("Blood pressure check", "Influenza immunization", "Medication review", "Suture removal", "Lab draw")
FOLLOW_UP = "Follow-up: "


def draw_reason(random: Random, profile: str, *, is_child: bool, patient: int) -> str:
    """Draw the reason of a visit of this profile. The chronic condition of a patient follows from the id."""
    if profile == "Annual physical":
        return get_icd10_label(CHECKUP[is_child])
    if profile == "Nurse visit":
        return random.choice(NURSE)
    if profile == "New patient":
        return "Establish care"
    if profile == "Sick visit" or is_child:
        return get_icd10_label(random.choice(CHILDHOOD if is_child else ACUTE))
    return f"{FOLLOW_UP}{get_icd10_label(_get_chronic_code(patient))}"


def get_diagnosis(reason: str, patient: int) -> str:
    """Return the ICD-10-CM code of a reason, or that of the patient's chronic condition for a reason without a code."""
    return _list_codes().get(reason.removeprefix(FOLLOW_UP)) or _get_chronic_code(patient)


def _get_chronic_code(patient: int) -> str:
    return CHRONIC[patient % len(CHRONIC)]


@cache
def _list_codes() -> dict[str, str]:
    """Return the codes by their text."""
    return {get_icd10_label(code): code for code in sorted({*CHRONIC, *ACUTE, *CHILDHOOD, *CHECKUP.values()})}
