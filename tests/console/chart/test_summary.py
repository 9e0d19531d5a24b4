"""The summary and the banner of a chart: nothing is cut silently, and what nobody recorded is never "none"."""

import re
from datetime import UTC, date, datetime
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest

from charthouse.console.kit.result_flags import build_flag_badge
from charthouse.domains.clinical.models import Allergy, Problem
from charthouse.domains.labs.models import PatientLabResult
from charthouse.domains.medications.models import Medication
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling.models import Vitals
from charthouse.identity import tenancy
from tests.console.test_shell import send
from tests.domains.caller import at_once
from tests.domains.scheduling.calendar import Calendar
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.queries import bounded_queries
from tests.support import Clinic

ALLERGY = {"verification_status": "confirmed", "status": "active"}


class Chart(Calendar):
    """A patient's chart in the console."""

    def __init__(self, clinic: Clinic) -> None:
        super().__init__(clinic=clinic)
        self.browser = open_signed_in_browser(clinic.user.username)

    def add(self, model: Any, **values: Any) -> Any:
        with tenancy.within(self.clinic.id):
            doctor = "ordering_doctor" if model is PatientLabResult else "doctor"
            return model.objects.create(
                practice=self.clinic.practice, patient_id=self.patient_id, **{doctor: self.doctor}, **values
            )

    def change(self, **values: Any) -> None:
        with tenancy.within(self.clinic.id):
            Patient.objects.filter(pk=self.patient_id).update(**values)

    def show(self, page: str = "") -> str:
        with bounded_queries():
            answer = self.browser.get(f"/patients/{self.patient_id}{page}")
        assert answer.status_code == 200
        return " ".join(unescape(answer.text).split())

    def get_banner(self, page: str = "") -> str:
        """Get the banner's text, without tags."""
        found = re.search(r'<section class="card patient-banner".*?(?=<nav)', self.show(page))
        assert found
        return " ".join(re.sub("<[^>]+>", " ", found[0]).split())

    def get_section(self, title: str) -> str:
        """Get the text of a list of the summary, without tags."""
        found = re.search(rf'<section class="card" aria-label="{title}">.*?</section>', self.show())
        assert found
        return " ".join(re.sub("<[^>]+>", " ", found[0]).split())


@pytest.fixture
def chart(clinic: Clinic) -> Chart:
    return Chart(clinic)


# -- absence ----------------------------------------------------------------------------------------------------


def test_what_nobody_recorded_is_not_recorded(chart: Chart) -> None:
    assert chart.get_banner().endswith("Allergies: Not recorded")
    for title in ("Problems", "Medications", "Allergies"):
        assert chart.get_section(title).endswith("Not recorded")
    for page in ("/problems", "/medications", "/allergies", "/vaccines", "/supplements"):
        shown = chart.show(page)
        assert '<p class="empty-title">Not recorded</p>' in shown
        assert not re.search(
            r"\bThere is no|\bNo (active|known) (?!(allergies|problems|medications)”)", shown
        )


def test_no_known_allergies_is_recorded_by_somebody(chart: Chart) -> None:
    base = f"/patients/{chart.patient_id}/allergies"
    assert f'href="{base}/none-known"' in chart.show("/allergies")
    assert send(chart.browser, f"{base}/none-known").status_code == 302
    assert chart.get_banner().endswith("Allergies: No known allergies")
    assert re.search(r"No known allergies recorded \d\d/\d\d/\d{4}, ", chart.get_section("Allergies"))
    (row,) = chart.ids("allergies", patient=chart.patient_id)
    shown = chart.get(row, "allergies")
    assert (shown["snomed_code"], shown["status"]) == ("716186003", "active")
    assert f'href="{base}/none-known"' not in chart.show("/allergies")
    allergy = chart.add(Allergy, description="Penicillin", **ALLERGY)
    assert chart.get_banner().endswith("Allergies: Penicillin"), "an allergy contradicts the statement"
    assert "No known" not in chart.get_section("Allergies")
    token = parse_hidden_fields(chart.browser.get(base))["csrfmiddlewaretoken"]
    refused = chart.browser.post(f"{base}/none-known", data={"csrfmiddlewaretoken": token})
    assert refused.status_code == 409
    assert "active allergies" in refused.text
    with tenancy.within(chart.clinic.id):
        Allergy.objects.filter(pk=allergy.pk).update(verification_status="refuted")
    assert chart.get_banner().endswith("Allergies: No known allergies")


