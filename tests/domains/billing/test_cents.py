"""Amounts on the wire are booked to the cent that they mean, whatever JSON's floats make of them."""

import pytest

from tests.domains.billing.client import BillingClient

AMOUNTS = (
    ("3.4499999999999997", "3.45"),
    ('"3.4499999999999997"', "3.44"),
    ("3.449", "3.44"),
    ("0.30000000000000004", "0.30"),
    ("1.1", "1.10"),
    ('"2.675"', "2.67"),
    ("7", "7.00"),
    ("12345678.99", "12345678.99"),
)


@pytest.mark.parametrize(("sent", "booked"), AMOUNTS)
def test_amounts(sent: str, booked: str) -> None:
    billing = BillingClient()
    item = billing.charge(price="100")
    body = f'{{"patient": {billing.patient_id}, "line_item": {item["id"]}, "amount": {sent}}}'
    headers = {"Content-Type": "application/json"}
    paid = billing.http.post("/api/patient_payments", content=body, headers=headers)
    assert paid.status_code == 201, paid.text
    assert paid.json()["amount"] == booked
    url = f"/api/line_items/{item['id']}"
    changed = billing.http.patch(url, content=f'{{"price": {sent}}}', headers=headers)
    assert changed.status_code == 204, changed.text
    assert billing.http.get(url).json()["price"] == booked


@pytest.mark.parametrize("name", ["price", "quantity", "billed", "allowed"])
def test_line_items_are_not_negative(name: str) -> None:
    billing = BillingClient()
    item = billing.charge(price="100")
    answer = billing.http.patch(f"/api/line_items/{item['id']}", json={name: "-0.01"})
    assert answer.status_code == 400
    assert set(answer.json()) == {name}
