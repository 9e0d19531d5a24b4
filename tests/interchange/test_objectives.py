"""mu_2015_report: each objective counts as docs/objectives.md says, for the caller's doctor and the period."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from charthouse.domains.clinical.models import CarePlan, PatientIntervention, Procedure
from charthouse.domains.labs.models import LabOrder, PatientLabResult, Sublab
from charthouse.domains.medications.models import Medication
from charthouse.domains.messaging.models import Message, PatientMessage
from charthouse.domains.patients.models import Patient, PortalAccess
from charthouse.interchange.objectives.measures import OBJECTIVES
from tests.domains.caller import Caller
from tests.interchange.chart import Record
from tests.support import make_doctor

PERIOD = "2026-03-01/2026-03-31"
IN, BEFORE, AFTER = (datetime(2026, month, 10, 15, tzinfo=UTC) for month in (3, 2, 4))
DAY = date(2026, 3, 10)


def figures(record: Record, **asked: Any) -> dict[str, tuple[int, int]]:
    report = record.http.get("/api/mu_2015_report", params={"date_range": PERIOD, **asked}).json()
    return {each["name"]: (each["numerator"], each["denominator"]) for each in report["objectives"]}


def another(record: Record) -> int:
    return int(record.make(Patient, doctor=record.doctor, first_name="Grace", gender="Female").pk)


def test_empty_practice_has_no_percentages(record: Record) -> None:
    report = record.http.get("/api/mu_2015_report", params={"date_range": PERIOD}).json()
    assert (report["start_date"], report["end_date"]) == ("2026-03-01T00:00:00", "2026-03-31T23:59:59")
    assert report["stage"] == 2
    assert [each["name"] for each in report["objectives"]] == [each.name for each in OBJECTIVES]
    for each in report["objectives"]:
        assert (each["numerator"], each["denominator"]) == (0, 0)
        assert each["percentage"] is each["passed"] is None


def test_medication_orders_and_electronic_prescriptions(record: Record) -> None:
    for status in (
        "Electronic eRx Sent",
        "Paper Rx",
        "Ordered",
        "Over the Counter",
        "Prescribed by other Dr",
    ):
        for day in (DAY, date(2026, 2, 28), date(2026, 4, 1)):
            record.own(Medication, name=status, order_status=status, date_prescribed=day)
    record.own(Medication, order_status="Ordered", date_prescribed=DAY, archived=True)
    found = figures(record)
    assert found["Computerized provider order entry: medications"] == (2, 3)
    assert found["Electronic prescribing"] == (1, 2)


def test_laboratory_orders(record: Record) -> None:
    sublab = record.make(Sublab, name="Lab", facility_code="LAB")
    for moment in (IN, BEFORE, AFTER):
        record.own(LabOrder, sublab=sublab, timestamp=moment)
    for day in (DAY, date(2026, 2, 28), None):
        record.make(
            PatientLabResult,
            patient_id=record.patient_id,
            ordering_doctor=record.doctor,
            date_test_performed=day,
        )
    assert figures(record)["Computerized provider order entry: laboratory"] == (1, 2)


def test_referrals_with_a_summary_of_care(record: Record) -> None:
    grace = another(record)
    for patient in (record.patient_id, grace):
        record.make(
            CarePlan, patient_id=patient, doctor=record.doctor, plan_type=5, title="Heart", created_at=IN
        )
    record.own(CarePlan, plan_type=4, title="No referral", created_at=IN)
    for kind, moment in (("OD", IN - timedelta(days=1)), ("OD", AFTER), ("IF", IN)):
        record.make(Message, doctor=record.doctor, patient_id=grace, type=kind, received_at=moment, title="x")
    assert figures(record)["Health information exchange"] == (0, 2)
    record.make(Message, doctor=record.doctor, patient_id=grace, type="OD", received_at=IN, title="x")
    assert figures(record)["Health information exchange"] == (1, 2)


def test_objectives_of_patients_seen(record: Record) -> None:
    grace, unseen = another(record), another(record)
    record.book("2026-03-10T09:00:00", status="Complete")
    record.book("2026-03-11T09:00:00", status="Complete")  # the same patient, once
    record.book("2026-03-10T10:00:00", patient=grace)
    for status, day in (("Cancelled", 12), ("No Show", 13), ("Rescheduled", 14)):
        record.book(f"2026-03-{day}T09:00:00", patient=unseen, status=status)
    record.book("2026-02-28T09:00:00", patient=unseen)
    for patient in (grace, unseen):
        record.make(
            CarePlan, patient_id=patient, doctor=record.doctor, plan_type=2, title="Leaflet", created_at=IN
        )
        record.make(PatientMessage, patient_id=patient, doctor=record.doctor, subject="Hello", created_at=IN)
    record.own(CarePlan, plan_type=2, title="Leaflet", created_at=BEFORE)
    found = figures(record)
    assert found["Patient-specific education"] == (1, 2)
    assert found["Secure electronic messaging"] == (1, 2)


def test_medication_reconciliation_of_new_patients(record: Record) -> None:
    grace, other = another(record), another(record)
    for patient, day in ((record.patient_id, "2026-02-10"), (record.patient_id, "2026-03-10"), (grace, "2026-03-11"),
                         (other, "2026-03-12")):  # fmt: skip
        record.book(f"{day}T20:30:00", patient=patient)  # the next day in UTC
    visit = record.book("2026-03-13T09:00:00", patient=grace)["id"]
    assert figures(record)["Medication reconciliation"] == (0, 2)
    record.make(
        Procedure,
        patient_id=grace,
        doctor=record.doctor,
        appointment_id=visit,
        code="1160F",
        date=date(2026, 3, 1),
    )
    assert figures(record)["Medication reconciliation"] == (0, 2), "before the visit"
    record.make(
        Procedure,
        patient_id=grace,
        doctor=record.doctor,
        appointment_id=visit,
        code="1160F",
        date=date(2026, 3, 11),
    )
    assert figures(record)["Medication reconciliation"] == (1, 2)
    record.make(PatientIntervention, patient_id=other, doctor=record.doctor, code="428191000124101",
                code_system="SNOMEDCT", effective_time=datetime(2026, 3, 20, tzinfo=UTC))  # fmt: skip
    assert figures(record)["Medication reconciliation"] == (2, 2)


@pytest.mark.parametrize(
    ("enabled", "in_time"),
    [("2026-01-01", True), ("2026-03-16", True), ("2026-03-17", False)],  # seen on Tuesday the 10th
)
def test_access_within_four_business_days(record: Record, enabled: str, in_time: bool) -> None:
    record.book("2026-03-10T09:00:00")
    moment = datetime.fromisoformat(f"{enabled}T16:00:00+00:00")
    access = record.make(PortalAccess, patient_id=record.patient_id, doctor=record.doctor, enabled_by=record.user,
                         enabled_on=moment, expires_on=moment + timedelta(days=7))  # fmt: skip
    found = figures(record)
    assert found["Patient electronic access: provided"] == (int(in_time), 1)
    assert found["Patient electronic access: used"] == (0, 1)
    access.activated_on = moment
    record.keep(access)
    assert figures(record)["Patient electronic access: used"] == (1, 1)


def test_threshold_has_to_be_exceeded(record: Record) -> None:
    for status in ("Electronic eRx Sent", "Paper Rx"):
        record.own(Medication, name=status, order_status=status, date_prescribed=DAY)
    report = record.http.get("/api/mu_2015_report", params={"date_range": PERIOD, "stage": "2"}).json()
    shown = {each["name"]: each for each in report["objectives"]}["Electronic prescribing"]
    assert (shown["percentage"], shown["threshold"], shown["passed"]) == ("50.00", "50.00", False)
    report = record.http.get("/api/mu_2015_report", params={"date_range": PERIOD, "stage": "1"}).json()
    shown = {each["name"]: each for each in report["objectives"]}["Electronic prescribing"]
    assert (shown["threshold"], shown["passed"]) == ("40.00", True)
    assert len(report["objectives"]) == 3


def test_rows_of_other_doctors_do_not_count(record: Record) -> None:
    colleague = make_doctor(record.clinic.practice)
    record.make(
        Medication,
        patient_id=record.patient_id,
        doctor=colleague,
        order_status="Ordered",
        date_prescribed=DAY,
    )
    assert figures(record)["Computerized provider order entry: medications"] == (0, 0)
    caller = Caller(record.clinic, doctor=colleague)
    report = caller.http.get("/api/mu_2015_report", params={"date_range": PERIOD}).json()
    assert report["objectives"][0]["denominator"] == 1


def test_default_period_is_the_year_so_far(record: Record) -> None:
    report = record.http.get("/api/mu_2015_report").json()
    assert report["start_date"].endswith("-01-01T00:00:00")
    assert report["start_date"][:4] == report["end_date"][:4]


def test_authorization_and_invalid_parameters(record: Record) -> None:
    url = "/api/mu_2015_report"
    assert record.http.get(url, params={"stage": "3"}).json().keys() == {"stage"}
    assert record.http.get(url, params={"date_range": "March"}).json().keys() == {"date_range"}
    assert Caller(record.clinic, scopes=("patients",)).http.get(url).status_code == 403
    assert Caller(record.clinic, permissions=("Settings",)).http.get(url).status_code == 403
    assert Caller(record.clinic, doctor=None).http.get(url).status_code == 403
    assert record.http.post(url, json={}).status_code == 405


def test_documentation_lists_all_objectives_with_thresholds() -> None:
    page = (Path(__file__).parents[2] / "docs" / "objectives.md").read_text()
    for objective in OBJECTIVES:
        stages = [objective.thresholds.get(stage) for stage in (1, 2)]
        said = " | ".join(f"{percent} %" if percent is not None else "-" for percent in stages)
        assert f"| {objective.name} | {said} |" in page
    rows = [line for line in page.splitlines() if line.startswith("| ") and "%" in line]
    assert len(rows) == len(OBJECTIVES)