def test_the_statement_is_recorded_once(chart: Chart) -> None:
    address = f"/patients/{chart.patient_id}/problems/none-known"
    token = parse_hidden_fields(chart.browser.get(address))
    answers = at_once(3, lambda _: chart.browser.post(address, data=token))
    assert {answer.status_code for answer in answers} == {302}
    with tenancy.within(chart.clinic.id):
        (row,) = Problem.objects.filter(practice=chart.clinic.id)
    assert (row.snomed_ct_code, row.name) == ("160245001", "No known problems")
    assert "No known problems recorded" in chart.get_section("Problems")


def test_no_known_medications_is_recorded_by_somebody(chart: Chart) -> None:
    base = f"/patients/{chart.patient_id}/medications"
    assert send(chart.browser, f"{base}/none-known").status_code == 302
    assert re.search(r"No known medications recorded \d\d/\d\d/\d{4}, ", chart.get_section("Medications"))
    (row,) = chart.ids("medications", patient=chart.patient_id)
    assert chart.get(row, "medications")["name"] == "No known medications"
    chart.add(Medication, name="Lisinopril")
    assert "No known" not in chart.get_section("Medications"), "a medication contradicts the statement"


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"description": "NKDA"}, "No known drug allergies"),
        ({"description": " No Known  Allergies. "}, "No known allergies"),
        ({"description": "none", "snomed_code": "429625007"}, "No known food allergies"),
        ({"description": "NKA", "status": "inactive"}, "None active, 1 inactive"),
        ({"description": "NKA", "verification_status": "entered-in-error"}, "Not recorded"),
        ({"description": "No known allergies to latex"}, "No known allergies to latex"),
    ],
)
def test_statements_of_other_systems(chart: Chart, values: dict[str, str], shown: str) -> None:
    chart.add(Allergy, **ALLERGY | values)
    assert chart.get_banner().endswith(f"Allergies: {shown}")


def test_a_partial_statement_stands_beside_an_allergy(chart: Chart) -> None:
    chart.add(Allergy, description="NKDA", **ALLERGY)
    chart.add(Allergy, description="Peanut", **ALLERGY)
    assert chart.get_banner().endswith("Allergies: Peanut No known drug allergies")


def test_the_smoking_status_is_the_last_recorded_one(chart: Chart) -> None:
    assert re.search(r"<dt>Smoking status</dt><dd>Not recorded</dd>", chart.show())
    for day, status in (("09", "8517006"), ("10", "77176002"), ("11", "blank")):
        visit = chart.book(f"2026-03-{day}T09:00:00")["id"]
        with tenancy.within(chart.clinic.id):
            Vitals.objects.update_or_create(
                practice=chart.clinic.practice, appointment_id=visit, defaults={"smoking_status": status}
            )
    page = chart.show()
    assert re.search(r"<dt>Smoking status</dt><dd>Smoker</dd>", page)
    assert "Mar 11, 2026, 9:00 AM" in page
    with bounded_queries():
        visit_page = " ".join(chart.browser.get(f"/visits/{visit}").text.split())
    assert re.search(r"<title>Visit 03/11/2026, 9:00 AM · Ada", visit_page)
    assert re.search(r'<option value="266919005">Never smoked tobacco<', visit_page)
    assert re.search(r'<option value="blank" selected>Not recorded<', visit_page)


