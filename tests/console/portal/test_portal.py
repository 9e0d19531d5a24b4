"""The patient portal as staff set it up: access, shared documents, e-mails."""

from html import unescape

import httpx
import pytest
from django.core.files.base import ContentFile

from charthouse.domains.documents import sharing
from charthouse.domains.documents.models import Document
from charthouse.domains.patients import email_templates
from charthouse.domains.patients.models import Patient
from charthouse.files.storage import store_file
from charthouse.identity import tenancy
from charthouse.outbox.models import Outgoing
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.portal.portal_patients import PortalPatient, make_portal_patient
from tests.support import PASSWORD, Clinic, make_practice, make_user


@pytest.fixture
def known(clinic: Clinic) -> PortalPatient:
    return make_portal_patient(clinic)


def document(known: PortalPatient) -> Document:
    clinic = known.clinic
    with tenancy.within(clinic.id):
        file = store_file(ContentFile(b"%PDF-1.4", "scan.pdf"), "application/pdf", clinic.id)
        return Document.objects.create(
            practice=clinic.practice,
            patient=known.patient,
            doctor=clinic.doctor,
            document=file,
            description="Discharge letter",
            date="2026-01-02",
        )


def send(browser: httpx.Client, address: str, token: str, **said: str) -> httpx.Response:
    return browser.post(address, data={"csrfmiddlewaretoken": token, **said})


def test_a_document_is_shared_and_unshared(known: PortalPatient) -> None:
    row, clinic = document(known), known.clinic
    page = f"/patients/{known.patient.pk}/documents/{row.pk}"
    browser = open_signed_in_browser(clinic.user.username)
    opened = browser.get(page)
    assert "doesn't see this document" in unescape(opened.text)
    token = parse_hidden_fields(opened)["csrfmiddlewaretoken"]
    assert send(browser, f"{page}/share", token, shared="yes").headers["Location"] == page
    assert "The patient sees this document" in browser.get(page).text
    assert "Discharge letter" in known.browser().get("/portal/documents").text
    tenancy.set_tenant(clinic.id)
    assert sharing.is_shared(clinic.id, row.pk)
    assert send(browser, f"{page}/share", token).headers["Location"] == page
    tenancy.set_tenant(clinic.id)
    assert not sharing.is_shared(clinic.id, row.pk)
    assert browser.get(f"{page}/share").status_code == 405


def test_documents_that_can_not_be_shared(known: PortalPatient) -> None:
    row, clinic = document(known), known.clinic
    other = make_portal_patient(clinic)
    stranger = document(make_portal_patient(make_practice()))
    browser = open_signed_in_browser(clinic.user.username)
    token = parse_hidden_fields(browser.get("/account"))["csrfmiddlewaretoken"]
    for patient, document_id in (
        (other.patient.pk, row.pk),
        (known.patient.pk, stranger.pk),
        (known.patient.pk, 10**9),
    ):
        address = f"/patients/{patient}/documents/{document_id}/share"
        assert send(browser, address, token, shared="yes").status_code == 404
    staff = make_user(clinic.practice, password=PASSWORD, permissions=["Access Scheduling"])
    theirs = open_signed_in_browser(staff.username)
    token = parse_hidden_fields(theirs.get("/account"))["csrfmiddlewaretoken"]
    address = f"/patients/{known.patient.pk}/documents/{row.pk}/share"
    assert send(theirs, address, token, shared="yes").status_code == 403
    tenancy.set_tenant(clinic.id)
    assert not sharing.is_shared(clinic.id, row.pk)


