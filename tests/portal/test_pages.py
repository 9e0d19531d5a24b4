"""Portal pages: what patients see and send, and that other patients' rows are not found."""

import re
from datetime import timedelta

import httpx
import pytest

from charthouse import clock
from charthouse.audit.models import Event
from charthouse.domains.documents import sharing
from charthouse.domains.documents.models import Document
from charthouse.domains.messaging.models import PatientMessage, PatientMessageAttachment
from charthouse.domains.patients.models import PortalRequest
from charthouse.domains.patients.portal_requests import settle
from charthouse.domains.questionnaires.models import Answers
from charthouse.domains.scheduling.models import Appointment
from charthouse.identity import tenancy
from charthouse.portal import portal_requests
from tests.portal.chart import Chart, make_png
from tests.portal.portal_patients import PortalPatient, make_portal_patient, post
from tests.queries import bounded_queries
from tests.support import make_practice


@pytest.fixture
def known() -> PortalPatient:
    clinic = make_practice("Harbour Clinic")
    return make_portal_patient(clinic)


@pytest.fixture
def browser(known: PortalPatient) -> httpx.Client:
    return known.browser()


def sibling(known: PortalPatient) -> PortalPatient:
    """Make another patient of the same practice."""
    return make_portal_patient(known.clinic, first_name="Chidi")


