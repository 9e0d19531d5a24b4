"""Documents in the console: filing, review, sign-off."""

from typing import Any

import httpx
import pytest

from charthouse.domains.documents.models import Document
from charthouse.domains.tasks.models import Task
from charthouse.identity import tenancy
from charthouse.identity.models import PERMISSIONS
from tests.console.test_shell import send
from tests.domains.documents.uploads import PDF, make_body
from tests.domains.scheduling.calendar import Calendar
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.queries import bounded_queries
from tests.support import PASSWORD, Clinic, make_api_user, make_doctor, make_practice, make_user


@pytest.fixture
def program(clinic: Clinic) -> httpx.Client:
    http = make_api_user(clinic.practice).client()
    http.base_url = httpx.URL("http://testserver/api/v1/")
    return http


def received(program: httpx.Client, patient: int, **values: Any) -> dict[str, Any]:
    """Write a document to the chart through the API."""
    sent = make_body(patient, PDF, "application/pdf", name="Echo report") | values
    url = f"patients/{patient}/documents"
    assert program.post(url, json=sent, params={"enqueue": "false"}).status_code == 200
    return dict(program.get(url).json()["data"][-1])


def post(browser: httpx.Client, address: str) -> httpx.Response:
    token = {"csrfmiddlewaretoken": parse_hidden_fields(browser.get("/account"))["csrfmiddlewaretoken"]}
    return browser.post(address, data=token)


def test_a_document_is_reviewed_and_signed_off_once(
    clinic: Clinic, calendar: Calendar, browser: httpx.Client, program: httpx.Client
) -> None:
    patient = calendar.patient_id
    row = received(program, patient, requires_review=-1, review_status=1, result_code=2)
    page = f"/patients/{patient}/documents/{row['id']}"
    with bounded_queries():
        assert page in browser.get("/reviews").text
    with bounded_queries():
        shown = browser.get(page).text
    assert "Everyone" in shown
    assert "Abnormal" in shown
    assert "To review" in browser.get(f"/patients/{patient}/documents").text
    assert post(browser, f"{page}/sign").headers["Location"] == page
    again = post(browser, f"{page}/sign")
    assert "reviewed already" in browser.get(again.headers["Location"]).text
    told = program.get(f"documents/{row['id']}").json()
    assert (told["dr_reviewer"], told["requires_review"], told["review_status"]) == (
        clinic.user.pk,
        None,
        None,
    )
    assert told["dr_review_date"] is not None
    assert page not in browser.get("/reviews?for=all").text


def test_a_refused_change_shows_the_page_with_what_was_sent(
    calendar: Calendar, browser: httpx.Client, program: httpx.Client
) -> None:
    """Around the form is what the page shows of the row, whatever was sent; 500 before."""
    patient = calendar.patient_id
    row = received(program, patient)
    page = f"/patients/{patient}/documents/{row['id']}"
    refused: tuple[dict[str, Any], ...] = (
        {"document": ("a.pdf", b"", "application/pdf")},
        {"date": (None, b"2026-02-30")},
    )
    for wrong in refused:
        token = parse_hidden_fields(browser.get("/account"))
        kept = {"description": (None, b"Echo, left ventricle")}
        sent = {"csrfmiddlewaretoken": (None, token["csrfmiddlewaretoken"].encode())}
        answer = browser.post(page, files=sent | kept | wrong)
        assert answer.status_code == 400, answer.text
        assert "Echo, left ventricle" in answer.text
        assert f"{page}/sign" in answer.text or f"{page}/share" in answer.text


def test_reviews_are_listed_by_reviewer(
    clinic: Clinic, calendar: Calendar, browser: httpx.Client, program: httpx.Client
) -> None:
    colleague = make_user(clinic.practice, password=PASSWORD, role="staff", first_name="Sam")
    row = received(program, calendar.patient_id, requires_review=colleague.pk)
    page = f"/patients/{calendar.patient_id}/documents/{row['id']}"
    assert page not in browser.get("/reviews").text
    assert page in browser.get("/reviews?for=all").text
    assert page in open_signed_in_browser(colleague.username).get("/reviews").text


def test_a_document_is_filed(
    clinic: Clinic, calendar: Calendar, browser: httpx.Client, program: httpx.Client
) -> None:
    row = received(program, calendar.patient_id)
    page = f"/patients/{calendar.patient_id}/documents/{row['id']}"
    with bounded_queries():
        assert browser.get(f"{page}/filing").status_code == 200
    values = {
        "folder": "Cardiology",
        "subfolder": "Echo",
        "content": "Normal.",
        "flag": "true",
        "result_code": "1",
        "review_by": str(clinic.user.pk),
        "pt_notified": "2",
        "pt_notified_method": "By phone",
        "follow_up_at.date": "2030-03-09",
        "follow_up_at.time": "09:00",
        "follow_up_at": "2030-03-09T09:00",
    }
    assert send(browser, f"{page}/filing", **values).headers["Location"] == page
    told = program.get(f"documents/{row['id']}").json()
    assert (told["folder"], told["subfolder"], told["content"]) == ("Cardiology", "Echo", "Normal.")
    assert (told["flag"], told["result_code"], told["requires_review"]) == (True, 1, clinic.user.pk)
    assert (told["pt_notified"], told["pt_notified_method"]) == (2, "By phone")
    assert told["follow_up_required_date"] == "2030-03-09 14:00:00"
    assert send(browser, f"{page}/filing", **values).status_code == 302
    with tenancy.within(clinic.id):
        (task,) = Task.objects.filter(practice=clinic.id)  # saved twice, one day to come back on
    assert (task.title, task.assignee_user_id) == ("Follow up: Echo report", clinic.user.pk)
    wrong = send(browser, f"{page}/filing", **values | {"pt_notified": "1"})
    assert wrong.status_code == 400
    assert "Only of a patient who was notified." in wrong.text


def test_documents_of_other_patients_are_not_found(
    clinic: Clinic, calendar: Calendar, browser: httpx.Client, program: httpx.Client
) -> None:
    row = received(program, calendar.patient_id, requires_review=-1)
    page = f"/patients/{calendar.patient_id}/documents/{row['id']}"
    other = calendar.new("patients", first_name="Bo", gender="Male", doctor=clinic.doctor.pk)["id"]
    assert post(browser, f"/patients/{other}/documents/{row['id']}/sign").status_code == 404
    assert browser.get(f"/patients/{other}/documents/{row['id']}/filing").status_code == 404
    stranger = make_practice()
    stranger.user.set_password(PASSWORD)
    stranger.user.save()
    plain = make_user(
        clinic.practice, password=PASSWORD, permissions=[p for p in PERMISSIONS if p != "Manage Patients"]
    )
    clinic.practice.sharing = []
    clinic.practice.save()
    colleague = make_user(clinic.practice, password=PASSWORD, doctor=make_doctor(clinic.practice))
    for person, status in ((stranger.user, 404), (plain, 403), (colleague, 404)):
        there = open_signed_in_browser(person.username)
        assert post(there, f"{page}/sign").status_code == status, person
        assert there.get(f"{page}/filing").status_code == status, person
        assert "Echo report" not in there.get("/reviews?for=all").text
    with tenancy.within(clinic.id):
        assert Document.objects.get(pk=row["id"]).reviewer_id is None
