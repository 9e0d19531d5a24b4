"""The portal in a browser: phone and keyboard, light and dark, accessibility."""

import io
import re
from datetime import date, timedelta

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from charthouse import clock
from charthouse.domains.documents import sharing
from charthouse.domains.patients import portal_access
from charthouse.domains.patients.models import Patient, PortalRequest
from charthouse.domains.practice.models import Office
from charthouse.domains.scheduling.models import Appointment, AppointmentProfile
from charthouse.identity import tenancy
from charthouse.outbox.models import Outgoing
from tests.browser.axe import find_violations_in_both_themes
from tests.browser.steps import Steps
from tests.portal.chart import Chart, add_to_chart, make_invoice
from tests.portal.portal_patients import PortalPatient, make_portal_patient
from tests.support import PASSWORD, make_practice


def png() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (320, 240), "teal").save(made, "PNG")
    return made.getvalue()


def test_from_the_invitation_to_what_was_sent(live_server: str, phone: Page) -> None:
    """Invitation, password, sign-in, appointment, image, message, questionnaire, sign-out."""
    clinic = make_practice("Harbour Clinic")
    with tenancy.within(clinic.id):
        patient = Patient.objects.create(
            practice=clinic.practice,
            doctor=clinic.doctor,
            first_name="Ann",
            gender="Other",
            email=f"ann-{clinic.id}@example.com",
            date_of_birth=date(1987, 4, 12),
        )
        invitation = portal_access.invite(patient, clinic.user.pk)
        (path,) = re.findall(r"(/portal/\S+)", Outgoing.objects.get().text)
    chart = Chart(PortalPatient(clinic, patient, invitation))
    chart.visit(scheduled_time="2031-01-06T15:30:00Z")
    chart.assign_questionnaire()

    page = phone
    page.goto(live_server + path)
    expect(page.get_by_role("heading", name="Harbour Clinic")).to_be_visible()
    expect(page.get_by_label("Username")).to_have_value(patient.email)
    page.get_by_label("Date of birth").fill("1987-04-13")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Confirm password").fill(PASSWORD)
    page.get_by_role("button", name="Accept invitation").click()
    expect(page.get_by_text("This does not match the date of birth")).to_be_visible()
    page.get_by_label("Date of birth").fill("1987-04-12")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Confirm password").fill(PASSWORD)
    page.get_by_role("button", name="Accept invitation").click()
    expect(page.get_by_role("status")).to_have_text("Your password has been set. Sign in with it.")
    page.get_by_label("Username").fill(patient.email.upper())
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Hello, Ann")).to_be_visible()
    expect(page.get_by_text("Mon, Jan 6, 2031, 10:30 AM EST")).to_be_visible()

    menu = page.get_by_role("navigation", name="Main")
    menu.get_by_role("link", name="Images").click()
    page.get_by_label("Image", exact=True).set_input_files(
        {"name": "x.png", "mimeType": "image/png", "buffer": b"none"}
    )
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("The file is not a valid image.")).to_be_visible()
    page.get_by_label("Image", exact=True).set_input_files(
        {"name": "x.png", "mimeType": "image/png", "buffer": png()}
    )
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_contain_text("Your image was sent.")
    sent = page.get_by_role("img", name="Image sent")
    expect(sent).to_have_js_property("naturalWidth", 320)

    menu.get_by_role("link", name="Messages").click()
    page.get_by_role("link", name="Write a message").click()
    page.get_by_label("Subject").fill("A question")
    page.get_by_label("Message", exact=True).fill("May I take it with food?")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_have_text("Your message was sent.")

    menu.get_by_role("link", name="Questionnaires").click()
    page.get_by_role("link", name="How are you?").click()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_have_text("Not sent yet: check 2 answers.")
    page.get_by_label("The text?").fill("Well")
    page.get_by_label("Good").check()
    page.get_by_label("Back").check()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_have_text("Your answers were sent.")

    menu.get_by_role("link", name="Home").click()
    expect(page.get_by_role("listitem").filter(has_text="Received")).to_have_count(3)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_have_text("You are signed out.")
    page.goto(f"{live_server}/portal/messages")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    with tenancy.within(clinic.id):
        kinds = PortalRequest.objects.filter(patient=patient, api_user=None, status="open")
        assert list(kinds.order_by("id").values_list("request_type", flat=True)) == [
            "image",
            "secure_message",
            "questionnaire",
        ]


@pytest.fixture
def known() -> PortalPatient:
    """Make a patient with rows on every page."""
    clinic = make_practice("Harbour Clinic")
    known = make_portal_patient(clinic)
    chart = Chart(known)
    chart.visit()
    chart.visit(scheduled_time=clock.now() - timedelta(days=20), status="No Show")
    chart.visit(status="Cancelled")
    chart.message()
    chart.image()
    document = chart.document()
    with tenancy.within(clinic.id):
        sharing.share(clinic.id, document.pk, clinic.user.pk)
    file = chart.file(png(), "image/png")
    sent = {"patient": known.patient, "request_type": "image", "title": "Image"}
    chart.add(PortalRequest, **sent, file=file)
    chart.add(
        PortalRequest, **sent | {"request_type": "secure_message", "status": "dismissed", "title": "Old"}
    )
    return known


