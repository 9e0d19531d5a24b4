"""Portal requests in the console: who sees them, and that they are settled once."""

import re
from html import unescape
from io import BytesIO
from typing import Any

import httpx
from django.core.files.base import ContentFile
from PIL import Image

from charthouse.domains.documents.models import PatientImage
from charthouse.domains.medications.models import Drug, Medication, PatientSupplement, Supplement
from charthouse.domains.patients.models import Patient, PortalRequest
from charthouse.domains.patients.portal_requests import enqueue
from charthouse.files.storage import store_file
from charthouse.identity import tenancy
from charthouse.identity.models import PERMISSIONS
from tests.domains.scheduling.calendar import Calendar
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.queries import bounded_queries
from tests.support import PASSWORD, Clinic, make_api_user, make_doctor, make_practice, make_user


def send_request(calendar: Calendar, kind: str = "supplement", **values: Any) -> PortalRequest:
    """Make a request of the calendar's patient."""
    practice = calendar.clinic.practice
    with tenancy.within(practice.pk):
        patient = Patient.objects.get(pk=calendar.patient_id)
        if kind == "supplement":
            supplement = Supplement.objects.create(practice=practice, name="Magnesium")
            values = {"title": "Magnesium", "payload": {"supplement_id": supplement.pk}} | values
        return enqueue(patient, kind, **{"api_user": None} | values)


def push(browser: httpx.Client, address: str) -> httpx.Response:
    token = {"csrfmiddlewaretoken": parse_hidden_fields(browser.get("/queue"))["csrfmiddlewaretoken"]}
    return browser.post(address, data=token, follow_redirects=True)


def test_a_request_is_accepted_once(calendar: Calendar, browser: httpx.Client) -> None:
    request = send_request(
        calendar, notes="For <b>sleep</b>", api_user=make_api_user(calendar.clinic.practice).row.pk
    )
    with bounded_queries():
        page = browser.get("/queue").text
    assert "Magnesium" in page
    assert re.search(r'ms-auto">1<', page), "the menu counts it"
    with bounded_queries():
        page = browser.get(f"/queue/{request.pk}").text
    assert "For &lt;b&gt;sleep" in page
    assert "(API user)" in page
    assert "request was accepted" in push(browser, f"/queue/{request.pk}/accept").text
    again = push(browser, f"/queue/{request.pk}/accept").text
    assert "accepted" in again
    assert "already" in again
    assert "already" in push(browser, f"/queue/{request.pk}/dismiss").text
    with tenancy.within(calendar.clinic.id):
        assert (
            PatientSupplement.objects.get(practice=calendar.clinic.id).added_by_id == calendar.clinic.user.pk
        )
        row = PortalRequest.objects.get(pk=request.pk)
    assert (row.status, row.settled_by_id) == ("accepted", calendar.clinic.user.pk)
    assert "Nothing to review." in browser.get("/queue").text
    assert "Magnesium" in browser.get("/queue?status=accepted").text


def test_a_request_is_dismissed(calendar: Calendar, browser: httpx.Client) -> None:
    request = send_request(calendar)
    assert "Dismiss this request?" in browser.get(f"/queue/{request.pk}/dismiss").text
    assert "was dismissed" in push(browser, f"/queue/{request.pk}/dismiss").text
    with tenancy.within(calendar.clinic.id):
        assert not PatientSupplement.objects.filter(practice=calendar.clinic.id).exists()
    assert "Dismissed" in browser.get(f"/queue/{request.pk}").text


def test_an_image_is_shown_and_accepted(calendar: Calendar, browser: httpx.Client) -> None:
    picture = BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "PNG")
    with tenancy.within(calendar.clinic.id):
        file = store_file(ContentFile(picture.getvalue()), "image/png", calendar.clinic.id)
    request = send_request(calendar, "image", title="Image", file=file, payload={"size": 2048})
    page = browser.get(f"/queue/{request.pk}").text
    (link,) = re.findall(r'<img src="([^"]+)"', page)[-1:]
    assert browser.get(unescape(link)).content == picture.getvalue()
    push(browser, f"/queue/{request.pk}/accept")
    with tenancy.within(calendar.clinic.id):
        assert PatientImage.objects.filter(practice=calendar.clinic.id, request=request).exists()


