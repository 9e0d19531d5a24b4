"""Writing charges and estimates, whichever door they come through. Hooks of the declarations."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from charthouse import clock
from charthouse.domains.billing.accounts import Charge, ChargeDefinition, Estimate, InvoiceLine, Priced
from charthouse.domains.clinical.models import ClinicalNote
from charthouse.domains.patients.models import Patient
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.errors import Conflict

ON_AN_INVOICE = "It is on an invoice: void that one first."
INACTIVE = "It is inactive, so it is charged no more."
NEGATIVE = "This may not be below zero."
# What may still be noted on a charge that was invoiced: none of it changes what was asked for.
_LATER = {
    *("notes", "additional_details", "add_to_insurance_claim", "cpt_code", "cpt_modifiers"),
    *("amt_billed_to_insurance", "amt_paid_by_insurance", "amt_written_off"),
}
_NOT_NEGATIVE = ("amount", "amt_billed_to_insurance", "amt_paid_by_insurance", "amt_written_off")
_OF_THE_ROW = {"id", "archived", "created_at", "updated_at", "added_by_id", "updated_by_id"}
_SAME = [column.attname for column in Priced._meta.fields if column.attname not in _OF_THE_ROW]


def today(practice: int, patient: int) -> date:
    """The day that it is for the patient's doctor."""
    zones = Patient.objects.values_list("doctor__timezone", flat=True)
    return clock.now().astimezone(ZoneInfo(zones.get(practice=practice, pk=patient))).date()


@hook()
def definition_prices(change: Change) -> None:
    """Of the catalogue: no price and no tax is negative."""
    for name in ("retail", "wholesale", "tax_rate"):
        if (value := change.values.get(name)) is not None and value < 0:
            change.add_error(name, NEGATIVE)


def invoiced(charge: Charge) -> bool:
    lines = InvoiceLine.objects.filter(practice=charge.practice_id, charge=charge, released=False)
    return lines.filter(archived=False).exists()


@hook(keys=("definition", "discount_multiplier", "encounter", "patient", "quantity", "transaction_date"))
def charge(change: Change) -> None:
    """Before a charge is written: what the catalogue says of it, amounts that can be, nothing that was asked for."""
    if change.row is not None:
        if change.row.voided_at is not None:
            raise Conflict("It is voided.")
        if invoiced(change.row) and (change.operation == "delete" or change.changes(*_but(_LATER, change))):
            raise Conflict(ON_AN_INVOICE)
    if change.operation != "delete":
        _priced(change)


@hook(
    keys=(
        "definition",
        "discount_multiplier",
        "encounter",
        "expiration_date",
        "patient",
        "quantity",
        "transaction_date",
    )
)
def estimate(change: Change) -> None:
    """Before an estimate is written; one that has become a charge stays as it is."""
    if change.row is not None and change.row.converted_id is not None:
        raise Conflict("It has become a charge.")
    if change.operation == "delete":
        return
    _priced(change)
    ends = change.get("expiration_date")
    if ends is not None and not change.errors and ends < change.get("transaction_date"):
        change.add_error("expiration_date", "It lies before the day of the estimate.")


def _but(names: set[str], change: Change) -> list[str]:
    return [name for name in change.values if name not in names]


def keep(change: Change, *names: str) -> None:
    """What is left empty in a change of a row stays as it is."""
    for name in names:
        if change.row is not None and change.values.get(name, "") is None:
            del change.values[name]


def _priced(change: Change) -> None:
    keep(change, "name", "amount", "transaction_date")
    if change.row is not None and change.changes("patient"):
        change.add_error("patient", "What is one patient's can't become another's.")
        return
    _defined(change)
    for name in _NOT_NEGATIVE:
        if (value := change.values.get(name)) is not None and value < 0:
            change.add_error(name, NEGATIVE)
    if (quantity := change.values.get("quantity")) is not None and quantity <= 0:
        change.add_error("quantity", "Ensure this value is greater than 0.")
    if (discount := change.values.get("discount_multiplier")) is not None and not 0 <= discount <= 1:
        change.add_error("discount_multiplier", "Ensure this value is between 0 and 1.")
    practice, patient, note = change.actor.practice, change.get("patient"), change.values.get("encounter")
    if note and not ClinicalNote.objects.filter(practice=practice, pk=note, patient=patient).exists():
        change.add_error("encounter", "It is not this patient's.")
    if change.row is None and change.values.get("transaction_date") is None:
        change.values["transaction_date"] = today(practice, patient)


def _defined(change: Change) -> None:
    """What a new charge leaves out, its definition says."""
    chosen = change.values.get("definition")
    if chosen and change.changes("definition"):
        definition = ChargeDefinition.objects.get(practice=change.actor.practice, pk=chosen)
        if definition.inactive:
            change.add_error("definition", INACTIVE)
        if change.row is None:
            for name, value in told(definition).items():
                if name not in change.given or change.values.get(name) in (None, ""):
                    change.values[name] = value
    for name in ("name", "amount"):
        if change.get(name) in (None, ""):
            change.add_error(name, "This field is required where nothing of the catalogue is chosen.")


def told(definition: ChargeDefinition) -> dict[str, Any]:
    """What a charge of something in the catalogue says unless somebody says otherwise, by column."""
    return {
        "name": definition.name,
        "amount": definition.retail,
        "cpt_code": definition.cpt_code,
        "add_to_insurance_claim": definition.add_to_insurance_claims,
    }


# -- actions ----------------------------------------------------------------------------------------------------


def void(call: Call) -> None:
    """The charge is owed no more, and stays to be seen."""
    row: Charge = call.row
    if row.voided_at is not None:
        raise Conflict("It is voided already.")
    if invoiced(row):
        raise Conflict(ON_AN_INVOICE)
    row.voided_at = clock.now()
    row.save(update_fields=["voided_at", *row.sign(call.actor), "updated_at"])


def convert(call: Call) -> None:
    """The estimate becomes a charge of today, once."""
    row: Estimate = call.row
    if row.converted_id is not None:
        raise Conflict("It has become a charge already.")
    day = today(row.practice_id, row.patient_id)
    if row.expiration_date is not None and row.expiration_date < day:
        raise Conflict("It has expired: make another one.")
    made = Charge(**{name: getattr(row, name) for name in _SAME} | {"transaction_date": day})
    made.sign(call.actor)
    made.save(force_insert=True)
    row.converted = made
    row.save(update_fields=["converted", *row.sign(call.actor), "updated_at"])
