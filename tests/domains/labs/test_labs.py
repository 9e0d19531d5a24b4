"""From order to result: statuses, flags, deletion and rights."""

import base64
from io import BytesIO
from typing import Any

import httpx
import pytest

from charthouse.domains.labs.codes import TEST_STATUSES
from charthouse.identity.models import SCOPES
from tests.domains.caller import at_once
from tests.domains.scheduling.calendar import Calendar
from tests.support import client

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>"
WHEN = {
    "specimen_received": "2026-03-02T16:10:00",
    "test_performed": "2026-03-02T20:30:00",
    "results_released": "2026-03-03T09:00:00",
}


REFUSED = 'Writing needs the right "labs:vendor", which this app was not given.'


class Vendor(Calendar):
    """An app that sends a doctor's orders to a laboratory."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.sublab = self.create("sublabs", name="Reference Laboratory", facility_code="REF")

    def create(self, path: str, **body: Any) -> int:
        answer = self.post(path, body)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def order(self, **values: Any) -> int:
        body = {"sublab": self.sublab, "doctor": self.doctor.pk, "patient": self.patient_id}
        return self.create("lab_orders", **body | values)

    def test(self, order: int, **values: Any) -> int:
        return self.create("lab_tests", lab_order=order, code="4548-4", name="Hemoglobin A1c", **values)

    def upload(self, order: int, kind: str = "RES", content: bytes = PDF) -> httpx.Response:
        return self.http.post(
            "/api/lab_documents",
            data={"lab_order": str(order), "type": kind},
            files={"document": ("report.pdf", BytesIO(content), "application/pdf")},
        )

    def document(self, order: int) -> int:
        answer = self.upload(order)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def result(self, test: int, document: int, **values: Any) -> httpx.Response:
        body = {"lab_test": test, "document": document, "status": "F", "value": "6.1", **WHEN}
        return self.post("lab_results", body | values)

    def status(self, order: int) -> str:
        return str(self.get(order, "lab_orders")["status"])


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


def test_order_to_result(vendor: Vendor) -> None:
    order = vendor.order(icd10_codes=[{"code": "E11.9"}], priority="S")
    assert vendor.status(order) == "N"
    requisition = vendor.upload(order, "REQ").json()["id"]
    vendor.patch(order, "lab_orders", status="S")
    test = vendor.test(order)
    report = vendor.document(order)
    answer = vendor.result(test, report, value=6.1, value_is_numeric=True, normal_range="4.0 5.6", unit="%")
    assert answer.status_code == 201, answer.text
    shown = answer.json()
    assert (shown["lab_order"], shown["value"]) == (order, "6.1")
    assert (shown["abnormal_status"], shown["is_abnormal"]) == ("H", True)
    assert vendor.get(test, "lab_tests")["status"] == "final"
    seen = vendor.get(order, "lab_orders")
    assert (seen["status"], seen["documents"]) == ("R", [requisition, report])
    assert (seen["requisition_id"], seen["priority"]) == (str(order), "STAT")
    assert seen["icd10_codes"] == [
        {"code": "E11.9", "description": "Type 2 diabetes mellitus without complications"}
    ]
    summary = vendor.get(order, "lab_orders_summary")
    assert (summary["lab"], summary["priority"], summary["origin"]) == ("Reference Laboratory", "S", "API")
    file = vendor.get(report, "lab_documents")["document"]
    assert client().get(file.removeprefix("http://testserver")).content == PDF


def test_vendor_of_laboratory_is_creating_app(vendor: Vendor) -> None:
    assert vendor.get(vendor.sublab, "sublabs")["vendor_name"] == "Test App"


def test_lists_are_filtered_by_order(vendor: Vendor) -> None:
    first, second = vendor.order(), vendor.order()
    tests, results = [], []
    for order in (first, second):
        tests.append(vendor.test(order))
        results.append(vendor.result(tests[-1], vendor.document(order)).json()["id"])
    assert vendor.ids("lab_tests", order=first) == tests[:1]
    assert vendor.ids("lab_results", order=second) == results[1:]
    assert vendor.ids("lab_results", doctor=vendor.doctor.pk) == results


# -- statuses that follow -----------------------------------------------------------------------------------------


def test_order_has_results_when_all_tests_are_final(vendor: Vendor) -> None:
    order = vendor.order(status="S")
    first, second, third = (vendor.test(order) for _ in range(3))
    for test, status, expected in (
        (first, "final", "S"),
        (second, "canceled", "S"),
        (third, "correction", "R"),
        (third, "pending", "S"),
        (third, "canceled", "R"),
    ):
        assert vendor.patch(test, "lab_tests", status=status).status_code == 204
        assert vendor.status(order) == expected, status
    vendor.test(order)
    assert vendor.status(order) == "S", "waits for the new one"


def test_order_without_active_tests_keeps_status(vendor: Vendor) -> None:
    order = vendor.order(status="Q")
    test = vendor.test(order)
    vendor.patch(test, "lab_tests", status="canceled")
    assert vendor.status(order) == "Q"


def test_deleted_test_does_not_count(vendor: Vendor) -> None:
    order = vendor.order(status="S")
    vendor.test(order, status="final")
    other = vendor.test(order)
    assert vendor.status(order) == "S"
    vendor.http.delete(f"/api/lab_tests/{other}")
    assert vendor.status(order) == "R"


def test_moved_test_counts_for_new_order(vendor: Vendor) -> None:
    first, second = vendor.order(status="S"), vendor.order(status="S")
    vendor.test(first, status="final")
    moved = vendor.test(first)
    vendor.patch(moved, "lab_tests", lab_order=second, status="final")
    assert (vendor.status(first), vendor.status(second)) == ("R", "R")


def test_concurrent_final_results_complete_order(vendor: Vendor) -> None:
    order = vendor.order(status="S")
    tests = [vendor.test(order) for _ in range(4)]
    answers = at_once(
        4, lambda at: client(vendor.token).patch(f"/api/lab_tests/{tests[at]}", json={"status": "F"})
    )
    assert [answer.status_code for answer in answers] == [204] * 4
    assert vendor.status(order) == "R"


@pytest.mark.parametrize("status", "PIX")
def test_preliminary_result_does_not_change_test(vendor: Vendor, status: str) -> None:
    order = vendor.order(status="S")
    test = vendor.test(order)
    row = vendor.result(test, vendor.document(order), status=status).json()["id"]
    assert vendor.get(test, "lab_tests")["status"] == "preliminary"
    vendor.patch(row, "lab_results", status="C")
    assert vendor.get(test, "lab_tests")["status"] == "correction"
    assert vendor.status(order) == "R"


@pytest.mark.parametrize(("code", "word"), TEST_STATUSES.items())
def test_codes_of_hosted_api_are_accepted(vendor: Vendor, code: str, word: str) -> None:
    assert vendor.get(vendor.test(vendor.order(), status=code), "lab_tests")["status"] == word


# -- values and flags ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "flags"),
    [
        ({"value": "3.9"}, ("L", True)),
        ({"value": "4.0"}, ("N", False)),
        ({"value": "5.60"}, ("N", False)),
        ({"value": "9", "abnormal_status": "HH"}, ("HH", True)),
        ({"value": "9", "is_abnormal": False}, ("H", False)),
        ({"value": "5", "normal_range": ""}, ("", None)),
        ({"value": "Positive", "value_is_numeric": False, "abnormal_status": "POS"}, ("POS", True)),
        ({"value": "Negative", "value_is_numeric": False, "abnormal_status": "NEG"}, ("NEG", False)),
        ({"value": "Trace", "value_is_numeric": False, "normal_range": "none"}, ("", None)),
    ],
)
def test_flags_follow_value(vendor: Vendor, given: dict[str, Any], flags: tuple[str, bool | None]) -> None:
    order = vendor.order()
    body = {"value_is_numeric": True, "normal_range": "4.0 5.6"} | given
    shown = vendor.result(vendor.test(order), vendor.document(order), **body).json()
    assert (shown["abnormal_status"], shown["is_abnormal"]) == flags


def test_flags_follow_corrected_value(vendor: Vendor) -> None:
    order = vendor.order()
    body = {"value_is_numeric": True, "normal_range": "4.0 5.6"}
    row = vendor.result(vendor.test(order), vendor.document(order), **body).json()["id"]
    for value, flags in (("5", ("N", False)), ("7", ("H", True)), ("3", ("L", True))):
        assert vendor.patch(row, "lab_results", value=value).status_code == 204
        shown = vendor.get(row, "lab_results")
        assert (shown["value"], shown["abnormal_status"], shown["is_abnormal"]) == (value, *flags)
    vendor.patch(row, "lab_results", comments="Repeated.")
    assert vendor.get(row, "lab_results")["abnormal_status"] == "L"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"value": "high"}, ["value"]),
        ({"value": "NaN"}, ["value"]),
        ({"value": "1e999"}, ["value"]),
        ({"normal_range": "4.0-5.6"}, ["normal_range"]),
        ({"normal_range": "5.6 4.0"}, ["normal_range"]),
        ({"normal_range": "4"}, ["normal_range"]),
        ({"value": "", "normal_range": "4.0 5.6"}, ["value"]),
    ],
)
def test_numeric_result_must_be_a_number(vendor: Vendor, given: dict[str, Any], named: list[str]) -> None:
    order = vendor.order()
    answer = vendor.result(vendor.test(order), vendor.document(order), **{"value_is_numeric": True} | given)
    assert answer.status_code == 400
    assert list(answer.json()) == named


def test_document_and_test_must_be_of_one_order(vendor: Vendor) -> None:
    first, second = vendor.order(), vendor.order()
    test, own, foreign = vendor.test(first), vendor.document(first), vendor.document(second)
    assert list(vendor.result(test, foreign).json()) == ["document"]
    assert vendor.result(test, own).status_code == 201
    for path, row in (("lab_tests", test), ("lab_documents", own)):
        answer = vendor.patch(row, path, lab_order=second)
        assert (answer.status_code, list(answer.json())) == (400, ["lab_order"])


def test_document_is_any_file_but_an_empty_one(vendor: Vendor) -> None:
    order = vendor.order()
    assert vendor.upload(order, content=b"plain text").status_code == 201
    answer = vendor.upload(order, content=b"")
    assert (answer.status_code, list(answer.json())) == (400, ["document"])


def test_document_as_base64(vendor: Vendor) -> None:
    body = {"lab_order": vendor.order(), "type": "ABN", "document": base64.b64encode(PDF).decode()}
    assert vendor.post("lab_documents", body).status_code == 201


# -- deletes ------------------------------------------------------------------------------------------------------


def test_deleting_order_deletes_its_rows(vendor: Vendor) -> None:
    order, kept = vendor.order(), vendor.order()
    rows = [("lab_orders", order), ("lab_orders_summary", order)]
    rows += [("lab_tests", test := vendor.test(order)), ("lab_documents", file := vendor.document(order))]
    rows.append(("lab_results", vendor.result(test, file).json()["id"]))
    vendor.test(kept)
    assert vendor.http.delete(f"/api/lab_orders/{order}").status_code == 204
    for path, row in rows:
        assert vendor.http.get(f"/api/{path}/{row}").status_code == 404, path
        assert row not in vendor.ids(path)
    assert vendor.ids("lab_orders") == [kept]
    assert len(vendor.ids("lab_tests")) == 1


def test_document_with_results_cannot_be_deleted(vendor: Vendor) -> None:
    order = vendor.order()
    file = vendor.document(order)
    row = vendor.result(vendor.test(order), file).json()["id"]
    refused = vendor.http.delete(f"/api/lab_documents/{file}")
    assert (refused.status_code, refused.json()) == (400, {"detail": "Results refer to this document."})
    assert vendor.http.delete(f"/api/lab_results/{row}").status_code == 204
    assert vendor.http.delete(f"/api/lab_documents/{file}").status_code == 204


def test_deleted_laboratory_takes_no_orders(vendor: Vendor) -> None:
    order = vendor.order()
    assert vendor.http.delete(f"/api/sublabs/{vendor.sublab}").status_code == 204
    assert vendor.ids("sublabs") == []
    assert vendor.get(order, "lab_orders")["sublab"] == vendor.sublab
    assert vendor.patch(order, "lab_orders", notes="Fasting.").status_code == 204
    body = {"sublab": vendor.sublab, "doctor": vendor.doctor.pk, "patient": vendor.patient_id}
    assert list(vendor.post("lab_orders", body).json()) == ["sublab"]


# -- who may write ------------------------------------------------------------------------------------------------


def test_app_without_right_can_only_read(vendor: Vendor) -> None:
    order = vendor.order()
    test, document = vendor.test(order), vendor.document(order)
    result = vendor.result(test, document).json()["id"]
    other = Calendar(clinic=vendor.clinic, scopes=SCOPES)
    rows = {
        "sublabs": vendor.sublab,
        "lab_orders": order,
        "lab_tests": test,
        "lab_documents": document,
        "lab_results": result,
    }
    for path, row in rows.items():
        assert other.get(row, path)["id"] == row
        url = f"/api/{path}/{row}"
        answers = [other.post(path, {})]
        answers += [other.http.request(method, url, json={}) for method in ("PUT", "PATCH", "DELETE")]
        for answer in answers:
            assert answer.status_code == 403
            assert answer.json() == {"detail": REFUSED}
    body = {"patient": vendor.patient_id, "ordering_doctor": vendor.doctor.pk}
    assert other.post("patient_lab_results", body).status_code == 201, (
        "what a practice enters itself needs none"
    )


@pytest.mark.parametrize("name", ["labs:vendor", "labs:vendor:write"])
def test_right_cannot_be_requested_as_scope(name: str) -> None:
    from charthouse.identity.scopes import resolve_scopes
    from tests.support import make_app

    assert resolve_scopes(["labs:read", name], make_app().row) is None


# -- entered by hand ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "number"), [("128", 128), (" 6.25 ", 6.25), ("<5", None), ("", None), ("1e99", None)]
)
def test_numeric_value_is_stored_as_number(vendor: Vendor, value: str, number: float | None) -> None:
    body = {"patient": vendor.patient_id, "ordering_doctor": vendor.doctor.pk, "lab_result_value": value}
    assert vendor.post("patient_lab_results", body).json()["lab_result_value_as_float"] == number
