"""What the console checks, beyond what the record refuses, and puts in one form before demographics are written."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from charthouse import clock
from charthouse.console.kit.formats import STATES, format_phone, format_zip
from charthouse.engine.declaration.times import parse_date
from charthouse.engine.declaration.values import InvalidValue
from charthouse.engine.errors import Invalid

PHONES = (
    "cell_phone", "home_phone", "office_phone", "emergency_contact_phone", "responsible_party_phone",
)  # fmt: skip
INSURANCES = ("primary_insurance", "secondary_insurance")
_SUBSCRIBER = "is_subscriber_the_patient"


def clean(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values in the forms of the practice: no blanks around them, phones, ZIP codes and e-mail in one form.

    What cannot be put in form stays, for its error. An insurance of which nothing is entered is None.
    """
    found: dict[str, Any] = {
        name: value.strip() if isinstance(value, str) else value for name, value in sent.items()
    }
    for name in PHONES:
        if found.get(name):
            found[name] = format_phone(found[name])
    for name in ("zip_code", "employer_zip_code"):
        if found.get(name):
            found[name] = format_zip(found[name]) or found[name]
    if found.get("email"):
        found["email"] = found["email"].lower()
    if found.get("copay"):
        found["copay"] = str(found["copay"]).removeprefix("$").replace(",", "").strip()
    for name in INSURANCES:
        values = found.get(name)
        if values and not any(value for key, value in values.items() if key != _SUBSCRIBER):
            found[name] = None
    return found


def check(values: Mapping[str, Any], touched: Collection[str] | None = None) -> None:
    """Refuse what a field would not accept. Raises Invalid.

    ``touched``: the keys that are written to a known patient, whose other values are not judged; None for a new one.
    """
    errors: dict[str, Any] = {}
    if not (values.get("first_name") or values.get("last_name")):
        blank = "last_name" if touched is None or "last_name" in touched else "first_name"
        errors[blank] = ["Enter a first or a last name."]
    if not values.get("date_of_birth"):
        errors["date_of_birth"] = ["Enter the date of birth."]
    elif _is_in_future(values["date_of_birth"]):
        errors["date_of_birth"] = ["The date of birth is in the future."]
    if not values.get("gender"):
        errors["gender"] = ["Choose the sex."]
    _check_address(values, errors)
    for name in INSURANCES:
        if values.get(name) and not values[name].get("insurance_company"):
            errors[name] = {"insurance_company": ["Enter the payer."]}
    found = {name: what for name, what in errors.items() if touched is None or name in touched}
    if found:
        raise Invalid(found)


def _check_address(values: Mapping[str, Any], errors: dict[str, Any]) -> None:
    state, code = values.get("state"), values.get("zip_code")
    if state and state not in STATES:
        errors["state"] = ["Choose a state."]
    if code and format_zip(code) is None and (not state or state in STATES):
        errors["zip_code"] = ["Enter a ZIP code of 5 or 9 digits."]


def _is_in_future(text: str) -> bool:
    try:
        day: date = parse_date(text)
    except InvalidValue:
        return False
    return day > clock.now().date()
