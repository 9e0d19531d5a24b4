"""Proxies: parents and others who open a patient's record in the portal."""

import re
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from django.db import connections

from charthouse import clock
from charthouse.audit import request_log
from charthouse.domains.patients import portal_proxies
from charthouse.domains.patients.models import Patient, PortalProxy, PortalRequest
from charthouse.domains.patients.portal_notices import queue_notice
from charthouse.domains.patients.portal_requests import settle
from charthouse.identity import tenancy
from charthouse.outbox.models import Outgoing
from tests.identity.oauth_flow import open_signed_in_browser
from tests.portal.portal_patients import PortalPatient, give_access, make_portal_patient, post
from tests.support import PASSWORD, Clinic, make_practice


@pytest.fixture
def clinic() -> Clinic:
    clinic = make_practice()
    clinic.user.set_password(PASSWORD)
    clinic.user.save()
    return clinic


@pytest.fixture
def parent(clinic: Clinic) -> PortalPatient:
    return make_portal_patient(clinic, first_name="Ana", last_name="Lima")


def make_child(clinic: Clinic, years: int, **values: Any) -> Patient:
    """Make a patient who had a birthday yesterday."""
    yesterday = clock.now().date() - timedelta(days=1)
    born = yesterday - timedelta(days=round(365.25 * years) + 1)
    with tenancy.within(clinic.id):
        said = {
            "first_name": "Leo",
            "last_name": "Lima",
            "gender": "Male",
            "email": "",
            "date_of_birth": born,
        }
        return Patient.objects.create(practice=clinic.practice, doctor=clinic.doctor, **said | values)


def add_proxy(parent: PortalPatient, child: Patient, relationship: str = "parent") -> PortalProxy:
    with tenancy.within(parent.clinic.id):
        return portal_proxies.add(child, parent.patient, relationship, parent.clinic.user.pk)


def open_record(browser: httpx.Client, row: int) -> httpx.Response:
    browser.get("/portal/records")
    return post(browser, f"/portal/records/{row}")


def test_a_parent_switches_between_records_and_each_page_says_whose_it_is(
    clinic: Clinic, parent: PortalPatient
) -> None:
    row = add_proxy(parent, make_child(clinic, 8))
    browser = parent.browser()
    assert "Record of <strong>Ana Lima</strong>" in browser.get("/portal/health").text
    assert open_record(browser, row.pk).headers["Location"] == "/portal"
    for path in ("/portal", "/portal/appointments", "/portal/messages", "/portal/health", "/portal/bills"):
        text = browser.get(path).text
        assert "Record of <strong>Leo Lima</strong>" in text
        assert "You are Ana Lima, parent." in text
        assert "· Leo Lima · Charthouse</title>" in text
    open_record(browser, 0)
    assert "Record of <strong>Ana Lima</strong>" in browser.get("/portal/health").text


def test_what_a_proxy_sends_is_the_patients_and_the_audit_names_the_proxy(
    clinic: Clinic, parent: PortalPatient
) -> None:
    child = make_child(clinic, 8)
    row = add_proxy(parent, child)
    browser = parent.browser()
    open_record(browser, row.pk)
    browser.get("/portal/health")
    browser.get("/portal/messages/new")
    sent = post(browser, "/portal/messages/new", subject="A rash", note="Since Monday.")
    assert sent.status_code == 302
    with tenancy.within(clinic.id):
        assert PortalRequest.objects.get(practice=clinic.id).patient_id == child.pk
    request_log.flush()
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "select what, details ->> 'proxy' from audit_event where practice_id = %s and patient_id = %s order by id",
            [clinic.id, child.pk],
        )
        acting = str(parent.patient.pk)
        assert cursor.fetchall() == [
            ("portal proxy added", acting),
            ("portal proxy opened", acting),
            ("portal proxy wrote", acting),
        ]
        cursor.execute(
            "select row_id from audit_apicall where practice_id = %s and %s = any(patients) "
            "and resource = 'portal-health by proxy, patient'",
            [clinic.id, child.pk],
        )
        assert cursor.fetchall() == [(parent.patient.pk,)]


def test_a_message_of_a_proxy_names_who_wrote_it_to_staff_and_patient(
    clinic: Clinic, parent: PortalPatient
) -> None:
    child = make_child(clinic, 14)
    own = give_access(clinic, child)
    row = add_proxy(parent, child)
    browser = parent.browser()
    open_record(browser, row.pk)
    browser.get("/portal/messages/new")
    post(browser, "/portal/messages/new", subject="A rash", note="Since Monday.")
    assert "Ana Lima for the patient, " in browser.get("/portal/messages").text
    with tenancy.within(clinic.id):
        request = PortalRequest.objects.get(practice=clinic.id)
        assert request.proxy_id == parent.patient.pk
    staff = open_signed_in_browser(clinic.user.username)
    assert "Ana Lima for the patient" in staff.get("/queue").text
    assert "Ana Lima for the patient" in staff.get(f"/queue/{request.pk}").text
    with tenancy.within(clinic.id):
        message = settle(request, clinic.user.pk, accept=True)
    thread = staff.get(f"/inbox/{message.message_id}").text
    assert re.search(r"Ana Lima</span> for the patient", thread)
    for whose in (browser, own.browser()):
        assert "From Ana Lima for Leo Lima, " in whose.get("/portal/messages").text
        assert "From Ana Lima for Leo Lima, " in whose.get(f"/portal/messages/{message.pk}").text


