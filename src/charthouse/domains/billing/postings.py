"""Line items, payments and insurance transactions: hooks of the declarations, and functions for the console and
imports (``post_transaction``, ``delete_payment``)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from charthouse import clock
from charthouse.domains.billing import fees
from charthouse.domains.billing.models import (
    FeeScheduleItem,
    LineItem,
    PatientPayment,
    PaymentLogEntry,
    Transaction,
)
from charthouse.domains.code_systems import ICD10, normalize_code
from charthouse.domains.patients.models import Coverage, Patient
from charthouse.domains.practice.models import Doctor
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.errors import Conflict, NotFound

MAX_DIAGNOSES = 12  # per claim (X12 837P, HI segment)
INCOMPLETE = "Incomplete Information"
_WRONG_PATIENT = "It is not this patient's."
_DELETED = "The line item is deleted."


@hook(
    keys=(
        "appointment",
        "code",
        "diagnosis_pointers",
        "doctor",
        "modifiers",
        "price",
        "procedure_type",
        "quantity",
        "use_fee_schedule_defaults",
    )
)
def post_line_item(change: Change) -> None:
    """Check and complete a line item before it is written: patient, diagnoses, payer and fee schedule."""
    if change.operation == "delete":
        _check_no_postings(change)
        return
    visit = _lock_row(Appointment, change.actor.practice, change.get("appointment"))
    if visit is None or visit.patient_id is None:
        change.add_error("appointment", "A break can't be billed.")
    elif change.row is not None and visit.patient_id != change.row.patient_id:
        change.add_error("appointment", "The appointment is another patient's.")
    if change.errors:
        return
    if change.row is None:
        change.set_columns(**_make_columns(change, visit))
    if change.errors:
        return
    if not _resolve_pointers(change, visit):
        return
    status = change.columns.get("billing_status", getattr(change.row, "billing_status", ""))
    if status in ("", INCOMPLETE):
        change.set_columns(billing_status="" if _has_diagnoses(change, visit) else INCOMPLETE)
    visit.save(update_fields=_stamp_visit(change, visit))


def _make_columns(change: Change, visit: Appointment) -> dict[str, Any]:
    """Return the columns of a new line item that no key has."""
    practice = change.actor.practice
    patient = Patient.objects.get(practice=practice, appointments=visit)
    payer, self_pay = find_payer(patient)
    values = change.values
    fee = fees.find_fee(practice, values["doctor"], payer, values["code"], values["procedure_type"])
    expected = None if fee is None or self_pay else fee.allowed_amount * values["quantity"]
    _fill_from_fee_schedule(change, fee, self_pay)
    return {
        "patient_id": visit.patient_id,
        "self_pay": self_pay,
        "description": (fee.description or fee.billing_description) if fee else "",
        "expected_reimbursement": None if expected is None else expected.quantize(Decimal("0.01")),
    }


def find_payer(patient: Patient) -> tuple[str, bool]:
    """Find the payer id of a patient's primary insurance, "" for none, and whether the patient pays all of it."""
    rows = Coverage.objects.filter(practice=patient.practice_id, patient=patient, rank=1, archived=False)
    primary = rows.first()
    payer = primary.insurance_payer_id if primary else ""
    return payer, primary is None or patient.patient_payment_profile == "Cash"


def _fill_from_fee_schedule(change: Change, fee: FeeScheduleItem | None, self_pay: bool) -> None:
    """Give a new line item price and modifiers of the fee schedule, where the caller asks for it and gave none."""
    values = change.values
    if (
        values.get("use_fee_schedule_defaults")
        and fee is not None
        and values["procedure_type"] != fees.CUSTOM
    ):
        if "price" not in change.given:
            change.set("price", fees.choose_price(fee, is_self_pay=self_pay))
        if "modifiers" not in change.given:
            change.set("modifiers", [getattr(fee, f"cpt_hcpcs_modifier{number}") for number in range(1, 5)])
    if change.values.get("price") is None:
        change.add_error("price", "This field is required: the fee schedule has no price of this code.")


def _resolve_pointers(change: Change, visit: Appointment) -> bool:
    """Replace ICD codes among the pointers by positions in the visit's diagnoses, which are extended."""
    pointers = change.values.get("diagnosis_pointers")
    if pointers is None:
        return True
    known = [normalize_code(code, ICD10) for code in visit.icd10_codes]
    for code in pointers:
        if isinstance(code, str) and code not in known:
            visit.icd10_codes.append(code)
            known.append(code)
    if len(visit.icd10_codes) > MAX_DIAGNOSES and any(isinstance(code, str) for code in pointers):
        change.add_error("diagnosis_pointers", f"A visit has at most {MAX_DIAGNOSES} diagnoses.")
        return False
    change.set(
        "diagnosis_pointers",
        [known.index(code) + 1 if isinstance(code, str) else code for code in pointers],
    )
    return True


def _has_diagnoses(change: Change, visit: Appointment) -> bool:
    """Return whether at least one pointer is set and all of them are diagnoses of the visit."""
    used = [pointer for pointer in change.get("diagnosis_pointers") if pointer]
    return bool(used) and max(used) <= len(visit.icd10_codes)


