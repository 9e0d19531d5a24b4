"""The portal, and what patients are sent, in English and Spanish; large text."""

import re
from datetime import timedelta
from html import unescape

import httpx
import pytest
from django.utils import translation

from charthouse import clock
from charthouse.domains.documents import sharing
from charthouse.domains.patients import portal_access, portal_proxies
from charthouse.domains.patients.models import Patient, PortalRequest
from charthouse.domains.patients.portal_notices import queue_notice
from charthouse.domains.scheduling import patient_texts
from charthouse.identity import tenancy
from charthouse.outbox.models import Outgoing
from tests.portal.chart import Chart, add_to_chart, make_invoice
from tests.portal.portal_patients import PortalPatient, make_portal_patient, post, sign_in
from tests.portal.test_pages import PAGES
from tests.support import client, make_practice
from tools import translations

# Words of the portal's source that are not translated: names of languages, values that are stored, what staff read.
UNMARKED = {
    "portal/appointments.py: Not Confirmed",
    "portal/booking.py: Not Confirmed",
    "portal/booking.py: Requested in the patient portal.",
    "portal/booking.py: moved to",
    "portal/booking.py: by …",
    "portal/booking.py: Appointment ……",
    "portal/display.py: Lax",
    "portal/documents.py: portal …",
    'portal/health.py: attachment; filename="…"',
    "portal/messages.py: Re: …",
    "portal/sign_in.py: portal …",
    "portal/templates/charthouse/portal/book.html: … (… min)",
    "portal/templates/charthouse/portal/display.html: English",
    "portal/templates/charthouse/portal/display.html: Español",
}


@pytest.fixture
def known() -> PortalPatient:
    return make_portal_patient(make_practice("Harbour Clinic"), preferred_language="spa")


def test_every_text_of_the_portal_is_marked_and_translated() -> None:
    marked = {one for one in translations.list_unmarked() if 'class="' not in one and "aria-" not in one}
    assert marked == UNMARKED
    catalogue = translations.read_catalogue()
    known = {tuple(one.id) if isinstance(one.id, tuple | list) else one.id for one in catalogue if one.id}
    assert known == set(translations.list_messages()), "run .venv/bin/python -m tools.translations"
    for one in catalogue:
        texts = [one.string] if isinstance(one.string, str) else one.string
        assert all(texts), one.id
        ids = [one.id] if isinstance(one.id, str) else one.id
        for text in texts if one.id else ():
            assert _list_placeholders(text) == _list_placeholders(ids[0]), one.id
    assert translations.COMPILED.read_bytes() == translations.compile_catalogue(catalogue)


def _list_placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)s|\{\w+\}|</?\w+>", text))


def list_texts(page: httpx.Response) -> set[str]:
    """List the texts and labels of a page."""
    labels = re.findall(r'(?:aria-label|placeholder|alt)="([^"]+)"', page.text)
    return {" ".join(unescape(one).split()) for one in [*re.findall(r">([^<>]+)<", page.text), *labels]} - {
        ""
    }


def test_no_page_of_a_patient_who_prefers_spanish_is_in_english(known: PortalPatient) -> None:
    chart = Chart(known)
    chart.visit()
    chart.visit(scheduled_time=clock.now() - timedelta(days=9))
    chart.image()
    asked, message = chart.assign_questionnaire(), chart.message()
    document, invoice = chart.document(), make_invoice(chart)
    add_to_chart(chart, "Zz")
    chart.add(PortalRequest, patient=known.patient, request_type="secure_message", title="Hola")
    with tenancy.within(known.clinic.id):
        sharing.share(known.clinic.id, document.pk, known.clinic.user.pk)
    english = {one for one in translations.list_messages() if isinstance(one, str)}
    with translation.override("es"):
        english -= {one for one in english if translation.gettext(one) == one}
    browser = known.browser()
    paths = (
        *PAGES, "/records", f"/messages/{message.pk}", f"/questionnaires/{asked.pk}", f"/bills/{invoice.pk}",
        "/bills/9",
    )  # fmt: skip
    for path in paths:
        page = browser.get(f"/portal{path}")
        assert '<html lang="es">' in page.text
        assert not list_texts(page) & english, path
    home = browser.get("/portal").text
    assert "Hola, Amara" in home
    assert "Próxima cita" in home
    refused = post(browser, "/portal/messages/new", subject="", note="x")
    assert not list_texts(refused) & english
    assert "Escriba al menos 10 caracteres." in refused.text
    questions = post(browser, f"/portal/questionnaires/{asked.pk}", **{"q-1": ""})
    assert "Esta pregunta necesita una respuesta." in questions.text
    assert not list_texts(questions) & english