# -- nothing is cut silently --------------------------------------------------------------------------------------


def test_a_complicated_patient(chart: Chart) -> None:
    for number in range(12):
        chart.add(Problem, name=f"Problem {number:02}", icd_code=f"E11.{number}")
        chart.add(Allergy, description=f"Allergen {number:02}", reaction="Hives", **ALLERGY)
    for number in range(37):
        chart.add(Medication, name=f"Drug {number:02}", dosage_units="mg")
    chart.add(Problem, name="Influenza", status="resolved")
    problems, medications, allergies = map(chart.get_section, ("Problems", "Medications", "Allergies"))
    assert len(set(re.findall(r"Problem \d\d", problems))) == 12
    assert "Influenza" not in problems
    assert len(set(re.findall(r"Drug \d\d", medications))) == 30
    assert medications.endswith("+7 more")
    assert len(re.findall(r"Allergen \d\d Hives", allergies)) == 12
    assert "Allergen 07 +4 more" in chart.get_banner()
    page = chart.show()
    assert f'<a href="/patients/{chart.patient_id}/medications">+7 more</a>' in page
    assert f'<a href="/patients/{chart.patient_id}/allergies">+4 more</a>' in page
    assert "bg-red-lt" not in page, "red is out of range, nothing else"


def test_normal_results_are_not_red(chart: Chart) -> None:
    for flag in ("N", "", "null"):
        chart.add(PatientLabResult, title="Potassium", lab_abnormal_flag=flag)
    assert "bg-red-lt" not in chart.show("/labs")
    chart.add(PatientLabResult, title="Sodium", lab_abnormal_flag="HH")
    page = chart.show("/labs")
    assert page.count("bg-red-lt") == 1
    assert "Critically high" in page
    assert build_flag_badge("NEG", False) == build_flag_badge("NEG")
    assert getattr(build_flag_badge("N", True), "color", "") == "red", "a lab that says abnormal is believed"
    assert build_flag_badge("", None) is None


# -- banner and title --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("born", "age"),
    [
        (date(2026, 3, 9), "0 days"),
        (date(2026, 2, 10), "27 days"),
        (date(2026, 1, 1), "9 weeks"),
        (date(2024, 4, 10), "22 months"),
        (date(2024, 3, 9), "2 years"),
        (date(1940, 3, 10), "85 years"),
    ],
)
def test_age_in_the_time_zone_of_the_practice(
    chart: Chart, monkeypatch: pytest.MonkeyPatch, born: date, age: str
) -> None:
    chart.change(date_of_birth=born, pronouns="LA29519-8", chart_id="DOAD1")
    now = SimpleNamespace(now=lambda: datetime(2026, 3, 10, 2, tzinfo=UTC))
    monkeypatch.setattr("charthouse.console.kit.patient_banner.clock", now)
    assert f"{age} · Female · she/her · DOB {born:%m/%d/%Y} · Chart DOAD1 " in chart.get_banner("/account")


def test_a_patient_who_died(chart: Chart) -> None:
    chart.change(date_of_birth=date(1940, 3, 10), date_of_death=date(2020, 3, 9), patient_status="D")
    banner = chart.get_banner()
    assert "died at 79 years" in banner
    assert banner.endswith("Deceased 03/09/2020")
    chart.change(date_of_death=None)
    assert " years" not in chart.get_banner()


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("", "Summary"),
        ("/problems", "Problems"),
        ("/account", "Account"),
        ("/vitals", "Vitals"),
        ("/labs", "Labs"),
    ],
)
def test_titles_name_page_and_patient(chart: Chart, page: str, title: str) -> None:
    chart.change(last_name="O'Neil-Łoś", nick_name="<b>Al")
    assert f"<title>{title} · Ada “<b>Al” O'Neil-Łoś · Charthouse</title>" in chart.show(page)
    assert "<b>" not in chart.browser.get(f"/patients/{chart.patient_id}{page}").text
