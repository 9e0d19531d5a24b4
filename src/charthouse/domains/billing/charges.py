"""Charges and estimates: hooks and actions."""

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

INVOICED = "It is on an invoice: void that one first."
INACTIVE = "It is inactive, so it is charged no more."
NEGATIVE = "This may not be below zero."

# Columns of an invoiced charge that may change: none of them changes the amount.
_CHANGEABLE_WHEN_INVOICED = {
    *("notes", "additional_details", "add_to_insurance_claim", "cpt_code", "cpt_modifiers"),
    *("amt_billed_to_insurance", "amt_paid_by_insurance", "amt_written_off"),
}

_AMOUNTS = ("amount", "amt_billed_to_insurance", "amt_paid_by_insurance", "amt_written_off")
_ROW_COLUMNS = {"id", "archived", "created_at", "updated_at", "added_by_id", "updated_by_id"}
_SHARED_COLUMNS = [column.attname for column in Priced._meta.fields if column.attname not in _ROW_COLUMNS]


def get_today(practice: int, patient: int) -> date:
    """Return today in the zone of the patient's doctor."""
    zones = Patient.objects.values_list("doctor__timezone", flat=True)
    return clock.now().astimezone(ZoneInfo(zones.get(practice=practice, pk=patient))).date()


@hook()
def check_definition_prices(change: Change) -> None:
    """Reject negative prices and taxes of a charge definition."""
    for name in ("retail", "wholesale", "tax_rate"):
        if (value := change.values.get(name)) is not None and value < 0:
            change.add_error(name, NEGATIVE)


def is_invoiced(charge: Charge) -> bool:
    """Return whether a charge is on an invoice."""
    lines = InvoiceLine.objects.filter(practice=charge.practice_id, charge=charge, released=False)
    return lines.filter(archived=False).exists()


@hook(keys=("definition", "discount_multiplier", "encounter", "patient", "quantity", "transaction_date"))
def check_charge(change: Change) -> None:
    """Check and complete a charge; reject changing an invoiced or voided one. Raises Conflict."""
    if change.row is not None:
        if change.row.voided_at is not None:
            raise Conflict("It is voided.")
        if is_invoiced(change.row) and (
            change.operation == "delete"
            or change.changes(*_list_other_keys(_CHANGEABLE_WHEN_INVOICED, change))
        ):
            raise Conflict(INVOICED)
    if change.operation != "delete":
        _check_priced(change)


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
def check_estimate(change: Change) -> None:
    """Check and complete an estimate; reject changing a converted one. Raises Conflict."""
    if change.row is not None and change.row.converted_id is not None:
        raise Conflict("It has become a charge.")
    if change.operation == "delete":
        return
    _check_priced(change)
    ends = change.get("expiration_date")
    if ends is not None and not change.errors and ends < change.get("transaction_date"):
        change.add_error("expiration_date", "This is before the date of the estimate.")


def _list_other_keys(names: set[str], change: Change) -> list[str]:
    return [name for name in change.values if name not in names]


def keep_unset(change: Change, *names: str) -> None:
    """Keep the current values of keys that a change leaves empty."""
    for name in names:
        if change.row is not None and change.values.get(name, "") is None:
            change.keep(name)


def _check_priced(change: Change) -> None:
    keep_unset(change, "name", "amount", "transaction_date")
    if change.row is not None and change.changes("patient"):
        change.add_error("patient", "What is one patient's can't become another's.")
        return
    _apply_definition(change)
    for name in _AMOUNTS:
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
        change.set("transaction_date", get_today(practice, patient))


def _apply_definition(change: Change) -> None:
    """Set what a new charge leaves out from its definition."""
    chosen = change.values.get("definition")
    if chosen and change.changes("definition"):
        definition = ChargeDefinition.objects.get(practice=change.actor.practice, pk=chosen)
        if definition.inactive:
            change.add_error("definition", INACTIVE)
        if change.row is None:
            for name, value in get_definition_values(definition).items():
                if name not in change.given or change.values.get(name) in (None, ""):
                    change.set(name, value)
    for name in ("name", "amount"):
        if change.get(name) in (None, ""):
            change.add_error(name, "This field is required where nothing of the catalogue is chosen.")


def get_definition_values(definition: ChargeDefinition) -> dict[str, Any]:
    """Return the defaults of a charge from its definition, by column."""
    return {
        "name": definition.name,
        "amount": definition.retail,
        "cpt_code": definition.cpt_code,
        "add_to_insurance_claim": definition.add_to_insurance_claims,
    }


def void(call: Call) -> None:
    """Void a charge, which remains visible. Raises Conflict."""
    row: Charge = call.row
    if row.voided_at is not None:
        raise Conflict("It is voided already.")
    if is_invoiced(row):
        raise Conflict(INVOICED)
    row.voided_at = clock.now()
    row.save(update_fields=["voided_at", *row.set_authors(call.actor), "updated_at"])


def convert(call: Call) -> None:
    """Convert an estimate to a charge of today, once. Raises Conflict."""
    row: Estimate = call.row
    if row.converted_id is not None:
        raise Conflict("It has become a charge already.")
    day = get_today(row.practice_id, row.patient_id)
    if row.expiration_date is not None and row.expiration_date < day:
        raise Conflict("It has expired: make another one.")
    charge = Charge(**{name: getattr(row, name) for name in _SHARED_COLUMNS} | {"transaction_date": day})
    charge.set_authors(call.actor)
    charge.save(force_insert=True)
    row.converted = charge
    row.save(update_fields=["converted", *row.set_authors(call.actor), "updated_at"])
