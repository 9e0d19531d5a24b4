"""Hooks of laboratory orders, tests, documents and results.

The status of an order follows from its tests, that of a test from its results, and flags from values.
``update_order_status`` locks the order: of two concurrent writers of its tests, the second sees what the first wrote.
"""

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from charthouse import clock
from charthouse.domains.clinical.code_labels import get_icd10_label
from charthouse.domains.labs.models import LabDocument, LabOrder, LabResult, LabTest
from charthouse.domains.labs.signals import order_sent, result_posted
from charthouse.domains.limits import find_impossible_number
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.errors import Malformed
from charthouse.identity.models import Application


def truncate_now() -> datetime:
    """Return the current time without microseconds, which the API cannot show."""
    return clock.now().replace(microsecond=0)


FINAL_STATUSES = ("final", "correction")
TEST_STATUS_OF_RESULT = {"F": "final", "C": "correction"}
SENT_STATUSES = ("Q", "S")
PRINTED_UNITS = {
    "10*3/uL": "10³/µL",
    "10*6/uL": "10⁶/µL",
    "m[IU]/L": "mIU/L",
    "u[IU]/mL": "µIU/mL",
    "mL/min/{1.73_m2}": "mL/min/1.73 m²",
    "ug/dL": "µg/dL",
    "mm[Hg]": "mmHg",
}  # of UCUM
_NUMBER = r"([+-]?(?:\d+\.?\d*|\.\d+))"
_RANGE = re.compile(rf"\s*{_NUMBER}(?:\s+|\s*(?:-|\u2013|to)\s*){_NUMBER}\s*", re.ASCII)
REVERSED = "The lower limit comes first."
NORMAL_FLAGS = ("", "N", "NEG", "S")  # abnormal flags of a normal result


@hook()
def set_vendor(change: Change) -> None:
    """Set the doctor and the vendor, the calling app, of a new laboratory."""
    if change.row is None:
        change.set_columns(doctor_id=change.actor.doctor)
        vendor = Application.objects.filter(pk=change.actor.app).values_list("name", flat=True).first()
        change.set_columns(vendor_name=(vendor or "")[:200])


@hook(keys=("icd10_codes",))
def label_diagnoses(change: Change) -> None:
    """Set the official descriptions of ICD-10-CM codes."""
    if codes := change.values.get("icd10_codes"):
        change.set(
            "icd10_codes",
            [{"code": code["code"], "description": get_icd10_label(code["code"] or "")} for code in codes],
        )


@hook()
def process_order(change: Change, row: LabOrder) -> None:
    """Announce an order that was sent or queued; archive the tests, documents and results of a deleted one."""
    if (change.row is None or "status" in change.old_values) and row.status in SENT_STATUSES:
        order_sent.send(LabOrder, order=row)
    if change.operation == "delete":
        _archive(LabResult, row, lab_test__lab_order=row.pk)
        _archive(LabTest, row, lab_order=row.pk)
        _archive(LabDocument, row, lab_order=row.pk)


def update_order_status(practice: int, order_id: int) -> None:
    """Set the status of an order from its tests, those that are canceled excepted.

    R once all are final or corrected; S again once one of an order with results is not.
    """
    order = LabOrder.objects.select_for_update(no_key=True).get(practice=practice, pk=order_id)
    tests = LabTest.objects.filter(practice=practice, lab_order=order_id, archived=False)
    states = list(tests.exclude(status="canceled").values_list("status", flat=True))
    done = bool(states) and all(state in FINAL_STATUSES for state in states)
    status = "R" if done else "S" if states and order.status == "R" else order.status
    if status != order.status:
        order.status = status
        order.save(update_fields=["status", "updated_at"])


@hook(keys=("lab_order",))
def check_has_no_results(change: Change) -> None:
    """Reject moving a test or document that has results to another order."""
    if change.row is not None and change.changes("lab_order") and _list_results(change).exists():
        change.add_error("lab_order", "It has results of this order.")


@hook()
def check_document_deletable(change: Change) -> None:
    """Reject deleting a document that has results. Raises Malformed."""
    if change.operation == "delete" and _list_results(change).exists():
        raise Malformed("Results refer to this document.")


def _list_results(change: Change) -> Any:
    name = "document" if change.resource.model is LabDocument else "lab_test"
    return LabResult.objects.filter(practice=change.actor.practice, archived=False, **{name: change.row.pk})


@hook()
def process_test(change: Change, row: LabTest) -> None:
    """Archive the results of a deleted test, and update the status of its orders, old and new."""
    if change.operation == "delete":
        _archive(LabResult, row, lab_test=row.pk)
    if change.row is None or change.old_values:
        for order in sorted({row.lab_order_id, change.old_values.get("lab_order_id", row.lab_order_id)}):
            update_order_status(row.practice_id, order)