PAGES = (
    "",
    "/appointments",
    "/appointments/new",
    "/messages",
    "/messages/new",
    "/questionnaires",
    "/health",
    "/bills",
    "/documents",
    "/images",
    "/account",
)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_requires_sign_in_and_is_not_cached(
    known: PortalPatient, browser: httpx.Client, path: str
) -> None:
    answer = browser.get(f"/portal{path}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert browser.head(f"/portal{path}").status_code == 200
    browser.cookies.clear()
    answer = browser.get(f"/portal{path}")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/portal/sign-in")
    assert browser.post(f"/portal{path}").status_code in (302, 403)


def test_appointments_show_local_times_without_internal_notes(
    known: PortalPatient, browser: httpx.Client
) -> None:
    chart = Chart(known)
    chart.visit(scheduled_time="2031-01-06T15:30:00Z")
    chart.visit(scheduled_time="2020-07-06T15:30:00Z")
    chart.visit(scheduled_time="2031-02-06T15:30:00Z", status="Cancelled")
    chart.visit(scheduled_time="2031-03-06T15:30:00Z", archived=True)
    page = browser.get("/portal/appointments").text
    assert "Mon, Jan 6, 2031, 10:30 AM EST" in page
    assert "Mon, Jul 6, 2020, 11:30 AM EDT" in page
    assert re.search(r"Feb 6, 2031.*?Cancelled", page, re.S)
    assert "Mar 6, 2031" not in page
    assert page.count("Follow-up with Doris Doctor, 30 minutes") == 3
    assert page.count("Please fast.") == 1, "of what is to come alone"
    assert "Main Street, 1 Main St" in page
    assert "staff" not in page
    assert "FU30" not in page
    home = browser.get("/portal").text
    assert "Jan 6, 2031" in home
    assert "Feb 6, 2031" not in home


def test_lists_are_paged_backwards_in_time(known: PortalPatient, browser: httpx.Client) -> None:
    chart = Chart(known)
    first = chart.visit(scheduled_time=clock.now() - timedelta(days=1))
    with tenancy.within(known.clinic.id):
        Appointment.objects.bulk_create(
            Appointment(
                practice=known.clinic.practice,
                patient=known.patient,
                doctor=known.clinic.doctor,
                office=first.office,
                exam_room=1,
                duration=10 + number,
                scheduled_time=clock.now() - timedelta(days=2 + number // 2),
            )
            for number in range(44)
        )
    seen, address, pages = [], "/portal/appointments", 0
    while address:
        page = browser.get(address).text
        seen += re.findall(r"(\d+) minutes", page)
        found = re.search(r'href="(\?before=\d+)"', page)
        address, pages = f"/portal/appointments{found[1]}" if found else "", pages + 1
    assert pages == 3
    assert len(seen) == 45
    assert set(seen) == {"30", *(str(10 + number) for number in range(44))}
    for nonsense in ("x", "0", "9" * 30, "²", "-1", ""):
        assert browser.get("/portal/appointments", params={"before": nonsense}).status_code == 200


def test_only_shared_documents_are_shown(known: PortalPatient, browser: httpx.Client) -> None:
    chart = Chart(known)
    shared, kept = chart.document(), chart.document(description="About the patient")
    with tenancy.within(known.clinic.id):
        for _ in range(2):
            sharing.share(known.clinic.id, shared.pk, known.clinic.user.pk)
    page = browser.get("/portal/documents").text
    assert page.count("Discharge letter") == 1
    assert "About the patient" not in page
    answer = browser.get(f"/portal/documents/{shared.pk}")
    assert (answer.status_code, answer.content) == (200, b"%PDF-1.4 secret")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "no-store" in answer.headers["Cache-Control"]
    assert browser.get(f"/portal/documents/{shared.pk}", headers={"Range": "bytes=0-3"}).content == b"%PDF"
    assert browser.get(f"/portal/documents/{kept.pk}").status_code == 404
    tenancy.set_tenant(known.clinic.id)
    opened = Event.objects.filter(what="file opened", patient_id=known.patient.pk)
    assert opened[0].details == {"of": "portal documents", "id": shared.pk}
    sharing.unshare(known.clinic.id, shared.pk)
    assert browser.get(f"/portal/documents/{shared.pk}").status_code == 404
    assert "Discharge letter" not in browser.get("/portal/documents").text
    tenancy.set_tenant(known.clinic.id)
    sharing.share(known.clinic.id, shared.pk, known.clinic.user.pk)
    Document.objects.filter(pk=shared.pk).update(archived=True)
    assert browser.get(f"/portal/documents/{shared.pk}").status_code == 404


def test_an_image_becomes_a_request_and_is_accepted_into_the_chart(
    known: PortalPatient, browser: httpx.Client
) -> None:
    chart, content = Chart(known), make_png()
    browser.get("/portal/images")
    answer = post(browser, "/portal/images", image=("rash.png", content))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/portal/images")
    (request,) = chart.requests()
    assert (request.request_type, request.status, request.api_user_id) == ("image", "open", None)
    page = browser.get("/portal/images").text
    assert "Your image was sent" in page
    assert f"/portal/images/sent/{request.pk}" in page
    assert browser.get(f"/portal/images/sent/{request.pk}").content == content
    assert browser.get(f"/portal/images/sent/{request.pk}/small").headers["Content-Type"] == "image/jpeg"
    assert "Received" in browser.get("/portal").text
    with tenancy.within(known.clinic.id):
        made = settle(request, known.clinic.user.pk, accept=True)
    assert browser.get(f"/portal/images/sent/{request.pk}").status_code == 404
    assert f"/portal/images/{made.pk}" in browser.get("/portal/images").text
    assert browser.get(f"/portal/images/{made.pk}").content == content
    assert browser.get(f"/portal/images/{made.pk}/small").headers["Content-Type"] == "image/jpeg"
    assert "In your chart" in browser.get("/portal").text


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b"", "empty"),
        (b"%PDF-1.4", "not a valid image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a valid image"),
        (make_png()[:30], "not a valid image"),
        (None, "larger than 16 MB"),
    ],
)
def test_files_that_are_no_images_are_refused(
    known: PortalPatient, browser: httpx.Client, content: bytes | None, wrong: str
) -> None:
    browser.get("/portal/images")
    large = make_png() + b"\0" * (16 * 1024 * 1024)
    answer = post(browser, "/portal/images", image=("x.png", large if content is None else content))
    assert answer.status_code == 400
    assert wrong in answer.text
    assert Chart(known).requests() == []
    assert post(browser, "/portal/images").status_code == 400


def test_medical_images_are_not_shown(known: PortalPatient, browser: httpx.Client) -> None:
    medical = Chart(known).image(photo_type="medical", name="Biopsy")
    assert "Biopsy" not in browser.get("/portal/images").text
    for end in ("", "/small"):
        assert browser.get(f"/portal/images/{medical.pk}{end}").status_code == 404


