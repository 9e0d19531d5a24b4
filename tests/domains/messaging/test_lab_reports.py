"""Messages about laboratory reports and their results."""

from datetime import timedelta

import pytest

from charthouse import clock
from charthouse.domains.labs.models import LabDocument
from charthouse.identity import tenancy
from tests.domains.caller import at_once
from tests.domains.labs.test_labs import PDF, Vendor
from tests.support import client


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


def test_report_and_results_of_one_day_create_one_message(vendor: Vendor) -> None:
    order = vendor.order()
    tests, report = [vendor.test(order) for _ in range(2)], vendor.document(order)
    assert vendor.ids("messages") == []
    for test in tests:
        assert vendor.result(test, report).status_code == 201
    (row,) = vendor.ids("messages")
    message = vendor.get(row, "messages")
    assert (message["type"], message["title"]) == ("IL", "Lab results: Hemoglobin A1c")
    assert (message["doctor"], message["patient"]) == (vendor.doctor.pk, vendor.patient_id)
    assert message["read"] is False
    assert client().get(message["attachment"]).content == PDF


def test_another_report_creates_another_message(vendor: Vendor) -> None:
    order = vendor.order()
    test = vendor.test(order)
    for _ in range(2):
        vendor.result(test, vendor.document(order))
    assert len(vendor.ids("messages")) == 2


def test_result_of_another_day_creates_no_message(vendor: Vendor) -> None:
    order = vendor.order()
    test, report = vendor.test(order), vendor.document(order)
    with tenancy.within(vendor.clinic.id):
        LabDocument.objects.filter(pk=report).update(created_at=clock.now() - timedelta(days=1))
    assert vendor.result(test, report).status_code == 201
    assert vendor.ids("messages") == []


def test_changed_result_creates_no_message(vendor: Vendor) -> None:
    order = vendor.order()
    result = vendor.result(vendor.test(order), vendor.document(order)).json()["id"]
    assert vendor.patch(result, "lab_results", value="7.0").status_code == 204
    assert len(vendor.ids("messages")) == 1


def test_rejected_result_creates_no_message(vendor: Vendor) -> None:
    order = vendor.order()
    answer = vendor.result(vendor.test(order), vendor.document(order), status="nonsense")
    assert answer.status_code == 400
    assert vendor.ids("messages") == []


def test_concurrent_results_create_one_message(vendor: Vendor) -> None:
    order = vendor.order()
    tests, report = [vendor.test(order) for _ in range(4)], vendor.document(order)
    answers = at_once(4, lambda index: vendor.result(tests[index], report).status_code)
    assert answers == [201] * 4
    assert len(vendor.ids("messages")) == 1