@hook(
    keys=(
        "abnormal_status",
        "document",
        "is_abnormal",
        "lab_test",
        "normal_range",
        "observation_code",
        "unit",
        "value",
        "value_is_numeric",
    )
)
def check_result(change: Change) -> None:
    """Check that document and test are of one order, and numbers; set the flags that were not given from
    value and range."""
    if change.operation == "delete":
        return
    if change.changes("document", "lab_test"):
        orders = {
            _find_order(LabTest, change, "lab_test"),
            _find_order(LabDocument, change, "document"),
        }
        if len(orders) > 1:
            change.add_error("document", "The document is of another order than the test.")
    value, limits = parse_number(change.get("value")), parse_range(change.get("normal_range"))
    if change.get("value_is_numeric"):
        if value is None:
            change.add_error("value", "A valid number is required.")
        elif message := find_impossible_number(
            value, change.get("observation_code") or "", change.get("unit") or ""
        ):
            change.add_error("value", message)
        if change.get("normal_range") and limits is None:
            change.add_error("normal_range", "Give two numbers, lower and upper, with a space between.")
    elif change.changes("normal_range") and is_reversed_range(change.get("normal_range")):
        change.add_error("normal_range", REVERSED)
    _set_flags(change, value if change.get("value_is_numeric") else None, limits)


def _set_flags(change: Change, value: Decimal | None, limits: tuple[Decimal, Decimal] | None) -> None:
    is_complete = change.operation != "modify"
    is_changed = is_complete or change.changes("value", "normal_range", "value_is_numeric")
    if is_changed and value is not None and limits is not None and "abnormal_status" not in change.given:
        low, high = limits
        change.set("abnormal_status", "L" if value < low else "H" if value > high else "N")
    if "is_abnormal" not in change.given and (is_complete or change.changes("abnormal_status")):
        status = change.get("abnormal_status")
        change.set("is_abnormal", status not in NORMAL_FLAGS if status else None)


def parse_number(text: Any) -> Decimal | None:
    """Return a text as a number; None for what is none, or of more than 29 digits."""
    try:
        found = Decimal(str(text).strip()) if len(str(text)) <= 60 else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() and abs(found.adjusted()) < 30 else None


def parse_range(text: Any) -> tuple[Decimal, Decimal] | None:
    """Return the lower and upper limit of a text such as "4.0 5.6"; None for what is no range."""
    parts = [parse_number(part) for part in str(text or "").split()]
    if len(parts) != 2 or parts[0] is None or parts[1] is None or parts[0] > parts[1]:
        return None
    return parts[0], parts[1]


def is_reversed_range(text: Any) -> bool:
    """Tell whether a text is a range of two numbers of which the first is higher: "5.6 4.0", "5.6 - 4.0"."""
    found = _RANGE.fullmatch(str(text or ""))
    if found is None:
        return False
    low, high = parse_number(found[1]), parse_number(found[2])
    return low is not None and high is not None and low > high


def format_range(text: str) -> str:
    """Format a range that is two numbers as "3.5 to 5.1"; other texts stay as they are."""
    limits = parse_range(text)
    return text if limits is None else f"{limits[0]:f} to {limits[1]:f}"


def format_unit(text: str) -> str:
    """Format a unit of UCUM as laboratories print it: "mL/min/1.73 m²", "mIU/L", "10³/µL"; others stay as they are.

    An annotation alone ("{INR}") says nothing that the name does not, and becomes "".
    """
    if re.fullmatch(r"\{[^{}]*\}", text):
        return ""
    return PRINTED_UNITS.get(text, text)


@hook()
def process_result(change: Change, row: LabResult) -> None:
    """Announce a new result. A final or corrected one sets the status of its test, and so of the order."""
    if change.row is None:
        result_posted.send(LabResult, result=row)
    if change.operation == "delete" or not (change.row is None or "status" in change.old_values):
        return
    status = TEST_STATUS_OF_RESULT.get(row.status)
    test = LabTest.objects.filter(practice=row.practice_id, pk=row.lab_test_id).get()
    if status is None or test.status == "canceled" or test.status == status:
        return
    update_order_status(row.practice_id, test.lab_order_id)  # locks the order against other writers
    test.status = status
    test.save(update_fields=["status", "updated_at"])
    update_order_status(row.practice_id, test.lab_order_id)


def _find_order(model: Any, change: Change, name: str) -> int | None:
    rows = model.objects.filter(practice=change.actor.practice, pk=change.get(name))
    found: int | None = rows.values_list("lab_order", flat=True).first()
    return found


@hook(
    keys=(
        "lab_normal_range",
        "lab_result_value",
        "lab_result_value_as_float",
        "lab_result_value_units",
        "loinc_code",
    )
)
def check_manual_result(change: Change) -> None:
    """Reject a number that can't be and a reversed range. Store a value that is a number as a number as well, unless
    one was given."""
    if change.operation == "delete":
        return
    if change.changes("lab_normal_range") and is_reversed_range(change.get("lab_normal_range")):
        change.add_error("lab_normal_range", REVERSED)
    code, unit = (change.get(name) or "" for name in ("loinc_code", "lab_result_value_units"))
    for name in ("lab_result_value", "lab_result_value_as_float"):
        value = parse_number(change.get(name)) if change.get(name) is not None else None
        message = find_impossible_number(value, code, unit) if value is not None else ""
        if message and change.changes(name, "loinc_code", "lab_result_value_units"):
            change.add_error(name, message)
    if "lab_result_value_as_float" not in change.given and change.changes("lab_result_value"):
        found = parse_number(change.get("lab_result_value"))
        small = found is not None and abs(found) < 10**12
        change.set("lab_result_value_as_float", round(found, 6) if found is not None and small else None)


def _archive(model: Any, row: Any, **those: Any) -> None:
    rows = model.objects.filter(practice=row.practice_id, archived=False, **those)
    rows.update(archived=True, updated_at=clock.now())