def test_messages_are_read_and_replied_to(known: PortalPatient, browser: httpx.Client) -> None:
    chart = Chart(known)
    message = chart.message(body="All is well.<script>alert(1)</script>\nSee you.")
    file = chart.file(b"%PDF-1.4 table")
    attached = chart.add(PatientMessageAttachment, patient_message=message, attachment=file)
    assert "1 new message" in browser.get("/portal").text
    assert "New" in browser.get("/portal/messages").text
    assert browser.head(f"/portal/messages/{message.pk}").status_code == 200
    assert "1 new message" in browser.get("/portal").text, "HEAD reads nothing"
    page = browser.get(f"/portal/messages/{message.pk}").text
    assert "From Doris Doctor, Harbour Clinic" in page
    assert "&lt;script&gt;" in page
    assert browser.get(f"/portal/attachments/{attached.pk}").content == b"%PDF-1.4 table"
    assert "new message" not in browser.get("/portal").text
    form = browser.get("/portal/messages/new", params={"to": message.pk}).text
    assert 'value="Re: Your results"' in form
    answer = post(
        browser,
        "/portal/messages/new",
        subject="Re: Your results",
        note="Thank you, that is good to hear.",
        dr_id=str(known.clinic.user.pk),
        reply="",
    )
    assert answer.headers["Location"] == "/portal/messages"
    (request,) = chart.requests()
    assert (request.request_type, request.title, request.payload["dr_id"]) == (
        "secure_message",
        "Re: Your results",
        known.clinic.user.pk,
    )
    assert "Sent" in browser.get("/portal/messages").text
    with tenancy.within(known.clinic.id):
        made = settle(request, known.clinic.user.pk, accept=True)
    page = browser.get("/portal/messages").text
    assert "Sent" not in page
    assert f"/portal/messages/{made.pk}" in page


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"subject": ""}, "id_subject"),
        ({"subject": "x" * 55}, "id_subject"),
        ({"note": "short"}, "id_note"),
        ({"note": "x" * 20_001}, "id_note"),
        ({"note": "a\0b and more of it"}, "id_note"),
        ({"dr_id": "x"}, "id_dr_id"),
        ({"dr_id": "999999999"}, "id_dr_id"),
        ({"reply": "x" * 101}, "id_reply"),
    ],
)
def test_invalid_messages_are_refused(
    known: PortalPatient, browser: httpx.Client, said: dict[str, str], field: str
) -> None:
    browser.get("/portal/messages/new")
    good = {"subject": "A question", "note": "May I take it with food?", "dr_id": "", "reply": ""}
    answer = post(browser, "/portal/messages/new", **good | said)
    assert answer.status_code == 400
    assert f'id="{field}-wrong"' in answer.text
    assert Chart(known).requests() == []


def test_a_questionnaire_is_answered_once(known: PortalPatient, browser: httpx.Client) -> None:
    chart = Chart(known)
    asked = chart.assign_questionnaire()
    address = f"/portal/questionnaires/{asked.pk}"
    assert address in browser.get("/portal").text
    page = browser.get(address).text
    names = dict(re.findall(r'The (\w+)\?.*?name="(q-\d+)"', page, re.S))
    assert len(names) == 7
    answer = post(
        browser, address, **{names["text"]: " ", names["number"]: "many", names["long_text"]: "Kept"}
    )
    assert answer.status_code == 400
    assert "check 3 answers" in answer.text
    assert "Kept" in answer.text, "what was said stays"
    said = {"text": "Fine", "yes_no": "no", "number": "3.5", "date": "2026-01-02", "one": "Good"}
    sent = {names[kind]: value for kind, value in said.items()} | {names["several"]: ["Back", "Head"]}
    answer = post(browser, address, **sent)
    assert answer.headers["Location"] == "/portal/questionnaires"
    assert browser.get(address).status_code == 404, "it is answered"
    assert post(browser, address, **sent).status_code == 404
    (request,) = chart.requests()
    assert request.payload["raw_data"] == {
        "text": "Fine",
        "yes_no": False,
        "several": ["Head", "Back"],
        "number": 3.5,
        "date": "2026-01-02",
        "one": "Good",
        "long_text": None,
    }
    assert "Received" in browser.get("/portal/questionnaires").text
    with tenancy.within(known.clinic.id):
        settle(request, known.clinic.user.pk, accept=True)
        assert Answers.objects.get(patient=known.patient).raw_data["text"] == "Fine"
    assert "In your chart" in browser.get("/portal/questionnaires").text


