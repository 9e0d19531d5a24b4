"""Whatever is posted, in whatever order, by however many at once: the sums add up, to the cent."""

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charthouse.domains.billing.postings import delete_payment
from charthouse.identity import tenancy
from tests.domains.billing.desk import Desk, adds_up
from tests.domains.caller import at_once

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
charges = st.fixed_dictionaries(
    {"price": st.decimals(min_value=0, max_value=5000, places=2), "quantity": cents},
    optional={"billed": st.decimals(min_value=0, max_value=5000, places=2)},
)


def expected(charge: dict[str, Any], posted: list[Any], *, self_pay: bool) -> dict[str, Decimal]:
    """The sums, by adding up in Python."""
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


def post(desk: Desk, item: dict[str, Any], each: Any) -> Any:
    """Post one thing, through its own door. What counts of it: the answer, or the payment with its sign."""
    if isinstance(each, dict):
        desk.answer(item, **each)
        return each
    made = desk.pay(str(each[0]), line_item=item["id"], payment_transaction_type=each[1])
    return Decimal(made["amount"]), made["id"]


def void(desk: Desk, posted: list[Any]) -> None:
    """Take the last payment back."""
    last = next((each for each in reversed(posted) if isinstance(each, tuple)), None)
    if last is not None:
        with tenancy.within(desk.clinic.id):
            delete_payment(desk.clinic.id, last[1], "Console", desk.user.pk)
        posted.remove(last)


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(charge=charges, postings=postings, insured=st.booleans())
def test_sums_of_whatever_was_posted(charge: dict[str, Any], postings: list[Any], insured: bool) -> None:
    desk = _desk(insured)
    item = desk.charge(**{name: str(value) for name, value in charge.items()})
    posted: list[Any] = []
    for each in postings:
        if each == "void":
            void(desk, posted)
        else:
            posted.append(post(desk, item, each))
    sums = desk.sums(item)
    assert sums == expected(charge, posted, self_pay=not insured)
    assert adds_up(sums)


_desks: dict[bool, Desk] = {}


def _desk(insured: bool) -> Desk:
    """One for all examples: each has its own charge."""
    if insured not in _desks:
        _desks[insured] = Desk(insured=insured)
    return _desks[insured]


@settings(max_examples=6, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(insurers, payments), min_size=8, max_size=16))
def test_posting_at_once(postings: list[Any]) -> None:
    """On connections of their own, while others read: no cent is lost, and every reader sees sums that add up."""
    desk = _desk(True)
    charge = {"price": Decimal("980.15"), "quantity": Decimal("3")}
    item = desk.charge(**{name: str(value) for name, value in charge.items()})

    def work(number: int) -> Any:
        if number >= len(postings):
            return [desk.sums(item) for _ in range(4)]
        return post(desk, item, postings[number])

    done = at_once(len(postings) + 2, work)
    posted, read = done[: len(postings)], done[len(postings) :]
    assert all(adds_up(sums) for reader in read for sums in reader)
    assert desk.sums(item) == expected(charge, posted, self_pay=False)


def test_a_charge_is_deleted_or_paid_never_both() -> None:
    desk = _desk(True)
    for _ in range(6):
        item = desk.charge()

        def work(number: int, item: dict[str, Any] = item) -> int:
            if number:
                return desk.try_to_pay("10", line_item=item["id"]).status_code
            return desk.http.delete(f"/api/line_items/{item['id']}").status_code

        deleted, paid = at_once(2, work)
        assert (deleted, paid) in ((204, 400), (409, 201))
