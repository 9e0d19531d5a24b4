"""Charges, payments and insurers' answers are posted here, whichever door they come through. Hooks of the
declarations, and what the console and imports call (``post_transaction``, ``delete_payment``)."""

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from charthouse import clock
from charthouse.domains.billing.models import (
    FeeScheduleItem,
    LineItem,
    PatientPayment,
    PaymentLogEntry,
    Transaction,
)
from charthouse.domains.patients.models import Coverage, Patient
from charthouse.domains.practice.models import Doctor
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.errors import Conflict, NotFound

MOST_DIAGNOSES = 12  # of one claim (X12 837P, HI segment)
INCOMPLETE = "Incomplete Information"
_CODE_TYPES = {"C": "CPT", "H": "HCPCS", "U": "Custom"}
_OTHERS = "It is not this patient's."
_DELETED = "The line item is deleted."

# -- charges ----------------------------------------------------------------------------------------------------


@hook(keys=("appointment", "code", "diagnosis_pointers", "doctor", "procedure_type", "quantity"))
def charge(change: Change) -> None:
    """Before a charge is written: whose it is, its diagnoses, who pays first, what the fee schedule says of it."""
    if change.operation == "delete":
        _refuse_loss(change)
        change.columns["deleted_at"] = clock.now()
        return
    visit = _locked(Appointment, change.actor.practice, change.get("appointment"))
    if visit is None or visit.patient_id is None:
        change.add_error("appointment", "A break can't be billed.")
    elif change.row is not None and visit.patient_id != change.row.patient_id:
        change.add_error("appointment", "The appointment is another patient's.")
    if change.errors:
        return
    if change.row is None:
        change.columns |= _posting(change, visit)
    if not _point(change, visit):
        return
    status = change.columns.get("billing_status", getattr(change.row, "billing_status", ""))
    if status in ("", INCOMPLETE):
        change.columns["billing_status"] = "" if _complete(change, visit) else INCOMPLETE
    visit.save(update_fields=_stamped(change, visit))


def _posting(change: Change, visit: Appointment) -> dict[str, Any]:
    """What a new charge gets beside its declared keys."""
    practice = change.actor.practice
    patient = Patient.objects.get(practice=practice, appointments=visit)
    primary = Coverage.objects.filter(practice=practice, patient=patient, rank=1, archived=False).first()
    self_pay = primary is None or patient.patient_payment_profile == "Cash"
    fee = _fee(change, primary.insurance_payer_id if primary else "")
    expected = None if fee is None or self_pay else fee.allowed_amount * change.values["quantity"]
    return {
        "patient_id": visit.patient_id,
        "self_pay": self_pay,
        "description": (fee.description or fee.billing_description) if fee else "",
        "expected_reimbursement": None if expected is None else expected.quantize(Decimal("0.01")),
    }


def _fee(change: Change, payer: str) -> FeeScheduleItem | None:
    """The price list entry of the charge's doctor: the payer's own before the general one."""
    today = clock.now().date()
    rows = FeeScheduleItem.objects.filter(
        Q(schedule__effective_date=None) | Q(schedule__effective_date__lte=today),
        Q(schedule__ineffective_date=None) | Q(schedule__ineffective_date__gte=today),
        practice=change.actor.practice,
        schedule__doctor=change.values["doctor"],
        schedule__payer_id__in={payer, ""},
        schedule__archived=False,
        archived=False,
        code=change.values["code"],
        code_type=_CODE_TYPES[change.values["procedure_type"]],
    )
    return rows.order_by("-schedule__payer_id", "id").first()


def _point(change: Change, visit: Appointment) -> bool:
    """ICD codes among the pointers become places in the visit's diagnoses, which grow by those it lacks."""
    pointers = change.values.get("diagnosis_pointers")
    if pointers is None:
        return True
    for code in pointers:
        if isinstance(code, str) and code not in visit.icd10_codes:
            visit.icd10_codes.append(code)
    if len(visit.icd10_codes) > MOST_DIAGNOSES and any(isinstance(code, str) for code in pointers):
        change.add_error("diagnosis_pointers", f"A visit has at most {MOST_DIAGNOSES} diagnoses.")
        return False
    change.values["diagnosis_pointers"] = [
        visit.icd10_codes.index(code) + 1 if isinstance(code, str) else code for code in pointers
    ]
    return True


def _complete(change: Change, visit: Appointment) -> bool:
    """Whether a claim could name a diagnosis for each pointer, and has one."""
    used = [pointer for pointer in change.get("diagnosis_pointers") if pointer]
    return bool(used) and max(used) <= len(visit.icd10_codes)


