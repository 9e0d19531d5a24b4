"""Problems, medications and allergies: found by words or code, written once, merged when two people edit them."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from charthouse import clock
from charthouse.domains import code_lists
from charthouse.domains.clinical.icd10_search import search_icd10
from charthouse.domains.clinical.models import Allergy, Problem, Procedure
from charthouse.domains.medications.models import Drug, Medication
from charthouse.domains.scheduling.models import Appointment
from charthouse.identity import tenancy
from tests.console.chart.test_summary import Chart
from tests.console.test_shell import send
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.queries import bounded_queries
from tests.support import PASSWORD, Clinic, make_user


@pytest.fixture
def chart(clinic: Clinic) -> Chart:
    return Chart(clinic)


def find(chart: Chart, what: str, text: str) -> list[dict[str, Any]]:
    with bounded_queries():
        return chart.browser.get(f"/codes/{what}", params={"q": text}).json()["choices"]


# -- searches ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("E11.9", "E11.9"), ("e119", "E11.9"), ("type 2 diabetes", "E11.9"), ("diabetes type 2 without", "E11.9"),
        ("high blood pressure", "I10"), ("htn", "I10"), ("uti", "N39.0"), ("back pain low", "M54.50"),
        ("copd", "J44.9"),
        ("annual exam", "Z00.00"), ("well child", "Z00.129"), ("gerd", "K21.9"), ("knee pain right", "M25.561"),
    ],
)  # fmt: skip
def test_diagnoses_are_found(text: str, code: str) -> None:
    assert search_icd10(text)[0].code == code


@pytest.mark.parametrize("text", ["", " ", "zzzz", "\0", "((((", "E11.9' or 1=1", "x" * 5000])
def test_what_is_no_diagnosis(chart: Chart, text: str) -> None:
    for what in ("icd10", "drugs", "allergens", "reactions"):
        assert isinstance(find(chart, what, text), list)
    assert search_icd10("zzzz") == []


def test_a_category_is_told_from_a_diagnosis(chart: Chart) -> None:
    found = {one["value"]: one["detail"] for one in find(chart, "icd10", "E11")}
    assert found["E11"] == "E11 · category"
    assert found["E11.9" if "E11.9" in found else "E11.00"].endswith(("E11.9", "E11.00"))


def test_the_practices_drugs_come_before_the_common_ones(chart: Chart) -> None:
    with tenancy.within(chart.clinic.id):
        Drug.objects.create(
            practice=chart.clinic.practice, name="Lisinopril house blend", rxnorm="1", route="Oral"
        )
    first, *others = find(chart, "drugs", "lisin")
    assert (first["value"], first["detail"]) == ("Lisinopril house blend", "Formulary")
    assert any(one["value"].lower().startswith("lisinopril 10 mg oral tablet") for one in others)
    (tablet,) = [
        one for one in find(chart, "drugs", "lisinopril 10 mg oral tab") if "house" not in one["value"]
    ][:1]
    assert tablet["fills"]["dosage_units"] == "tablet"
    assert tablet["fills"]["route"] == "Oral"


def test_lists_are_whole() -> None:
    drugs = code_lists.list_drugs()
    assert len(drugs) > 400
    assert len({one.rxnorm for one in drugs}) == len(drugs)
    panels = {one.name: one for one in code_lists.list_panels()}
    assert {"Complete blood count", "Lipid panel", "Hemoglobin A1c"} <= set(panels)
    assert all(one.tests for one in panels.values())
    assert all(test.low is None or test.low < test.high for one in panels.values() for test in one.tests)
    assert {"Peanut", "Aspirin"} <= {one.name for one in code_lists.list_substances()}


# -- forms ------------------------------------------------------------------------------------------------------


def test_a_form_that_is_sent_twice_writes_once(chart: Chart) -> None:
    address = f"/patients/{chart.patient_id}/problems/new"
    form = parse_hidden_fields(chart.browser.get(address)) | {
        "name": "",
        "icd_code": "I10",
        "status": "active",
    }
    for _ in range(2):
        assert chart.browser.post(address, data=form).status_code == 302
    with tenancy.within(chart.clinic.id):
        assert [row.name for row in Problem.objects.filter(practice=chart.clinic.id)] == [
            "Essential (primary) hypertension"
        ]


def test_blank_rows_are_refused(chart: Chart) -> None:
    for segment, name in (("medications", "Drug"), ("allergies", "Allergy"), ("problems", "")):
        answer = send(chart.browser, f"/patients/{chart.patient_id}/{segment}/new", status="active")
        assert answer.status_code == 400, segment
        if name:
            assert "This field is required." in answer.text
    with tenancy.within(chart.clinic.id):
        assert not Problem.objects.filter(practice=chart.clinic.id).exists()


def test_severity_of_an_allergy(chart: Chart) -> None:
    base = f"/patients/{chart.patient_id}/allergies"
    sent = {"description": "Peanut", "reaction": "Hives", "severity": "severe", "status": "active"}
    assert send(chart.browser, f"{base}/new", **sent).status_code == 302
    with tenancy.within(chart.clinic.id):
        assert Allergy.objects.get(practice=chart.clinic.id).severity == "severe"
    page = chart.show("/allergies")
    assert "Severe" in page
    assert "Severe" in chart.get_section("Allergies") or "severe" in chart.get_section("Allergies")
    assert "bg-red-lt" not in page
    assert send(chart.browser, f"{base}/new", **sent | {"severity": "terrible"}).status_code == 400


def test_two_people_who_edit_a_medication(chart: Chart, clinic: Clinic) -> None:
    row = chart.add(Medication, name="Lisinopril", frequency="Once a day", dosage_units="mg")
    address = f"/patients/{chart.patient_id}/medications/{row.pk}"
    person = make_user(clinic.practice, password=PASSWORD, first_name="Mary", last_name="Major")
    colleague: httpx.Client = open_signed_in_browser(person.username)
    shown = chart.browser.get(address)
    was = {
        "was.name": "Lisinopril",
        "was.frequency": "Once a day",
        "was.dosage_units": "mg",
        "was.status": "active",
    }
    mine = parse_hidden_fields(shown) | was
    fields = {"name": "Lisinopril", "frequency": "Once a day", "dosage_units": "mg", "status": "active"}
    theirs = parse_hidden_fields(colleague.get(address)) | was | fields | {"frequency": "Twice a day"}
    assert colleague.post(address, data=theirs).status_code == 302
    refused = chart.browser.post(
        address, data=mine | fields | {"frequency": "At bedtime", "dosage_units": "tablet"}
    )
    assert refused.status_code == 409
    assert "Mary Major changed this to “Twice a day”" in refused.text
    saved = chart.browser.post(
        address, data=mine | fields | {"dosage_units": "tablet"}, follow_redirects=True
    )
    assert "Someone else changed Frequency in the meantime. Their change was kept." in saved.text
    with tenancy.within(clinic.id):
        found = Medication.objects.get(pk=row.pk)
    assert (found.frequency, found.dosage_units) == ("Twice a day", "tablet")


def test_a_medication_is_discontinued_with_a_reason(chart: Chart) -> None:
    row = chart.add(Medication, name="Lisinopril", date_started_taking=date(2020, 1, 1))
    address = f"/patients/{chart.patient_id}/medications/{row.pk}/discontinue"
    assert send(chart.browser, address, reason=" ").status_code == 400
    with bounded_queries():
        assert "Reason" in chart.browser.get(address).text
    assert send(chart.browser, address, reason="Cough").status_code == 302
    with tenancy.within(chart.clinic.id):
        row.refresh_from_db()
    assert (row.status, row.discontinued_reason) == ("inactive", "Cough")
    assert abs(row.date_stopped_taking - clock.now().date()) <= timedelta(days=1)
    assert "Lisinopril" not in chart.get_section("Medications")


def test_medications_are_reconciled_at_a_visit(chart: Chart) -> None:
    address = f"/patients/{chart.patient_id}/medications/reconcile"
    page = chart.browser.get(f"/patients/{chart.patient_id}/medications")
    token = parse_hidden_fields(page)
    assert "none today" in chart.browser.post(address, data=token, follow_redirects=True).text
    local = clock.now() - timedelta(minutes=1)
    visit = chart.book("2026-03-02T09:00:00")["id"]
    with tenancy.within(chart.clinic.id):
        Appointment.objects.filter(pk=visit).update(scheduled_time=local)
    assert "marked as reconciled" in chart.browser.post(address, data=token, follow_redirects=True).text
    with tenancy.within(chart.clinic.id):
        done = Procedure.objects.get(practice=chart.clinic.id)
    assert (done.code, done.appointment_id) == ("428191000124101", int(visit))


def test_a_prescription_is_printed(chart: Chart) -> None:
    row = chart.add(
        Medication, name="Lisinopril 10 MG Oral Tablet", dosage_quantity="1", dosage_units="tablet", route="Oral",
        frequency="Once a day", dispense_quantity=90, number_refills=3,
    )  # fmt: skip
    page = chart.show(f"/medications/{row.pk}/print")
    assert "Sig: 1 tablet oral once a day" in page
    assert "Dispense: 90 · Refills: 3" in page
