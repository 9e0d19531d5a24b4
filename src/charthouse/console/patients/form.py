"""The form of a patient's demographics: what is asked, in which order, and in which words."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse_lazy

from charthouse.console.kit import forms, records
from charthouse.console.kit.form_sections import Section
from charthouse.console.kit.forms import Form, Input
from charthouse.console.kit.page import Request
from charthouse.console.kit.patient_words import CHOICES
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import Resource

_INSURANCE = {
    "insurance_company": "Payer", "insurance_id_number": "Member ID", "insurance_group_number": "Group number",
    "insurance_plan_name": "Plan name", "insurance_plan_type": "Plan type", "insurance_payer_id": "Payer ID",
    "is_subscriber_the_patient": "The patient is the subscriber",
    "patient_relationship_to_subscriber": "Patient's relationship to subscriber",
    "subscriber_first_name": "Subscriber's first name", "subscriber_last_name": "Subscriber's last name",
    "subscriber_date_of_birth": "Subscriber's DOB", "subscriber_gender": "Subscriber's sex",
    "photo_front": "Card, front", "photo_back": "Card, back",
}  # fmt: skip
LABELS = {
    "first_name": "First name", "last_name": "Last name", "middle_name": "Middle name", "nick_name": "Preferred name",
    "date_of_birth": "DOB", "gender": "Sex", "cell_phone": "Mobile phone", "home_phone": "Home phone",
    "office_phone": "Work phone", "email": "E-mail", "address": "Street address", "zip_code": "ZIP code",
    "doctor": "Provider", "chart_id": "Chart ID", "patient_status": "Status", "date_of_death": "Date of death",
    "preferred_language": "Language", "disable_sms_messages": "No reminders by text message",
    "emergency_contact_name": "Emergency contact", "emergency_contact_phone": "Phone",
    "emergency_contact_relation": "Relationship", "responsible_party_name": "Guarantor",
    "responsible_party_relation": "Relationship", "responsible_party_phone": "Phone",
    "primary_care_physician": "Primary care physician", "referring_source": "Referral source",
    "default_pharmacy": "Pharmacy", "patient_payment_profile": "Payment type", "copay": "Copay",
}  # fmt: skip
for _rank in ("primary_insurance", "secondary_insurance"):
    LABELS |= {f"{_rank}.{name}": label for name, label in _INSURANCE.items()}
HINTS = {
    "chart_id": "Leave empty to get the next number.",
    "default_pharmacy": "NCPDP ID of the pharmacy.",
    "patient_payment_profile": "“Insurance” if a payer is entered.",
}


def _list_insurance(rank: str, *names: tuple[str, int]) -> list[tuple[str, int]]:
    return [(f"{rank}.{name}", span) for name, span in names]


_MORE_OF_INSURANCE = (
    ("insurance_group_number", 4), ("insurance_plan_name", 4), ("insurance_plan_type", 4), ("insurance_payer_id", 4),
    ("is_subscriber_the_patient", 4), ("patient_relationship_to_subscriber", 4), ("subscriber_first_name", 4),
    ("subscriber_last_name", 4), ("subscriber_date_of_birth", 4), ("photo_front", 6), ("photo_back", 6),
)  # fmt: skip
PATIENT = Section(
    "Patient",
    (("first_name", 4), ("last_name", 4), ("date_of_birth", 2), ("gender", 2)),
    folds=False,
)
CONTACT = Section(
    "Contact",
    (("cell_phone", 4), ("email", 8), ("address", 5), ("city", 3), ("state", 2), ("zip_code", 2)),
    folds=False,
)
INSURANCE = Section(
    "Insurance",
    (
        *_list_insurance("primary_insurance", ("insurance_company", 6), ("insurance_id_number", 4)),
        ("copay", 2),
    ),
    folds=False,
)
SECTIONS = (
    PATIENT,
    CONTACT,
    INSURANCE,
    Section("Insurance details and card", _list_insurance("primary_insurance", *_MORE_OF_INSURANCE)),
    Section(
        "Secondary insurance",
        _list_insurance(
            "secondary_insurance",
            ("insurance_company", 6),
            ("insurance_id_number", 6),
            *_MORE_OF_INSURANCE,
        ),
    ),
    Section(
        "Name, language and background",
        (
            ("middle_name", 4), ("nick_name", 4), ("pronouns", 4), ("preferred_language", 4), ("race", 4),
            ("ethnicity", 4),
        ),
    ),
    Section("More phones", (("home_phone", 4), ("office_phone", 4), ("disable_sms_messages", 4))),
    Section(
        "Emergency contact and guarantor",
        (
            ("emergency_contact_name", 4), ("emergency_contact_phone", 4), ("emergency_contact_relation", 4),
            ("responsible_party_name", 4), ("responsible_party_phone", 4), ("responsible_party_relation", 4),
        ),
    ),
    Section(
        "Provider and chart",
        (
            ("doctor", 4), ("chart_id", 4), ("patient_status", 4), ("date_of_death", 4), ("primary_care_physician", 4),
            ("referring_source", 4), ("default_pharmacy", 4), ("employer", 4), ("patient_payment_profile", 4),
        ),
    ),
)  # fmt: skip
FIELD_NAMES = tuple(dict.fromkeys(name.split(".")[0] for section in SECTIONS for name, _ in section.fields))
_ATTRIBUTES = {
    "first_name": {"autocomplete": "off", "data-focus": "yes"}, "last_name": {"autocomplete": "off"},
    "zip_code": {"inputmode": "numeric"},
    "cell_phone": {"inputmode": "tel"}, "home_phone": {"inputmode": "tel"}, "office_phone": {"inputmode": "tel"},
    "copay": {"inputmode": "decimal"},
}  # fmt: skip


def list_keys(of: Resource) -> list[Key]:
    """List the keys that the form asks for."""
    return [of.keys_by_name[name] for name in FIELD_NAMES]


def build_form(request: Request, values: Mapping[str, Any]) -> Form:
    """Build the form with these values: as an API shows them, or as they were sent."""
    of = records.get_resource("patients")
    options = records.ReferenceOptions(request.actor)
    form = forms.build_form(list_keys(of), of.model, values, options, LABELS)
    for section in SECTIONS:
        for name, span in section.fields:
            if (one := form.find(name)) is not None:
                _decorate(one, span)
    return form


def _decorate(one: Input, span: int) -> None:
    """Give an input its width, unit, choices in words and hint."""
    one.span, one.help = span, HINTS.get(one.name, "")
    one.attributes |= _ATTRIBUTES.get(one.name, {})
    if one.kind == "textarea":
        one.rows = 1
    if one.name == "copay":
        one.prefix, one.kind = "$", "text"
    if one.name.endswith(".insurance_company"):
        one.lookup = str(reverse_lazy("payers"))
    if (words := CHOICES.get(one.name)) is not None:
        one.kind, value = "select", str(one.value)
        one.choices = list(words.items()) if value in words else [*words.items(), (value, value)]
        one.value = value
    if one.name in ("first_name", "last_name", "date_of_birth", "gender"):
        one.required = True
