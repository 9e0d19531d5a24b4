"""Lists of the chart, written through DrChrono's API and read through Cerbo's."""

import httpx
import pytest

from tests.domains.clinical.chart import Chart
from tests.support import make_api_user


@pytest.fixture
def program(chart: Chart) -> httpx.Client:
    """An API user of the chart's practice, whose URLs are relative to Cerbo's base."""
    http = make_api_user(chart.clinic.practice).client()
    http.base_url = httpx.URL("http://testserver/api/v1/")
    return http


def test_problems_are_the_past_medical_history(chart: Chart, program: httpx.Client) -> None:
    visit = chart.visit()
    body = {"doctor": chart.doctor.pk, "patient": chart.patient_id, "icd_code": "I10", "status": "inactive"}
    made = chart.post("problems", body | {"appointment": visit, "description": "High blood pressure"}).json()
    (shown,) = program.get(f"patients/{chart.patient_id}/pmh").json()["data"]
    assert (shown["id"], shown["code"], shown["icd_version"]) == (str(made["id"]), "I10", "10")
    assert (shown["name"], shown["display_name"]) == (made["name"], "High blood pressure")
    assert (shown["problem_status"], shown["encounter_id"]) == ("inactive", visit)
    assert shown["url_encounter"].endswith(f"/api/v1/encounters/{visit}")
    assert shown["addedby"] == str(chart.user.pk)
    other = chart.new("patients", gender="Female", doctor=chart.doctor.pk)["id"]
    assert program.get(f"patients/{other}/pmh").json()["data"] == []