def test_a_form_of_the_record_before_is_refused(clinic: Clinic, parent: PortalPatient) -> None:
    row = add_proxy(parent, make_child(clinic, 8))
    browser = parent.browser()
    browser.get("/portal/messages/new")
    token = browser.cookies["charthouse_csrf"]
    open_record(browser, row.pk)
    late = browser.post(
        "/portal/messages/new", data={"subject": "x", "note": "y", "csrfmiddlewaretoken": token}
    )
    assert late.status_code == 403
    with tenancy.within(clinic.id):
        assert not PortalRequest.objects.filter(practice=clinic.id).exists()


@pytest.mark.parametrize("ending", ["revoked", "birthday", "deleted"])
def test_an_ended_proxy_sees_nothing_more(clinic: Clinic, parent: PortalPatient, ending: str) -> None:
    child = make_child(clinic, 17)
    row = add_proxy(parent, child)
    browser = parent.browser()
    open_record(browser, row.pk)
    with tenancy.within(clinic.id):
        if ending == "revoked":
            portal_proxies.end(row, clinic.user.pk)
        elif ending == "birthday":
            Patient.objects.filter(practice=clinic.id, pk=child.pk).update(
                date_of_birth=clock.now().date() - timedelta(days=round(365.25 * 18) + 1)
            )
        else:
            Patient.objects.filter(practice=clinic.id, pk=child.pk).update(archived=True)
    answer = browser.get("/portal/health")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/portal/records")
    text = browser.get("/portal/records").text
    assert "no longer have access to that record" in text
    assert "Leo" not in text
    assert open_record(browser, row.pk).status_code == 404


def test_the_age_is_the_practices(clinic: Clinic, parent: PortalPatient) -> None:
    child = make_child(clinic, 13)
    row = add_proxy(parent, child)
    type(clinic.practice).objects.filter(pk=clinic.id).update(proxy_end_age=13)
    assert open_record(parent.browser(), row.pk).status_code == 404


def test_the_end_of_a_leap_day_is_in_march() -> None:
    practice = type("P", (), {"proxy_end_age": 18})()
    row = PortalProxy(relationship="parent", patient=Patient(date_of_birth=date(2012, 2, 29)))
    assert portal_proxies.find_end(row, practice) == date(2030, 3, 1)


def test_nobody_opens_a_record_without_being_its_proxy(clinic: Clinic, parent: PortalPatient) -> None:
    row = add_proxy(parent, make_child(clinic, 8))
    stranger = give_access(clinic, make_child(clinic, 40))
    assert open_record(stranger.browser(), row.pk).status_code == 404


def test_proxies_are_told_that_a_message_waits(clinic: Clinic, parent: PortalPatient) -> None:
    child = make_child(clinic, 8)
    add_proxy(parent, child)
    with tenancy.within(clinic.id):
        assert queue_notice(child, "message")
        sent = Outgoing.objects.get(practice=clinic.id, purpose="portal message")
    assert (sent.recipient, "Leo" in sent.subject) == (parent.patient.email, True)


# -- the chart --------------------------------------------------------------------------------------------------


def test_the_practice_adds_invites_and_ends(clinic: Clinic) -> None:
    child = make_child(clinic, 8)
    person = make_child(clinic, 40, first_name="Rui", email="rui@example.com")
    staff = open_signed_in_browser(clinic.user.username)
    path = f"/patients/{child.pk}/portal"
    post(staff, f"{path}/proxies", **{"patient": str(person.pk), "relationship": "parent"})
    text = staff.get(path).text
    assert "Rui Lima can act for Leo Lima in the portal. An invitation goes to rui@example.com." in text
    assert "age 18" in text
    assert f"/patients/{child.pk}/portal" in staff.get(f"/patients/{person.pk}/portal").text
    with tenancy.within(clinic.id):
        assert Outgoing.objects.filter(practice=clinic.id, recipient="rui@example.com").exists()
        row = PortalProxy.objects.get(practice=clinic.id)
    assert "End proxy access?" in staff.get(f"{path}/proxies/{row.pk}").text
    post(staff, f"{path}/proxies/{row.pk}")
    assert "No proxies." in staff.get(path).text


@pytest.mark.parametrize(
    ("years", "other", "relationship", "message"),
    [
        (18, 40, "parent", "act for patients under 18"),
        (8, 40, "cousin", "Choose what the person is"),
        (8, 12, "caregiver", "A proxy is 18 or older"),
        (8, None, "parent", "choose a person from the list"),
    ],
)
def test_who_cannot_be_a_proxy(
    clinic: Clinic, years: int, other: int | None, relationship: str, message: str
) -> None:
    child = make_child(clinic, years)
    person = make_child(clinic, other, email="o@example.com").pk if other else ""
    staff = open_signed_in_browser(clinic.user.username)
    path = f"/patients/{child.pk}/portal"
    post(staff, f"{path}/proxies", **{"patient": str(person), "relationship": relationship})
    assert message in staff.get(path).text
    with tenancy.within(clinic.id):
        assert not PortalProxy.objects.filter(practice=clinic.id).exists()
