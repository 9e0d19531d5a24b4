"""Labs in the console: ordered from panels, signed off, sent to the patient."""

import re
from datetime import timedelta
from typing import Any

import pytest

from charthouse import clock
from charthouse.domains.labs.models import LabDocument, LabOrder, LabResult, LabTest, PanelTest, Sublab
from charthouse.domains.messaging.models import PatientMessage
from charthouse.files.models import StoredFile
from charthouse.identity import tenancy
from tests.console.chart.test_summary import Chart
from tests.identity.oauth_flow import parse_hidden_fields
from tests.queries import bounded_queries
from tests.support import Clinic


class Labs(Chart):
    """A chart in a practice with a laboratory."""

    def __init__(self, clinic: Clinic) -> None:
        super().__init__(clinic)
        with tenancy.within(clinic.id):
            self.sublab = Sublab.objects.create(
                practice=clinic.practice, name="Front Range", facility_code="FRR"
            )
        self.place = f"/patients/{self.patient_id}/labs"

    def order(self, **values: Any) -> LabOrder:
        form = parse_hidden_fields(self.browser.get(f"{self.place}/order"))
        sent = form | {"laboratory": str(self.sublab.pk)} | values
        for _ in range(2):
            assert self.browser.post(f"{self.place}/order", data=sent).status_code == 302
        with tenancy.within(self.clinic.id):
            return LabOrder.objects.get(practice=self.clinic.id)

    def report(self, order: LabOrder, value: str = "7.2") -> LabResult:
        """Add a result, as a laboratory does."""
        now = clock.now()
        with tenancy.within(self.clinic.id):
            practice = {"practice": self.clinic.practice}
            file = (
                StoredFile.objects.create(
                    **practice, name="r.pdf", media_type="application/pdf", size=1, address="0" * 64
                )
                if not StoredFile.objects.exists()
                else StoredFile.objects.first()
            )
            document = LabDocument.objects.create(**practice, lab_order=order, document=file, type="RES")
            return LabResult.objects.create(
                **practice, lab_test=LabTest.objects.filter(lab_order=order).first(), document=document,
                specimen_received=now, results_released=now, test_performed=now, status="F", value=value,
                unit="%", normal_range="4.0 5.6", abnormal_status="H", observation_description="Hemoglobin A1c",
            )  # fmt: skip

    def post(self, path: str, **values: str) -> str:
        token = parse_hidden_fields(self.browser.get(self.place))
        return self.browser.post(f"{self.place}/{path}", data=token | values, follow_redirects=True).text


@pytest.fixture
def labs(clinic: Clinic) -> Labs:
    return Labs(clinic)


def test_panels_are_ordered_once_and_sent(labs: Labs) -> None:
    with bounded_queries():
        page = labs.browser.get(f"{labs.place}/order").text
    assert "Complete blood count" in page
    order = labs.order(panel=["4548-4", "58410-2"], diagnosis=["E11.9"], stat="yes")
    assert (order.status, order.priority, order.sublab_id) == ("S", "STAT", labs.sublab.pk)
    assert [one["code"] for one in order.icd10_codes] == ["E11.9"]
    with tenancy.within(labs.clinic.id):
        tests = list(
            LabTest.objects.filter(lab_order=order).order_by("pk").values_list("code", "specimen_source")
        )
    assert sorted(tests) == [("4548-4", "Whole blood"), ("58410-2", "Whole blood")]
    shown = labs.show("/labs")
    assert "Hemoglobin A1c" in shown
    assert "Sent · STAT" in shown
    assert "Sign off" not in shown, "there are no results yet"


def test_own_panels_are_offered_first(labs: Labs) -> None:
    """One with a code is ordered by it, the tests of another one by one."""
    rows = (
        ("Annual labs", "", "Glucose", "2345-7"),
        ("Lipids, house", "", "LDL", "13457-7"),
        ("Lipids, house", "LIP", "HDL", "2085-9"),
        ("annual labs", "", "Creatinine", "2160-0"),
    )
    with tenancy.within(labs.clinic.id):
        for panel, panel_code, name, code in rows:
            PanelTest.objects.create(
                practice=labs.clinic.practice, panel=panel, panel_code=panel_code, name=name, code=code
            )
    with bounded_queries():
        page = labs.browser.get(f"{labs.place}/order").text
    found = re.findall(r'name="panel" value="([^"]*)"', page)
    assert found[:2] == ["own Annual labs", "own Lipids, house"]
    assert "Complete blood count" in page
    order = labs.order(panel=["own Annual labs", "own Lipids, house"])
    with tenancy.within(labs.clinic.id):
        tests = LabTest.objects.filter(lab_order=order).order_by("pk").values_list("code", "name")
        assert list(tests) == [("2345-7", "Glucose"), ("2160-0", "Creatinine"), ("LIP", "Lipids, house")]


@pytest.mark.parametrize("sent", [{}, {"panel": "nonsense"}, {"laboratory": "999"}])
def test_an_order_needs_panel_and_laboratory(labs: Labs, sent: dict[str, str]) -> None:
    form = parse_hidden_fields(labs.browser.get(f"{labs.place}/order"))
    form = (
        form | {"laboratory": str(labs.sublab.pk), "panel": "4548-4" if "laboratory" in sent else ""} | sent
    )
    assert labs.browser.post(f"{labs.place}/order", data=form).status_code == 400
    with tenancy.within(labs.clinic.id):
        assert not LabOrder.objects.filter(practice=labs.clinic.id).exists()


def test_results_are_signed_off_and_later_ones_again(labs: Labs) -> None:
    order = labs.order(panel="4548-4")
    result = labs.report(order)
    with bounded_queries():
        assert "Front Range" in labs.browser.get("/results-to-review").text
    assert "The results are signed off." in labs.post(f"{order.pk}/review")
    shown = labs.show("/labs")
    assert "signed off by" in shown
    assert "Sign off" not in shown
    assert "No results to review." in labs.browser.get("/results-to-review").text
    with tenancy.within(labs.clinic.id):
        LabResult.objects.filter(pk=result.pk).update(updated_at=clock.now() + timedelta(seconds=5))
    assert "Sign off" in labs.show("/labs"), "a corrected result is reviewed again"
    other = Labs(labs.clinic)
    missing = labs.browser.post(
        f"{other.place}/{order.pk}/review", data=parse_hidden_fields(labs.browser.get(labs.place))
    )
    assert missing.status_code == 404


def test_results_are_sent_to_the_patient(labs: Labs) -> None:
    order = labs.order(panel="4548-4")
    labs.report(order)
    address = f"{labs.place}/{order.pk}/send"
    with bounded_queries():
        page = labs.browser.get(address)
    assert "Hemoglobin A1c: 7.2 % (usual: 4.0 to 5.6)" in page.text
    form = parse_hidden_fields(page) | {"text": "All is well."}
    for _ in range(2):
        assert labs.browser.post(address, data=form).status_code == 302
    with tenancy.within(labs.clinic.id):
        sent = PatientMessage.objects.get(practice=labs.clinic.id)
    assert (sent.body, sent.sent_by, sent.patient_id) == ("All is well.", "dr", labs.patient_id)