def sign_in(page: Page, server: str, known: PortalPatient) -> None:
    """Give the page the cookies of a browser in which the patient has signed in."""
    cookies = known.browser().cookies.jar
    page.context.add_cookies(
        [
            {"name": cookie.name, "value": cookie.value or "", "domain": "127.0.0.1", "path": cookie.path}
            for cookie in cookies
        ]
    )


def open_online_booking(known: PortalPatient) -> None:
    """Let patients book every type of visit in every office."""
    with tenancy.within(known.clinic.id):
        Office.objects.update(online_scheduling=True)
        AppointmentProfile.objects.update(online_scheduling=True)


def test_an_appointment_is_requested_in_two_steps(
    live_server: str, phone: Page, known: PortalPatient
) -> None:
    open_online_booking(known)
    sign_in(phone, live_server, known)
    phone.goto(f"{live_server}/portal")
    steps = Steps(phone)
    steps.click(phone.get_by_role("link", name="Request an appointment"))
    phone.get_by_label("Reason for the visit").fill("Sore throat")
    steps.click(phone.locator("button[name=time]").first)
    expect(phone.get_by_role("status")).to_contain_text("is requested. The practice will confirm it.")
    assert steps.count == 2
    with tenancy.within(known.clinic.id):
        assert Appointment.objects.filter(patient=known.patient, reason="Sore throat").count() == 1


def addresses(known: PortalPatient) -> tuple[list[str], list[str]]:
    """Return the pages for patients who are signed out, and for those signed in."""
    chart = Chart(known)
    message, asked, visit = chart.message(), chart.assign_questionnaire(), chart.visit()
    add_to_chart(chart, "My")
    invoice = make_invoice(chart, paid=20)
    open_online_booking(known)
    with tenancy.within(known.clinic.id):
        patient = Patient.objects.create(
            practice=known.clinic.practice,
            doctor=known.clinic.doctor,
            gender="Other",
            email="ann@example.com",
        )
        portal_access.invite(patient, known.clinic.user.pk)
        letter = Outgoing.objects.order_by("-pk").first()
    assert letter
    (path,) = re.findall(r"(/portal/\S+)", letter.text)
    outside = ["/portal/sign-in", "/portal/password", path, "/portal/invitations/1-gone"]
    return outside, [
        "/portal",
        "/portal/appointments",
        "/portal/messages",
        f"/portal/messages/{message.pk}",
        "/portal/messages/new",
        "/portal/questionnaires",
        f"/portal/questionnaires/{asked.pk}",
        "/portal/documents",
        "/portal/images",
        "/portal/messages/999999999",
        "/portal/account",
        "/portal/appointments/new",
        f"/portal/appointments/{visit.pk}/cancel",
        "/portal/health",
        "/portal/bills",
        f"/portal/bills/{invoice.pk}",
    ]


def find_too_wide(page: Page) -> list[str]:
    wide = page.evaluate("document.documentElement.scrollWidth")
    return [f"{wide} pixels wide"] if wide > 390 else []


def send_nothing(page: Page) -> None:
    """Send the page's form empty."""
    page.eval_on_selector_all("form", "forms => forms.forEach(form => form.noValidate = true)")
    page.locator("main form button").first.click()


def test_pages_in_light_and_in_dark(live_server: str, phone: Page, known: PortalPatient) -> None:
    outside, inside = addresses(known)
    found: dict[str, list[str]] = {}

    def look(some: list[str], forms: list[str]) -> None:
        for address in some:
            phone.goto(live_server + address)
            found[address] = [*find_violations_in_both_themes(phone), *find_too_wide(phone)]
            if address in forms:
                send_nothing(phone)
                phone.locator(".invalid-feedback, .alert-danger").first.wait_for()
                found[f"{address}, sent empty"] = [
                    *find_violations_in_both_themes(phone),
                    *find_too_wide(phone),
                ]

    look(outside, outside[:1] + outside[2:3])
    sign_in(phone, live_server, known)
    look(inside, [inside[4], inside[6], inside[8], inside[10]])
    phone.get_by_role("button", name="Large text").click()
    phone.get_by_role("button", name="Español").click()
    expect(phone.locator("html.large-text[lang=es]")).to_be_attached()
    for address in inside:
        phone.goto(live_server + address)
        found[f"{address}, large"] = find_too_wide(phone)
    assert {address: faults for address, faults in found.items() if faults} == {}
    assert len(found) == 42
