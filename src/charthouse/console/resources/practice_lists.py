"""Lists of a practice that searches offer first: allergens, favorite problems, and lab panels, as the console writes
them."""

from typing import Any

from charthouse.console.resources.declaring import CLINICAL, declare_practice_list, make_name_key
from charthouse.domains.clinical.code_labels import is_icd10_code
from charthouse.domains.clinical.practice_lists import Allergen, FavoriteProblem
from charthouse.domains.code_systems import ICD10, LOINC, RXNORM, SNOMED, CodeSystem
from charthouse.domains.labs.models import PanelTest
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.types import Measurement, Text
from charthouse.engine.declaration.values import REQUIRED

MAX_LIMIT = 10_000_000  # of a usual range, in the test's unit


def _make_code_check(name: str, system: CodeSystem) -> Any:
    """Make a check that this key is a code of the system, which is kept in its normal form."""

    @hook(keys=(name,))
    def check_code(change: Change) -> None:
        written = change.values.get(name) or ""
        if not change.changes(name) or not written:
            return
        code = system.find_code(written)
        if code:
            change.set(name, code)
        else:
            change.add_error(name, f"“{written}” is not a code of {system.name}.")

    return check_code


@hook(keys=("icd_code",))
def check_diagnosis(change: Change) -> None:
    """Require a code that ICD-10-CM has, and keep it with its point."""
    if not change.changes("icd_code"):
        return
    written = change.values.get("icd_code") or ""
    if is_icd10_code(written):
        change.set("icd_code", ICD10.find_code(written))
    else:
        change.add_error("icd_code", f"ICD-10-CM has no code “{written}”.")


@hook(keys=("low", "high"))
def check_range(change: Change) -> None:
    """Refuse a range whose lower limit is above the upper one."""
    low, high = change.get("low"), change.get("high")
    if low is not None and high is not None and low > high:
        change.add_error("high", "The upper limit is below the lower one.")


RESOURCES = (
    declare_practice_list(
        "allergens",
        Allergen,
        CLINICAL,
        make_name_key(),
        Key("rxnorm", Text(max_length=20)),
        Key("snomed_code", Text(max_length=20)),
        checks=(_make_code_check("rxnorm", RXNORM), _make_code_check("snomed_code", SNOMED)),
        example={"name": "Peanut"},
    ),
    declare_practice_list(
        "favorite_problems",
        FavoriteProblem,
        CLINICAL,
        make_name_key(),
        Key("icd_code", Text(max_length=20, blank=False), REQUIRED),
        checks=(check_diagnosis,),
        example={"name": "High blood pressure", "icd_code": "I10"},
    ),
    declare_practice_list(
        "panel_tests",
        PanelTest,
        CLINICAL,
        Key("panel", Text(max_length=200, blank=False), REQUIRED),
        Key("name", Text(max_length=200, blank=False), REQUIRED),
        Key("code", Text(max_length=20)),
        Key("unit", Text(max_length=50)),
        Key("low", Measurement(places=4, minimum=-MAX_LIMIT, maximum=MAX_LIMIT)),
        Key("high", Measurement(places=4, minimum=-MAX_LIMIT, maximum=MAX_LIMIT)),
        Key("specimen", Text(max_length=200)),
        Key("panel_code", Text(max_length=50)),
        checks=(_make_code_check("code", LOINC), check_range),
        example={"panel": "Annual labs", "name": "Glucose"},
    ),
)
