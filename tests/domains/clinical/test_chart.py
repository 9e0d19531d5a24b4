"""Lists of the chart, beyond what their declarations say."""

from datetime import date
from typing import Any

import pytest

from charthouse.domains.clinical import code_labels
from charthouse.domains.clinical.models import CarePlan, ImplantableDevice, Procedure
from charthouse.identity import tenancy
from tests.domains.caller import Caller
from tests.domains.clinical.chart import DAY, Chart
from tests.domains.clinical.test_note_pdf import amend, file


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("E11.9", "Type 2 diabetes mellitus without complications"),
        ("e119", "Type 2 diabetes mellitus without complications"),
        ("I10", "Essential (primary) hypertension"),
        *(
            (wrong, "")
            for wrong in ("", "E11.99999", "ZZZ", "<name>", "E11.9</name>", "\u0661\u0661\u0661", "x" * 99)
        ),
    ],
)
def test_labels_of_icd10_codes(code: str, name: str) -> None:
    assert code_labels.get_icd10_label(code) == name


def test_problem_without_name_gets_label_of_code(chart: Chart) -> None:
    def made(**values: Any) -> Any:
        return chart.new("problems", patient=chart.patient_id, **values)

    assert made(icd_code="E11.9")["name"] == "Type 2 diabetes mellitus without complications"
    assert made(icd_code="E11.9", name="Sugar")["name"] == "Sugar"
    assert made(icd_code="E11.9", icd_version=9)["name"] == ""
    assert made(icd_code="no code")["name"] == ""
    known = made(icd_code="E11.9")["info_url"]
    assert known.startswith("https://connect.medlineplus.gov/")
    assert known.endswith("=E11.9")
    assert made(icd_code="E11.9&x=<script>")["info_url"] is None


def test_labels_follow_codes(chart: Chart) -> None:
    path = "patient_interventions"
    row = chart.new(path, patient=chart.patient_id, code="E11.9", code_system="ICD10CM")
    assert row["name"] == "Type 2 diabetes mellitus without complications"
    chart.patch(row["id"], path, value_code="I10", value_code_system="ICD10CM")
    assert chart.get(row["id"], path)["value_code_name"] == "Essential (primary) hypertension"
    chart.patch(row["id"], path, code="225323000", code_system="SNOMEDCT")
    assert chart.get(row["id"], path)["name"] == ""


def test_appointment_must_be_of_patient(chart: Chart) -> None:
    visit, other = chart.visit(), chart.new()["id"]
    for path in ("problems", "medications"):
        body = {"doctor": chart.doctor.pk, "patient": other, "appointment": visit}
        answer = chart.post(path, body)
        assert answer.status_code == 400
        assert list(answer.json()) == ["appointment"]
        assert chart.post(path, body | {"patient": chart.patient_id}).status_code == 201


def test_app_sees_only_its_amendments(chart: Chart) -> None:
    mine = amend(chart, file()).json()["id"]
    theirs = Caller(chart.clinic, doctor=chart.doctor)  # another app of the same practice and doctor
    assert chart.ids("amendments") == [mine]
    assert theirs.ids("amendments") == []
    url = f"/api/amendments/{mine}"
    for method in ("GET", "PATCH", "DELETE"):
        assert theirs.http.request(method, url, json={}).status_code == 404
    assert chart.http.delete(url).status_code == 204
    assert chart.ids("amendments") == []


def test_care_plans_are_filtered(chart: Chart) -> None:
    who = {"practice": chart.clinic.practice, "doctor": chart.doctor, "patient_id": chart.patient_id}
    visit = chart.visit()
    with tenancy.within(chart.clinic.id):
        plans = [CarePlan.objects.create(**who, plan_type=kind, title="x").pk for kind in (1, 2, 2)]
        done = Procedure.objects.create(
            **who, appointment_id=visit, code="99213", date=date.fromisoformat(DAY)
        ).pk
        device = ImplantableDevice.objects.create(**who, created_at=f"{DAY}T03:00:00Z").pk
    assert chart.ids("care_plans", plan_type=2) == plans[1:]
    assert chart.ids("procedures", mu_date_range=f"2026-01-01/{DAY}") == [done]
    assert chart.ids("procedures", mu_date_range="2026-01-01/2026-03-01") == []
    assert chart.ids("implantable_devices", mu_date="2026-03-01") == [device], "the doctor's day"
    assert chart.ids("implantable_devices", mu_date=DAY) == []
    assert chart.ids("implantable_devices", mu_date_range=f"2026-03-01/{DAY}") == [device]
