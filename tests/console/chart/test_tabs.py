"""The chart's tabs and sections, the timeline, what the summary shows beside the lists, and the grid of results."""

import re
from datetime import date
from html import unescape

import pytest

from charthouse import clock
from charthouse.domains.clinical.due_care import Period, State, list_care, parse_frequency
from charthouse.domains.clinical.health_maintenance import SPECIFIC_PATIENTS, HealthReading, HealthTracker
from charthouse.domains.clinical.models import (
    Allergy,
    ClinicalNoteFieldType,
    ClinicalNoteFieldValue,
    ClinicalNoteTemplate,
    Problem,
)
from charthouse.domains.labs.models import PatientLabResult
from charthouse.domains.medications.models import Medication
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling.models import Vitals
from charthouse.identity import tenancy
from charthouse.identity.models import PERMISSIONS
from tests.console.chart.test_summary import Chart
from tests.domains.scheduling.calendar import Calendar
from tests.identity.oauth_flow import open_signed_in_browser
from tests.queries import bounded_queries
from tests.support import PASSWORD, Clinic, make_user


@pytest.fixture
def chart(clinic: Clinic) -> Chart:
    return Chart(clinic)


def list_tabs(page: str) -> list[str]:
    (nav,) = re.findall(r'<nav class="tabs".*?</nav>', page)
    return [unescape(name) for name in re.findall(r"<a [^>]*>([^<]+)</a>", nav)]


def test_seven_tabs_lead_to_every_section(chart: Chart) -> None:
    page = chart.show()
    assert len(list_tabs(page)) == 7
    (nav,) = re.findall(r'<nav class="tabs".*?</nav>', page)
    sections = set()
    for address in re.findall(r'href="([^"]+)"', nav):
        shown = " ".join(chart.browser.get(address).text.split())
        assert len(re.findall(r'<nav class="tabs".*?aria-current', shown)) == 1
        sections |= set(re.findall(r'<nav class="chart-sections".*?</nav>', shown))
    listed = {address for nav in sections for address in re.findall(r'href="/patients/\d+/([^"]+)"', nav)}
    assert listed == {
        "visits", "encounters", "notes", "problems", "medications", "supplements", "allergies", "vaccines",
        "maintenance", "labs", "vitals", "documents", "images", "questionnaires", "messages", "calls", "account",
        "billing", "portal", "facilities", "tags",
    }  # fmt: skip


def test_tabs_without_a_section_that_the_user_may_open_are_left_out(chart: Chart) -> None:
    person = make_user(chart.clinic.practice, password=PASSWORD, permissions=["Manage Patients"])
    page = " ".join(open_signed_in_browser(person.username).get(f"/patients/{chart.patient_id}").text.split())
    assert "Visits &amp; notes" not in page
    assert "Labs &amp; vitals" in page


# -- the timeline -----------------------------------------------------------------------------------------------


def test_the_timeline_has_everything_and_is_narrowed(chart: Chart) -> None:
    chart.book("2026-03-10T09:00:00", reason="Cough")
    chart.add(Problem, name="Asthma", icd_code="J45.909", date_onset=date(2020, 5, 1))
    chart.add(Medication, name="Albuterol", date_started_taking=date(2021, 5, 1))
    chart.add(Allergy, description="Peanut", reaction="Hives")
    chart.add(
        PatientLabResult, title="Potassium", lab_result_value="4.1", date_test_performed=date(2022, 1, 2)
    )
    page = chart.show("/timeline")
    places = [page.index(word) for word in ("Potassium", "Albuterol", "Asthma")]
    assert places == sorted(places), "the latest first"
    assert "Mar 10, 2026, 9:00 AM" in page
    only = chart.show("/timeline?kind=Labs&kind=Allergies")
    assert "Potassium" in only
    assert 'Peanut</a> <span class="text-secondary">Hives' in only
    assert "Asthma" not in only
    assert "Cough" not in only
    assert "Asthma" in chart.show("/timeline?q=j45.909+asth")
    assert "No entries." in chart.show("/timeline?q=nowhere")
    assert (
        chart.browser.get(f"/patients/{chart.patient_id}/timeline?page=x&kind=%00&q=%00").status_code == 200
    )


def test_the_timeline_is_paged(chart: Chart) -> None:
    for number in range(60):
        chart.add(Medication, name=f"Drug {number:02}", date_started_taking=date(2025, 1, 1 + number % 28))
    first, second = chart.show("/timeline"), chart.show("/timeline?page=2")
    names = re.findall(r"Drug \d\d", first + second)
    assert len(re.findall(r"Drug \d\d", first)) == 50
    assert sorted(names) == [f"Drug {number:02}" for number in range(60)]
    assert "page=2" in first
    assert "page=1" in second


def test_the_timeline_shows_what_the_user_may_see(chart: Chart) -> None:
    other = Calendar(clinic=chart.clinic)
    chart.book("2026-03-10T09:00:00", reason="Cough")
    with tenancy.within(chart.clinic.id):
        Problem.objects.create(
            practice=chart.clinic.practice, doctor=chart.doctor, patient_id=other.patient_id, name="Elsewhere"
        )
    assert "Elsewhere" not in chart.show("/timeline")
    lacking = [name for name in PERMISSIONS if name != "Access Clinical Notes"]
    person = make_user(chart.clinic.practice, password=PASSWORD, permissions=lacking)
    page = open_signed_in_browser(person.username).get(f"/patients/{chart.patient_id}/timeline")
    assert page.status_code == 200
    assert "Cough" not in page.text


