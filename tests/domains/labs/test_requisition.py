"""The requisition of an order: when it is created, and its content."""

from io import BytesIO
from typing import Any

import pikepdf
import pytest
from django.db import connection

from charthouse.domains.labs.models import LabOrder
from charthouse.identity import tenancy
from charthouse.interchange import tasks
from charthouse.interchange.requisitions import pdf
from tests.domains.caller import at_once
from tests.domains.labs.test_labs import Vendor
from tests.support import client


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def typeset(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the list of what is given to the typesetter."""
    given: list[Any] = []
    made = pdf.typeset
    monkeypatch.setattr(pdf, "typeset", lambda *of: given.append(of[2]) or made(*of))
    return given


def jobs(vendor: Vendor) -> list[int]:
    """Return the orders of this practice whose requisition is to be created."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select (args->>'order')::bigint from procrastinate_jobs "
            "where task_name = 'charthouse.interchange.requisition' and (args->>'practice')::bigint = %s",
            [vendor.clinic.id],
        )
        return [order for (order,) in cursor.fetchall()]


def documents(vendor: Vendor, order: int) -> list[dict[str, Any]]:
    return [vendor.get(row, "lab_documents") for row in vendor.get(order, "lab_orders")["documents"]]


def test_sent_order_gets_requisition(vendor: Vendor, typeset: list[Any]) -> None:
    order = vendor.order(icd10_codes=[{"code": "E11.9"}], priority="STAT", notes="Fasting.\n#panic()")
    vendor.test(order, specimen_source="Blood", collection_date="2026-03-02T16:10:00")
    assert jobs(vendor) == []
    assert vendor.patch(order, "lab_orders", status="S").status_code == 204
    assert vendor.patch(order, "lab_orders", notes="*Fasting.*").status_code == 204
    assert jobs(vendor) == [order]
    tasks.make_requisition(vendor.clinic.id, order)
    (made,) = documents(vendor, order)
    assert made["type"] == "REQ"
    content = client().get(made["document"])
    assert content.headers["content-disposition"] == f'inline; filename="requisition-{order}.pdf"'
    assert len(pikepdf.open(BytesIO(content.content)).pages) == 1

    (said,) = typeset
    assert said["id"] == vendor.get(order, "lab_orders")["requisition_id"]
    assert (said["laboratory"], said["stat"], said["notes"]) == (
        "Reference Laboratory (REF)",
        True,
        "*Fasting.*",
    )
    assert said["diagnoses"][0]["code"] == "E11.9"
    assert said["tests"] == [
        {"code": "4548-4", "name": "Hemoglobin A1c", "specimen": "Blood", "collected": "2026-03-02 11:10"}
    ]
    assert all(dict(said["facts"])[name] for name in ("Patient", "Provider", "Ordered"))


def test_order_created_as_sent_gets_one_requisition(vendor: Vendor) -> None:
    order = vendor.order(status="Q")
    assert jobs(vendor) == [order]
    at_once(3, lambda _: tasks.make_requisition(vendor.clinic.id, order))
    assert [document["type"] for document in documents(vendor, order)] == ["REQ"]


@pytest.mark.parametrize("kind", ["REQ", "R-A"])
def test_requisition_of_vendor_is_sufficient(vendor: Vendor, kind: str) -> None:
    order = vendor.order(status="S")
    vendor.upload(order, kind)
    tasks.make_requisition(vendor.clinic.id, order)
    assert len(documents(vendor, order)) == 1


def test_missing_order_gets_no_requisition(vendor: Vendor) -> None:
    assert vendor.post("lab_orders", {"status": "S", "doctor": vendor.doctor.pk}).status_code == 400
    assert jobs(vendor) == []
    order = vendor.order(status="S")
    assert vendor.http.delete(f"/api/lab_orders/{order}").status_code == 204
    tasks.make_requisition(vendor.clinic.id, order)
    other = Vendor().order(status="S")
    tasks.make_requisition(vendor.clinic.id, other)  # of another practice: not found
    with tenancy.within(vendor.clinic.id):
        assert pdf.attach_requisition(vendor.clinic.id, 999_999_999) is None


def test_requisition_with_many_tests_has_more_pages(vendor: Vendor) -> None:
    order = vendor.order(icd10_codes=[{"code": code} for code in ("E11.9", "I10", "Z00.00")])
    for index in range(60):
        vendor.test(order, description=f"Test {index} " * 10)
    with tenancy.within(vendor.clinic.id):
        content = pdf.render_requisition(LabOrder.objects.get(pk=order))
    assert len(pikepdf.open(BytesIO(content)).pages) > 1
