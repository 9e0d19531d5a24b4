"""Orders follow their tests, tests their results; flags follow values. Hooks of the declarations.

``follow`` locks the order: of two writers of its tests, the second sees what the first did.
"""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from charthouse import clock
from charthouse.domains.clinical.codes import icd10
from charthouse.domains.labs.models import LabDocument, LabOrder, LabResult, LabTest
from charthouse.domains.labs.signals import order_sent, result_posted
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.errors import Malformed
from charthouse.identity.models import Application


def this_second() -> datetime:
    """Now, as the wire can say it: writing back what was read changes nothing."""
    return clock.now().replace(microsecond=0)


DONE = ("final", "correction")
OF_RESULT = {"F": "final", "C": "correction"}
SENT = ("Q", "S")
NORMAL = ("", "N", "NEG", "S")  # of the abnormal flags, those that say nothing is wrong


@hook()
def set_up(change: Change) -> None:
    """A lab belongs to the doctor in whose name, and the vendor through whose app, it was set up."""
    if change.row is None:
        change.columns["doctor_id"] = change.actor.doctor
        vendor = Application.objects.filter(pk=change.actor.app).values_list("name", flat=True).first()
        change.columns["vendor_name"] = (vendor or "")[:200]


# -- orders -----------------------------------------------------------------------------------------------------


@hook(keys=("icd10_codes",))
def describe_codes(change: Change) -> None:
    """ICD-10-CM codes get their official texts."""
    if codes := change.values.get("icd10_codes"):
        change.values["icd10_codes"] = [
            {"code": code["code"], "description": icd10(code["code"] or "")} for code in codes
        ]


@hook()
def order_written(change: Change, row: LabOrder) -> None:
    """With an order go its tests, documents and results. One that goes to its laboratory is told of."""
    if (change.row is None or "status" in change.old_values) and row.status in SENT:
        order_sent.send(LabOrder, order=row)
    if change.operation == "delete":
        _put_away(LabResult, row, lab_test__lab_order=row.pk)
        _put_away(LabTest, row, lab_order=row.pk)
        _put_away(LabDocument, row, lab_order=row.pk)


def follow(practice: int, order_id: int) -> None:
    """An order whose tests all are done, those that were canceled apart, has its results: R. One that had them and
    now waits for a test again is sent: S."""
    order = LabOrder.objects.select_for_update(no_key=True).get(practice=practice, pk=order_id)
    tests = LabTest.objects.filter(practice=practice, lab_order=order_id, archived=False)
    states = list(tests.exclude(status="canceled").values_list("status", flat=True))
    done = bool(states) and all(state in DONE for state in states)
    status = "R" if done else "S" if states and order.status == "R" else order.status
    if status != order.status:
        order.status = status
        order.save(update_fields=["status", "updated_at"])


# -- tests and documents ----------------------------------------------------------------------------------------


@hook(keys=("lab_order",))
def stays_with_results(change: Change) -> None:
    """A test or document that results rest on stays with its order."""
    if change.row is not None and change.changes("lab_order") and _results(change).exists():
        change.add_error("lab_order", "It has results of this order.")


@hook()
def document_goes(change: Change) -> None:
    """A document is deleted after the results that rest on it, or with its order. Raises Malformed."""
    if change.operation == "delete" and _results(change).exists():
        raise Malformed("Results refer to this document.")


def _results(change: Change) -> Any:
    name = "document" if change.resource.model is LabDocument else "lab_test"
    return LabResult.objects.filter(practice=change.actor.practice, archived=False, **{name: change.row.pk})


@hook()
def test_written(change: Change, row: LabTest) -> None:
    """With a test go its results; its order, and the one it was moved from, follow."""
    if change.operation == "delete":
        _put_away(LabResult, row, lab_test=row.pk)
    if change.row is None or change.old_values:
        for order in sorted({row.lab_order_id, change.old_values.get("lab_order_id", row.lab_order_id)}):
            follow(row.practice_id, order)