def test_access_is_invited_activated_and_revoked(clinic: Clinic) -> None:
    known = make_portal_patient(clinic)
    with tenancy.within(clinic.id):
        patient = Patient.objects.create(
            practice=clinic.practice, doctor=clinic.doctor, gender="Other", email="ann@example.com"
        )
    browser = open_signed_in_browser(clinic.user.username)
    page = f"/patients/{patient.pk}/portal"
    opened = browser.get(page)
    assert "No access" in opened.text
    token = parse_hidden_fields(opened)["csrfmiddlewaretoken"]
    assert send(browser, f"{page}/invite", token).headers["Location"] == page
    opened = browser.get(page).text
    assert "An e-mail goes to ann@example.com." in opened
    assert "Invite again" in opened
    assert "Withdraw invitation" in opened
    assert send(browser, f"{page}/revoke", token).status_code == 302
    assert "No access" in browser.get(page).text

    page = f"/patients/{known.patient.pk}/portal"
    guest = known.browser()
    assert "Send a link to a new password" in browser.get(page).text
    assert known.username in browser.get(page).text
    send(browser, f"{page}/invite", token)
    assert guest.get("/portal").status_code == 200
    assert browser.get(f"{page}/revoke").status_code == 200
    send(browser, f"{page}/revoke", token)
    assert guest.get("/portal").status_code == 302
    with tenancy.within(clinic.id):
        purposes = Outgoing.objects.filter(practice=clinic.id).order_by("id")
        assert list(purposes.values_list("purpose", flat=True)) == ["portal invitation", "portal password"]


def test_invitations_that_are_refused(clinic: Clinic) -> None:
    stranger, known = make_portal_patient(make_practice()), make_portal_patient(clinic)
    staff = make_user(clinic.practice, password=PASSWORD, permissions=["Access Scheduling"])
    browser, theirs = open_signed_in_browser(clinic.user.username), open_signed_in_browser(staff.username)
    token = parse_hidden_fields(browser.get("/account"))["csrfmiddlewaretoken"]
    other = parse_hidden_fields(theirs.get("/account"))["csrfmiddlewaretoken"]
    for rest in ("", "/invite", "/revoke"):
        call = browser.get if not rest else lambda address: send(browser, address, token)
        assert call(f"/patients/{stranger.patient.pk}/portal{rest}").status_code == 404
        assert send(theirs, f"/patients/{known.patient.pk}/portal{rest}", other).status_code in (403, 405)
    with tenancy.within(clinic.id):
        Patient.objects.filter(pk=known.patient.pk).update(patient_status="I", email="")
    page = f"/patients/{known.patient.pk}/portal"
    assert send(browser, f"{page}/invite", token).status_code == 409
    with tenancy.within(clinic.id):
        Patient.objects.filter(pk=known.patient.pk).update(patient_status="A")
    assert send(browser, f"{page}/invite", token).status_code == 302
    assert "no valid e-mail address" in browser.get(page).text
    with tenancy.within(clinic.id):
        assert not Outgoing.objects.filter(practice=clinic.id).exists()


def test_the_portals_emails_are_edited(clinic: Clinic) -> None:
    browser = open_signed_in_browser(clinic.user.username)
    page = browser.get("/settings/portal")
    assert "Patient portal of {practice} for {patient}" in page.text
    token = parse_hidden_fields(page)["csrfmiddlewaretoken"]
    own = dict(email_templates.DEFAULT_TEMPLATES) | {"invitation_text": "Come in:\r\n{link}\r\n"}
    refused = send(browser, "/settings/portal", token, **own | {"password_text": "{lnk}"})
    assert refused.status_code == 400
    assert "{lnk} is not a placeholder." in unescape(refused.text)
    assert "The text has to contain {link}" in unescape(refused.text)
    assert send(browser, "/settings/portal", token, **own).status_code == 302
    with tenancy.within(clinic.id):
        assert email_templates.get_templates(clinic.id)["invitation_text"] == "Come in:\n{link}"
    assert (
        send(
            browser, "/settings/portal", token, **dict.fromkeys(email_templates.DEFAULT_TEMPLATES, "")
        ).status_code
        == 302
    )
    with tenancy.within(clinic.id):
        assert email_templates.get_templates(clinic.id) == email_templates.DEFAULT_TEMPLATES
    staff = make_user(clinic.practice, password=PASSWORD)
    assert open_signed_in_browser(staff.username).get("/settings/portal").status_code == 403
