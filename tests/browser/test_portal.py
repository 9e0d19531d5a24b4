"""A patient takes an invitation to the portal."""

import re
from datetime import date

from playwright.sync_api import Page, expect

from charthouse.domains.patients import access
from charthouse.domains.patients.models import Patient
from charthouse.identity import tenancy
from charthouse.post.models import Outgoing
from tests.support import PASSWORD, make_practice


def test_an_invitation_is_taken_and_opens_the_portal(live_server: str, page: Page) -> None:
    clinic = make_practice("Harbour Clinic")
    with tenancy.within(clinic.id):
        patient = Patient.objects.create(
            practice=clinic.practice,
            doctor=clinic.doctor,
            gender="Other",
            email="ann@example.com",
            date_of_birth=date(1987, 4, 12),
        )
        access.invite(patient, clinic.user.pk)
        (path,) = re.findall(r"(/portal/\S+)", Outgoing.objects.get().text)
    page.goto(live_server + path)
    expect(page.get_by_role("heading", name="Harbour Clinic")).to_be_visible()
    expect(page.get_by_label("Username")).to_have_value("ann@example.com")
    page.get_by_label("Date of birth").fill("1987-04-13")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Accept the invitation").click()
    expect(page.get_by_text("This is not the date of birth")).to_be_visible()
    page.get_by_label("Date of birth").fill("1987-04-12")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Accept the invitation").click()
    expect(page.get_by_role("status")).to_have_text("Your password has been set. Sign in with it.")
    with tenancy.within(clinic.id):
        assert access.standing(clinic.id, patient.pk).get().activated_on is not None
    page.get_by_label("Username").fill("Ann@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Hello")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_have_text("You are signed out.")
