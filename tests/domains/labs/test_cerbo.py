"""Laboratory orders and results, written through the DrChrono API and read through Cerbo's."""

from typing import Any

import httpx
import pytest

from charthouse.domains.labs.models import Sublab
from charthouse.identity import tenancy
from tests.domains.labs.test_labs import PDF, Vendor
from tests.support import make_api_user

RESULT = {"value": 6.1, "value_is_numeric": True, "normal_range": "4.0 5.6", "unit": "%"}


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def program(vendor: Vendor) -> httpx.Client:
    http = make_api_user(vendor.clinic.practice).client()
    http.base_url = httpx.URL("http://testserver/api/v1/")
    return http


def rows(program: httpx.Client, url: str) -> list[dict[str, Any]]:
    answer = program.get(url)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


def test_order_shows_its_results(vendor: Vendor, program: httpx.Client) -> None:
    order, other = (
        vendor.order(),
        vendor.order(patient=vendor.new("patients", gender="Male", doctor=vendor.doctor.pk)["id"]),
    )
    test = vendor.test(order, collection_date="2026-03-01T08:15:00")
    vendor.create("lab_tests", lab_order=order, code="2345-7", name="Glucose")
    result = vendor.result(test, vendor.document(order), observation_description="HbA1c", **RESULT).json()
    below = f"patients/{vendor.patient_id}"
    (shown,) = rows(program, f"{below}/orders")
    assert (shown["id"], shown["name"], shown["status"]) == (order, "Hemoglobin A1c, Glucose", "not sent")
    (found,) = rows(program, f"{below}/lab_results")
    assert shown["results"] == [found]
    assert found == {
        "object": "lab_result",
        "id": result["id"],
        "pt_id": vendor.patient_id,
        "test_name": "HbA1c",
        "result_value": "6.1",
        "units": "%",
        "reference_range": "4.0 5.6",
        "abnormal": True,
        "collected": "2026-03-01 08:15:00",
        "reported": "2026-03-03 09:00:00",
        "order_id": order,
    }
    assert program.get(f"{below}/orders/{order}").json() == shown
    assert program.get(f"{below}/orders/{other}").status_code == 404
    vendor.patch(order, "lab_orders", status="E")
    assert program.get(f"{below}/orders/{order}").json()["status"] == "error"


def test_missing_values_have_defaults(vendor: Vendor, program: httpx.Client) -> None:
    order = vendor.order()
    vendor.result(vendor.test(order), vendor.document(order), value="Negative")
    (found,) = rows(program, f"patients/{vendor.patient_id}/lab_results")
    assert (found["test_name"], found["abnormal"]) == ("Hemoglobin A1c", False)
    assert found["collected"] is not None


@pytest.mark.parametrize(
    ("name", "vendor_name", "is_partner"),
    [
        ("Quest Diagnostics", "", True),
        ("Denver QUEST", "", True),
        ("Reference Laboratory", "Quest", True),
        ("Reference Laboratory", "Conquest Labs", False),
        ("Questcare", "", False),
    ],
)
def test_a_partners_orders_are_those_to_its_laboratories(
    vendor: Vendor, program: httpx.Client, name: str, vendor_name: str, is_partner: bool
) -> None:
    order = vendor.order()
    with tenancy.within(vendor.clinic.id):
        Sublab.objects.filter(pk=vendor.sublab).update(name=name, vendor_name=vendor_name)
    below = f"patients/{vendor.patient_id}"
    assert [row["id"] for row in rows(program, f"{below}/partners/quest/orders")] == [order] * is_partner
    assert [row["id"] for row in rows(program, f"{below}/orders")] == [order]
    assert (program.get(f"partners/quest/orders/{order}").status_code == 200) is is_partner
    vendor.upload(order, "REQ", PDF)
    answer = program.get(f"partners/quest/requisition/{order}/content")
    assert answer.status_code == (200 if is_partner else 404)


def test_requisition_of_partner_order(vendor: Vendor, program: httpx.Client) -> None:
    order = vendor.order(sublab=vendor.create("sublabs", name="Quest Diagnostics", facility_code="QST"))
    vendor.document(order)  # a report is no requisition
    (shown,) = rows(program, f"patients/{vendor.patient_id}/partners/quest/orders")
    assert (shown["requisition_number"], shown["url_requisition_content"]) == (str(order), None)
    content = f"partners/quest/requisition/{order}/content"
    assert program.get(content).status_code == 404
    assert vendor.upload(order, "REQ", PDF + b"\n% first").status_code == 201
    assert vendor.upload(order, "REQ", PDF).status_code == 201
    shown = program.get(f"partners/quest/orders/{order}").json()
    assert shown["url_requisition_content"].endswith(f"/api/v1/{content}")
    answer = program.get(shown["url_requisition_content"])
    assert (answer.content, answer.headers["Content-Type"]) == (PDF, "application/pdf")
    stranger = make_api_user(Vendor().clinic.practice).client()
    assert stranger.get(f"/api/v1/{content}").status_code == 404
