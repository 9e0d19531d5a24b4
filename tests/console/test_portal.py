"""What staff set up for the patient portal: its e-mails, which documents patients see."""

from html import unescape

import httpx
import pytest
from django.core.files.base import ContentFile

from charthouse.domains.documents import sharing
from charthouse.domains.documents.models import Document
from charthouse.domains.patients import letters
from charthouse.files.storage import store
from charthouse.identity import tenancy
from tests.identity.dance import hidden, signed_in
from tests.portal.guests import Known, make
from tests.support import PASSWORD, Clinic, make_practice, make_user


@pytest.fixture
def known(clinic: Clinic) -> Known:
    return make(clinic)


def document(known: Known) -> Document:
    clinic = known.clinic
    with tenancy.within(clinic.id):
        file = store(ContentFile(b"%PDF-1.4", "scan.pdf"), "application/pdf", clinic.id)
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


def test_a_document_is_shared_and_no_more(known: Known) -> None:
    row, clinic = document(known), known.clinic
    page = f"/patients/{known.patient.pk}/documents/{row.pk}"
    browser = signed_in(clinic.user.username)
    opened = browser.get(page)
    assert "doesn't see this document" in unescape(opened.text)
    token = hidden(opened)["csrfmiddlewaretoken"]
    assert send(browser, f"{page}/share", token, shared="yes").headers["Location"] == page
    assert "The patient sees this document" in browser.get(page).text
    assert "Discharge letter" in known.browser().get("/portal/documents").text
    tenancy.enter(clinic.id)
    assert sharing.is_shared(clinic.id, row.pk)
    assert send(browser, f"{page}/share", token).headers["Location"] == page
    tenancy.enter(clinic.id)
    assert not sharing.is_shared(clinic.id, row.pk)
    assert browser.get(f"{page}/share").status_code == 405


def test_documents_that_are_not_ones_to_share(known: Known) -> None:
    row, clinic = document(known), known.clinic
    other = make(clinic, "sibling@example.com")
    stranger = document(make(make_practice(), "eve@example.com"))
    browser = signed_in(clinic.user.username)
    token = hidden(browser.get("/account"))["csrfmiddlewaretoken"]
    for patient, document_id in (
        (other.patient.pk, row.pk),
        (known.patient.pk, stranger.pk),
        (known.patient.pk, 10**9),
    ):
        address = f"/patients/{patient}/documents/{document_id}/share"
        assert send(browser, address, token, shared="yes").status_code == 404
    staff = make_user(clinic.practice, password=PASSWORD, permissions=["Access Scheduling"])
    theirs = signed_in(staff.username)
    token = hidden(theirs.get("/account"))["csrfmiddlewaretoken"]
    address = f"/patients/{known.patient.pk}/documents/{row.pk}/share"
    assert send(theirs, address, token, shared="yes").status_code == 403
    tenancy.enter(clinic.id)
    assert not sharing.is_shared(clinic.id, row.pk)


def test_the_portals_emails_are_worded(clinic: Clinic) -> None:
    browser = signed_in(clinic.user.username)
    page = browser.get("/settings/portal")
    assert "Your patient portal at {practice}" in page.text
    token = hidden(page)["csrfmiddlewaretoken"]
    own = dict(letters.USUAL) | {"invitation_text": "Come in:\r\n{link}\r\n"}
    refused = send(browser, "/settings/portal", token, **own | {"password_text": "{lnk}"})
    assert refused.status_code == 400
    assert "{lnk} stands for nothing." in unescape(refused.text)
    assert "It needs {link}" in unescape(refused.text)
    assert send(browser, "/settings/portal", token, **own).status_code == 302
    with tenancy.within(clinic.id):
        assert letters.wording(clinic.id)["invitation_text"] == "Come in:\n{link}"
    assert send(browser, "/settings/portal", token, **dict.fromkeys(letters.USUAL, "")).status_code == 302
    with tenancy.within(clinic.id):
        assert letters.wording(clinic.id) == letters.USUAL
    staff = make_user(clinic.practice, password=PASSWORD)
    assert signed_in(staff.username).get("/settings/portal").status_code == 403
