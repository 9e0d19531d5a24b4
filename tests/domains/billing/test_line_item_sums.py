"""Sums of line items under any postings, in any order and concurrently, to the cent."""

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charthouse.domains.billing.postings import delete_payment
from charthouse.identity import tenancy
from tests.domains.billing.client import BillingClient, adds_up
from tests.domains.caller import at_once

amounts = st.decimals(min_value=0, max_value=5000, places=2)
cents = st.decimals(min_value=-5000, max_value=5000, places=2)
insurers = st.fixed_dictionaries(
    {
        "ins_name": st.sampled_from([1, 2, 3]),
        "ins_paid": cents,
        "adjustment": cents,
        "adjustment_group_code": st.sampled_from(["", "CO", "CR", "OA", "PI", "PR"]),
        "claim_status": st.sampled_from(["", "1", "2", "4", "22"]),
    }
)
payments = st.tuples(cents.filter(bool), st.sampled_from(["", "REF", "COR", "COPAY", "COINSR", "OTHR"]))
postings = st.lists(st.one_of(insurers, payments, st.just("void")), min_size=1, max_size=12)
charges = st.fixed_dictionaries({"price": amounts, "quantity": amounts}, optional={"billed": amounts})


def compute_expected(charge: dict[str, Any], posted: list[Any], *, self_pay: bool) -> dict[str, Decimal]:
    """Return the sums, added up in Python."""
    answers = [each for each in posted if isinstance(each, dict)]
    paid = [each[0] for each in posted if isinstance(each, tuple)]
    billed = charge.get("billed")
    if billed is None:
        billed = (charge["price"] * charge["quantity"]).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")
    by_rank = [sum((a["ins_paid"] for a in answers if a["ins_name"] == n), Decimal()) for n in (1, 2, 3)]
    off = sum((a["adjustment"] for a in answers if a["adjustment_group_code"] != "PR"), Decimal())
    last = [a for a in answers if a["ins_name"] == max(a["ins_name"] for a in answers)]
    passed_on = sum((a["adjustment"] for a in last if a["adjustment_group_code"] == "PR"), Decimal())
    total = billed - off - sum(by_rank) - sum(paid)
    patient = total if self_pay else passed_on - sum(paid)
    return {
        "adjustment": off,
        "balance_ins": total - patient,
        "balance_pt": patient,
        "balance_total": total,
        "billed": billed,
        "ins1_paid": by_rank[0],
        "ins2_paid": by_rank[1],
        "ins3_paid": by_rank[2],
        "ins_total": sum(by_rank, Decimal()),
        "paid_total": sum(by_rank) + sum(paid, Decimal()),
        "pt_paid": sum(paid, Decimal()),
    }


def post(billing: BillingClient, item: dict[str, Any], each: Any) -> Any:
    """Post one thing through its own interface; return its transaction, or the signed payment."""
    if isinstance(each, dict):
        billing.answer(item, **each)
        return each
    made = billing.pay(str(each[0]), line_item=item["id"], payment_transaction_type=each[1])
    return Decimal(made["amount"]), made["id"]


def void(billing: BillingClient, posted: list[Any]) -> None:
    """Void the last payment."""
    last = next((each for each in reversed(posted) if isinstance(each, tuple)), None)
    if last is not None:
        with tenancy.within(billing.clinic.id):
            delete_payment(billing.clinic.id, last[1], "Console", billing.user.pk)
        posted.remove(last)


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(charge=charges, postings=postings, insured=st.booleans())
def test_sums_of_any_postings(charge: dict[str, Any], postings: list[Any], insured: bool) -> None:
    billing = _share_client(insured)
    item = billing.charge(**{name: str(value) for name, value in charge.items()})
    posted: list[Any] = []
    for each in postings:
        if each == "void":
            void(billing, posted)
        else:
            posted.append(post(billing, item, each))
    sums = billing.sums(item)
    assert sums == compute_expected(charge, posted, self_pay=not insured)
    assert adds_up(sums)


_desks: dict[bool, BillingClient] = {}


def _share_client(insured: bool) -> BillingClient:
    """Return one visit for all examples, which have their own line items."""
    if insured not in _desks:
        _desks[insured] = BillingClient(insured=insured)
    return _desks[insured]


@settings(max_examples=6, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(insurers, payments), min_size=8, max_size=16))
def test_concurrent_postings_keep_sums_consistent(postings: list[Any]) -> None:
    """Writers on connections of their own lose no cent, and every reader sees consistent sums."""
    billing = _share_client(True)
    charge = {"price": Decimal("980.15"), "quantity": Decimal("3")}
    item = billing.charge(**{name: str(value) for name, value in charge.items()})

    def work(number: int) -> Any:
        if number >= len(postings):
            return [billing.sums(item) for _ in range(4)]
        return post(billing, item, postings[number])

    done = at_once(len(postings) + 2, work)
    posted, read = done[: len(postings)], done[len(postings) :]
    assert all(adds_up(sums) for reader in read for sums in reader)
    assert billing.sums(item) == compute_expected(charge, posted, self_pay=False)


def test_line_item_is_deleted_or_paid_but_not_both() -> None:
    billing = _share_client(True)
    for _ in range(6):
        item = billing.charge()

        def work(number: int, item: dict[str, Any] = item) -> int:
            if number:
                return billing.try_to_pay("10", line_item=item["id"]).status_code
            return billing.http.delete(f"/api/line_items/{item['id']}").status_code

        deleted, paid = at_once(2, work)
        assert (deleted, paid) in ((204, 400), (409, 201))