# -- the summary ------------------------------------------------------------------------------------------------


def test_the_summary_has_last_plan_trends_and_next_visit(chart: Chart) -> None:
    with tenancy.within(chart.clinic.id):
        practice = {"practice": chart.clinic.practice}
        sections = {
            name: ClinicalNoteFieldType.objects.create(
                clinical_note_template=ClinicalNoteTemplate.objects.create(
                    doctor=chart.doctor, name=name, order_on_complete_note=place, **practice
                ),
                name=f"{name} text",
                **practice,
            )
            for place, name in enumerate(("Subjective", "Assessment", "Plan"))
        }
        for day, words in (("2026-03-02", "Older"), ("2026-03-09", "Newer")):
            visit = chart.book(f"{day}T09:00:00")["id"]
            Vitals.objects.update_or_create(
                appointment_id=visit, defaults={"weight": 150 + len(words) + int(day[-2:])}, **practice
            )
            for name, field in sections.items():
                ClinicalNoteFieldValue.objects.create(
                    appointment_id=visit,
                    clinical_note_field=field,
                    value=f"{words} {name.lower()}",
                    **practice,
                )
    chart.book(f"{clock.now().year + 1}-03-09T09:00:00", reason="Recheck")
    for day, value in ((1, "4.1"), (2, "5.9")):
        chart.add(
            PatientLabResult, title="Potassium", lab_result_value=value, lab_result_value_units="mmol/L",
            date_test_performed=date(2026, 3, day), lab_abnormal_flag="H" if day == 2 else "N",
        )  # fmt: skip
    plan = chart.get_section("Last assessment and plan")
    assert "Newer assessment" in plan
    assert "Newer plan" in plan
    assert "Newer subjective" not in plan
    assert "Older" not in plan
    assert re.search(r"Next Mar 9, \d{4}, 9:00 AM .*Recheck", chart.get_section("Visits"))
    assert "Weight 164 lb 03/09/2026" in chart.get_section("Vitals")
    assert "Potassium 5.9 mmol/L High 03/02/2026" in chart.get_section("Lab results")
    assert chart.show().count('class="spark"') == 2


def test_results_by_date(chart: Chart) -> None:
    for day, value in ((1, "4.1"), (2, "5.9"), (None, "3.0")):
        chart.add(
            PatientLabResult, title="Potassium", lab_result_value=value, lab_normal_range="3.5 5.1",
            date_test_performed=day and date(2026, 3, day), lab_abnormal_flag="H" if day == 2 else "",
        )  # fmt: skip
    page = chart.show("/labs")
    assert page.index("03/02/2026") < page.index("03/01/2026")
    assert "3.5 to 5.1" in page
    assert page.count("bg-red-lt") == 1
    assert "no date" in page


# -- what is due ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("Every year", Period(1, "year")),
        ("every 2 years.", Period(2, "year")),
        ("Every other year", Period(2, "year")),
        ("6 months", Period(6, "month")),
        ("Every season", Period(1, "year")),
        ("Annually", Period(1, "year")),
        ("once", Period(0, "year")),
        ("when it snows", None),
        ("every 0 years", None),
        ("", None),
    ],
)
def test_frequencies(text: str, period: Period | None) -> None:
    assert parse_frequency(text) == period


def test_ends_of_periods() -> None:
    assert Period(1, "year").add_to(date(2024, 2, 29)) == date(2025, 2, 28)
    assert Period(1, "month").add_to(date(2026, 12, 31)) == date(2027, 1, 31)
    assert Period(2, "week").add_to(date(2026, 12, 31)) == date(2027, 1, 14)
    assert Period(999, "year").add_to(date(9990, 1, 1)) is None


def test_what_is_due(chart: Chart) -> None:
    practice = {"practice": chart.clinic.practice}
    chart.change(date_of_birth=date(1980, 6, 1))
    today = date(2026, 3, 10)
    trackers = {}
    with tenancy.within(chart.clinic.id):
        for name, frequency, more in (
            ("Flu", "Every year", {}), ("Lipids", "Every 5 years", {}), ("Mammogram", "Every 2 years", {"sex": "Male"}),
            ("Colon", "Every 10 years", {"start_age": 46}), ("Eyes", "Yearly", {"applies_to": SPECIFIC_PATIENTS}),
            ("Odd", "As the moon", {}), ("A1c", "Every 3 months", {"start_age": 45, "end_age": 45}),
        ):  # fmt: skip
            trackers[name] = HealthTracker.objects.create(name=name, frequency=frequency, **more, **practice)
        for name, day in (("Lipids", date(2024, 1, 1)), ("Flu", date(2024, 10, 1)), ("Flu", date(2025, 3, 20)),
                          ("Odd", date(2025, 1, 1))):  # fmt: skip
            HealthReading.objects.create(
                patient_id=chart.patient_id, tracker=trackers[name], date=day, **practice
            )
        patient = Patient.objects.get(pk=chart.patient_id)
        care = {one.tracker.name: (one.state, one.due) for one in list_care(patient, today)}
    assert care == {
        "A1c": (State.NEVER, None),
        "Flu": (State.SOON, date(2026, 3, 20)),
        "Lipids": (State.UP_TO_DATE, date(2029, 1, 1)),
        "Odd": (State.UNKNOWN, None),
    }
    with bounded_queries():
        shown = chart.get_section("Due")
    assert "Flu overdue, 03/20/2026" in shown
    assert "Lipids" not in shown
    chart.change(patient_status="D")
    assert "No health maintenance is set up" in chart.get_section("Due"), "nothing is due for who has died"
