"""Lists of the chart, written through the DrChrono API and read through Cerbo's."""

import httpx
import pytest

from charthouse.domains.clinical.models import FreeTextNoteType, HealthTracker
from charthouse.identity import tenancy
from tests.domains.clinical.chart import Chart
from tests.support import make_api_user


@pytest.fixture
def program(chart: Chart) -> httpx.Client:
    """Return a client with an API user of the chart's practice; URLs are relative to Cerbo's base."""
    http = make_api_user(chart.clinic.practice).client()
    http.base_url = httpx.URL("http://testserver/api/v1/")
    return http


def test_problems_are_past_medical_history(chart: Chart, program: httpx.Client) -> None:
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


def note_type(chart: Chart, name: str) -> int:
    with tenancy.within(chart.clinic.id):
        return FreeTextNoteType.objects.create(practice=chart.clinic.practice, name=name).pk


def test_patient_has_one_note_per_heading(chart: Chart, program: httpx.Client) -> None:
    social, family = note_type(chart, "Social history"), note_type(chart, "Family history")
    assert [row["id"] for row in program.get("pt_notes").json()["data"]] == [social, family]
    url = f"patients/{chart.patient_id}/pt_notes"
    first = program.post(f"{url}/{social}", json={"note": "Lives alone."})
    assert first.status_code == 200, first.text
    assert program.post(f"{url}/{social}", json={"note": "Lives alone."}).json() == first.json()
    changed = program.post(f"{url}/{social}", json={"note": "Lives with a partner."}).json()
    assert (changed["note"], changed["name"], changed["updatedby"]) == (
        "Lives with a partner.",
        "Social history",
        99999,
    )
    assert program.get(url).json()["data"] == [changed]
    assert program.get(f"{url}/{social}").json() == changed
    empty = program.get(f"{url}/{family}").json()
    assert (empty["note"], empty["name"], empty["updated"], empty["updatedby"]) == (
        "",
        "Family history",
        None,
        None,
    )
    for kind in (social, family):  # as a client appends
        before = program.get(f"{url}/{kind}").json()["note"]
        written = program.post(f"{url}/{kind}", json={"note": f"{before} More.".strip()})
        assert program.get(f"{url}/{kind}").json() == written.json()
        assert written.json()["note"] == f"{before} More.".strip()
    assert program.post(f"{url}/{family + 1}", json={"note": "x"}).status_code == 404
    assert program.get(f"{url}/{family + 1}").status_code == 404
    assert program.post(f"{url}/{social}", json={}).json()["error"]["fields"].keys() == {"note"}
    stranger = note_type(Chart(), "Theirs")
    assert program.post(f"{url}/{stranger}", json={"note": "x"}).status_code == 404
    assert program.get(f"{url}/{stranger}").status_code == 404


def test_trackers_of_selected_patients_are_shown_on_request(chart: Chart, program: httpx.Client) -> None:
    with tenancy.within(chart.clinic.id):
        own = {"practice": chart.clinic.practice, "frequency": "Every year"}
        flu = HealthTracker.objects.create(name="Influenza vaccine", **own).pk
        eyes = HealthTracker.objects.create(name="Eye exam", applies_to="specific_patients", **own).pk

    def listed(**parameters: str) -> list[str]:
        return [row["id"] for row in program.get("health_maintenance", params=parameters).json()["data"]]

    assert listed() == [str(flu)]
    assert listed(include_specific_pt="true") == [str(flu), str(eyes)]
    url = f"patients/{chart.patient_id}/health_maintenance"
    made = program.post(f"{url}/{eyes}", json={"date": "2026-03-02", "notes": "No finding."})
    assert made.status_code == 200, made.text
    shown = made.json()
    assert (shown["health_maintenance_id"], shown["pt_id"], shown["date"]) == (
        eyes,
        chart.patient_id,
        "2026-03-02",
    )
    assert program.get(url).json()["data"] == [shown]
    assert program.post(f"{url}/{eyes + 1}", json={"date": "2026-03-02"}).status_code == 404