def _stamp_visit(change: Change, visit: Appointment) -> list[str]:
    """Set the visit's billing times; return the columns that changed."""
    if change.row is not None:
        return ["icd10_codes", "updated_at"] if change.given & {"diagnosis_pointers"} else []
    visit.last_billed_date = clock.now()
    visit.first_billed_date = visit.first_billed_date or visit.last_billed_date
    return ["icd10_codes", "first_billed_date", "last_billed_date", "updated_at"]


def _check_no_postings(change: Change) -> None:
    """Reject deleting a line item with payments or transactions. Raises Conflict."""
    for model in (Transaction, PatientPayment):
        rows = model._default_manager.filter(
            practice=change.actor.practice, line_item=change.row.pk, archived=False
        )
        if rows.exists():
            raise Conflict("The line item has payments or insurance transactions.")


@hook()
def check_payment(change: Change) -> None:
    """Check and complete a payment: the patient's line item and appointment, the doctor, the day."""
    values, practice = change.values, change.actor.practice
    if not values["amount"]:
        change.add_error("amount", "A payment can't be zero.")
    if values["payment_transaction_type"] == "REF":
        change.set("amount", -abs(values["amount"]))
    item = _lock_row(LineItem, practice, values["line_item"]) if values["line_item"] else None
    if item is not None and item.archived:
        change.add_error("line_item", _DELETED)
    elif item is not None:
        if values["appointment"] not in (None, item.appointment_id):
            change.add_error("appointment", "It is not the line item's.")
        change.set("appointment", item.appointment_id)
        if item.patient_id != values["patient"]:
            change.add_error("line_item", _WRONG_PATIENT)
    elif values["appointment"] and not _is_appointment_of(values["appointment"], values["patient"], practice):
        change.add_error("appointment", _WRONG_PATIENT)
    if change.errors:
        return
    change.set("doctor", values["doctor"] or _choose_doctor(item, values, practice))
    zone = Doctor.objects.values_list("timezone", flat=True).get(practice=practice, pk=values["doctor"])
    change.set_columns(posted_date=clock.now().astimezone(ZoneInfo(zone)).date())
    change.set_columns(created_by_id=change.actor.user)
    if item is not None:
        item.save(update_fields=["updated_at"])  # its balances change


def _is_appointment_of(appointment: int, patient: int, practice: int) -> bool:
    return Appointment.objects.filter(practice=practice, pk=appointment, patient=patient).exists()


def _choose_doctor(item: LineItem | None, values: Mapping[str, Any], practice: int) -> int:
    """Return the doctor of the line item, else of the appointment, else of the patient."""
    if item is not None:
        return item.doctor_id
    if values["appointment"]:
        return Appointment.objects.get(practice=practice, pk=values["appointment"]).doctor_id
    return Patient.objects.get(practice=practice, pk=values["patient"]).doctor_id


@hook()
def log_new_payment(change: Change, row: Any) -> None:
    """Log a payment that was posted."""
    log_payment(row, PaymentLogEntry.Action.CREATE, "API", change.actor.user)


def log_payment(payment: PatientPayment, action: str, source: str, user: int | None) -> None:
    """Log an action on a payment. ``source``: where it came from, e.g. API."""
    PaymentLogEntry.objects.create(
        practice_id=payment.practice_id,
        payment=payment,
        doctor_id=payment.doctor_id,
        patient_id=payment.patient_id,
        appointment_id=payment.appointment_id,
        amount=payment.amount,
        payment_method=payment.payment_method,
        action=action,
        source=source,
        created_by_id=user,
    )


def delete_payment(practice: int, payment_id: int, source: str, user: int | None) -> None:
    """Void a payment, which remains in the log. Raises NotFound."""
    with transaction.atomic():
        payment = _lock_row(PatientPayment, practice, payment_id)
        if payment is None or payment.archived:
            raise NotFound
        payment.archived = True
        payment.save(update_fields=["archived", "updated_at"])
        if payment.line_item_id and (item := _lock_row(LineItem, practice, payment.line_item_id)):
            item.save(update_fields=["updated_at"])
        log_payment(payment, PaymentLogEntry.Action.DELETE, source, user)


def post_transaction(practice: int, line_item: int, **values: Any) -> Transaction:
    """Post an insurer's decision on a line item. ``values``: by column. Raises NotFound; Conflict if the line
    item is deleted."""
    with transaction.atomic():
        item = _lock_row(LineItem, practice, line_item)
        if item is None:
            raise NotFound
        if item.archived:
            raise Conflict(_DELETED)
        item.save(update_fields=["updated_at"])
        return Transaction.objects.create(
            practice_id=practice, line_item=item, patient_id=item.patient_id, **values
        )


@hook()
def set_posted_date(change: Change) -> None:
    """Set the day of posting of a new remittance."""
    if change.operation == "create":
        change.set_columns(posted_date=clock.now().date())


@hook()
def set_author(change: Change) -> None:
    """Set the author of a new billing note."""
    if change.operation == "create":
        change.set_columns(created_by_id=change.actor.user)


def _lock_row(model: Any, practice: int, row_id: Any) -> Any:
    """Return a row with a row lock, or None."""
    return model.objects.select_for_update(no_key=True).filter(practice=practice, pk=row_id).first()