def test_prescription_requests_show_the_drug(calendar: Calendar, browser: httpx.Client) -> None:
    with tenancy.within(calendar.clinic.id):
        drug = Drug.objects.create(practice=calendar.clinic.practice, name="Metformin", strength="500 mg")
        row = Medication.objects.create(
            practice=calendar.clinic.practice,
            patient_id=calendar.patient_id,
            doctor=calendar.doctor,
            name="Lisinopril",
            frequency="Once a day",
        )
    rx = send_request(calendar, "rx", title="Metformin", payload={"drug_id": drug.pk})
    refill = send_request(
        calendar, "rx_refill", title="Lisinopril", payload={"original_prescription_id": row.pk}
    )
    assert "500 mg" in browser.get(f"/queue/{rx.pk}").text
    assert "Once a day" in browser.get(f"/queue/{refill.pk}").text
    for request in (rx, refill):
        push(browser, f"/queue/{request.pk}/accept")
    assert set(re.findall(r"Metformin|Lisinopril", browser.get("/queue?status=accepted").text)) == {
        "Metformin",
        "Lisinopril",
    }
    with tenancy.within(calendar.clinic.id):
        assert Medication.objects.filter(practice=calendar.clinic.id, request__in=[rx, refill]).count() == 2


def test_answers_and_messages_are_shown_sanitized(calendar: Calendar, browser: httpx.Client) -> None:
    html = "<p>Sleep: <b>badly</b></p><script>alert(1)</script><img src=x onerror=alert(2)>"
    answers = {"questionnaire_name": "Sleep", "questionnaire_type": "intake", "html_content": html}
    page = browser.get(
        f"/queue/{send_request(calendar, 'questionnaire', title='Sleep', payload=answers).pk}"
    ).text
    assert "<b>badly</b>" in page
    assert "alert(" not in page
    letter = send_request(
        calendar,
        "secure_message",
        title="Refill",
        notes="<i>When?</i> Tomorrow?",
        payload={"dr_id": calendar.clinic.user.pk, "reply": "By phone"},
    )
    with bounded_queries():
        page = browser.get(f"/queue/{letter.pk}").text
    assert "&lt;i&gt;When?" in page
    assert "By phone" in page
    assert "request was accepted" in push(browser, f"/queue/{letter.pk}/accept").text
    assert 'href="/inbox"' in browser.get(f"/queue/{letter.pk}").text


def test_requests_need_the_permissions_of_their_resource(
    calendar: Calendar, browser: httpx.Client, clinic: Clinic
) -> None:
    request = send_request(calendar)
    other = make_practice()
    other.user.set_password(PASSWORD)
    other.user.save()
    elsewhere = open_signed_in_browser(other.user.username)
    assert elsewhere.get(f"/queue/{request.pk}").status_code == 404
    assert push(elsewhere, f"/queue/{request.pk}/accept").status_code == 404
    assert "Magnesium" not in elsewhere.get("/queue?status=all").text
    plain = make_user(clinic.practice, password=PASSWORD, permissions=["Manage Patients"])
    assert open_signed_in_browser(plain.username).get(f"/queue/{request.pk}").status_code == 404, (
        "no medications, no request"
    )
    nobody = make_user(
        clinic.practice, password=PASSWORD, permissions=[p for p in PERMISSIONS if p != "Manage Patients"]
    )
    assert open_signed_in_browser(nobody.username).get("/queue").status_code == 403
    clinic.practice.sharing = []
    clinic.practice.save()
    colleague = make_user(clinic.practice, password=PASSWORD, doctor=make_doctor(clinic.practice))
    there = open_signed_in_browser(colleague.username)
    assert there.get(f"/queue/{request.pk}").status_code == 404
    assert not re.search(r'ms-auto">1<', there.get("/").text)