def _stamped(change: Change, visit: Appointment) -> list[str]:
    """The visit has been billed, the first time or again."""
    if change.row is not None:
        return ["icd10_codes", "updated_at"] if change.given & {"diagnosis_pointers"} else []
    visit.last_billed_date = clock.now()
    visit.first_billed_date = visit.first_billed_date or visit.last_billed_date
    return ["icd10_codes", "first_billed_date", "last_billed_date", "updated_at"]


def _refuse_loss(change: Change) -> None:
    """A charge that money was posted on stays. Raises Conflict."""
    for model in (Transaction, PatientPayment):
        rows = model._default_manager.filter(
            practice=change.actor.practice, line_item=change.row.pk, archived=False
        )
        if rows.exists():
            raise Conflict("The line item has payments or insurance transactions.")


# -- what patients pay ------------------------------------------------------------------------------------------


@hook()
def pay(change: Change) -> None:
    """Before a payment is written: its appointment and doctor where it names none, and that all are the patient's."""
    values, practice = change.values, change.actor.practice
    if not values["amount"]:
        change.add_error("amount", "A payment can't be zero.")
    if values["payment_transaction_type"] == "REF":
        values["amount"] = -abs(values["amount"])
    item = _locked(LineItem, practice, values["line_item"]) if values["line_item"] else None
    if item is not None and item.archived:
        change.add_error("line_item", _DELETED)
    elif item is not None:
        if values["appointment"] not in (None, item.appointment_id):
            change.add_error("appointment", "It is not the line item's.")
        values["appointment"] = item.appointment_id
        if item.patient_id != values["patient"]:
            change.add_error("line_item", _OTHERS)
    elif values["appointment"] and not _is_of(values["appointment"], values["patient"], practice):
        change.add_error("appointment", _OTHERS)
    if change.errors:
        return
    values["doctor"] = values["doctor"] or _doctor(item, values, practice)
    zone = Doctor.objects.values_list("timezone", flat=True).get(practice=practice, pk=values["doctor"])
    change.columns["posted_date"] = clock.now().astimezone(ZoneInfo(zone)).date()
    change.columns["created_by_id"] = change.actor.user
    if item is not None:
        item.save(update_fields=["updated_at"])  # its balances change


def _is_of(appointment: int, patient: int, practice: int) -> bool:
    return Appointment.objects.filter(practice=practice, pk=appointment, patient=patient).exists()


def _doctor(item: LineItem | None, values: dict[str, Any], practice: int) -> int:
    """Of the line item, else of the appointment, else the patient's own."""
    if item is not None:
        return item.doctor_id
    if values["appointment"]:
        return Appointment.objects.get(practice=practice, pk=values["appointment"]).doctor_id
    return Patient.objects.get(practice=practice, pk=values["patient"]).doctor_id


@hook()
def paid(change: Change, row: Any) -> None:
    log(row, PaymentLogEntry.Action.CREATE, "API", change.actor.user)


def log(payment: PatientPayment, action: str, source: str, user: int | None) -> None:
    """Note what was done to a payment. ``source``: the door it came through."""
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
    """Void a payment: it counts no more, the log keeps it. Raises NotFound."""
    with transaction.atomic():
        payment = _locked(PatientPayment, practice, payment_id)
        if payment is None or payment.archived:
            raise NotFound
        payment.archived = True
        payment.save(update_fields=["archived", "updated_at"])
        if payment.line_item_id and (item := _locked(LineItem, practice, payment.line_item_id)):
            item.save(update_fields=["updated_at"])
        log(payment, PaymentLogEntry.Action.DELETE, source, user)


# -- what insurers say ------------------------------------------------------------------------------------------


def post_transaction(practice: int, line_item: int, **values: Any) -> Transaction:
    """Post an insurer's answer on a charge. ``values`` by column. Raises NotFound, Conflict for a deleted charge."""
    with transaction.atomic():
        item = _locked(LineItem, practice, line_item)
        if item is None:
            raise NotFound
        if item.archived:
            raise Conflict(_DELETED)
        item.save(update_fields=["updated_at"])
        return Transaction.objects.create(practice_id=practice, line_item=item, **values)


@hook()
def received(change: Change) -> None:
    """A remittance is posted on the day it comes in, unless its row says otherwise."""
    if change.operation == "create":
        change.columns["posted_date"] = clock.now().date()


@hook()
def noted(change: Change) -> None:
    """A billing note says who wrote it."""
    if change.operation == "create":
        change.columns["created_by_id"] = change.actor.user


def _locked(model: Any, practice: int, row_id: Any) -> Any:
    """The row, locked against other writers, or None."""
    return model.objects.select_for_update(no_key=True).filter(practice=practice, pk=row_id).first()
