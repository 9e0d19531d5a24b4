"""Fee schedules and billing profiles of doctors."""

from decimal import Decimal

from charthouse.domains.billing.models import BillingProfile, FeeSchedule, FeeScheduleItem
from charthouse.sandbox.context import PracticeContext
from charthouse.sandbox.data.prices import CODE_TYPES, PRICES, VISIT_CODES, Price
from charthouse.sandbox.loader import Row

PLANS = (("Standard", ""), ("Choice PPO", "CH010"))  # name, payer id


def add_fee_schedules(context: PracticeContext, doctor: int) -> None:
    """Add the fee schedules of a doctor and a billing profile for each kind of visit."""
    schedules = context.copy(
        FeeSchedule,
        [
            {
                "doctor_id": doctor,
                "plan_name": plan,
                "payer_id": payer,
                "assignees": [doctor],
                "effective_date": "2020-01-01",
            }
            for plan, payer in PLANS
        ],
    )
    context.copy(
        FeeScheduleItem,
        [
            _make_item(schedule, price, discount=5 * index)
            for index, schedule in enumerate(schedules)
            for price in PRICES.values()
        ],
    )
    context.copy(BillingProfile, [_make_profile(doctor, name, code) for name, code in VISIT_CODES.items()])


def _make_item(schedule: int, price: Price, discount: int) -> Row:
    """Make an item of a fee schedule. ``discount``: percent that insurers take off the allowed amount."""
    return {
        "schedule_id": schedule,
        "code": price.code,
        "code_type": CODE_TYPES[price.procedure_type],
        "base_price": price.price,
        "insured_price": price.price,
        "cash_price": Decimal(price.price) * 4 / 5,
        "insured_out_of_network_price": price.price,
        "allowed_amount": price.allowed * (100 - discount) / Decimal(100),
        "billing_description": price.description,
        "description": price.description,
        "picklist_category": "Visits" if price.code in VISIT_CODES.values() else "Services",
    }


def _make_profile(doctor: int, name: str, code: str) -> Row:
    procedure = {
        "code": code,
        "price": f"{PRICES[code].price}.00",
        "quantity": "1.00",
        "modifiers": ["", "", "", ""],
        "diagnosis_pointers_icd9": ["0", "0", "0", "0"],
        "diagnosis_pointers_icd10": ["1", "0", "0", "0"],
        "ndc_code": [],
    }
    return {
        "doctor_id": doctor,
        "name": name,
        "cpt_codes": [procedure],
        "icd10_codes": ["Z00.00"] if name == "Annual physical" else [],
    }
