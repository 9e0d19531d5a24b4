"""What a synthetic practice charges. Codes are given as they are, in words of our own: no code set's descriptions."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from charthouse.domains.billing.models import BillingProfile, FeeSchedule, FeeScheduleItem
from charthouse.sandbox.practice import Provider, Setup


@dataclass(frozen=True)
class Price:
    """``kind``: C CPT, H HCPCS, U the practice's own. Dollars. ``allowed`` is what insurers pay at most."""

    code: str
    kind: str
    words: str
    price: int
    allowed: int


PRICES = {
    price.code: price
    for price in (
        Price("99203", "C", "First visit", 190, 118),
        Price("99211", "C", "Nurse visit", 45, 24),
        Price("99213", "C", "Return visit", 145, 92),
        Price("99214", "C", "Longer return visit", 205, 131),
        Price("99392", "C", "Well child visit", 165, 109),
        Price("99396", "C", "Yearly check-up", 235, 142),
        Price("36415", "C", "Blood draw", 18, 8),
        Price("81002", "C", "Urine dipstick", 15, 4),
        Price("85025", "C", "Blood count", 32, 11),
        Price("93000", "C", "Heart tracing", 75, 19),
        Price("90686", "C", "Flu vaccine", 40, 22),
        Price("G0008", "H", "Giving the flu vaccine", 35, 25),
        Price("FORM", "U", "Filling in a form", 25, 0),
    )
}
VISITS = {
    "Annual physical": "99396",
    "New patient": "99203",
    "Established patient": "99214",
    "Sick visit": "99213",
    "Follow-up": "99213",
    "Nurse visit": "99211",
}
CODE_TYPES = {"C": "CPT", "H": "HCPCS", "U": "Custom"}


def price(setup: Setup, provider: Provider) -> None:
    """A doctor's price lists, a general one and one of a plan, and a billing profile for each kind of visit."""
    plans = setup.copy(
        FeeSchedule,
        [
            {
                "doctor_id": provider.doctor,
                "plan_name": plan,
                "payer_id": payer,
                "assignees": [provider.doctor],
                "effective_date": "2020-01-01",
            }
            for plan, payer in (("Standard", ""), ("Choice PPO", "CH010"))
        ],
    )
    setup.copy(
        FeeScheduleItem,
        [_item(plan, entry, at) for at, plan in enumerate(plans) for entry in PRICES.values()],
    )
    setup.copy(BillingProfile, [_profile(provider, name, code) for name, code in VISITS.items()])


def _item(plan: int, entry: Price, cut: int) -> dict[str, Any]:
    return {
        "schedule_id": plan,
        "code": entry.code,
        "code_type": CODE_TYPES[entry.kind],
        "base_price": entry.price,
        "insured_price": entry.price,
        "cash_price": Decimal(entry.price) * 4 / 5,
        "insured_out_of_network_price": entry.price,
        "allowed_amount": entry.allowed * (100 - 5 * cut) / Decimal(100),
        "billing_description": entry.words,
        "description": entry.words,
        "picklist_category": "Visits" if entry.code in VISITS.values() else "Services",
    }


def _profile(provider: Provider, name: str, code: str) -> dict[str, Any]:
    claimed = {
        "code": code,
        "price": f"{PRICES[code].price}.00",
        "quantity": "1.00",
        "modifiers": ["", "", "", ""],
        "diagnosis_pointers_icd9": ["0", "0", "0", "0"],
        "diagnosis_pointers_icd10": ["1", "0", "0", "0"],
        "ndc_code": [],
    }
    return {
        "doctor_id": provider.doctor,
        "name": name,
        "cpt_codes": [claimed],
        "icd10_codes": ["Z00.00"] if name == "Annual physical" else [],
    }