# -- results ----------------------------------------------------------------------------------------------------


@hook(
    keys=(
        "abnormal_status",
        "document",
        "is_abnormal",
        "lab_test",
        "normal_range",
        "value",
        "value_is_numeric",
    )
)
def result_fits(change: Change) -> None:
    """Document and test are of one order; a numeric value is a number, and its range two. Flags that nobody gave
    follow from value and range."""
    if change.operation == "delete":
        return
    if change.changes("document", "lab_test"):
        orders = {
            _order_of(LabTest, change, "lab_test"),
            _order_of(LabDocument, change, "document"),
        }
        if len(orders) > 1:
            change.add_error("document", "The document is of another order than the test.")
    value, limits = number(change.get("value")), limits_of(change.get("normal_range"))
    if change.get("value_is_numeric"):
        if value is None:
            change.add_error("value", "A valid number is required.")
        if change.get("normal_range") and limits is None:
            change.add_error("normal_range", "Give two numbers, lower and upper, with a space between.")
    _flag(change, value if change.get("value_is_numeric") else None, limits)


def _flag(change: Change, value: Decimal | None, limits: tuple[Decimal, Decimal] | None) -> None:
    whole = change.operation != "modify"
    moved = whole or change.changes("value", "normal_range", "value_is_numeric")
    if moved and value is not None and limits is not None and "abnormal_status" not in change.given:
        low, high = limits
        change.values["abnormal_status"] = "L" if value < low else "H" if value > high else "N"
    if "is_abnormal" not in change.given and (whole or change.changes("abnormal_status")):
        status = change.get("abnormal_status")
        change.values["is_abnormal"] = status not in NORMAL if status else None


def number(text: Any) -> Decimal | None:
    """The number that a text is, None for what isn't one, or none that is measured."""
    try:
        found = Decimal(str(text).strip()) if len(str(text)) <= 60 else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() and abs(found.adjusted()) < 30 else None


def limits_of(text: Any) -> tuple[Decimal, Decimal] | None:
    """Lower and upper of "4.0 5.6", None for what isn't a range."""
    parts = [number(part) for part in str(text or "").split()]
    if len(parts) != 2 or parts[0] is None or parts[1] is None or parts[0] > parts[1]:
        return None
    return parts[0], parts[1]


@hook()
def result_written(change: Change, row: LabResult) -> None:
    """A result that is posted is told of. A final or corrected one makes its test so, once; the order follows."""
    if change.row is None:
        result_posted.send(LabResult, result=row)
    if change.operation == "delete" or not (change.row is None or "status" in change.old_values):
        return
    status = OF_RESULT.get(row.status)
    test = LabTest.objects.filter(practice=row.practice_id, pk=row.lab_test_id).get()
    if status is None or test.status == "canceled" or test.status == status:
        return
    follow(row.practice_id, test.lab_order_id)  # takes the lock that all of them meet at
    test.status = status
    test.save(update_fields=["status", "updated_at"])
    follow(row.practice_id, test.lab_order_id)


def _order_of(model: Any, change: Change, name: str) -> int | None:
    rows = model.objects.filter(practice=change.actor.practice, pk=change.get(name))
    found: int | None = rows.values_list("lab_order", flat=True).first()
    return found


# -- results entered by hand ------------------------------------------------------------------------------------


@hook(keys=("lab_result_value", "lab_result_value_as_float"))
def read_number(change: Change) -> None:
    """A value that is a number is kept as one as well."""
    if "lab_result_value_as_float" not in change.given and change.changes("lab_result_value"):
        found = number(change.get("lab_result_value"))
        small = found is not None and abs(found) < 10**12
        change.values["lab_result_value_as_float"] = round(found, 6) if found is not None and small else None


def _put_away(model: Any, row: Any, **those: Any) -> None:
    rows = model.objects.filter(practice=row.practice_id, archived=False, **those)
    rows.update(archived=True, updated_at=clock.now())