def test_rows_of_another_patient_are_not_found(known: PortalPatient, browser: httpx.Client) -> None:
    """Neither of the same practice nor of another, in lists or by id."""
    stranger = make_practice("Elsewhere")
    for other in (sibling(known), make_portal_patient(stranger, first_name="Eve")):
        chart = Chart(other)
        visit, document, image, message, asked = (
            chart.visit(),
            chart.document(description="CANARY"),
            chart.image(name="CANARY"),
            chart.message(subject="CANARY"),
            chart.assign_questionnaire(),
        )
        attached = chart.add(PatientMessageAttachment, patient_message=message, attachment=chart.file())
        with tenancy.within(other.clinic.id):
            sharing.share(other.clinic.id, document.pk, other.clinic.user.pk)
        theirs = other.browser()
        theirs.get("/portal/images")
        assert post(theirs, "/portal/images", image=("x.png", make_png())).status_code == 302
        (sent,) = chart.requests()
        addresses = (
            f"/portal/documents/{document.pk}",
            f"/portal/images/{image.pk}",
            f"/portal/images/{image.pk}/small",
            f"/portal/images/sent/{sent.pk}",
            f"/portal/images/sent/{sent.pk}/small",
            f"/portal/messages/{message.pk}",
            f"/portal/attachments/{attached.pk}",
            f"/portal/questionnaires/{asked.pk}",
        )
        for address in addresses:
            assert browser.get(address).status_code == 404, address
            assert post(browser, address, text="x").status_code in (404, 405), address
        for path in PAGES:
            page = browser.get(f"/portal{path}").text
            assert "CANARY" not in page
            assert "To do" not in page or "No questionnaires to answer" in page
        assert "CANARY" not in browser.get("/portal/messages/new", params={"to": message.pk}).text
        assert "Follow-up" not in browser.get("/portal/appointments", params={"before": visit.pk}).text
        with tenancy.within(other.clinic.id):
            assert not PatientMessage.objects.get(pk=message.pk).read
        for address in addresses:
            assert theirs.get(address).status_code == 200, address
    post(
        browser,
        "/portal/messages/new",
        subject="Hello",
        note="To somebody elsewhere",
        dr_id=str(stranger.user.pk),
    )
    assert Chart(known).requests() == []


def test_requests_of_api_users_are_not_shown_as_the_patients(
    known: PortalPatient, browser: httpx.Client
) -> None:
    from tests.support import make_api_user

    program = make_api_user(known.clinic.practice)
    Chart(known).add(
        PortalRequest,
        patient=known.patient,
        request_type="secure_message",
        title="CANARY",
        api_user=program.row,
    )
    assert "CANARY" not in browser.get("/portal").text
    assert "CANARY" not in browser.get("/portal/messages").text


def test_open_requests_are_limited(
    known: PortalPatient, browser: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal_requests, "MAX_OPEN", 1)
    browser.get("/portal/images")
    assert post(browser, "/portal/images", image=("x.png", make_png())).status_code == 302
    answer = post(browser, "/portal/images", image=("x.png", make_png()))
    assert answer.status_code == 409
    assert "items from you to review" in answer.text
    assert len(Chart(known).requests()) == 1


def test_a_large_body_is_refused(known: PortalPatient) -> None:
    browser = known.browser()
    answer = browser.post("/portal/images", headers={"Content-Length": str(10**12)}, content=b"")
    assert answer.status_code == 413


def test_pages_need_few_queries_for_many_rows(known: PortalPatient, browser: httpx.Client) -> None:
    chart = Chart(known)
    for _ in range(3):
        chart.visit()
        chart.visit(scheduled_time=clock.now() - timedelta(days=9))
        chart.message()
        chart.image()
        chart.assign_questionnaire()
        document = chart.document()
        with tenancy.within(known.clinic.id):
            sharing.share(known.clinic.id, document.pk, known.clinic.user.pk)
        chart.add(PortalRequest, patient=known.patient, request_type="secure_message", title="Hello")
    for path in PAGES:
        with bounded_queries():
            assert browser.get(f"/portal{path}").status_code == 200, path
