"""Rows of a list that record that nothing is known: "No known allergies", "No known problems", "No known medications".

The APIs have no field for it, so it is recorded as other systems record it: as an active row with the statement's
SNOMED CT code, or with its words. A list without rows says nothing. Codes: HL7 International Patient Summary, concept
map "absence-to-snomed-uv-ips"; for ``denied`` also C-CDA's value set of allergy types.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Absence:
    """A statement. ``code``: SNOMED CT; ``denied``: SNOMED CT code and name of what the patient does not have;
    ``is_general``: whether it denies every row of the list, so that another active row contradicts it."""

    code: str
    text: str
    denied: tuple[str, str]
    is_general: bool = False


_SUBSTANCE = ("419199007", "Allergy to substance")
NO_KNOWN_ALLERGIES = Absence("716186003", "No known allergies", _SUBSTANCE, is_general=True)
NO_KNOWN_PROBLEMS = Absence("160245001", "No known problems", ("55607006", "Problem"), is_general=True)
_ALLERGIES = (
    NO_KNOWN_ALLERGIES,
    Absence("409137002", "No known drug allergies", ("416098002", "Allergy to drug")),
    Absence("429625007", "No known food allergies", ("414285001", "Allergy to food")),
    Absence("428607008", "No known environmental allergies", ("426232007", "Environmental allergy")),
)
# Medications have no place for a SNOMED CT code in either API, so that the words are the statement.
NO_KNOWN_MEDICATIONS = Absence(
    "787481004", "No known medications", ("410942007", "Drug or medicament"), is_general=True
)
_RETIRED = {"160244002": NO_KNOWN_ALLERGIES}
ALLERGIES: Mapping[str, Absence] = {one.code: one for one in _ALLERGIES} | _RETIRED
PROBLEMS: Mapping[str, Absence] = {NO_KNOWN_PROBLEMS.code: NO_KNOWN_PROBLEMS}
MEDICATIONS: Mapping[str, Absence] = {NO_KNOWN_MEDICATIONS.code: NO_KNOWN_MEDICATIONS}
_WORDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"no known (?:history of )?allerg(?:y|ies)|nka"), "716186003"),
    (re.compile(r"no known (?:history of )?(?:drug|medication) allerg(?:y|ies)|nk[dm]a"), "409137002"),
    (re.compile(r"no known food allerg(?:y|ies)|nkfa"), "429625007"),
    (re.compile(r"no known environmental allerg(?:y|ies)"), "428607008"),
    (re.compile(r"no (?:known|current) (?:medical )?problems?(?: or disability)?"), "160245001"),
    (
        re.compile(r"no (?:known|current|active) (?:medications?|meds)|not (?:on|taking) any medications?"),
        "787481004",
    ),
)
_MAX_WORDS = 60  # characters; a longer text says more than the statement


def find_absent_allergies(snomed_code: str, description: str, rxnorm: str = "") -> Absence | None:
    """Find the statement that an allergy's row makes; None for an allergy."""
    return None if rxnorm else _find(ALLERGIES, snomed_code, description)


def find_absent_problems(snomed_code: str, name: str, icd_code: str = "") -> Absence | None:
    """Find the statement that a problem's row makes; None for a problem."""
    return None if icd_code else _find(PROBLEMS, snomed_code, name)


def find_absent_medications(name: str, rxnorm: str = "", ndc: str = "") -> Absence | None:
    """Find the statement that a medication's row makes; None for a medication."""
    return None if rxnorm or ndc else _find(MEDICATIONS, "", name)


def is_active(status: str, verification_status: str) -> bool:
    """Whether a row of a list holds: a refuted one does not, nor one entered in error."""
    return status == "active" and verification_status not in ("refuted", "entered-in-error")


def _find(known: Mapping[str, Absence], code: str, text: str) -> Absence | None:
    if code.strip():
        return known.get(code.strip())
    words = " ".join(text[: _MAX_WORDS + 1].lower().rstrip(" .").split())
    if len(text) > _MAX_WORDS:
        return None
    return next((known.get(found) for pattern, found in _WORDS if pattern.fullmatch(words)), None)
