"""Why people come: texts of ICD-10-CM codes, from the package that carries the code set."""

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


def reason(random: Random, profile: str, *, child: bool, patient: int) -> str:
    """What the desk writes for a visit of this profile. Somebody's lasting condition stays the same."""
    if profile == "Annual physical":
        return get_icd10_label(CHECKUP[child])
    if profile == "Nurse visit":
        return random.choice(NURSE)
    if profile == "New patient":
        return "Establish care"
    if profile == "Sick visit" or child:
        return get_icd10_label(random.choice(CHILDHOOD if child else ACUTE))
    return f"Follow-up: {get_icd10_label(CHRONIC[patient % len(CHRONIC)])}"