def test_times_are_written_in_the_language(known: PortalPatient) -> None:
    Chart(known).visit(scheduled_time="2031-01-06T15:30:00Z")
    browser = known.browser()
    assert re.search(r"lun 6 ene 2031, 10:30 [aA]\.?[mM]\.? EST", browser.get("/portal").text, re.IGNORECASE)
    post(browser, "/portal/display", language="en")
    assert "Mon, Jan 6, 2031, 10:30 AM EST" in browser.get("/portal").text


def test_the_switch_stays_and_goes_before_the_record(known: PortalPatient) -> None:
    browser = known.browser()
    answer = post(browser, "/portal/display", language="en", next="/portal/bills")
    assert answer.headers["Location"] == "/portal/bills"
    assert '<html lang="en">' in browser.get("/portal/bills").text
    assert '<html lang="en">' in browser.get("/portal/bills").text
    post(browser, "/portal/display", language="xx", next="https://example.com/")
    assert '<html lang="en">' in browser.get("/portal/bills").text
    away = post(browser, "/portal/display", language="es", next="https://example.com/portal/x")
    assert away.headers["Location"] == "/portal"
    assert "Cerrar sesión" in browser.get("/portal/bills").text
    cookie = away.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "Path=/portal", "SameSite=Lax", "Max-Age=31536000"))


def test_large_text_is_on_every_page_until_it_is_turned_off(known: PortalPatient) -> None:
    browser = known.browser()
    assert 'class="large-text"' not in browser.get("/portal").text
    post(browser, "/portal/display", text="large")
    for path in ("", "/messages", "/account"):
        assert '<html lang="es" class="large-text">' in browser.get(f"/portal{path}").text
    post(browser, "/portal/display", text="normal")
    assert 'class="large-text"' not in browser.get("/portal").text


def test_people_who_are_not_signed_in_get_their_browsers_language(known: PortalPatient) -> None:
    browser = client()
    spanish = {"Accept-Language": "es-MX,es;q=0.9,en;q=0.5"}
    for path in ("sign-in", "password", "invitations/1-unknown"):
        assert '<html lang="es">' in browser.get(f"/portal/{path}", headers=spanish).text
        assert '<html lang="en">' in browser.get(f"/portal/{path}").text
    post(browser, "/portal/display", language="es", next="/portal/sign-in")
    wrong = sign_in(browser, known.username, "not the password")
    assert "El nombre de usuario o la contraseña son incorrectos." in wrong.text


def test_what_is_sent_is_in_the_language_of_who_gets_it(known: PortalPatient) -> None:
    clinic = known.clinic
    english = make_portal_patient(clinic, first_name="Ben", email="ben@example.com")
    visit = Chart(known).visit(scheduled_time="2031-01-06T15:30:00Z")
    with tenancy.within(clinic.id):
        fresh = Patient.objects.create(
            practice=clinic.practice, doctor=clinic.doctor, first_name="Eva", gender="Female",
            email="eva@example.com", preferred_language="spa",
        )  # fmt: skip
        portal_access.invite(fresh, clinic.user.pk)
        portal_proxies.add(known.patient, english.patient, "caregiver", clinic.user.pk)
        queue_notice(known.patient, "message")
        visit.refresh_from_db()
        subject, text = patient_texts.make_reminder(visit, known.patient)
        _, other = patient_texts.make_reminder(visit, english.patient)
        sent = {row.recipient: row for row in Outgoing.objects.filter(practice=clinic.id)}
    assert sent["eva@example.com"].subject == "Portal del paciente de Harbour Clinic para Eva"
    assert "invita a Eva" in sent["eva@example.com"].text
    assert sent["amara@example.com"].subject == "Nuevo mensaje para Amara de Harbour Clinic"
    assert sent["ben@example.com"].subject == "A new message for Amara from Harbour Clinic"
    assert subject == "Recordatorio de cita para Amara"
    assert "Main Street, lunes 6 de enero de 2031, 10:30" in text
    assert other.startswith(
        "Reminder for Ben: appointment with Doris Doctor at Main Street, Monday, January 6, 2031"
    )
